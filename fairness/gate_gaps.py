"""Gaps between cells of an evaluation: each group against the largest group of its attribute.

An evaluation has figures with intervals and no single people, so the interval of a difference is made from
the two intervals: Zou GY, Donner A. Stat Med 2008;27:1693-1702 (method of variance estimates recovery). The
two groups are taken as independent, which holds where nobody is in both.
"""

import math
from collections.abc import Mapping

from fairness.cells import Cell
from fairness.gate_records import Claim
from fairness.groups import ABSENT
from fairness.metric import Metric, State, undefined

NOT_ANSWERED = frozenset({ABSENT, "declined", "unknown"})


def gap(cells: Mapping[tuple[str, str], Cell], cell: Cell, claim: Claim) -> Metric:
    """Difference of the claim's metric between a group and the largest other group of its attribute.

    `undefined` for everybody and for the largest group itself, which have nothing to differ from;
    `insufficient` where a figure or an interval is missing.
    """
    others = [
        one
        for (attribute, value), one in cells.items()
        if attribute == cell.attribute and value not in NOT_ANSWERED
    ]
    largest = max(others, key=lambda one: (one.n, one.value), default=cell)
    if largest is cell:
        return undefined(claim.metric, "the group is its own reference", threshold=claim.threshold)
    try:
        mine = cell.metric(claim.metric, claim.threshold)
        theirs = largest.metric(claim.metric, claim.threshold)
    except KeyError:
        return _missing(claim.metric, "not measured", claim.threshold)
    return difference(mine, theirs)


def difference(one: Metric, other: Metric) -> Metric:
    """`one - other` with its interval; `insufficient` where a value or limit is missing."""
    if one.value is None or one.low is None or one.high is None:
        return _missing(one.name, one.why or "no interval", one.threshold)
    if other.value is None or other.low is None or other.high is None:
        return _missing(one.name, other.why or "no interval", one.threshold)
    value = one.value - other.value
    low = value - math.hypot(one.value - one.low, other.high - other.value)
    high = value + math.hypot(one.high - one.value, other.value - other.low)
    state: State = "ok" if one.state == other.state == "ok" else "insufficient"
    return Metric(one.name, value, low, high, state, one.why or other.why, one.threshold)


def _missing(name: str, why: str, threshold: float | None) -> Metric:
    return Metric(name, None, None, None, "insufficient", why, threshold)
