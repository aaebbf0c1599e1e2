"""What every metric demands of its sample and says about its size."""

from collections.abc import Callable

import msgspec
import numpy as np
import pytest

import fairness
from fairness.metric import Metric, Sufficiency, checked_sample

EVERY_METRIC = [
    fairness.auroc,
    fairness.brier,
    fairness.calibration_intercept,
    fairness.calibration_slope,
    fairness.o_e,
    fairness.ici,
]


@pytest.mark.parametrize("metric", EVERY_METRIC)
@pytest.mark.parametrize(("y", "p", "named"), [([0, np.nan], [0.1, 0.2], "y"), ([0, 1], [0.1, np.nan], "p")])
def test_nan_is_refused_by_name(
    metric: Callable[..., Metric], y: list[float], p: list[float], named: str
) -> None:
    """NaN in an argument is a ValueError that names it."""
    with pytest.raises(ValueError, match=f"^{named}: holds NaN"):
        metric(y, p)


@pytest.mark.parametrize(
    ("y", "p", "message"),
    [
        ([0, 2], [0.1, 0.2], "y: every outcome"),
        ([0, 1], [0.1, 1.2], "p: every probability"),
        ([0, 1], [-0.1, 0.2], "p: every probability"),
        ([0, 1], [0.1], "y has 2 rows, p has 1"),
        ([[0, 1]], [[0.1, 0.2]], "y: expected one dimension"),
        (["a", "b"], [0.1, 0.2], "y: not an array of numbers"),
    ],
)
def test_malformed_sample_is_refused(y: list[object], p: list[object], message: str) -> None:
    """Outcomes other than 0 and 1, scores beyond [0, 1] and shapes that differ are refused."""
    with pytest.raises(fairness.SampleError, match=message):
        checked_sample(y, p)


@pytest.mark.parametrize(
    ("n", "events", "why"),
    [
        (29, 14, "29 people, fewer than 30"),
        (40, 9, "9 events, fewer than 10"),
        (40, 31, "9 non-events, fewer than 10"),
        (12, 3, "12 people, fewer than 30; 3 events, fewer than 10; 9 non-events, fewer than 10"),
    ],
)
def test_small_sample_is_insufficient_with_a_value(n: int, events: int, why: str) -> None:
    """A sample below the limits keeps value and interval, and says what it is short of."""
    metric = fairness.brier(np.arange(n) < events, np.full(n, 0.4))
    assert (metric.state, metric.why) == ("insufficient", why)
    assert metric.low is not None


def test_sample_at_the_limits_is_ok() -> None:
    """Thirty people with ten events are enough."""
    metric = fairness.brier(np.arange(30) < 10, np.full(30, 0.4))
    assert (metric.state, metric.why) == ("ok", None)


def test_limits_default_to_thirty_people_and_ten_events() -> None:
    """The defaults that evaluation reports rest on do not move unnoticed."""
    assert Sufficiency() == Sufficiency(min_n=30, min_events=10)


@pytest.mark.parametrize("figure", [float("nan"), float("inf")])
def test_metric_refuses_figures_that_are_not_finite(figure: float) -> None:
    """No metric can carry NaN or an infinity into a report."""
    with pytest.raises(fairness.SampleError, match="not a finite figure"):
        Metric("auroc", figure, None, None, "ok")


def test_metric_encodes_to_the_shape_of_an_evaluation() -> None:
    """The keys of an encoded metric are those of evaluation.json."""
    metric = fairness.sensitivity([0, 1], [0.1, 0.9], 0.5)
    assert list(msgspec.to_builtins(metric)) == ["name", "value", "low", "high", "state", "why", "threshold"]


def test_public_names_are_importable() -> None:
    """Every name in `__all__` exists."""
    assert all(hasattr(fairness, name) for name in fairness.__all__)
