"""Which cells are withheld: the small ones, and enough others that none can be worked out."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from fairness.disclosure.releases import Release
from fairness.disclosure.table import PEOPLE, Cell, N, Sum, Table

MINIMUM = 11
"""The smallest count of people that is told, apart from 0: the cell size policy of the Centers for Medicare
and Medicaid Services."""

_ZERO = 1e-9
_THEN, _GROWTH = "then ", "growth "


def suppress(table: Table, minimum: int = MINIMUM, before: Release | None = None) -> frozenset[Cell]:
    """Cells of a table that must not be told.

    `before` is what the latest earlier report counted. Its counts, and the growth of each count since then,
    stand in one system of sums with the new ones (`now = then + growth`), and no unknown of that system may
    be worked out: a report must not tell a difference, nor what an earlier one withheld. A group
    whose number of people is withheld is withheld whole. Terminates, since cells are only ever added.
    """
    system = _System.of(table, before or Release())
    hidden = {cell for cell, count in table.counts.items() if 0 < count < minimum}
    hidden |= {cell for cell in table.counts if 0 < system.counts.get(_then(cell, _GROWTH), 0) < minimum}
    while True:
        hidden |= _whole_groups(table, hidden)
        unknown = system.unknown(hidden)
        more = set(_complements(system, unknown, hidden, minimum)) or set(
            _determined(system, unknown, hidden)
        )
        if not more:
            return frozenset(hidden)
        hidden |= more


class _System(NamedTuple):
    """Counts now, then and their growth, the sums that tie them, and what the earlier report withheld."""

    counts: Mapping[Cell, int]
    sums: tuple[Sum, ...]
    withheld: frozenset[Cell]

    @classmethod
    def of(cls, table: Table, before: Release) -> "_System":
        then = {cell: count for cell in table.counts if (count := before.count(cell)) is not None}
        counts = dict(table.counts)
        counts |= {_then(cell, _THEN): count for cell, count in then.items()}
        counts |= {_then(cell, _GROWTH): abs(table.counts[cell] - count) for cell, count in then.items()}
        both = [one for one in table.sums if all(cell in then for cell in (one.total, *one.parts))]
        earlier = [_shifted(one, when) for one in both for when in (_THEN, _GROWTH)]
        tied = [Sum(cell, (_then(cell, _THEN), _then(cell, _GROWTH))) for cell in then]
        withheld = frozenset(cell for cell in before.withheld if cell in table.counts)
        return cls(counts, (*table.sums, *earlier, *tied), withheld)

    def unknown(self, hidden: set[Cell]) -> frozenset[Cell]:
        """Cells whose count is not told. One that is 0 protects nothing: another sum may show that it is."""
        then = {_then(cell, _THEN) for cell in self.withheld}
        growth = {_then(cell, _GROWTH) for cell in hidden | self.withheld}
        return frozenset(cell for cell in hidden | then | growth if self.counts.get(cell, 0) > 0)


def _then(cell: Cell, when: str) -> Cell:
    return Cell(f"{when}{cell.kind}", cell.group)


def _shifted(one: Sum, when: str) -> Sum:
    return Sum(_then(one.total, when), tuple(_then(part, when) for part in one.parts))


def _whole_groups(table: Table, hidden: set[Cell]) -> set[Cell]:
    groups = {cell.group for cell in hidden if cell.kind == N and table.counts[cell] > 0}
    return {cell for cell in table.counts if cell.group in groups}


def _complements(
    system: _System, unknown: frozenset[Cell], hidden: set[Cell], minimum: int
) -> Iterator[Cell]:
    """One more cell for each sum with a single unknown, or whose unknown parts are few people together."""
    for one in system.sums:
        parts = [part for part in one.parts if part in unknown]
        if one.total in unknown:
            if not parts:
                yield from _next(system, one, hidden)
        elif parts and (len(parts) == 1 or sum(system.counts[part] for part in parts) < minimum):
            yield from _next(system, one, hidden)


def _next(system: _System, one: Sum, hidden: set[Cell]) -> Iterator[Cell]:
    """The count of this report to withhold for a sum: its smallest part with people in it, or its total."""
    told = [cell for part in one.parts if (cell := _now(part)) not in hidden and system.counts[part] > 0]
    total = _now(one.total)
    if total not in hidden and (not told or total.kind == PEOPLE):
        told.append(total)
    if told:
        # A group whose people are withheld is withheld whole, so they come last.
        yield min(told, key=lambda cell: (cell.kind == N, system.counts[cell], repr(cell)))


def _now(cell: Cell) -> Cell:
    """The count of this report that a count of then, or a growth, belongs to."""
    return Cell(cell.kind.removeprefix(_THEN).removeprefix(_GROWTH), cell.group)


def _determined(system: _System, unknown: frozenset[Cell], hidden: set[Cell]) -> Iterator[Cell]:
    """A neighbour of a cell that the sums together determine, though no single one does.

    A cell is determined when every solution of the sums has the same value there: its row in a basis of the
    null space is 0.
    """
    place = {cell: at for at, cell in enumerate(sorted(unknown, key=repr))}
    rows = [row for one in system.sums if (row := _row(one, place)) is not None]
    if not rows:
        return
    _, values, right = np.linalg.svd(np.array(rows), full_matrices=True)
    rank = int((values > _ZERO * max(1.0, float(values[0]))).sum())
    free = np.abs(right[rank:]).max(axis=0) if rank < len(place) else np.zeros(len(place))
    for cell, at in place.items():
        if free[at] > _ZERO:
            continue
        for one in system.sums:
            if cell in (one.total, *one.parts) and (more := list(_next(system, one, hidden))):
                yield more[0]
                return


def _row(one: Sum, place: Mapping[Cell, int]) -> Sequence[float] | None:
    involved = [cell for cell in (one.total, *one.parts) if cell in place]
    if not involved:
        return None
    row = [0.0] * len(place)
    for cell in involved:
        row[place[cell]] = -1.0 if cell == one.total else 1.0
    return row
