"""Multi-class, ordinal, continuous and survival outcomes, and user metrics, against independent
references."""

import numpy as np
import pytest
from fairlearn.metrics import MetricFrame
from scipy.stats import t as student
from sklearn.metrics import (
    cohen_kappa_score,
    mean_absolute_error,
    precision_score,
    recall_score,
    roc_auc_score,
    root_mean_squared_error,
)

from fairness.engine import (
    evaluate_continuous,
    evaluate_multiclass,
    evaluate_ordinal,
    evaluate_survival,
    through_metric_frame,
)
from fairness.engine.censoring import censoring, survival
from fairness.engine.concordance import concordance
from fairness.errors import SampleError

CLASSES = ["low", "middle", "high"]


@pytest.fixture(scope="module")
def three_classes() -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Labels (400,), probabilities (400, 3), sex (400,)."""
    rng = np.random.default_rng(8)
    p = rng.dirichlet([1.0, 1.0, 1.0], 400)
    y = np.array([rng.choice(3, p=row) for row in p])
    return y, p, rng.choice(["f", "m"], 400).tolist()


def test_multiclass_equals_scikit_learn(three_classes: tuple[np.ndarray, np.ndarray, list[str]]) -> None:
    """Sensitivity, predictive value and area of each class against the rest, per group."""
    y, p, sex = three_classes
    found = evaluate_multiclass([CLASSES[at] for at in y], p, CLASSES, {"sex": sex}).group("sex", "f")
    rows = np.array(sex) == "f"
    truth, guess = y[rows], p[rows].argmax(axis=1)
    for at, name in enumerate(CLASSES):
        ours = [found.metric(f"{metric}:{name}").value for metric in ("sensitivity", "ppv", "auroc")]
        theirs = [
            recall_score(truth, guess, labels=[at], average="macro"),
            precision_score(truth, guess, labels=[at], average="macro"),
            roc_auc_score(truth == at, p[rows, at]),
        ]
        assert ours == pytest.approx(theirs, abs=1e-12)


def test_ordinal_equals_scikit_learn(three_classes: tuple[np.ndarray, np.ndarray, list[str]]) -> None:
    """Quadratic weighted kappa and the mean error in steps."""
    y, p, _ = three_classes
    guess = p.argmax(axis=1)
    found = evaluate_ordinal([CLASSES[at] for at in y], [CLASSES[at] for at in guess], CLASSES, {}).groups[0]
    kappa = found.metric("weighted_kappa")
    assert kappa.value == pytest.approx(cohen_kappa_score(y, guess, weights="quadratic"), abs=1e-12)
    assert kappa.low < kappa.value < kappa.high
    assert found.metric("level_error").value == pytest.approx(mean_absolute_error(y, guess), abs=1e-12)


def test_ordinal_with_one_class_is_undefined() -> None:
    """Agreement beyond chance has no value where chance alone agrees."""
    found = evaluate_ordinal(["low"] * 40, ["low"] * 40, CLASSES, {}).groups[0]
    assert found.metric("weighted_kappa").state == "undefined"
    assert found.metric("accuracy").value == 1.0


def test_probabilities_must_be_distributions() -> None:
    """Rows that do not sum to 1 are scores of something else."""
    with pytest.raises(SampleError, match="every row must sum to 1"):
        evaluate_multiclass(["low"], [[0.5, 0.2, 0.2]], CLASSES, {})


def test_labels_must_be_classes() -> None:
    """A label outside the classes is an error that does not repeat it."""
    with pytest.raises(SampleError, match="y: a label is not one of low, middle, high"):
        evaluate_multiclass(["Ann Smith"], [[1.0, 0.0, 0.0]], CLASSES, {})


def test_continuous_equals_scikit_learn_and_scipy() -> None:
    """Bias with Student's interval, mean absolute and root mean squared error, coverage of intervals."""
    rng = np.random.default_rng(2)
    y = rng.normal(30, 10, 120)
    guess = y + rng.normal(1, 3, 120)
    found = evaluate_continuous(y, guess, {}, intervals=(guess - 6, guess + 6)).groups[0]
    bias = found.metric("bias")
    errors = guess - y
    limits = student.interval(0.95, 119, errors.mean(), errors.std(ddof=1) / np.sqrt(120))
    assert (bias.low, bias.high) == pytest.approx(limits, rel=1e-9)
    assert found.metric("mae").value == pytest.approx(mean_absolute_error(y, guess))
    assert found.metric("rmse").value == pytest.approx(root_mean_squared_error(y, guess))
    assert found.metric("interval_coverage").value == pytest.approx((np.abs(errors) <= 6).mean())


