"""Small cells of a monitor's report: counts other than those of outcomes, for disclosure control."""

from collections.abc import Iterator, Mapping, Sequence

from fairness.disclosure import Cell, Sum, Table
from fairness.disclosure.table import N
from fairness.engine.flags import FlagTally
from fairness.engine.responses import ACTIONS, ResponseTally
from fairness.engine.strata import Group, groups_of, inside

NOT = "not "


def flag_table(tally: FlagTally) -> Table:
    """Encounters with and without each flag, by group; `n = flag + not flag`."""
    counts: dict[Cell, int] = {}
    strata = tuple(tally.counts)
    sums: list[Sum] = []
    for group in groups_of(tally.attributes, strata, ()):
        rows = inside(tally.attributes, strata, group)
        chosen = [row for row, is_in in zip(tally.counts.values(), rows.tolist(), strict=True) if is_in]
        n, *raised = (sum(column) for column in zip(*chosen, strict=True))
        counts[Cell(N, group)] = n
        for flag, hits in zip(tally.flags, raised, strict=True):
            parts = (Cell(flag, group), Cell(f"{NOT}{flag}", group))
            counts |= dict(zip(parts, (hits, n - hits), strict=True))
            sums.append(Sum(Cell(N, group), parts))
    return Table(counts, (*sums, *_across(counts)))


def response_table(tally: ResponseTally) -> Table:
    """Cards by what was done with them, by group."""
    counts: dict[Cell, int] = {}
    keys = list(tally.counts)
    strata = tuple(stratum for stratum, _ in keys)
    sums: list[Sum] = []
    for group in groups_of(tally.attributes, strata, ()):
        rows = inside(tally.attributes, strata, group).tolist()
        chosen = [tally.counts[key] for key, is_in in zip(keys, rows, strict=True) if is_in]
        done = [sum(column) for column in zip(*chosen, strict=True)]
        parts = tuple(Cell(action, group) for action in ACTIONS)
        counts |= {Cell(N, group): sum(done), **dict(zip(parts, done, strict=True))}
        sums.append(Sum(Cell(N, group), parts))
    return Table(counts, (*sums, *_across(counts)))


def states_table(counts: Mapping[str, int]) -> Table:
    """Counts of everybody that add up to their number, such as predictions by state."""
    everybody: Group = ()
    cells = {Cell(name, everybody): count for name, count in counts.items()}
    total = Cell(N, everybody)
    return Table({total: sum(counts.values()), **cells}, (Sum(total, tuple(cells)),))


def _across(counts: Mapping[Cell, int]) -> Iterator[Sum]:
    """Everybody as the sum of the values of each attribute; people of several values are the surplus."""
    parts: dict[tuple[str, str], list[Cell]] = {}
    for cell in counts:
        if len(cell.group) == 1:
            parts.setdefault((cell.kind, cell.group[0].attribute), []).append(cell)
    for (kind, _), cells in parts.items():
        total = Cell(kind, ())
        yield Sum(total, tuple(cells), sum(counts[cell] for cell in cells) - counts[total])


def shown(cells: Sequence[Cell], hidden: frozenset[Cell]) -> bool:
    """Whether none of these cells is withheld."""
    return not any(cell in hidden for cell in cells)
