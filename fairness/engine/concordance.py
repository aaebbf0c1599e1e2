"""Concordance of risk and time to event over all pairs of people, weighted for censoring."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fairness.engine.censoring import censoring
from fairness.metric import FloatArray

# Pairs are compared in blocks of events, so that memory stays at this many comparisons.
_PAIRS = 4_000_000


class Concordance(NamedTuple):
    """Value in [0, 1], and how much each person (n,) moves it: the variance of their mean is its variance."""

    value: float
    influence: FloatArray


def concordance(
    time: FloatArray,
    event: npt.NDArray[np.bool_],
    risk: FloatArray,
    horizon: float | None = None,
    *,
    weighted: bool = True,
) -> Concordance | None:
    """Share of pairs in order, among those where the earlier time is an event (before `horizon`, if given).

    A person with an event at time t is compared with everybody observed beyond t; equal risks count one half.
    Each pair weighs `1 / G(t)^2`, G the chance of being observed until t (Uno H et al. Stat Med
    2011;30:1105-1117), or 1 with `weighted=False` (Harrell FE et al. JAMA 1982;247:2543-2546). None without
    such a pair. O(events * n).
    """
    chance = censoring(time, event).before(time) if weighted else np.ones(time.size)
    usable = event & (chance > 0.0)
    if horizon is not None:
        usable &= time < horizon
    earlier = np.flatnonzero(usable)
    agree, pairs = np.zeros((2, time.size))
    for block in _blocks(earlier, time.size):
        weight = 1.0 / chance[block, np.newaxis] ** 2
        comparable = weight * (time[block, np.newaxis] < time)
        in_order = comparable * _in_order(risk[block, np.newaxis], risk)
        for totals, found in ((agree, in_order), (pairs, comparable)):
            # Each pair counts for both of its people.
            totals[block] += found.sum(axis=1)
            totals += found.sum(axis=0)
    total = pairs.sum() / 2.0
    if total == 0.0:
        return None
    value = float(agree.sum() / 2.0 / total)
    return Concordance(value, (agree - value * pairs) / total * time.size)


def _in_order(earlier: FloatArray, later: FloatArray) -> FloatArray:
    return np.asarray(0.5 * ((earlier > later).astype(np.float64) + (earlier >= later)))


def _blocks(events: npt.NDArray[np.intp], n: int) -> list[npt.NDArray[np.intp]]:
    rows = max(1, _PAIRS // max(1, n))
    return [events[low : low + rows] for low in range(0, events.size, rows)]
