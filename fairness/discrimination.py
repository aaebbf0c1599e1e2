"""Discrimination: does the score rank those with the event above those without it?"""

import math

import numpy as np
import numpy.typing as npt

from fairness.errors import SampleError
from fairness.intervals import all_or_nothing, logit_scale
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


def auroc(
    y: npt.ArrayLike,
    p: npt.ArrayLike,
    *,
    level: float = DEFAULT_LEVEL,
    limits: Sufficiency = DEFAULT_SUFFICIENCY,
) -> Metric:
    """Area under the ROC curve, in [0, 1]; a tied pair counts one half.

    `y` (n,) in {0, 1}, `p` (n,) in [0, 1]; NaN raises `SampleError`. Undefined with one class only.

    The interval uses the DeLong variance on the logit scale. An area of exactly 0 or 1 has neither a logit
    nor a positive variance; there the interval is the exact binomial one for m of m concordant (or
    discordant) pairs, m = min(events, non-events). m disjoint pairs are independent, and all of them agree
    whenever the area is 1, so the limit is valid and conservative. A single event or non-event with another
    area has no variance: no interval.
    """
    checked_level(level)
    sample = checked_sample(y, p)
    if sample.events == 0 or sample.non_events == 0:
        return undefined("auroc", "needs at least one event and one non-event")
    above_non_events, below_events = placements(sample)
    area = float(above_non_events.mean())
    if area in (0.0, 1.0):
        pairs = min(sample.events, sample.non_events)
        return defined("auroc", sample, area, all_or_nothing(round(area) * pairs, pairs, level), limits)
    if min(sample.events, sample.non_events) == 1:
        why = "one event or one non-event has no variance, so there is no interval"
        return defined("auroc", sample, area, None, limits, no_interval=why)
    standard_error = math.sqrt(_variance(above_non_events, below_events))
    interval = logit_scale(area, standard_error, level)
    # The round trip through the logit may miss the area by one unit in the last place.
    covering = Interval(min(interval.low, area), max(interval.high, area))
    return defined("auroc", sample, area, covering, limits)


def placements(sample: Sample) -> tuple[FloatArray, FloatArray]:
    """DeLong's structural components, each value in [0, 1].

    First (events,): the share of non-events that each event outranks. Second (non_events,): the share of
    events that outrank each non-event. Ties count one half. O(n log n) through midranks. Source: DeLong ER et
    al. Biometrics 1988;44:837-845; Sun X, Xu W. IEEE Signal Process Lett 2014;21:1389-1393.
    """
    is_event = sample.y == 1.0
    overall = midranks(sample.p)
    within_events = midranks(sample.p[is_event])
    within_non_events = midranks(sample.p[~is_event])
    above = (overall[is_event] - within_events) / sample.non_events
    below = 1.0 - (overall[~is_event] - within_non_events) / sample.events
    return above, below


def midranks(values: FloatArray) -> FloatArray:
    """Ranks 1..n of `values` (n,); equal values share their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2.0)[inverse], dtype=np.float64)


def delong_variance(y: npt.ArrayLike, p: npt.ArrayLike) -> float:
    """DeLong variance of the area under the ROC curve.

    Raises `SampleError` for NaN, and when there are fewer than two events or two non-events.
    """
    sample = checked_sample(y, p)
    if min(sample.events, sample.non_events) < 2:
        raise SampleError("y: a variance needs two events and two non-events")
    return _variance(*placements(sample))


def _variance(above: FloatArray, below: FloatArray) -> float:
    return float(above.var(ddof=1) / above.size + below.var(ddof=1) / below.size)
