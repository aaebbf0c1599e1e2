"""Which cells are withheld: the small ones, and enough others that none can be worked out."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from fairness.disclosure.elimination import determined
from fairness.disclosure.releases import Look, Release
from fairness.disclosure.table import PEOPLE, Cell, N, Sum, Table

MINIMUM = 11
"""The smallest count of people that is told, apart from 0: the cell size policy of the Centers for Medicare
and Medicaid Services."""


def suppress(
    table: Table, minimum: int = MINIMUM, before: Release | None = None, looks: Sequence[Look] = ()
) -> frozenset[Cell]:
    """Cells of a table that must not be told.

    `before` is what earlier reports counted, `looks` what further ones told. The counts of each, and the
    growth of each count since then, stand in one system of sums with the new ones (`now = then + growth`),
    and no unknown of that system may be worked out: a report must not tell a difference from any earlier one,
    nor what it withheld. Where it is not known what an earlier report withheld, that stays withheld until the
    group, or everybody, has changed by `minimum` people. A group whose number of people is withheld is
    withheld whole. Terminates, since cells are only ever added.
    """
    known = (*(before.all_looks() if before is not None else ()), *looks)
    system = _System.of(table, known, minimum)
    hidden = {cell for cell, count in table.counts.items() if 0 < count < minimum}
    hidden |= {system.now[cell] for cell in system.growths if 0 < system.counts[cell] < minimum}
    while True:
        hidden |= _whole_groups(table, hidden)
        more = _complements(system, hidden, minimum) or set(_determined(system, hidden))
        if not more:
            return frozenset(hidden)
        hidden |= more


class _System(NamedTuple):
    """Counts now, and then and their growth at each look, with the sums that tie them.

    `now` is the count of this report that each belongs to, `growths` are the growths, `grown` those of each
    count, `withheld` the counts of then that were withheld; both are of cells of this report only.
    """

    counts: Mapping[Cell, int]
    sums: tuple[Sum, ...]
    now: Mapping[Cell, Cell]
    growths: tuple[Cell, ...]
    grown: Mapping[Cell, Sequence[Cell]]
    withheld: frozenset[Cell]

    @classmethod
    def of(cls, table: Table, looks: Sequence[Look], minimum: int) -> "_System":
        counts = dict(table.counts)
        now = {cell: cell for cell in counts}
        sums = list(table.sums)
        growths: list[Cell] = []
        own: dict[Cell, list[Cell]] = {}
        withheld: set[Cell] = set()
        for at, look in enumerate(looks):
            then = _counted_then(table, look, minimum)
            for cell, (count, growth) in then.items():
                past, grown = _at(cell, f"then {at} "), _at(cell, f"growth {at} ")
                counts |= {past: count, grown: growth}
                now |= {past: cell, grown: cell}
                growths.append(grown)
                own.setdefault(cell, []).append(grown)
                sums.append(Sum(cell, (past, grown)))
                if cell in look.withheld:
                    withheld.add(past)
            both = [one for one in table.sums if all(cell in then for cell in (one.total, *one.parts))]
            sums += [_shifted(one, f"{when} {at} ") for one in both for when in ("then", "growth")]
        return cls(counts, tuple(sums), now, tuple(growths), own, frozenset(withheld))

    def unknown(self, hidden: set[Cell]) -> frozenset[Cell]:
        """Cells whose count is not told. One that is 0 protects nothing: another sum may show that it is."""
        silent = hidden | {self.now[cell] for cell in self.withheld}
        growth = (cell for cell in self.growths if self.now[cell] in silent)
        return frozenset(cell for cell in (*hidden, *self.withheld, *growth) if self.counts[cell] > 0)

    def untold_with(self, cell: Cell) -> set[Cell]:
        """What is not told any more once a count of this report is withheld: it and its growths."""
        return {one for one in (cell, *self.grown.get(cell, ())) if self.counts[one] > 0}


def _counted_then(table: Table, look: Look, minimum: int) -> dict[Cell, tuple[int, int]]:
    """Count and growth of every cell of the table that a look has counted, or would have.

    Of a count that is not known, neither is the growth; it counts as none while the people of the group, or
    else everybody, have changed by few, and otherwise both as enough not to be told by their size.
    """
    found: dict[Cell, tuple[int, int]] = {}
    groups = {cell.group for cell in (*look.told, *look.withheld)}
    kinds = {(cell.kind, _attributes(cell)) for cell in (*look.told, *look.withheld)}
    for cell, count in table.counts.items():
        then = look.told.get(cell, look.withheld.get(cell))
        if then is not None:
            found[cell] = (then, abs(count - then))
        elif cell in look.withheld:
            found[cell] = (minimum, minimum if _changed(table, look, cell, minimum) else 0)
        elif cell.group not in groups and (cell.kind, _attributes(cell)) in kinds:
            # A group that the look would have had, if anybody had been in it.
            found[cell] = (0, count)
    return found


def _attributes(cell: Cell) -> tuple[str, ...]:
    return tuple(member.attribute for member in cell.group)


def _changed(table: Table, look: Look, cell: Cell, minimum: int) -> bool:
    """Whether the told number of people in a cell's group, or of everybody, is another one by `minimum`."""
    for people in (Cell(N, cell.group), Cell(N, ())):
        if people in look.told and people in table.counts:
            return abs(table.counts[people] - look.told[people]) >= minimum
    return False


