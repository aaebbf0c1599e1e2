"""Which cells are withheld: the small ones, and enough others that none can be worked out."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from fairness.disclosure.releases import Release
from fairness.disclosure.table import Cell, N, Sum, Table

MINIMUM = 11
"""The smallest count of people that is told, apart from 0: the cell size policy of the Centers for Medicare
and Medicaid Services."""

_ZERO = 1e-9


def suppress(table: Table, minimum: int = MINIMUM, before: Release | None = None) -> frozenset[Cell]:
    """Cells of a table that must not be told.

    `before` is what earlier reports counted. A count that has moved by less than `minimum` people since is
    withheld: the difference would be a small cell. One that was withheld stays so until it has moved by that
    much, because counts only grow, and a later count bounds an earlier one. A group whose number of people
    is withheld is withheld whole. Terminates, since cells are only ever added.
    """
    before = before or Release()
    hidden = {cell for cell, count in table.counts.items() if _is_small(cell, count, before, minimum)}
    while True:
        hidden |= _whole_groups(table, hidden)
        more = set(_complements(table, hidden, before, minimum)) or set(_determined(table, hidden))
        if not more:
            return frozenset(hidden)
        hidden |= more


def _is_small(cell: Cell, count: int, before: Release, minimum: int) -> bool:
    if 0 < count < minimum:
        return True
    if cell in before.withheld:
        return abs(count - before.withheld[cell]) < minimum
    return cell in before.told and 0 < abs(count - before.told[cell]) < minimum


def _whole_groups(table: Table, hidden: set[Cell]) -> set[Cell]:
    groups = {cell.group for cell in hidden if cell.kind == N and table.counts[cell] > 0}
    return {cell for cell in table.counts if cell.group in groups}


def _complements(table: Table, hidden: set[Cell], before: Release, minimum: int) -> Iterator[Cell]:
    """One more cell for each sum whose withheld part is one cell, or too few people together."""
    for one in table.sums:
        if one.total in hidden:
            if all(part not in hidden for part in one.parts):
                yield from _next(table, one, hidden)
            continue
        unknown = [part for part in one.parts if part in hidden]
        if unknown and _gives_away(table, unknown, before, minimum):
            yield from _next(table, one, hidden)


def _gives_away(table: Table, unknown: Sequence[Cell], before: Release, minimum: int) -> bool:
    """Whether the withheld parts of a known total say too much: together they are a cell of their own."""
    together = sum(table.counts[cell] for cell in unknown)
    if len(unknown) == 1 or together < minimum:
        return True
    counted = [before.count(cell) for cell in unknown]
    known = [one for one in counted if one is not None]
    moved = abs(together - sum(known))
    return len(known) == len(counted) and 0 < moved < minimum


def _next(table: Table, one: Sum, hidden: set[Cell]) -> Iterator[Cell]:
    """The smallest cell of a sum that is still told; one with people in it before an empty one."""
    told = [cell for cell in one.parts if cell not in hidden]
    if not told and one.total not in hidden:
        told = [one.total]
    if told:
        yield min(told, key=lambda cell: (table.counts[cell] == 0, table.counts[cell], repr(cell)))


def _determined(table: Table, hidden: set[Cell]) -> Iterator[Cell]:
    """A neighbour of a withheld cell that the sums together determine, though no single one does.

    A cell is determined when every solution of the sums has the same value there: its row in a basis of the
    null space is 0.
    """
    cells = sorted(hidden, key=repr)
    if not cells:
        return
    place = {cell: at for at, cell in enumerate(cells)}
    rows = [row for one in table.sums if (row := _row(one, place)) is not None]
    if not rows:
        return
    _, values, right = np.linalg.svd(np.array(rows), full_matrices=True)
    rank = int((values > _ZERO * max(1.0, float(values[0]))).sum())
    free = np.abs(right[rank:]).max(axis=0) if rank < len(cells) else np.zeros(len(cells))
    for cell, at in place.items():
        if free[at] > _ZERO or table.counts[cell] == 0:
            continue
        for one in table.sums:
            if cell in one.parts and (more := list(_next(table, one, hidden))):
                yield more[0]
                return


def _row(one: Sum, place: Mapping[Cell, int]) -> list[float] | None:
    involved = [cell for cell in (one.total, *one.parts) if cell in place]
    if not involved:
        return None
    row = [0.0] * len(place)
    for cell in involved:
        row[place[cell]] = -1.0 if cell == one.total else 1.0
    return row
