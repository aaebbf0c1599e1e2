"""The integrated calibration index and the fit behind it."""

import numpy as np
import pytest
import statsmodels.api as sm
from cohorts import Cohort
from scipy.interpolate import CubicSpline
from scipy.special import expit, logit

from fairness import calibration_curve
from fairness.calibration_curve import ici, restricted_cubic_spline
from fairness.errors import FitError
from fairness.logistic import fit_logistic


def natural_spline_basis(x: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Cardinal natural cubic splines, continued as straight lines: another basis of the same functions."""
    columns = []
    for unit in np.eye(len(knots)):
        spline = CubicSpline(knots, unit, bc_type="natural")
        inside = spline(np.clip(x, knots[0], knots[-1]))
        below, above = np.minimum(x - knots[0], 0), np.maximum(x - knots[-1], 0)
        columns.append(inside + below * spline(knots[0], 1) + above * spline(knots[-1], 1))
    return np.column_stack(columns)


def test_index_equals_statsmodels_on_another_spline_basis(cohort: Cohort) -> None:
    """The index is that of a binomial GLM on a natural cubic spline with the same knots."""
    x = logit(cohort.p)
    basis = natural_spline_basis(x, np.quantile(x, [0.05, 0.35, 0.65, 0.95]))
    smoothed = sm.GLM(cohort.y, basis, family=sm.families.Binomial()).fit(tol=1e-12).fittedvalues
    assert ici(*cohort, replicates=0).value == pytest.approx(np.abs(smoothed - cohort.p).mean(), abs=1e-5)


def test_spline_is_linear_beyond_the_outer_knots() -> None:
    """The second differences of every column vanish outside the knots."""
    knots = np.array([-1.0, 0.0, 0.5, 2.0])
    for tail in (np.linspace(-9, -1, 9), np.linspace(2, 10, 9)):
        assert np.diff(restricted_cubic_spline(tail, knots), n=2, axis=0) == pytest.approx(0.0, abs=1e-9)


def test_shifted_probabilities_show_their_distance() -> None:
    """A model that is 0.1 too low for everybody has an index near 0.1."""
    rng = np.random.default_rng(5)
    truth = rng.uniform(0.2, 0.8, 20_000)
    y = rng.random(20_000) < truth
    assert ici(y, truth - 0.1, replicates=0).value == pytest.approx(0.1, abs=0.01)


def test_constant_score_compares_with_the_share_of_events() -> None:
    """With one probability for everybody the index is its distance from the share of events."""
    assert ici([0, 1] * 30, np.full(60, 0.3), replicates=0).value == pytest.approx(0.2, abs=1e-9)


def test_few_distinct_scores_fall_back_to_a_line(tied_cohort: Cohort) -> None:
    """Two score values are smoothed to the two observed shares."""
    y, p = tied_cohort.y, np.where(tied_cohort.p > 0.5, 0.7, 0.2)
    shares = np.where(p > 0.5, y[p > 0.5].mean(), y[p < 0.5].mean())
    assert ici(y, p, replicates=0).value == pytest.approx(np.abs(shares - p).mean(), abs=1e-5)


@pytest.mark.parametrize("outcome", [0, 1])
def test_one_class_is_undefined(outcome: int) -> None:
    """Without both outcomes there is no curve."""
    assert ici(np.full(40, outcome), np.linspace(0.1, 0.9, 40)).state == "undefined"


def test_without_replicates_the_interval_is_missing_with_a_reason(cohort: Cohort) -> None:
    """Leaving out the bootstrap is said, not hidden."""
    metric = ici(*cohort, replicates=0)
    assert (metric.low, metric.high, metric.why) == (None, None, "no bootstrap was asked for")


def test_interval_is_the_same_for_the_same_seed_and_any_row_order(cohort: Cohort) -> None:
    """Re-running on shuffled rows gives identical figures."""
    order = np.random.default_rng(6).permutation(400)
    assert ici(*cohort, seed=3) == ici(cohort.y[order], cohort.p[order], seed=3)


def test_another_seed_gives_another_interval(cohort: Cohort) -> None:
    """The seed reaches the bootstrap."""
    assert ici(*cohort, seed=3).high != ici(*cohort, seed=4).high


def test_separated_outcomes_still_have_an_index() -> None:
    """A score that separates the outcomes is smoothed to almost 0 and 1 rather than failing."""
    y, p = np.repeat([0, 1], 30), np.repeat([0.4, 0.6], 30)
    assert ici(y, p, replicates=50).value == pytest.approx(0.4, abs=1e-3)


def test_pooling_neighbours_hardly_moves_the_interval(
    cohort: Cohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bootstrapping pools of people gives limits close to those of bootstrapping people."""
    exact = ici(*cohort, replicates=1000)
    monkeypatch.setattr(calibration_curve, "_MOST_POOLS", 60)
    pooled = ici(*cohort, replicates=1000)
    assert (pooled.low, pooled.high) == pytest.approx((exact.low, exact.high), abs=0.004)


def test_interval_is_that_of_resampled_rows(cohort: Cohort) -> None:
    """The limits are near those of a bootstrap that draws rows and starts over, knots included."""
    rng = np.random.default_rng(8)
    draws = [rng.integers(0, 400, 400) for _ in range(500)]
    values = [ici(cohort.y[rows], cohort.p[rows], replicates=0).value for rows in draws]
    metric = ici(*cohort, replicates=500)
    assert (metric.low, metric.high) == pytest.approx(np.quantile(values, [0.025, 0.975]), abs=0.006)


def test_weighted_fit_equals_repeated_rows() -> None:
    """A weight of three is the same as three equal rows."""
    rng = np.random.default_rng(7)
    design = np.column_stack([np.ones(80), rng.normal(size=80)])
    y = (rng.random(80) < expit(design[:, 1])).astype(float)
    counts = rng.integers(1, 4, 80)
    weighted = fit_logistic(design, y, weights=counts.astype(float))
    repeated = fit_logistic(np.repeat(design, counts, axis=0), np.repeat(y, counts))
    assert weighted.coefficients == pytest.approx(repeated.coefficients, abs=1e-9)
    assert weighted.covariance == pytest.approx(repeated.covariance, abs=1e-9)


def test_separated_outcomes_have_no_unpenalised_fit() -> None:
    """A fit without a finite maximum fails by name instead of returning a large number."""
    design = np.column_stack([np.ones(20), np.linspace(-1, 1, 20)])
    with pytest.raises(FitError):
        fit_logistic(design, (design[:, 1] > 0).astype(float))


def test_collinear_columns_are_refused() -> None:
    """Two equal columns have no unique coefficients."""
    with pytest.raises(FitError, match="singular"):
        fit_logistic(np.ones((20, 2)), np.tile([0.0, 1.0], 10))
