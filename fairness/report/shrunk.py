"""Figures of intersections drawn towards their mean, on the scale where each is closest to normal."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from fairness.engine import Group, GroupTally, Pair, Tally
from fairness.engine.estimates import PIVOTED, estimate_of, is_share, normal_scale
from fairness.engine.rates import Share
from fairness.errors import FitError
from fairness.logistic import expit
from fairness.report.figures import Key
from fairness.report.model import Shrunken
from fairness.report.shown import Shown
from fairness.verdicts import log_odds, shrink

Scale = Callable[[float], float]


class _Own(NamedTuple):
    """A group's own estimate on its scale."""

    group: Group
    value: float
    error: float


def shrunken_figures(
    tally: Tally,
    crossing: Sequence[str],
    figures: Sequence[tuple[str, float | None]],
    shown: Shown,
    level: float,
) -> dict[Key, Shrunken]:
    """Every figure of the intersections of one crossing; only groups that are told are drawn together."""
    wanted = [
        group for group in tally.groups([crossing]) if [member.attribute for member in group] == [*crossing]
    ]
    people = {group: tally.of(group) for group in wanted}
    found: dict[Key, Shrunken] = {}
    for metric, threshold in figures:
        if not (is_share(metric) or metric in PIVOTED):
            continue
        told = [group for group in wanted if shown.metric(metric, threshold, group)]
        own = [one for group in told if (one := _own(people[group], group, metric, threshold))]
        found |= _together(own, metric, threshold, level)
    return found


def _together(own: Sequence[_Own], metric: str, threshold: float | None, level: float) -> dict[Key, Shrunken]:
    if len(own) < 2:
        return {}
    drawn = shrink([one.value for one in own], [one.error for one in own], level=level)
    back = _back(metric)
    return {
        (one.group, metric, threshold): Shrunken(
            value=back(part.value), low=back(part.interval.low), high=back(part.interval.high)
        )
        for one, part in zip(own, drawn.groups, strict=True)
    }


def _own(people: GroupTally, group: Group, metric: str, threshold: float | None) -> _Own | None:
    try:
        estimate = estimate_of(people, Pair(people, people, metric, threshold))
    except FitError:
        return None
    if isinstance(estimate, Share):
        return _Own(group, *log_odds(estimate.hits, estimate.of))
    if metric == "auroc" and not 0.0 < estimate.value < 1.0:
        return None
    scaled = normal_scale(metric, estimate)
    return _Own(group, scaled.value, scaled.error)


def _back(metric: str) -> Scale:
    """From the scale of the estimate to that of the figure."""
    if metric == "auroc" or is_share(metric):
        return _expit
    return math.exp if metric == "o_e" else float


def _expit(value: float) -> float:
    return float(expit(np.array([value]))[0])
