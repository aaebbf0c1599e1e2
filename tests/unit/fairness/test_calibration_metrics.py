"""Brier score, recalibration and observed/expected against scikit-learn and statsmodels."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import statsmodels.api as sm
from cohorts import Cohort
from scipy.special import logit
from sklearn.metrics import brier_score_loss

from fairness import Metric, brier, calibration_intercept, calibration_slope, o_e


def test_brier_equals_scikit_learn(cohort: Cohort) -> None:
    """The Brier score is that of scikit-learn."""
    assert brier(*cohort).value == pytest.approx(brier_score_loss(*cohort), abs=1e-12)


def test_brier_interval_is_that_of_a_mean(cohort: Cohort) -> None:
    """The limits are the normal-theory limits of the mean squared error in statsmodels."""
    errors = sm.stats.DescrStatsW((cohort.y - cohort.p) ** 2)
    metric = brier(*cohort)
    assert (metric.low, metric.high) == pytest.approx(errors.zconfint_mean(), abs=1e-12)


def test_brier_of_nobody_is_undefined() -> None:
    """The mean over nobody has no value."""
    assert brier([], []).state == "undefined"


def test_brier_of_one_person_has_no_interval() -> None:
    """One squared error has a value and no variance."""
    metric = brier([1], [0.25])
    assert (metric.value, metric.low) == (0.5625, None)


def test_intercept_equals_statsmodels(cohort: Cohort) -> None:
    """Calibration in the large is the intercept of a binomial GLM with the log odds as offset."""
    fit = sm.GLM(cohort.y, np.ones(400), family=sm.families.Binomial(), offset=logit(cohort.p)).fit(tol=1e-12)
    metric = calibration_intercept(*cohort)
    assert metric.value == pytest.approx(fit.params[0], abs=1e-6)
    assert (metric.low, metric.high) == pytest.approx(fit.conf_int()[0], abs=1e-6)


def test_slope_equals_statsmodels(cohort: Cohort) -> None:
    """The calibration slope and its Wald limits are those of a binomial GLM on the log odds."""
    fit = sm.GLM(cohort.y, sm.add_constant(logit(cohort.p)), family=sm.families.Binomial()).fit(tol=1e-12)
    metric = calibration_slope(*cohort)
    assert metric.value == pytest.approx(fit.params[1], abs=1e-6)
    assert (metric.low, metric.high) == pytest.approx(fit.conf_int()[1], abs=1e-6)


def test_certain_probabilities_are_clipped(tied_cohort: Cohort) -> None:
    """Probabilities of 0 and 1 act as 1e-6 and 1 - 1e-6 in a recalibration."""
    clipped = np.clip(tied_cohort.p, 1e-6, 1 - 1e-6)
    fit = sm.GLM(tied_cohort.y, sm.add_constant(logit(clipped)), family=sm.families.Binomial()).fit(tol=1e-12)
    assert calibration_slope(*tied_cohort).value == pytest.approx(fit.params[1], abs=1e-6)


@pytest.mark.parametrize("metric", [calibration_intercept, calibration_slope])
@pytest.mark.parametrize("outcome", [0, 1])
def test_recalibration_of_one_class_is_undefined(metric: Callable[..., Metric], outcome: int) -> None:
    """Without both outcomes the intercept and the slope are infinite, hence undefined."""
    assert metric(np.full(60, outcome), np.linspace(0.1, 0.9, 60)).state == "undefined"


def test_slope_of_a_constant_score_is_undefined() -> None:
    """A score that is the same for everybody has no slope."""
    assert calibration_slope([0, 1] * 30, np.full(60, 0.3)).why == "everybody has the same probability"


@pytest.mark.parametrize("split", [0, 1])
def test_slope_of_a_separating_score_is_undefined(split: int) -> None:
    """A score that separates the outcomes, even with a tie at the cut, has an infinite slope."""
    y = np.repeat([0, 1], 30)
    p = np.concatenate([np.linspace(0.1, 0.5, 30), np.linspace(0.5 + 0.01 * split, 0.9, 30)])
    assert calibration_slope(y, p).why == "the score separates events from non-events completely"


def test_slope_survives_nearly_equal_probabilities() -> None:
    """Probabilities that differ in the ninth digit still give the slope of the exact fit."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=200)
    y = (rng.random(200) < 0.4).astype(int)
    fit = sm.GLM(y, sm.add_constant(x), family=sm.families.Binomial()).fit(tol=1e-12)
    slope = calibration_slope(y, 0.3 + 1e-9 * x).value
    assert slope == pytest.approx(fit.params[1] / 1e-9 * 0.21, rel=1e-4)


def test_o_e_equals_robust_poisson_regression(cohort: Cohort) -> None:
    """Ratio and limits are those of a Poisson GLM with offset log(p) and a robust variance over n - 1."""
    model = sm.GLM(cohort.y, np.ones(400), family=sm.families.Poisson(), offset=np.log(cohort.p))
    fit = model.fit(tol=1e-12, cov_type="HC0")
    reach = 1.959963984540054 * fit.bse[0] * math.sqrt(400 / 399)
    metric = o_e(*cohort)
    assert metric.value == pytest.approx(math.exp(fit.params[0]), rel=1e-9)
    assert (metric.low, metric.high) == pytest.approx(
        np.exp(fit.params[0] + np.array([-reach, reach])), rel=1e-9
    )


def test_o_e_without_events_has_an_exact_upper_limit() -> None:
    """No event among 40 people with 4 expected gives 0, bounded above by the binomial limit."""
    metric = o_e(np.zeros(40), np.full(40, 0.1))
    assert (metric.value, metric.low) == (0.0, 0.0)
    assert metric.high == pytest.approx(40 * (1 - 0.025 ** (1 / 40)) / 4.0, abs=1e-12)
    assert metric.state == "insufficient"


def test_o_e_where_everybody_has_the_event_has_an_exact_lower_limit() -> None:
    """Forty events among 40 people do not pretend to a ratio without uncertainty."""
    metric = o_e(np.ones(40), np.full(40, 0.5))
    assert (metric.low, metric.value, metric.high) == pytest.approx(
        (2 * 0.025 ** (1 / 40), 2.0, 2.0), abs=1e-12
    )


@pytest.mark.parametrize("p", [0.0, 5e-324, 2.3e-308, 1e-7])
def test_o_e_without_expectation_is_undefined(p: float) -> None:
    """A ratio to no expected events has no value."""
    assert o_e([1, 0, 1], [p, p, p]).state == "undefined"