def test_continuous_refuses_reversed_intervals() -> None:
    """A lower limit above its upper one is a mistake in the file."""
    with pytest.raises(SampleError, match="intervals: a lower limit"):
        evaluate_continuous([1.0], [1.0], {}, intervals=([2.0], [0.0]))


def test_one_person_has_no_bias_interval() -> None:
    """One error has no variance, and is not evidence."""
    bias = evaluate_continuous([1.0], [2.0], {}).groups[0].metric("bias")
    assert (bias.value, bias.low, bias.state) == (1.0, None, "insufficient")


@pytest.fixture(scope="module")
def followed() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Time, event and risk at 1 of 500 people, a third of them lost."""
    rng = np.random.default_rng(6)
    x = rng.normal(size=500)
    died, lost = rng.exponential(np.exp(-x)), rng.exponential(2.0, 500)
    return np.minimum(died, lost), died <= lost, -np.expm1(-np.exp(0.7 * x))


def test_survival_equals_scikit_survival(followed: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """Brier score, area and concordance with censoring weights, and Harrell's concordance without."""
    metrics = pytest.importorskip("sksurv.metrics", reason="scikit-survival is not installed")
    time, event, risk = followed
    both = np.array(list(zip(event, time, strict=True)), dtype=[("e", bool), ("t", float)])
    found = evaluate_survival(time, event, risk, 1.0, {}).groups[0]
    expected = {
        "survival_auc": metrics.cumulative_dynamic_auc(both, both, risk, [1.0])[0][0],
        "survival_brier": metrics.brier_score(both, both, (1 - risk)[:, np.newaxis], [1.0])[1][0],
        "concordance": metrics.concordance_index_ipcw(both, both, risk, tau=1.0)[0],
    }
    for name, value in expected.items():
        assert found.metric(name).value == pytest.approx(value, abs=1e-10)
    plain = concordance(time, event, risk, weighted=False)
    assert plain.value == pytest.approx(metrics.concordance_index_censored(event, time, risk)[0], abs=1e-12)


def test_survival_has_the_values_of_scikit_survival(
    followed: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    """Printed by scikit-survival 0.28.0 for these people: cumulative_dynamic_auc, brier_score and
    concordance_index_ipcw at a horizon of 1."""
    found = evaluate_survival(*followed, 1.0, {}).groups[0]
    assert found.metric("survival_auc").value == pytest.approx(0.8261890749242076, abs=1e-10)
    assert found.metric("survival_brier").value == pytest.approx(0.16845196126874656, abs=1e-10)
    assert found.metric("concordance").value == pytest.approx(0.7401900288790652, abs=1e-10)


def test_survival_without_censoring_is_the_plain_brier_score() -> None:
    """With nobody lost every weight is 1."""
    rng = np.random.default_rng(1)
    time, risk = rng.exponential(1.0, 200), rng.random(200)
    found = evaluate_survival(time, np.ones(200), risk, 1.0, {}).groups[0]
    assert found.metric("survival_brier").value == pytest.approx(np.mean(((time <= 1.0) - risk) ** 2))
    assert found.metric("survival_auc").value == pytest.approx(roc_auc_score(time <= 1.0, risk))


def test_product_limit_of_six_people_by_hand() -> None:
    """Times 1, 2+, 3, 3, 4+, 5: survival 5/6, then 5/6 * 2/4, then 0; censoring after the events of its
    time."""
    time = np.array([1.0, 2.0, 3.0, 3.0, 4.0, 5.0])
    event = np.array([True, False, True, True, False, True])
    assert survival(time, event).at([1.0, 2.5, 3.0, 5.0]) == pytest.approx([5 / 6, 5 / 6, 5 / 12, 0.0])
    assert censoring(time, event).at([2.0, 3.0, 4.0]) == pytest.approx([4 / 5, 4 / 5, 2 / 5])


def test_concordance_of_four_people_by_hand() -> None:
    """Events at 1 and 2, lost at 3, event at 4: five comparable pairs, of which one tied and one in
    reverse."""
    time, event = np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, True, False, True])
    found = concordance(time, event, np.array([0.9, 0.5, 0.5, 0.7]), weighted=False)
    assert found.value == pytest.approx((3 + 0.5) / 5)


