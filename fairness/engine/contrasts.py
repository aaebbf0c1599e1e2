"""How far one group is from another: differences of figures, and the ratio of two O/E ratios.

The two sets of people must be disjoint. By default a group is compared with everybody else, which is the same
question for every group and needs no group to be named the standard.
"""

import math
from collections.abc import Sequence

import msgspec

from fairness.engine.estimates import (
    Pair,
    Scale,
    Shares,
    Sides,
    scale_of,
    shortfall_of,
    sides_of,
)
from fairness.engine.rates import RATES
from fairness.engine.row_sample import RowSample
from fairness.engine.strata import Group, attribute_name, value_name
from fairness.engine.tally import Tally
from fairness.errors import FitError
from fairness.groups import Membership
from fairness.intervals import newcombe, wald
from fairness.metric import DEFAULT_LEVEL, DEFAULT_SUFFICIENCY, State, Sufficiency, checked_level

DEFAULT_CONTRASTS = ("auroc", "calibration_intercept", "calibration_slope", "o_e", "net_benefit",
                     "selection_rate", "sensitivity", "specificity", "ppv")  # fmt: skip


class Difference(msgspec.Struct, frozen=True):
    """A group's figure less that of the others; for `o_e` the ratio of the two ratios (`scale`).

    0 (ratio: 1) is equality. `state` and `why` are as for a metric, judged on the smaller of the two sets of
    people.
    """

    metric: str
    threshold: float | None
    members: tuple[Membership, ...]
    reference: str
    scale: Scale
    value: float | None
    low: float | None
    high: float | None
    state: State
    why: str | None = None
    method: str | None = None

    @property
    def attribute(self) -> str:
        """`sex`, `sex × race`."""
        return attribute_name(self.members)

    @property
    def group(self) -> str:
        """`female`, `female × asian`."""
        return value_name(self.members)


def differences(
    tally: Tally | RowSample,
    *,
    crossings: Sequence[Sequence[str]] = (),
    metrics: Sequence[str] = DEFAULT_CONTRASTS,
    level: float = DEFAULT_LEVEL,
    limits: Sufficiency = DEFAULT_SUFFICIENCY,
) -> tuple[Difference, ...]:
    """Each group and intersection against everybody else, at each threshold of the grid.

    Raises `SampleError` for a metric that is not in `CONTRASTED`: the integrated calibration index is biased
    upwards in small groups, so that its differences say more about size than about calibration.
    """
    checked_level(level)
    found = []
    for members in tally.groups(crossings)[1:]:
        a, b = tally.of(members), tally.rest_of(members)
        for name in metrics:
            found += [
                difference(Pair(a, b, name, threshold), members, level=level, limits=limits)
                for threshold in thresholds_of(name, tally)
            ]
    return tuple(found)


def thresholds_of(metric: str, tally: Tally | RowSample) -> tuple[float | None, ...]:
    """The thresholds at which a metric exists: those of the grid, or only None."""
    if isinstance(tally, RowSample):
        return (None,)
    at_threshold = metric == "net_benefit" or metric in RATES
    return tally.grid.thresholds if at_threshold else (None,)


def difference(
    pair: Pair,
    members: Group,
    reference: str = "everybody else",
    *,
    level: float = DEFAULT_LEVEL,
    limits: Sufficiency = DEFAULT_SUFFICIENCY,
) -> Difference:
    """One comparison: Newcombe's interval for shares, Wald intervals for the rest, on the log scale for
    O/E."""
    try:
        return difference_of(sides_of(pair), pair, members, reference, level=level, limits=limits)
    except FitError as error:
        return Difference(pair.metric, pair.threshold, members, reference, scale_of(pair.metric),
                          None, None, None, "undefined", str(error))  # fmt: skip


def difference_of(
    sides: Sides,
    pair: Pair,
    members: Group,
    reference: str = "everybody else",
    *,
    level: float = DEFAULT_LEVEL,
    limits: Sufficiency = DEFAULT_SUFFICIENCY,
) -> Difference:
    """The same from sides that are already there."""
    scale = scale_of(pair.metric)
    if isinstance(sides, Shares):
        value, interval = sides.gap, newcombe(*sides.a, *sides.b, level)
        method = "newcombe"
    else:
        gap = sides.gap
        value, interval, method = gap.value, wald(gap.value, gap.error, level), "wald"
    figures = (value, interval.low, interval.high)
    if scale == "ratio":
        figures = (math.exp(figures[0]), math.exp(figures[1]), math.exp(figures[2]))
        method = "log-normal"
    why = shortfall_of(pair, limits)
    state: State = "insufficient" if why else "ok"
    return Difference(pair.metric, pair.threshold, members, reference, scale, *figures, state, why, method)
