"""Which one group a person is treated as, and which groups are too thin for anything of their own.

A method needs each person in one group of an attribute. Somebody with several answers is treated as
``multiple``. Not recorded, unknown and declined are no groups: nothing is fitted for them, so they keep what
everybody gets, and the report says so. Figures are still reported for all of them, and for each answer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairness.groups import ABSENT
from fairness.metric import DEFAULT_SUFFICIENCY, Sufficiency
from models.training.design import Floats
from models.training.ensemble import Ints
from models.training.reference import Mask

MULTIPLE = "multiple"
NOBODY = ""
_NO_ANSWERS = frozenset({ABSENT, "unknown", "declined"})

Labels = NDArray[np.str_]
GroupColumns = Mapping[str, Sequence[Collection[str]]]


@dataclass(frozen=True)
class People:
    """Everybody whom a comparison is about.

    ``rows`` ``[n, p]`` with NaN = missing, ``outcomes`` ``[n, K]`` of 0/1, ``subjects`` ``[n]`` (rows of one
    person share a number and are never on both sides of a split), ``groups``: attribute -> value sets ``[n]``
    as ``fairness.group_columns`` gives them.
    """

    rows: Floats
    outcomes: Floats
    subjects: Ints
    groups: GroupColumns

    def __len__(self) -> int:
        return len(self.rows)

    def strata(self, attribute: str) -> Labels:
        """The group ``[n]`` that each person is treated as; ``NOBODY`` where none is recorded.

        Raises ``KeyError`` for an attribute that was never collected.
        """
        return np.array([_one(values) for values in self.groups[attribute]], dtype=np.str_)


def one_row_each(rows: Floats, outcomes: Floats, groups: GroupColumns) -> People:
    """People of whom each has one row."""
    return People(rows, outcomes, np.arange(len(rows)), groups)


@dataclass(frozen=True)
class Standing:
    """The groups of some training rows: ``own`` can carry something of their own, ``thin`` cannot.

    ``thin`` maps a group to the reason in words.
    """

    own: tuple[str, ...]
    thin: Mapping[str, str]

    def known(self, strata: Labels) -> Mask:
        """Rows ``[n]`` whose group stands on its own."""
        return np.isin(strata, self.own)


def standing(strata: Labels, outcome: Floats, limits: Sufficiency = DEFAULT_SUFFICIENCY) -> Standing:
    """Sort the groups of training rows by whether they have enough people, events and non-events."""
    own, thin = [], {}
    for group in sorted(set(strata.tolist()) - {NOBODY}):
        inside = outcome[strata == group]
        events = int(inside.sum())
        short = [
            f"{count} {noun}, fewer than {least}"
            for noun, count, least in (
                ("people", inside.size, limits.min_n),
                ("events", events, limits.min_events),
                ("non-events", inside.size - events, limits.min_events),
            )
            if count < least
        ]
        if short:
            thin[group] = "; ".join(short)
        else:
            own.append(group)
    return Standing(tuple(own), thin)


def _one(values: Collection[str]) -> str:
    recorded = sorted(set(values) - _NO_ANSWERS)
    if not recorded:
        return NOBODY
    return recorded[0] if len(recorded) == 1 else MULTIPLE
