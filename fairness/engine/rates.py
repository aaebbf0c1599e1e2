"""Rates at a threshold, from the four counts of a group: error rates, predictive values, net benefit.

A rate whose denominator is empty is undefined, never 0. Intervals are Wilson's (Wilson EB. J Am Stat Assoc
1927;22:209-212).
"""

import math
from collections.abc import Callable
from typing import NamedTuple

from fairness.engine.figures import Basis, Figure, figure, no_figure
from fairness.engine.tally import GroupTally
from fairness.intervals import wilson
from fairness.metric import DEFAULT_LEVEL, Interval


class Confusion(NamedTuple):
    """Counts at one threshold: true and false positives, false and true negatives."""

    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def n(self) -> int:
        return sum(self)


class Share(NamedTuple):
    """A rate as two counts."""

    hits: int
    of: int


# Each rate as (hits, denominator, what an empty denominator means).
RATES: dict[str, tuple[Callable[[Confusion], Share], str]] = {
    "selection_rate": (lambda c: Share(c.tp + c.fp, c.n), "nobody in the group"),
    "sensitivity": (lambda c: Share(c.tp, c.tp + c.fn), "no events"),
    "specificity": (lambda c: Share(c.tn, c.tn + c.fp), "no non-events"),
    "ppv": (lambda c: Share(c.tp, c.tp + c.fp), "nobody is selected"),
    "npv": (lambda c: Share(c.tn, c.tn + c.fn), "everybody is selected"),
    "false_positive_rate": (lambda c: Share(c.fp, c.tn + c.fp), "no non-events"),
    "false_negative_rate": (lambda c: Share(c.fn, c.tp + c.fn), "no events"),
    "accuracy": (lambda c: Share(c.tp + c.tn, c.n), "nobody in the group"),
}


def confusion(group: GroupTally, threshold: float) -> Confusion:
    """The four counts when everybody with `p >= threshold` is selected; the threshold must be an edge."""
    at = group.grid.position(threshold)
    fp, tp = (int(row[at:].sum()) for row in group.counts)
    return Confusion(tp, fp, group.events - tp, group.non_events - fp)


def share(name: str, cells: Confusion) -> Share:
    """The two counts of a rate.

    Raises `KeyError` for a name that is not in `RATES`.
    """
    return RATES[name][0](cells)


def rate_figure(name: str, part: Share, basis: Basis, when_empty: str) -> Figure:
    """A share with its Wilson interval; undefined with an empty denominator."""
    if part.of == 0:
        return no_figure(name, basis, when_empty)
    interval = wilson(part.hits, part.of, basis.level)
    return figure(name, basis, part.hits / part.of, interval, "wilson", of=part.of)


def rate(name: str, cells: Confusion, basis: Basis) -> Figure:
    """One of `RATES` at the threshold of `basis`."""
    return rate_figure(name, share(name, cells), basis, RATES[name][1])


def prevalence(group: GroupTally, basis: Basis) -> Figure:
    """Share of people with the event."""
    return rate_figure("prevalence", Share(group.events, group.n), basis, "nobody in the group")


def net_benefit_interval(
    cells: Confusion, threshold: float, level: float = DEFAULT_LEVEL
) -> tuple[float, Interval]:
    """Net benefit `TP/n - w FP/n`, `w = t / (1 - t)`, and its interval; needs n >= 1 and t < 1.

    The interval puts the two Wilson intervals together and allows for their correlation (both shares are of
    the same people, who cannot be in both). The Wald interval holds the truth too seldom where few are
    selected. Sources: Vickers AJ, Elkin EB. Med Decis Making 2006;26:565-574 (definition); Zou GY, Donner A.
    Stat Med 2008;27:1693-1702 (interval of a difference from those of its parts).
    """
    odds = threshold / (1.0 - threshold)
    gain, loss = cells.tp / cells.n, cells.fp / cells.n
    value = gain - odds * loss
    of_gain, of_loss = wilson(cells.tp, cells.n, level), wilson(cells.fp, cells.n, level)
    together = 0.0
    if 0.0 < gain < 1.0 and 0.0 < loss < 1.0:
        together = -math.sqrt(gain * loss / ((1.0 - gain) * (1.0 - loss)))
    down = _reach(gain - of_gain.low, odds * (of_loss.high - loss), together)
    up = _reach(of_gain.high - gain, odds * (loss - of_loss.low), together)
    return value, Interval(value - down, value + up)


def net_benefit(cells: Confusion, basis: Basis) -> Figure:
    """True positives per person less false positives weighted by the odds of the threshold.

    At most the prevalence, and negative when acting harms. Undefined at a threshold of 1 and for nobody.
    """
    if basis.threshold is None or basis.threshold >= 1.0:
        return no_figure("net_benefit", basis, "needs a threshold below 1")
    if cells.n == 0:
        return no_figure("net_benefit", basis, "nobody in the group")
    value, interval = net_benefit_interval(cells, basis.threshold, basis.level)
    return figure("net_benefit", basis, value, interval, "hybrid wilson")


def _reach(of_gain: float, of_loss: float, correlation: float) -> float:
    return math.sqrt(max(0.0, of_gain**2 + of_loss**2 - 2.0 * correlation * of_gain * of_loss))