def _at(cell: Cell, when: str) -> Cell:
    return Cell(f"{when}{cell.kind}", cell.group)


def _shifted(one: Sum, when: str) -> Sum:
    return Sum(_at(one.total, when), tuple(_at(part, when) for part in one.parts))


def _whole_groups(table: Table, hidden: set[Cell]) -> set[Cell]:
    groups = {cell.group for cell in hidden if cell.kind == N and table.counts[cell] > 0}
    return {cell for cell in table.counts if cell.group in groups}


def _complements(system: _System, hidden: set[Cell], minimum: int) -> set[Cell]:
    """One more cell for each sum with a single unknown, or whose unknown parts are few people together.

    One after the other, since what is withheld for one sum often protects the next.
    """
    unknown = set(system.unknown(hidden))
    more: set[Cell] = set()
    for one in system.sums:
        parts = [part for part in one.parts if part in unknown]
        if one.total in unknown:
            is_open = not parts
        else:
            few = sum(system.counts[part] for part in parts) < minimum
            is_open = bool(parts) and (len(parts) == 1 or few)
        if is_open:
            for cell in _next(system, one, hidden | more):
                more.add(cell)
                unknown |= system.untold_with(cell)
    return more


def _next(system: _System, one: Sum, hidden: set[Cell]) -> Iterator[Cell]:
    """The count of this report to withhold for a sum: its smallest part with people in it, or its total."""
    there = [system.now[part] for part in one.parts if system.counts[part] > 0]
    told = [cell for cell in there if cell not in hidden]
    total = system.now[one.total]
    if total not in hidden and (not told or total.kind == PEOPLE):
        told.append(total)
    if told:
        # A group whose people are withheld is withheld whole, so they come last.
        yield min(told, key=lambda cell: (cell.kind == N, system.counts[cell], repr(cell)))


def _determined(system: _System, hidden: set[Cell]) -> Iterator[Cell]:
    """A neighbour of a cell that the sums together determine, though no single one does.

    It stands in one sum with the cell; where those counts are all withheld or 0, in a sum with them, and so
    on outwards.
    """
    unknown = system.unknown(hidden)
    found = determined(
        {cell: -1 if cell == one.total else 1 for cell in (one.total, *one.parts) if cell in unknown}
        for one in system.sums
    )
    for cell in sorted(found, key=repr):
        reached, waiting, is_growing = {cell}, list(system.sums), True
        while is_growing:
            near: list[Sum] = []
            far: list[Sum] = []
            for one in waiting:
                (far if reached.isdisjoint((one.total, *one.parts)) else near).append(one)
            for one in near:
                if more := list(_next(system, one, hidden)):
                    yield more[0]
                    return
            reached.update(*((one.total, *one.parts) for one in near))
            waiting, is_growing = far, bool(near)
