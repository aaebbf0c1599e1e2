"""The integrated calibration index: the mean distance between predicted and smoothed observed risk."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fairness.errors import FitError
from fairness.logistic import expit, fit_logistic, logit
from fairness.metric import (
    DEFAULT_LEVEL,
    DEFAULT_SUFFICIENCY,
    FloatArray,
    Interval,
    Metric,
    Sample,
    Sufficiency,
    checked_level,
    checked_sample,
    defined,
    undefined,
)

DEFAULT_REPLICATES = 200
_KNOT_QUANTILES = (0.05, 0.35, 0.65, 0.95)
# Keeps coefficients finite when outcomes separate; far less than the information of one person (up to 1/4).
_RIDGE = 1e-4
# Beyond this many people per outcome the bootstrap pools neighbours in p, so that its cost stays bounded.
_MOST_POOLS = 1000


class Smoother(NamedTuple):
    """A fitted calibration curve: spline columns (n, k), ridge penalty (k,), coefficients (k,)."""

    design: FloatArray
    penalty: FloatArray
    coefficients: FloatArray

    def risks(self) -> FloatArray:
        return expit(self.design @ self.coefficients)


class _People(NamedTuple):
    """Distinct people in order of p: how many there are of each, outcome, probability, spline columns."""

    counts: FloatArray
    y: FloatArray
    p: FloatArray
    design: FloatArray


def ici(
    y: npt.ArrayLike,
    p: npt.ArrayLike,
    *,
    level: float = DEFAULT_LEVEL,
    limits: Sufficiency = DEFAULT_SUFFICIENCY,
    replicates: int = DEFAULT_REPLICATES,
    seed: int = 0,
) -> Metric:
    """Mean of `|smoothed observed risk - p|` over the sample, in [0, 1]; 0 is ideal.

    `y` (n,) in {0, 1}, `p` (n,) in [0, 1]; NaN raises `SampleError`. Undefined with one class only, where the
    smoothed curve has no finite estimate. Source: Austin PC, Steyerberg EW. Stat Med 2019;38:4051-4065.

    The smoother is a logistic regression on a restricted cubic spline of logit(p) (the paper uses loess):
    knots at the 5th, 35th, 65th and 95th percentile (Harrell FE. Regression Modeling Strategies, 2nd ed.,
    2015, table 2.3), a straight line when those coincide, a constant when everybody has the same p. The
    interval is the percentile bootstrap over people, `replicates` draws from a Generator with `seed`, knots
    kept, widened to hold the value. The index is a mean of absolute values and so is biased upwards in small
    samples: its lower limit does not reach 0 for a perfectly calibrated model. `replicates=0` leaves the
    interval out.
    """
    checked_level(level)
    sample = _sorted(checked_sample(y, p))
    if sample.events == 0 or sample.non_events == 0:
        return undefined("ici", "needs at least one event and one non-event")
    try:
        smoother = smooth(sample)
    except FitError as error:
        return undefined("ici", str(error))
    value = float(np.abs(smoother.risks() - sample.p).mean())
    if replicates == 0:
        return defined("ici", sample, value, None, limits, no_interval="no bootstrap was asked for")
    try:
        draws = _bootstrap(
            _pooled(sample, smoother.design), smoother, replicates, np.random.default_rng(seed)
        )
    except FitError as error:
        return defined("ici", sample, value, None, limits, no_interval=f"a bootstrap fit failed: {error}")
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(draws, [tail, 1.0 - tail])
    return defined("ici", sample, value, Interval(min(float(low), value), max(float(high), value)), limits)


def smooth(sample: Sample) -> Smoother:
    """The calibration curve of a sample with both outcomes. Raises `FitError` when it cannot be fitted."""
    design = _design(logit(sample.p))
    penalty = np.full(design.shape[1], _RIDGE)
    penalty[0] = 0.0
    fit = fit_logistic(design, sample.y, penalty=penalty)
    return Smoother(design, penalty, fit.coefficients)


def restricted_cubic_spline(x: FloatArray, knots: FloatArray) -> FloatArray:
    """Columns (n, k - 1) of a cubic spline that is linear beyond its k >= 3 increasing knots; the first
    column is x.

    Source: Harrell FE. Regression Modeling Strategies, 2nd ed., 2015, sec. 2.4.5.
    """
    last, before = knots[-1], knots[-2]
    columns = [x]
    for knot in knots[:-2]:
        column = (
            _cube(x - knot)
            - _cube(x - before) * (last - knot) / (last - before)
            + _cube(x - last) * (before - knot) / (last - before)
        )
        columns.append(column / (last - knots[0]) ** 2)
    return np.column_stack(columns)


def _design(log_odds: FloatArray) -> FloatArray:
    constant = np.ones((log_odds.size, 1))
    if log_odds[0] == log_odds[-1]:
        return constant
    knots = np.quantile(log_odds, _KNOT_QUANTILES)
    smallest_gap = 1e-3 * float(log_odds[-1] - log_odds[0])
    bends = np.diff(knots).min() > smallest_gap
    columns = restricted_cubic_spline(log_odds, knots) if bends else log_odds[:, np.newaxis]
    spread = columns.std(axis=0)
    return np.hstack([constant, (columns - columns.mean(axis=0)) / spread])


def _bootstrap(people: _People, start: Smoother, replicates: int, rng: np.random.Generator) -> FloatArray:
    n = int(people.counts.sum())
    shares = people.counts / n
    draws = np.empty(replicates)
    for draw in range(replicates):
        weights = _weights_with_both_classes(people, n, shares, rng)
        fit = fit_logistic(
            people.design, people.y, weights=weights, penalty=start.penalty, start=start.coefficients
        )
        distance = np.abs(expit(people.design @ fit.coefficients) - people.p)
        draws[draw] = weights @ distance / n
    return draws


def _weights_with_both_classes(
    people: _People, n: int, shares: FloatArray, rng: np.random.Generator
) -> FloatArray:
    while True:
        weights = rng.multinomial(n, shares).astype(np.float64)
        if 0.0 < weights @ people.y < n:
            return weights


def _pooled(sample: Sample, design: FloatArray) -> _People:
    blocks = []
    for outcome in (0.0, 1.0):
        rows = np.flatnonzero(sample.y == outcome)
        starts = np.unique(np.arange(_MOST_POOLS) * rows.size // _MOST_POOLS)
        counts = np.diff(np.append(starts, rows.size)).astype(np.float64)
        means = np.add.reduceat(np.column_stack([sample.p, design])[rows], starts) / counts[:, np.newaxis]
        blocks.append(np.column_stack([counts, np.full(counts.size, outcome), means]))
    pooled = np.vstack(blocks)
    return _People(pooled[:, 0], pooled[:, 1], pooled[:, 2], pooled[:, 3:])


def _sorted(sample: Sample) -> Sample:
    # A fixed order makes the seeded bootstrap independent of the order of the rows.
    order = np.lexsort((sample.y, sample.p))
    return Sample(sample.y[order], sample.p[order])


def _cube(x: FloatArray) -> FloatArray:
    return np.asarray(np.maximum(x, 0.0) ** 3, dtype=np.float64)
