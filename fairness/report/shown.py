"""What may be told about a group, asked in one place by every part of a report."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from fairness.disclosure import Cell, is_published
from fairness.engine import Group

WITHHELD = "withheld: a small number, or one that would give a small number away"
TOO_FEW = "fewer people, events or non-events than count as evidence"
_PEOPLE = ("n", "events", "non_events")


class Shown(NamedTuple):
    """Answers from the cells that are withheld."""

    hidden: Collection[Cell]

    def cell(self, kind: str, group: Group) -> bool:
        """Whether a count may be told."""
        return Cell(kind, group) not in self.hidden

    def whole(self, group: Group) -> bool:
        """Whether people, events and non-events may all be told."""
        return all(self.cell(kind, group) for kind in _PEOPLE)

    def metric(self, name: str, threshold: float | None, group: Group) -> bool:
        """Whether a figure may be told."""
        return is_published(name, threshold, group, self.hidden)

    def gap(self, name: str, threshold: float | None, group: Group) -> bool:
        """Whether a comparison with everybody else may be told: it gives the others' figure away."""
        return self.metric(name, threshold, group) and self.metric(name, threshold, ())

    def why(self, told: str | None, groups: Sequence[Group]) -> str | None:
        """A reason as it may be told: the engine's reasons name counts."""
        if told is None or all(self.whole(group) for group in groups):
            return told
        return TOO_FEW
