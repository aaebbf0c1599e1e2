"""The counts that a report tells beyond those of `fairness.disclosure.table_of`, tied to them by sums.

The bars of a risk distribution are counts of people, and so is the difference of two selection rates at
neighbouring thresholds. Both are cells like any other: withheld when small, and with them whatever would give
them away.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from fairness.disclosure import Cell, Sum, Table, table_of
from fairness.engine import Group, GroupTally, ScoreGrid, Tally

# Fixed, so that two reports on the same people have the same bands; finer where most clinical risks lie.
BAND_EDGES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
Band = tuple[float, float]


def report_table(tally: Tally, crossings: Sequence[Sequence[str]] = ()) -> Table:
    """Every count of a report and the sums among them.

    Risk bands are told for everybody and the groups of single attributes, not for intersections.
    """
    base = table_of(tally, crossings)
    counts = dict(base.counts)
    sums = list(base.sums)
    for group in tally.groups():
        counts |= _banded(tally.of(group), group)
        sums += _within(tally.grid, group)
    for band in bands(tally.grid):
        sums += _across(tally, band, counts)
    return Table(counts, tuple(sums))


def bands(grid: ScoreGrid) -> tuple[Band, ...]:
    """The risk bands of a report: the fixed edges and the declared thresholds."""
    return tuple(pairwise(sorted({*BAND_EDGES, *grid.thresholds})))


def band_cell(band: Band, group: Group) -> Cell:
    """The cell that counts the people of a group in a band."""
    return Cell(f"band[{band[0]:g},{band[1]:g})", group)


def _banded(people: GroupTally, group: Group) -> dict[Cell, int]:
    """People per band; a score counts where the lower edge of its bin lies."""
    told = bands(people.grid)
    place = np.searchsorted([low for low, _ in told], people.grid.edges()[:-1], side="right") - 1
    sizes = np.bincount(place, weights=people.counts.sum(axis=0), minlength=len(told)).astype(int)
    return {band_cell(band, group): int(size) for band, size in zip(told, sizes, strict=True)}


def _within(grid: ScoreGrid, group: Group) -> Iterator[Sum]:
    """The bands of a group make up its people, and those above a threshold the selected ones."""
    told = bands(grid)
    yield Sum(Cell("n", group), tuple(band_cell(band, group) for band in told))
    for threshold in grid.thresholds:
        above = tuple(band_cell(band, group) for band in told if band[0] >= threshold)
        below = tuple(band_cell(band, group) for band in told if band[0] < threshold)
        for kind, parts in (("selected", above), ("not_selected", below)):
            if parts:
                yield Sum(Cell(f"{kind}@{threshold:g}", group), parts)


def _across(tally: Tally, band: Band, counts: dict[Cell, int]) -> Iterator[Sum]:
    """A band of everybody as the sum over the values of each attribute."""
    total = band_cell(band, ())
    groups = tally.groups()[1:]
    for attribute in tally.attributes:
        parts = tuple(band_cell(band, group) for group in groups if group[0].attribute == attribute)
        yield Sum(total, parts, sum(counts[cell] for cell in parts) - counts[total])
