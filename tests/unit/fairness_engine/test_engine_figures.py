"""Figures from a tally against fairlearn, scikit-learn, statsmodels and the figures of single rows."""

import numpy as np
import pytest
import statsmodels.api as sm
from engine_samples import THRESHOLDS, People, people, rows_of
from fairlearn.metrics import (
    MetricFrame,
    false_negative_rate,
    false_positive_rate,
    selection_rate,
    true_negative_rate,
    true_positive_rate,
)
from scipy.special import logit
from sklearn.metrics import accuracy_score, brier_score_loss, precision_score, roc_auc_score

import fairness
from fairness.engine import METRICS, Evaluation, ScoreGrid, evaluate, tally
from fairness.errors import SampleError
from fairness.metric import Sufficiency

FAIRLEARN = {
    "accuracy": accuracy_score,
    "selection_rate": selection_rate,
    "sensitivity": true_positive_rate,
    "specificity": true_negative_rate,
    "false_positive_rate": false_positive_rate,
    "false_negative_rate": false_negative_rate,
    "ppv": precision_score,
}


@pytest.fixture(scope="module")
def sample() -> People:
    """3,000 people."""
    return people()


@pytest.fixture(scope="module")
def found(sample: People) -> Evaluation:
    """Every metric of every group and of sex and race crossed."""
    return evaluate(sample.tally(), metrics=METRICS, crossings=[("sex", "race")])


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_rates_equal_metric_frame(sample: People, found: Evaluation, threshold: float) -> None:
    """Every rate of every sex equals fairlearn's to 1e-12."""
    groups = np.array([entry or "absent" for entry in sample.sex])
    frame = MetricFrame(
        metrics=FAIRLEARN, y_true=sample.y, y_pred=sample.p >= threshold, sensitive_features=groups
    )
    for value in ("absent", "female", "male"):
        for name in FAIRLEARN:
            ours = found.group("sex", value).metric(name, threshold).value
            assert ours == pytest.approx(frame.by_group.loc[value, name], abs=1e-12)


def test_brier_equals_metric_frame(sample: People, found: Evaluation) -> None:
    """The Brier score rests on exact sums, and so equals scikit-learn's through MetricFrame to 1e-12."""
    groups = np.array([entry or "absent" for entry in sample.sex])
    frame = MetricFrame(metrics=brier_score_loss, y_true=sample.y, y_pred=sample.p, sensitive_features=groups)
    for value in ("absent", "female", "male"):
        ours = found.group("sex", value).metric("brier").value
        assert ours == pytest.approx(frame.by_group[value], abs=1e-12)


def test_area_lies_within_its_error_bound(sample: People, found: Evaluation) -> None:
    """The area from the histogram is off from scikit-learn's by no more than it says, and by little."""
    for group in found.groups[1:6]:
        rows = rows_of(sample, group.attribute, group.value)
        figure = group.metric("auroc")
        assert abs(figure.value - roc_auc_score(sample.y[rows], sample.p[rows])) <= figure.error < 0.005


def test_area_of_tied_scores_is_exact() -> None:
    """Scores that are the edges of bins lose nothing in the histogram, the DeLong interval included."""
    rng = np.random.default_rng(3)
    p = rng.integers(0, 9, 400) / 8.0
    y = (rng.random(400) < 0.2 + 0.5 * p).astype(int)
    p = np.minimum(p, 1.0 - 2.0**-12)
    ours, exact = evaluate(tally(y, p, {})).groups[0].metric("auroc"), fairness.auroc(y, p)
    assert (ours.value, ours.low, ours.high) == pytest.approx((exact.value, exact.low, exact.high), abs=1e-12)


@pytest.mark.parametrize("name", ["brier", "o_e"])
def test_sums_equal_single_rows(sample: People, found: Evaluation, name: str) -> None:
    """Brier and O/E and their intervals are those of the same people row by row."""
    rows = rows_of(sample, "race", "black")
    exact = getattr(fairness, name)(sample.y[rows], sample.p[rows])
    ours = found.group("race", "black").metric(name)
    assert (ours.value, ours.low, ours.high) == pytest.approx((exact.value, exact.low, exact.high), abs=1e-10)


