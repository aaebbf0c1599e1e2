"""Rates at a threshold against fairlearn and scikit-learn, net benefit against hand computation."""

import math

import fairlearn.metrics as fm
import numpy as np
import numpy.typing as npt
import pytest
from cohorts import Cohort
from sklearn.metrics import precision_score

import fairness
from fairness.errors import SampleError
from fairness.intervals import wilson
from fairness.operating_point import Confusion, confusion

THRESHOLD = 0.3
Y = [1, 1, 1, 0, 0, 0, 0, 0, 1, 0]
P = [0.9, 0.4, 0.2, 0.8, 0.3, 0.2, 0.1, 0.1, 0.3, 0.2]


def true_negative_rate(y_true: npt.ArrayLike, y_pred: npt.ArrayLike) -> float:
    """Specificity in fairlearn's words."""
    return float(fm.true_negative_rate(y_true, y_pred))


REFERENCES = {
    "selection_rate": fm.selection_rate,
    "sensitivity": fm.true_positive_rate,
    "specificity": true_negative_rate,
    "ppv": precision_score,
    "npv": lambda y_true, y_pred: precision_score(1 - np.asarray(y_true), 1 - np.asarray(y_pred)),
}


@pytest.mark.parametrize("name", REFERENCES)
def test_rate_equals_fairlearn_by_group(name: str, cohort: Cohort) -> None:
    """Each rate of each group is that of fairlearn's MetricFrame."""
    group = np.random.default_rng(4).choice(["a", "b", "c"], 400)
    selected = (cohort.p >= THRESHOLD).astype(int)
    frame = fm.MetricFrame(
        metrics=REFERENCES[name], y_true=cohort.y, y_pred=selected, sensitive_features=group
    )
    ours = {
        value: getattr(fairness, name)(cohort.y[group == value], cohort.p[group == value], THRESHOLD).value
        for value in "abc"
    }
    assert ours == pytest.approx(frame.by_group.to_dict(), abs=1e-12)


def test_group_without_events_is_undefined_where_fairlearn_says_zero() -> None:
    """A group without events has no sensitivity; fairlearn's 0.0 would read as the worst possible one."""
    frame = fm.MetricFrame(
        metrics=fm.true_positive_rate,
        y_true=[1, 0, 0, 0],
        y_pred=[1, 0, 1, 0],
        sensitive_features=["a", "a", "b", "b"],
    )
    assert frame.by_group["b"] == 0.0
    metric = fairness.sensitivity([0, 0], [0.9, 0.1], 0.5)
    assert (metric.state, metric.value, metric.why) == ("undefined", None, "no events")


def test_counts_at_a_threshold() -> None:
    """A score equal to the threshold is selected."""
    assert confusion(Y, P, THRESHOLD) == Confusion(3, 2, 1, 4)


def test_rate_has_the_wilson_interval_of_its_own_denominator() -> None:
    """Sensitivity is a proportion of the events, not of everybody."""
    metric = fairness.sensitivity(Y, P, THRESHOLD)
    assert (metric.value, metric.low, metric.high) == (0.75, *wilson(3, 4))


@pytest.mark.parametrize(
    ("name", "y", "p", "why"),
    [
        ("selection_rate", [], [], "nobody in the group"),
        ("sensitivity", [0, 0], [0.1, 0.9], "no events"),
        ("specificity", [1, 1], [0.1, 0.9], "no non-events"),
        ("ppv", [0, 1], [0.1, 0.2], "nobody is selected"),
        ("npv", [0, 1], [0.8, 0.9], "everybody is selected"),
        ("net_benefit", [], [], "nobody in the group"),
    ],
)
def test_empty_denominator_is_undefined(name: str, y: list[int], p: list[float], why: str) -> None:
    """A rate of nobody has no value and says whom it lacks."""
    metric = getattr(fairness, name)(y, p, 0.5)
    assert (metric.state, metric.value, metric.why, metric.threshold) == ("undefined", None, why, 0.5)


def test_net_benefit_by_hand() -> None:
    """3 true and 2 false positives among 10 at 0.3 give 0.3 - 0.2 * 3 / 7."""
    assert fairness.net_benefit(Y, P, THRESHOLD).value == pytest.approx(0.3 - 0.2 * 3 / 7, abs=1e-12)


def test_net_benefit_interval_is_that_of_a_mean(cohort: Cohort) -> None:
    """The standard error is the one of the mean of each person's contribution."""
    odds = THRESHOLD / (1 - THRESHOLD)
    terms = np.where(cohort.p >= THRESHOLD, np.where(cohort.y == 1, 1.0, -odds), 0.0)
    reach = 1.959963984540054 * terms.std() / math.sqrt(400)
    metric = fairness.net_benefit(*cohort, THRESHOLD)
    assert (metric.low, metric.high) == pytest.approx((terms.mean() - reach, terms.mean() + reach), abs=1e-12)


def test_net_benefit_variance_in_terms_of_sensitivity_and_specificity(cohort: Cohort) -> None:
    """The variance agrees with its form in prevalence, sensitivity and specificity."""
    prevalence, odds = cohort.y.mean(), THRESHOLD / (1 - THRESHOLD)
    hits = fairness.sensitivity(*cohort, THRESHOLD).value
    rejections = fairness.specificity(*cohort, THRESHOLD).value
    metric = fairness.net_benefit(*cohort, THRESHOLD)
    assert hits is not None
    assert rejections is not None
    assert metric.value is not None
    assert metric.high is not None
    false_alarms = (1 - prevalence) * (1 - rejections)
    variance = (prevalence * hits + odds**2 * false_alarms - metric.value**2) / 400
    assert metric.high - metric.value == pytest.approx(1.959963984540054 * math.sqrt(variance), rel=1e-9)


def test_net_benefit_of_selecting_nobody_has_no_interval() -> None:
    """Nobody selected is a net benefit of 0 without a standard error, not one of width 0."""
    metric = fairness.net_benefit([0, 1] * 20, np.full(40, 0.1), 0.5)
    assert (metric.value, metric.low, metric.high) == (0.0, None, None)
    assert metric.why == "every person contributes the same, so there is no variance"


def test_net_benefit_needs_a_threshold_below_one() -> None:
    """At a threshold of 1 the odds are infinite."""
    with pytest.raises(SampleError, match="threshold"):
        fairness.net_benefit(Y, P, 1.0)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_threshold_outside_the_unit_interval_is_refused(threshold: float) -> None:
    """A threshold that no probability can meet, or NaN, is refused by name."""
    with pytest.raises(SampleError, match="threshold"):
        fairness.ppv(Y, P, threshold)