def test_survival_beyond_the_follow_up_is_undefined() -> None:
    """Where nobody is observed beyond the horizon, nothing is known about it."""
    found = evaluate_survival([1.0, 2.0, 3.0], [1, 0, 1], [0.2, 0.4, 0.1], 5.0, {}).groups[0]
    assert found.metric("survival_brier").state == "undefined"
    assert found.metric("survival_o_e").state == "undefined"


def test_survival_refuses_times_of_zero() -> None:
    """A time of 0 is a date that was put in twice."""
    with pytest.raises(SampleError, match="time: every time must be above 0"):
        evaluate_survival([0.0, 1.0], [1, 0], [0.1, 0.2], 1.0, {})


def test_any_user_metric_goes_through_metric_frame() -> None:
    """A metric that the engine does not have has the values that MetricFrame gives it."""
    rng = np.random.default_rng(3)
    y, guess = rng.random(200), rng.random(200)
    sex = rng.choice(["f", "m"], 200)
    ours = through_metric_frame({"mae": mean_absolute_error}, y, guess, {"sex": sex.tolist()})
    frame = MetricFrame(metrics=mean_absolute_error, y_true=y, y_pred=guess, sensitive_features=sex)
    for value in ("f", "m"):
        assert ours.group("sex", value).metric("mae").value == pytest.approx(frame.by_group[value], abs=1e-12)


def test_user_metrics_count_people_with_several_answers() -> None:
    """MetricFrame knows one group per person; the helper counts a person in each of theirs, and `absent`."""
    races = [{"asian", "white"}, {"white"}, None, {"asian"}]
    found = through_metric_frame({"mae": mean_absolute_error}, [0, 1, 2, 3], [1, 1, 1, 1], {"race": races})
    assert found.group("race", "asian").metric("mae").value == 1.5
    assert found.group("race", "absent").n == 1


@pytest.mark.parametrize("n", [0, 1, 2])
@pytest.mark.parametrize("event", [0, 1])
def test_tiny_survival_groups_have_a_state(n: int, event: int) -> None:
    """Nobody, one and two people, with and without events: every figure has a state and no warning is
    raised."""
    time = np.arange(1.0, n + 1.0)
    found = evaluate_survival(time, np.full(n, event), np.full(n, 0.4), 1.5, {}).groups[0]
    assert {figure.state for figure in found.metrics} <= {"undefined", "insufficient"}


@pytest.mark.parametrize("n", [0, 1, 2])
def test_tiny_groups_of_other_outcomes_have_a_state(n: int) -> None:
    """Multi-class, ordinal and continuous figures of nobody, one and two people are never `ok`."""
    labels, p = ["low"] * n, np.tile([0.5, 0.3, 0.2], (n, 1))
    results = (
        evaluate_multiclass(labels, p, CLASSES, {}),
        evaluate_ordinal(labels, labels, CLASSES, {}),
        evaluate_continuous(np.ones(n), np.zeros(n), {}, intervals=(np.zeros(n), np.ones(n))),
    )
    for result in results:
        assert {figure.state for figure in result.groups[0].metrics} <= {"undefined", "insufficient"}
