"""Levelling down, by name: a gap that shrank because the better-off group got worse, while no group gained.

Source: Mittelstadt B, Wachter S, Russell C. The unfairness of fair machine learning: levelling down and
strict egalitarianism by default. 2023, arXiv:2302.02404. Their term covers fairness that is reached by making
every group worse off, or by bringing better performing groups down to the level of the worst off. Here:

A *gap* is the largest minus the smallest value of a figure among the groups of one attribute that have
enough people and events. Figures: net benefit over the group's share of events (net benefit itself cannot
exceed that share, so it does not compare groups), sensitivity, specificity. The *better-off* group is the one
with the largest value before. A group *gained* if its net benefit, or the figure itself, is shown to have
risen (95 % interval above 0). For each figure:

``levelling-down``  the gap is smaller, the better-off group is shown to have lost (interval below 0), and no
                    group gained;
``not-excluded``    the same, but the loss of the better-off group is not shown;
``no``              the gap did not shrink, the better-off group did not lose, or a group gained;
``not-assessed``    fewer than two groups with enough people and events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fairness.engine.bootstrap import percentile
from fairness.metric import Interval
from models.training.design import Floats
from models.training.mitigation.change import SENSITIVITY, SPECIFICITY, Comparison, GroupChange
from models.training.mitigation.strata import People

STANDARDISED = "standardised_net_benefit"
FIGURES = (STANDARDISED, SENSITIVITY, SPECIFICITY)
State = Literal["levelling-down", "not-excluded", "no", "not-assessed"]
_NO_GROUPS = frozenset({"absent", "unknown", "declined"})
# Below this a change is rounding of sums.
_LEAST = 1e-12


@dataclass(frozen=True)
class Track:
    """One figure of one group: the value and then the draws ``[1 + R]``, before and after.

    ``benefit``: the change of the group's net benefit over its share of events, likewise.
    """

    group: str
    before: Floats
    after: Floats
    benefit: Floats


@dataclass(frozen=True)
class Levelling:
    """The verdict on one figure of one attribute; ``better_off`` is the group that was best before."""

    figure: str
    state: State
    why: str
    gap_before: float | None = None
    gap_after: float | None = None
    low: float | None = None
    high: float | None = None
    better_off: str | None = None


def assess(
    comparison: Comparison, people: People, attribute: str, groups: Sequence[GroupChange]
) -> list[Levelling]:
    """One verdict per figure for the groups of an attribute; not recorded is no group."""
    kept = [
        one.value
        for one in groups
        if one.attribute == attribute and one.state == "ok" and one.value not in _NO_GROUPS
    ]
    column = people.groups[attribute]
    inside = {value: np.array([value in values for values in column]) for value in kept}
    return [levelling(figure, _tracks(comparison, figure, inside)) for figure in FIGURES]


def levelling(figure: str, tracks: Sequence[Track]) -> Levelling:
    """The verdict on one figure from the tracks of its groups."""
    if len(tracks) < 2:
        why = "fewer than two groups with enough people and events"
        return Levelling(figure, "not-assessed", why)
    gap_before = np.ptp([track.before for track in tracks], axis=0)
    gap_after = np.ptp([track.after for track in tracks], axis=0)
    best = max(tracks, key=lambda track: float(track.before[0]))
    limits = percentile((gap_after - gap_before)[1:]) if len(gap_before) > 1 else None
    state, why = _state(tracks, best, float(gap_after[0] - gap_before[0]))
    return Levelling(
        figure, state, why, float(gap_before[0]), float(gap_after[0]),
        None if limits is None else limits.low, None if limits is None else limits.high, best.group,
    )  # fmt: skip


def _state(tracks: Sequence[Track], best: Track, shrank_by: float) -> tuple[State, str]:
    if shrank_by >= -_LEAST:
        return "no", "the gap did not shrink"
    loss = best.after - best.before
    if loss[0] >= -_LEAST:
        return "no", f"the gap shrank, and the better-off group ({best.group}) did not lose"
    gained = [track.group for track in tracks if _rose(track)]
    if gained:
        return "no", f"the gap shrank, and these gained: {', '.join(gained)}"
    limits = _limits(loss)
    if limits is not None and limits.high < 0.0:
        return "levelling-down", f"the gap shrank because {best.group} lost, and no group is shown to gain"
    return "not-excluded", f"the gap shrank, {best.group} may have lost, and no group is shown to gain"


def _rose(track: Track) -> bool:
    changes = (_limits(track.benefit), _limits(track.after - track.before))
    return any(limits is not None and limits.low > 0.0 for limits in changes)


def _limits(change: Floats) -> Interval | None:
    """Percentile interval of a change; None when it cannot be had."""
    return percentile(change[1:]) if len(change) > 1 else None


def _tracks(comparison: Comparison, figure: str, groups: Mapping[str, np.ndarray]) -> list[Track]:
    tracks = []
    for value, inside in groups.items():
        first, second = comparison.standardised(inside)
        before, after = (first, second) if figure == STANDARDISED else comparison.rate(figure, inside)
        tracks.append(Track(value, before, after, second - first))
    return tracks
