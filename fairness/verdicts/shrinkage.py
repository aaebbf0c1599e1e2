"""Empirical-Bayes shrinkage of many small groups towards their mean, to be shown beside the raw figures."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fairness.errors import SampleError
from fairness.intervals import normal_quantile
from fairness.metric import DEFAULT_LEVEL, FloatArray, Interval

_STEPS = 200


class Shrunk(NamedTuple):
    """One group's shrunken value and interval; `weight` in [0, 1] is what its own data count for."""

    value: float
    interval: Interval
    weight: float


class Shrinkage(NamedTuple):
    """All groups, the mean they are drawn to, and the standard deviation between groups."""

    groups: tuple[Shrunk, ...]
    mean: float
    between: float


def shrink(values: Sequence[float], errors: Sequence[float], *, level: float = DEFAULT_LEVEL) -> Shrinkage:
    """Normal-normal model: value ~ N(truth, error^2), truth ~ N(mean, between^2).

    `values` and `errors` > 0, both (k,), k >= 2, on one scale (log odds for rates: see `log_odds`). The
    variance between groups is that of Paule and Mandel (J Res Natl Bur Stand 1982;87:377-385), 0 when the
    values vary no more than their errors explain. The interval adds the uncertainty of the mean (Morris CN. J
    Am Stat Assoc 1983;78:47-55), but not that of the variance between groups: read it beside the raw one.
    Raises `SampleError` for other input.
    """
    y, se = np.array(values, dtype=np.float64), np.array(errors, dtype=np.float64)
    if y.size < 2 or y.shape != se.shape:
        raise SampleError("shrink: needs as many errors as values, two or more")
    if not (np.isfinite(y).all() and np.isfinite(se).all() and se.min() > 0.0):
        raise SampleError("shrink: values must be finite and errors positive")
    between = _paule_mandel(y, se**2)
    weights = 1.0 / (se**2 + between)
    mean, mean_variance = float(weights @ y / weights.sum()), float(1.0 / weights.sum())
    own = between / (between + se**2)
    shrunken = own * y + (1.0 - own) * mean
    spread = np.sqrt(own * se**2 + (1.0 - own) ** 2 * mean_variance)
    reach = normal_quantile(level) * spread
    groups = tuple(
        Shrunk(float(v), Interval(float(v - r), float(v + r)), float(w))
        for v, r, w in zip(shrunken, reach, own, strict=True)
    )
    return Shrinkage(groups, mean, math.sqrt(between))


def log_odds(hits: int, of: int) -> tuple[float, float]:
    """Log odds of a share and their standard error, each count raised by one half so that 0 has a value.

    Source: Haldane JBS. Ann Hum Genet 1956;20:309-311. Raises `SampleError` for an impossible count.
    """
    if of < 1 or not 0 <= hits <= of:
        raise SampleError(f"log_odds: {hits} of {of} is not possible")
    yes, no = hits + 0.5, of - hits + 0.5
    return math.log(yes / no), math.sqrt(1.0 / yes + 1.0 / no)


def _paule_mandel(y: FloatArray, variances: FloatArray) -> float:
    """The variance at which the weighted sum of squares equals its k - 1 degrees of freedom, by bisection."""

    def excess(between: float) -> float:
        weights = 1.0 / (variances + between)
        mean = weights @ y / weights.sum()
        return float(weights @ (y - mean) ** 2) - (y.size - 1)

    if excess(0.0) <= 0.0:
        return 0.0
    low, high = 0.0, float(np.ptp(y) ** 2 + variances.max())
    for _ in range(_STEPS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if excess(middle) > 0.0 else (low, middle)
    return 0.5 * (low + high)
