"""Discrimination from score histograms: the area under the ROC curve, its variance and its error bound."""

import math
from typing import NamedTuple

import numpy as np

from fairness.engine.figures import Basis, Figure, figure, no_figure
from fairness.engine.tally import GroupTally
from fairness.intervals import all_or_nothing, logit_scale
from fairness.metric import FloatArray, Interval


class Area(NamedTuple):
    """Area with ties (people in one bin) counted one half, its DeLong variance, and the error bound.

    The area of the unbinned scores lies within `error` of `value`: half the share of pairs that fall in one
    bin.
    """

    value: float
    variance: float
    error: float


def area(group: GroupTally) -> Area | None:
    """None with one class only; the variance is NaN with a single event or non-event.

    Source: DeLong ER et al. Biometrics 1988;44:837-845, with the placements of a whole bin computed at once.
    """
    events, others = group.counts[1].astype(np.float64), group.counts[0].astype(np.float64)
    n1, n0 = float(events.sum()), float(others.sum())
    if n1 == 0.0 or n0 == 0.0:
        return None
    above = (np.cumsum(others) - 0.5 * others) / n0
    below = 1.0 - (np.cumsum(events) - 0.5 * events) / n1
    value = float(events @ above) / n1
    tied = float(events @ others) / (n1 * n0)
    variance = _spread(events, above) / n1 + _spread(others, below) / n0 if min(n1, n0) > 1 else math.nan
    return Area(value, variance, 0.5 * tied)


def auroc(group: GroupTally, basis: Basis) -> Figure:
    """Area under the ROC curve in [0, 1] from the histogram, with its DeLong interval on the logit scale.

    An area of exactly 0 or 1 has no variance; the exact binomial limits for m concordant pairs, m the smaller
    class, are used there, as in `fairness.auroc`, which gives the value without the error of the bins.
    """
    found = area(group)
    if found is None:
        return no_figure("auroc", basis, "needs at least one event and one non-event")
    pairs = min(group.events, group.non_events)
    if found.value in (0.0, 1.0):
        limits = all_or_nothing(round(found.value) * pairs, pairs, basis.level)
        return figure("auroc", basis, found.value, limits, "clopper-pearson", of=group.n)
    if math.isnan(found.variance) or found.variance <= 0.0:
        why = "no variance: one event or one non-event, or one score for everybody"
        return figure("auroc", basis, found.value, None, None, of=group.n, error=found.error, no_interval=why)
    low, high = logit_scale(found.value, math.sqrt(found.variance), basis.level)
    covering = Interval(min(low, found.value), max(high, found.value))
    return figure("auroc", basis, found.value, covering, "delong-logit", of=group.n, error=found.error)


def _spread(weights: FloatArray, values: FloatArray) -> float:
    total = float(weights.sum())
    mean = float(weights @ values) / total
    return float(weights @ (values - mean) ** 2) / (total - 1.0)
