"""Calibration from a tally: Brier score, observed over expected, Cox intercept and slope.

Brier and O/E rest on exact sums. The two Cox fits put everybody of a bin and outcome at their mean score:
with 1,024 bins they equal the fit of single rows to about three digits of the standard error.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from fairness.engine.figures import Basis, Figure, figure, no_figure
from fairness.engine.tally import GroupTally
from fairness.errors import FitError
from fairness.intervals import all_or_nothing, log_normal, wald
from fairness.logistic import fit_logistic, logit
from fairness.metric import FloatArray, Interval

_LEAST_EXPECTED = 1e-6
_ONE_CLASS = "needs at least one event and one non-event"


class Pivot(NamedTuple):
    """An estimate and its standard error, on the scale where it is closest to normal.

    `sizes` are the numbers of events and of non-events behind an area.
    """

    value: float
    error: float
    sizes: tuple[int, int] | None = None


class Points(NamedTuple):
    """Occupied bins: people, outcome and mean score, each (m,), in order of score."""

    weights: FloatArray
    y: FloatArray
    p: FloatArray


def points(group: GroupTally) -> Points:
    """The occupied bins of both outcomes."""
    y, at = np.nonzero(group.counts)
    weights = group.counts[y, at].astype(np.float64)
    p = np.clip(group.sums[y, at] / weights, 0.0, 1.0)
    order = np.lexsort((y, p))
    return Points(weights[order], y[order].astype(np.float64), p[order])


def expected(group: GroupTally) -> float:
    """Sum of the scores, the number of events that the model expects."""
    return float(group.moments[:, 0].sum())


def brier(group: GroupTally, basis: Basis) -> Figure:
    """Mean squared difference of outcome and score, in [0, 1], lower is better; Wald interval cut to [0,
    1]."""
    found = brier_pivot(group)
    if found is None:
        return no_figure("brier", basis, "nobody in the group")
    if math.isnan(found.error):
        return figure("brier", basis, found.value, None, None, no_interval="one person has no variance")
    low, high = wald(found.value, found.error, basis.level)
    return figure("brier", basis, found.value, Interval(max(0.0, low), min(1.0, high)), "wald")


def brier_pivot(group: GroupTally) -> Pivot | None:
    """None for nobody; the error is NaN for one person."""
    n = group.n
    if n == 0:
        return None
    _, squares, fourths = group.moments.sum(axis=0).tolist()
    mean = squares / n
    if n == 1:
        return Pivot(mean, math.nan)
    return Pivot(mean, math.sqrt(max(0.0, fourths - n * mean**2) / (n - 1) / n))


def o_e(group: GroupTally, basis: Basis) -> Figure:
    """Observed over expected events, 0 or more; 1 is ideal.

    Log-normal interval with the linearised variance of a ratio of sums (Cochran WG. Sampling Techniques, 3rd
    ed., 1977, sec. 6.3); exact binomial limits for the given expected count where nobody or everybody has the
    event.
    """
    total = expected(group)
    if total < _LEAST_EXPECTED:
        return no_figure("o_e", basis, "next to no event is expected" if group.n else "nobody in the group")
    ratio = group.events / total
    found = log_o_e(group)
    if found is None:
        low, high = all_or_nothing(group.events, group.n, basis.level)
        limits = Interval(low * group.n / total, high * group.n / total)
        return figure("o_e", basis, ratio, limits, "clopper-pearson")
    return figure("o_e", basis, ratio, log_normal(ratio, found.error, basis.level), "log-normal")


def log_o_e(group: GroupTally) -> Pivot | None:
    """Logarithm of the ratio; None with one class only, or when next to no event is expected."""
    total, n, events = expected(group), group.n, group.events
    if total < _LEAST_EXPECTED or events == 0 or events == n:
        return None
    ratio = events / total
    return Pivot(math.log(ratio), math.sqrt(n / (n - 1) * _residual_squares(group, ratio)) / events)


def excess_events(group: GroupTally, ratio: float) -> Pivot:
    """Events beyond `ratio` times the expected number, and their standard error if that ratio is the true
    one.

    The larger of the observed variance and that of independent events with risks `ratio * p`: where few
    events are observed the first alone is too small. Needs n >= 2.
    """
    observed = group.n / (group.n - 1) * _residual_squares(group, ratio)
    model = ratio * expected(group) - ratio**2 * _score_squares(group)
    return Pivot(group.events - ratio * expected(group), math.sqrt(max(observed, model)))


def _residual_squares(group: GroupTally, ratio: float) -> float:
    """Sum of (y - ratio p)^2."""
    total = group.events - 2.0 * ratio * float(group.moments[1, 0]) + ratio**2 * _score_squares(group)
    return max(0.0, total)


def _score_squares(group: GroupTally) -> float:
    # Sums of (y - p)^2 = y - 2 y p + p^2 give the sum of p^2 without another pass.
    return float(group.moments[:, 1].sum()) - group.events + 2.0 * float(group.moments[1, 0])


def calibration_intercept(group: GroupTally, basis: Basis) -> Figure:
    """Calibration in the large, in log odds: a in `logit E[y] = a + logit(p)`; 0 is ideal; Wald interval."""
    return _cox("calibration_intercept", basis, lambda: intercept_pivot(group))


def calibration_slope(group: GroupTally, basis: Basis) -> Figure:
    """b in `logit E[y] = a + b * logit(p)`; 1 is ideal, below 1 too extreme; Wald interval.

    Source of both: Cox DR. Biometrika 1958;45:562-565.
    """
    return _cox("calibration_slope", basis, lambda: slope_pivot(group))


def intercept_pivot(group: GroupTally) -> Pivot:
    """The fitted intercept.

    Raises `FitError` with one class only or without a finite maximum.
    """
    at = _both_classes(group)
    share = np.array([at.weights @ at.y, at.weights @ at.p]) / at.weights.sum()
    start = logit(share)
    fit = fit_logistic(
        np.ones((at.y.size, 1)), at.y, offset=logit(at.p), weights=at.weights, start=start[:1] - start[1:]
    )
    return Pivot(float(fit.coefficients[0]), math.sqrt(fit.covariance[0, 0]))


def slope_pivot(group: GroupTally) -> Pivot:
    """The fitted slope.

    Raises `FitError` with one class, one score for everybody, or complete separation.
    """
    at = _both_classes(group)
    log_odds = logit(at.p)
    if log_odds.max() - log_odds.min() < 1e-9:
        raise FitError("everybody has the same probability")
    events, others = log_odds[at.y == 1.0], log_odds[at.y == 0.0]
    if others.max() <= events.min() or events.max() <= others.min():
        raise FitError("the score separates events from non-events completely")
    mean = np.average(log_odds, weights=at.weights)
    spread = math.sqrt(np.average((log_odds - mean) ** 2, weights=at.weights))
    design = np.column_stack([np.ones(at.y.size), (log_odds - mean) / spread])
    fit = fit_logistic(design, at.y, weights=at.weights)
    return Pivot(float(fit.coefficients[1]) / spread, math.sqrt(fit.covariance[1, 1]) / spread)


def _both_classes(group: GroupTally) -> Points:
    if group.events == 0 or group.non_events == 0:
        raise FitError(_ONE_CLASS)
    return points(group)


def _cox(name: str, basis: Basis, fitted: Callable[[], Pivot]) -> Figure:
    try:
        found = fitted()
    except FitError as error:
        return no_figure(name, basis, str(error))
    return figure(name, basis, found.value, wald(found.value, found.error, basis.level), "wald")
