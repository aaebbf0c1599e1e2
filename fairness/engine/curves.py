"""What the charts are drawn from: smoothed calibration, decision curve, distribution of the scores.

The integrated calibration index is here too, since it is the mean distance of the smoothed curve from the
diagonal.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from fairness.calibration_curve import restricted_cubic_spline
from fairness.engine.agreement import Points, points
from fairness.engine.figures import Basis, Figure, Size, figure, no_figure
from fairness.engine.rates import confusion, net_benefit
from fairness.engine.tally import GroupTally
from fairness.errors import FitError
from fairness.intervals import normal_quantile
from fairness.logistic import expit, fit_logistic, logit
from fairness.metric import DEFAULT_LEVEL, FloatArray, Interval

_KNOT_QUANTILES = (0.05, 0.35, 0.65, 0.95)
# Keeps coefficients finite when outcomes separate; far less than the information of one person (up to 1/4).
_RIDGE = 1e-4
_ICI_DRAWS = 400
# The draws put neighbouring bins together, so that their cost does not grow with the number of bins.
_MOST_POOLS = 200


class CurvePoint(msgspec.Struct, frozen=True):
    """Smoothed observed risk at a predicted one, with its pointwise interval."""

    predicted: float
    observed: float
    low: float
    high: float


class DecisionPoint(msgspec.Struct, frozen=True):
    """Net benefit at one threshold of the model, with its interval, and of acting on everybody."""

    threshold: float
    model: float
    low: float | None
    high: float | None
    treat_all: float


class RiskBar(msgspec.Struct, frozen=True):
    """People with a score from `low` up to `high`."""

    low: float
    high: float
    events: int
    non_events: int


class _Curve(NamedTuple):
    """A fitted curve over the occupied bins: design (m, k), coefficients (k,), covariance (k, k)."""

    at: Points
    design: FloatArray
    coefficients: FloatArray
    covariance: FloatArray


def ici(group: GroupTally, basis: Basis, *, draws: int = _ICI_DRAWS, seed: int = 0) -> Figure:
    """Mean distance of score and smoothed observed risk, in [0, 1]; 0 is ideal.

    Source: Austin PC, Steyerberg EW. Stat Med 2019;38:4051-4065; the smoother is that of `fairness.ici`. The
    interval holds the middle `level` of the index over `draws` curves from the normal distribution of the
    fitted coefficients, widened to hold the value. A mean of absolute values is biased upwards, so its lower
    limit does not reach 0 for a perfect model.
    """
    try:
        curve = _fitted(group)
    except FitError as error:
        return no_figure("ici", basis, str(error))
    share = curve.at.weights / curve.at.weights.sum()
    value = float(share @ np.abs(expit(curve.design @ curve.coefficients) - curve.at.p))
    rng = np.random.default_rng(seed)
    shifts = rng.standard_normal((draws, curve.coefficients.size)) @ _root(curve.covariance).T
    pooled = _pooled(curve)
    distances = (
        np.abs(expit((curve.coefficients + shifts) @ pooled.design.T) - pooled.at.p) @ pooled.at.weights
    )
    tail = (1.0 - basis.level) / 2.0
    low, high = np.quantile(distances, [tail, 1.0 - tail])
    limits = Interval(min(float(low), value), max(float(high), value))
    return figure("ici", basis, value, limits, "coefficient draws")


def calibration_curve(group: GroupTally, level: float = DEFAULT_LEVEL) -> tuple[CurvePoint, ...]:
    """The smoothed curve over the occupied bins, in order of score; empty when it cannot be fitted."""
    try:
        curve = _fitted(group)
    except FitError:
        return ()
    eta = curve.design @ curve.coefficients
    reach = normal_quantile(level) * np.sqrt(np.sum((curve.design @ curve.covariance) * curve.design, axis=1))
    columns = (curve.at.p, expit(eta), expit(eta - reach), expit(eta + reach))
    return tuple(CurvePoint(*map(float, row)) for row in zip(*columns, strict=True))


def decision_curve(
    group: GroupTally, thresholds: Sequence[float], level: float = DEFAULT_LEVEL
) -> tuple[DecisionPoint, ...]:
    """Net benefit over thresholds, which must be edges of the grid and below 1; empty for nobody.

    Acting on nobody has a net benefit of 0. Raises `SampleError` for a threshold that is not an edge.
    """
    if group.n == 0:
        return ()
    found = []
    share = group.events / group.n
    for threshold in thresholds:
        basis = Basis(Size(group.n, group.events), level=level, threshold=threshold)
        model = net_benefit(confusion(group, threshold), basis)
        if model.value is not None:
            treat_all = share - (1.0 - share) * threshold / (1.0 - threshold)
            found.append(DecisionPoint(threshold, model.value, model.low, model.high, treat_all))
    return tuple(found)


def risk_distribution(group: GroupTally, bars: int = 20) -> tuple[RiskBar, ...]:
    """People by score in `bars` equal steps and outcome.

    A bin counts where its lower edge lies.
    """
    edges = group.grid.edges()
    bar = np.minimum(np.floor(edges[:-1] * bars + 1e-9), bars - 1).astype(np.int64)
    others, events = (np.bincount(bar, weights=row, minlength=bars).astype(int) for row in group.counts)
    return tuple(RiskBar(at / bars, (at + 1) / bars, int(events[at]), int(others[at])) for at in range(bars))


def _fitted(group: GroupTally) -> _Curve:
    if group.events == 0 or group.non_events == 0:
        raise FitError("needs at least one event and one non-event")
    at = points(group)
    design = _design(logit(at.p), at.weights)
    penalty = np.full(design.shape[1], _RIDGE)
    penalty[0] = 0.0
    fit = fit_logistic(design, at.y, weights=at.weights, penalty=penalty)
    return _Curve(at, design, fit.coefficients, fit.covariance)


def _design(log_odds: FloatArray, weights: FloatArray) -> FloatArray:
    constant = np.ones((log_odds.size, 1))
    width = float(log_odds[-1] - log_odds[0])
    if width < 1e-9:
        return constant
    reached = (np.cumsum(weights) - 0.5 * weights) / weights.sum()
    knots = np.interp(_KNOT_QUANTILES, reached, log_odds)
    bends = np.diff(knots).min() > 1e-3 * width
    columns = restricted_cubic_spline(log_odds, knots) if bends else log_odds[:, np.newaxis]
    mean = np.average(columns, axis=0, weights=weights)
    spread = np.sqrt(np.average((columns - mean) ** 2, axis=0, weights=weights))
    return np.hstack([constant, (columns - mean) / spread])


def _pooled(curve: _Curve) -> _Curve:
    """Neighbouring bins put together into at most `_MOST_POOLS` points; weights as shares."""
    share = curve.at.weights / curve.at.weights.sum()
    pool = np.minimum((np.cumsum(share) - 0.5 * share) * _MOST_POOLS, _MOST_POOLS - 1).astype(np.int64)
    starts = np.flatnonzero(np.diff(pool, prepend=-1))
    weights = np.add.reduceat(share, starts)
    table = np.column_stack([curve.at.y, curve.at.p, curve.design]) * share[:, np.newaxis]
    means = np.add.reduceat(table, starts) / weights[:, np.newaxis]
    at = Points(weights, means[:, 0], means[:, 1])
    return _Curve(at, means[:, 2:], curve.coefficients, curve.covariance)


def _root(covariance: FloatArray) -> FloatArray:
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)), dtype=np.float64)
