"""Which cells of one kind of count are withheld, and what a report on them leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import msgspec

from fairness.cells import OVERALL
from fairness.disclosure import Cell, Release, Table, is_published, suppress
from fairness.disclosure.table import N
from fairness.engine.strata import Group
from fairness.errors import SampleError
from fairness.groups import Membership

__all__ = ["Mask", "Releases", "decode_releases", "encode_releases"]

Releases = dict[str, Release]
CROSS = " × "


class Mask:
    """The counts of one kind with the cells that are withheld."""

    def __init__(self, table: Table, hidden: frozenset[Cell]) -> None:
        self._table = table
        self.hidden = hidden

    @classmethod
    def of(cls, table: Table, kind: str, before: Mapping[str, Release], releases: Releases) -> Mask:
        """Suppress a table against the last release of its kind, and add the new one to `releases`."""
        earlier = before.get(kind, Release())
        hidden = suppress(table, before=earlier)
        releases[kind] = earlier.after(table, hidden)
        return cls(table, hidden)

    def count(self, kind: str, group: Group) -> int | None:
        """A count, None where it is withheld."""
        cell = Cell(kind, group)
        return None if cell in self.hidden else self._table.counts.get(cell, 0)

    def is_hidden(self, kind: str, group: Group) -> bool:
        """Whether a count is withheld."""
        return Cell(kind, group) in self.hidden

    def hides(self, attribute: str, value: str, metric: str, threshold: float | None) -> bool:
        """Whether a metric of a group may not be told; of all groups of an attribute together, if any may
        not."""
        if attribute != OVERALL and value == "all":
            return self.hides_attribute(attribute)
        return not is_published(metric, threshold, group_of(attribute, value), self.hidden)

    def hides_group(self, attribute: str, value: str) -> bool:
        """Whether the number of people in a group is withheld."""
        return Cell(N, group_of(attribute, value)) in self.hidden

    def hides_attribute(self, attribute: str) -> bool:
        """Whether any count of any value of an attribute is withheld."""
        names = attribute.split(CROSS)
        return any(name in self._hidden_attributes for name in names)

    @cached_property
    def _hidden_attributes(self) -> frozenset[str]:
        return frozenset(member.attribute for cell in self.hidden for member in cell.group)


def group_of(attribute: str, value: str) -> Group:
    """The members behind a group's names, such as `sex × race` and `female × asian`; `overall` has none."""
    if attribute == OVERALL:
        return ()
    pairs = zip(attribute.split(CROSS), value.split(CROSS), strict=True)
    return tuple(Membership(*pair) for pair in pairs)


def encode_releases(releases: Mapping[str, Release]) -> str:
    """JSON text in a fixed order."""
    return msgspec.json.encode({kind: releases[kind].encode().decode() for kind in sorted(releases)}).decode()


def decode_releases(stored: str) -> Releases:
    """The releases of `encode_releases`; none when nothing was kept. Raises SampleError for anything else."""
    if stored == "[]":
        return {}
    try:
        kept = msgspec.json.decode(stored, type=dict[str, str])
    except msgspec.MsgspecError as error:
        raise SampleError("release: not what an earlier run wrote") from error
    return {kind: Release.decode(text.encode()) for kind, text in kept.items()}
