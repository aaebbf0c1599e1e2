"""What earlier reports have told, so that a new one does not tell the difference."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

import msgspec

from fairness.disclosure.table import Cell, Table
from fairness.errors import SampleError
from fairness.groups import Membership


def thresholds_of(cells: Iterable[Cell]) -> tuple[float, ...]:
    """The thresholds at which people were counted, in rising order, as they are written in `Cell.kind`."""
    found = {cell.kind.partition("@")[2] for cell in cells}
    return tuple(sorted(float(at) for at in found if at))


def further_thresholds(looks: Iterable["Look"], declared: Iterable[float]) -> tuple[float, ...]:
    """Thresholds of earlier reports that a new one does not declare, to the digits of a count's name.

    Next to theirs, the counts at the new ones would tell how few people lie between.
    """
    known = {f"{at:g}" for at in declared}
    found = {at for look in looks for at in thresholds_of((*look.told, *look.withheld))}
    return tuple(sorted(at for at in found if f"{at:g}" not in known))


class _Counted(msgspec.Struct, frozen=True, omit_defaults=True):
    kind: str
    group: tuple[tuple[str, str], ...]
    count: int
    told: bool
    look: int = 0


class Look(NamedTuple):
    """One earlier report: the counts that it told, and those that it withheld (None where not known)."""

    told: dict[Cell, int]
    withheld: dict[Cell, int | None]


class Release(msgspec.Struct, frozen=True):
    """The latest count of each cell over all reports on one source of people so far, told or withheld.

    `looks`, where they are kept, are what was known before each report that changed it, oldest first. It
    holds what the reports withhold: keep it where the people's data are kept, never beside a report.
    """

    told: dict[Cell, int] = {}
    withheld: dict[Cell, int] = {}
    looks: tuple[Look, ...] = ()

    def count(self, cell: Cell) -> int | None:
        """The latest count of a cell; None when it was never counted."""
        return self.told.get(cell, self.withheld.get(cell))

    def all_looks(self) -> tuple[Look, ...]:
        """Everything that is known from earlier reports, the latest last."""
        latest = Look(self.told, dict(self.withheld))
        return (*self.looks, latest) if self.told or self.withheld else self.looks

    def after(self, table: Table, hidden: Collection[Cell], *, keep: bool = False) -> "Release":
        """What is known once a report on `table` without its `hidden` cells is out.

        `keep`: also what was known before it, where the report changes that.
        """
        told = {cell: count for cell, count in table.counts.items() if cell not in hidden}
        withheld = {cell: count for cell, count in table.counts.items() if cell in hidden}
        gone = {cell: count for cell, count in self.told.items() if cell not in table.counts}
        unseen = {cell: count for cell, count in self.withheld.items() if cell not in table.counts}
        latest = Release({**gone, **told}, {**unseen, **withheld})
        is_same = (latest.told, latest.withheld) == (self.told, self.withheld)
        looks = self.looks if is_same or not keep else self.all_looks()
        return msgspec.structs.replace(latest, looks=looks)

    def encode(self) -> bytes:
        """JSON bytes, in a fixed order; `look` 0 is the latest, 1 the oldest."""
        latest = Look(self.told, dict(self.withheld))
        rows = [row for look, known in enumerate((latest, *self.looks)) for row in _rows(known, look)]
        return msgspec.json.encode(rows)

    @classmethod
    def decode(cls, stored: bytes) -> "Release":
        """The release of `encode`; raises SampleError for anything else."""
        try:
            rows = msgspec.json.decode(stored, type=list[_Counted])
        except msgspec.MsgspecError as error:
            raise SampleError("release file: not what an earlier audit wrote") from error
        known: dict[int, Release] = {}
        for one in rows:
            look = known.setdefault(one.look, cls({}, {}))
            cell = Cell(one.kind, tuple(Membership(*member) for member in one.group))
            (look.told if one.told else look.withheld)[cell] = one.count
        latest = known.pop(0, cls({}, {}))
        looks = tuple(Look(known[at].told, dict(known[at].withheld)) for at in sorted(known))
        return cls(latest.told, latest.withheld, looks)


def _rows(known: Look, look: int) -> list[_Counted]:
    counted = [(cell, count, True) for cell, count in sorted(known.told.items())]
    counted += [(cell, count, False) for cell, count in sorted(known.withheld.items()) if count is not None]
    return [_Counted(cell.kind, tuple(cell.group), count, told, look) for cell, count, told in counted]
