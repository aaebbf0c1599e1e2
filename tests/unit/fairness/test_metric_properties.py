"""Properties that hold for every sample, searched by Hypothesis."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

import fairness
from fairness import Metric, evaluate_metrics

Rows = list[tuple[int, float]]
PROBABILITIES = st.one_of(st.floats(0.0, 1.0), st.sampled_from([0.0, 0.1, 0.5, 1.0]))
SAMPLES = st.lists(st.tuples(st.integers(0, 1), PROBABILITIES), max_size=40)
NEEDS_BOTH = {"auroc", "calibration_intercept", "calibration_slope", "ici"}
IN_UNIT_INTERVAL = {"auroc", "brier", "ici", "selection_rate", "sensitivity", "specificity", "ppv", "npv"}


def metrics_of(rows: Rows) -> tuple[Metric, ...]:
    """All metrics of a sample at a threshold of 0.3, with a short bootstrap."""
    y, p = [row[0] for row in rows], [row[1] for row in rows]
    return evaluate_metrics(y, p, (0.3,), replicates=5)


@settings(max_examples=150, deadline=None)
@given(SAMPLES)
def test_value_lies_inside_its_interval(rows: Rows) -> None:
    """Limits come in pairs around the value."""
    for metric in metrics_of(rows):
        if metric.low is not None and metric.value is not None and metric.high is not None:
            assert metric.low <= metric.value <= metric.high
        else:
            assert metric.low is None
            assert metric.high is None


@settings(max_examples=100, deadline=None)
@given(SAMPLES)
def test_shares_stay_in_the_unit_interval(rows: Rows) -> None:
    """Areas, errors and rates, and their limits, are never below 0 or above 1."""
    for metric in metrics_of(rows):
        if metric.name in IN_UNIT_INTERVAL and metric.value is not None:
            figures = (metric.value, metric.low, metric.high)
            assert all(0.0 <= figure <= 1.0 for figure in figures if figure is not None)


@settings(max_examples=100, deadline=None)
@given(SAMPLES)
def test_state_tells_whether_there_is_a_value(rows: Rows) -> None:
    """Undefined means no value and a reason; anything else means a value."""
    for metric in metrics_of(rows):
        assert (metric.value is None) == (metric.state == "undefined")
        assert metric.why or (metric.state == "ok" and metric.low is not None)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 1), st.lists(PROBABILITIES, max_size=20))
def test_one_class_leaves_what_needs_both_undefined(outcome: int, p: list[float]) -> None:
    """Discrimination and recalibration never have a value for one class."""
    states = {metric.name: metric.state for metric in metrics_of([(outcome, value) for value in p])}
    assert {states[name] for name in NEEDS_BOTH} == {"undefined"}


@settings(max_examples=60, deadline=None)
@given(SAMPLES, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(rows: Rows, random: Random) -> None:
    """A shuffled sample has the same metrics."""
    shuffled = list(rows)
    random.shuffle(shuffled)
    for one, other in zip(metrics_of(rows), metrics_of(shuffled), strict=True):
        assert (one.name, one.state, one.why) == (other.name, other.state, other.why)
        if one.value is not None:
            assert one.value == pytest.approx(other.value, rel=1e-6, abs=2e-6)


@settings(max_examples=150, deadline=None)
@given(SAMPLES.filter(lambda rows: 0 < sum(row[0] for row in rows) < len(rows)))
def test_area_is_that_of_scikit_learn(rows: Rows) -> None:
    """For any sample with both outcomes the area agrees to 1e-12, ties included."""
    y, p = [row[0] for row in rows], [row[1] for row in rows]
    assert fairness.auroc(y, p).value == pytest.approx(roc_auc_score(y, p), abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(SAMPLES.filter(lambda rows: 0 < sum(row[0] for row in rows) < len(rows)))
def test_swapping_outcomes_mirrors_the_area(rows: Rows) -> None:
    """Predicting the opposite outcome with the same score turns the area a into 1 - a, limits too."""
    y, p = np.array([row[0] for row in rows]), [row[1] for row in rows]
    one, other = fairness.auroc(y, p), fairness.auroc(1 - y, p)
    assert one.value == pytest.approx(1 - other.value, abs=1e-12)
    if one.low is not None:
        assert one.low == pytest.approx(1 - other.high, abs=1e-9)
