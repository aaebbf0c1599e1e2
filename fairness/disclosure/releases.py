"""What earlier reports have told, so that a new one does not tell the difference."""

from collections.abc import Collection

import msgspec

from fairness.disclosure.table import Cell, Table
from fairness.errors import SampleError
from fairness.groups import Membership


class _Counted(msgspec.Struct, frozen=True):
    kind: str
    group: tuple[tuple[str, str], ...]
    count: int
    told: bool


class Release(msgspec.Struct, frozen=True):
    """The latest count of each cell over all reports on one source of people so far, told or withheld.

    It holds what the reports withhold: keep it where the people's data are kept, never beside a report.
    """

    told: dict[Cell, int] = {}
    withheld: dict[Cell, int] = {}

    def count(self, cell: Cell) -> int | None:
        """The latest count of a cell; None when it was never counted."""
        return self.told.get(cell, self.withheld.get(cell))

    def after(self, table: Table, hidden: Collection[Cell]) -> "Release":
        """What is known once a report on `table` without its `hidden` cells is out."""
        told = {cell: count for cell, count in table.counts.items() if cell not in hidden}
        withheld = {cell: count for cell, count in table.counts.items() if cell in hidden}
        gone = {cell: count for cell, count in self.told.items() if cell not in table.counts}
        unseen = {cell: count for cell, count in self.withheld.items() if cell not in table.counts}
        return Release({**gone, **told}, {**unseen, **withheld})

    def encode(self) -> bytes:
        """JSON bytes, in a fixed order."""
        rows = [
            _Counted(cell.kind, tuple(cell.group), count, told)
            for told, counts in ((True, self.told), (False, self.withheld))
            for cell, count in sorted(counts.items())
        ]
        return msgspec.json.encode(rows)

    @classmethod
    def decode(cls, stored: bytes) -> "Release":
        """The release of `encode`; raises SampleError for anything else."""
        try:
            rows = msgspec.json.decode(stored, type=list[_Counted])
        except msgspec.MsgspecError as error:
            raise SampleError("release file: not what an earlier audit wrote") from error
        told: dict[Cell, int] = {}
        withheld: dict[Cell, int] = {}
        for one in rows:
            cell = Cell(one.kind, tuple(Membership(*member) for member in one.group))
            (told if one.told else withheld)[cell] = one.count
        return cls(told, withheld)