def test_slope_and_intercept_equal_statsmodels(sample: People, found: Evaluation) -> None:
    """The Cox fits on bins agree with those on rows to a hundredth of their standard error."""
    log_odds = logit(sample.p)
    slope = sm.GLM(sample.y, sm.add_constant(log_odds), family=sm.families.Binomial()).fit()
    intercept = sm.GLM(sample.y, np.ones(len(sample.y)), family=sm.families.Binomial(), offset=log_odds).fit()
    for name, value, error in (
        ("calibration_slope", slope.params[1], slope.bse[1]),
        ("calibration_intercept", intercept.params[0], intercept.bse[0]),
    ):
        figure = found.groups[0].metric(name)
        assert figure.value == pytest.approx(value, abs=0.01 * error)
        assert figure.high - figure.low == pytest.approx(2 * 1.959964 * error, rel=0.01)


def test_ici_equals_single_rows(sample: People, found: Evaluation) -> None:
    """The index from bins is that of single rows to the third digit."""
    rows = rows_of(sample, "sex", "male")
    exact = fairness.ici(sample.y[rows], sample.p[rows], replicates=0)
    assert found.group("sex", "male").metric("ici").value == pytest.approx(exact.value, abs=1e-3)


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_net_benefit_equals_single_rows(sample: People, found: Evaluation, threshold: float) -> None:
    """Net benefit at a declared threshold is exact."""
    exact = fairness.net_benefit(sample.y, sample.p, threshold)
    assert found.groups[0].metric("net_benefit", threshold).value == pytest.approx(exact.value, abs=1e-12)


def test_net_benefit_of_few_selected_has_an_interval() -> None:
    """With nobody selected the net benefit is 0, and the data still bound it on both sides."""
    figure = evaluate(tally([0, 1] * 50, [0.1] * 100, {}, ScoreGrid(thresholds=(0.3,)))).groups[0]
    benefit = figure.metric("net_benefit", 0.3)
    assert benefit.value == 0.0
    assert benefit.low < 0.0 < benefit.high


def test_a_group_without_events_is_undefined_and_not_zero() -> None:
    """Fairlearn gives a sensitivity of 0 without positives; here it has no value and says why."""
    counts = tally([0] * 40, np.linspace(0.1, 0.9, 40), {}, ScoreGrid(thresholds=(0.5,)))
    result = evaluate(counts).groups[0]
    for name, threshold in (
        ("sensitivity", 0.5),
        ("auroc", None),
        ("calibration_slope", None),
        ("ici", None),
    ):
        figure = result.metric(name, threshold)
        assert (figure.state, figure.value) == ("undefined", None)
        assert figure.why


def test_a_group_of_one_has_a_state_for_every_metric() -> None:
    """One person: undefined or insufficient, never ok, and nothing divides by zero."""
    counts = tally([1], [0.7], {"sex": ["f"]}, ScoreGrid(thresholds=(0.5,)))
    for figure in evaluate(counts, metrics=METRICS).groups[1].metrics:
        assert figure.state in ("undefined", "insufficient")


def test_an_empty_group_is_undefined_throughout() -> None:
    """Nobody: every figure is undefined."""
    result = evaluate(tally([], [], {}, ScoreGrid(thresholds=(0.5,))), metrics=METRICS)
    assert {figure.state for figure in result.groups[0].metrics} == {"undefined"}


def test_constant_scores_have_an_area_of_one_half() -> None:
    """One score for everybody ranks nobody: the area is 0.5 without an interval, the slope undefined."""
    result = evaluate(tally([0, 1] * 50, [0.3] * 100, {})).groups[0]
    assert (result.metric("auroc").value, result.metric("auroc").low) == (0.5, None)
    assert result.metric("calibration_slope").state == "undefined"


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_scores_of_exactly_zero_and_one(score: float) -> None:
    """The ends of the scale have figures too, where the logarithm of the odds has none."""
    result = evaluate(tally([0, 1] * 50, [score] * 100, {})).groups[0]
    assert result.metric("brier").value == pytest.approx(0.5, abs=1e-12)


def test_small_denominators_are_insufficient() -> None:
    """A predictive value of three selected people is not evidence, however large the group."""
    counts = tally([0, 1] * 100, [0.1] * 197 + [0.9] * 3, {}, ScoreGrid(thresholds=(0.5,)))
    figure = evaluate(counts, limits=Sufficiency()).groups[0].metric("ppv", 0.5)
    assert figure.state == "insufficient"
    assert "denominator" in figure.why


def test_unknown_metrics_are_refused() -> None:
    """A misspelt metric is an error that lists those there are; F1 is not among them."""
    with pytest.raises(SampleError, match="'f1' is not one of"):
        evaluate(people(50).tally(), metrics=("f1",))
