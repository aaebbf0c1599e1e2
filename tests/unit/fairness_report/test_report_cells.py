"""The counts of a report beyond the four corners: risk bands, and what lies between thresholds."""

import numpy as np
import pytest
from report_samples import people, report

from fairness.disclosure import Cell, suppress
from fairness.engine import ScoreGrid, tally
from fairness.report.cells import band_cell, bands, report_table


def test_every_sum_of_the_table_holds() -> None:
    """Parts make up their total, less the people who are in several parts."""
    table = report_table(people(), [("sex", "race")])
    for one in table.sums:
        assert sum(table.counts[part] for part in one.parts) - one.surplus == table.counts[one.total]


def test_declared_thresholds_are_edges_of_the_bands() -> None:
    """A threshold cuts the band that it lies in."""
    told = bands(ScoreGrid(thresholds=(0.25,)))
    assert (0.2, 0.25) in told
    assert (0.25, 0.3) in told


def test_bands_count_people() -> None:
    """A band from a declared threshold to 1 holds exactly the people from there on."""
    p = np.array([0.1, 0.7, 0.70001, 0.95, 0.699])
    counts = tally([0, 1, 0, 1, 0], p, {"sex": ["female"] * 5}, ScoreGrid(thresholds=(0.7,)))
    assert report_table(counts).counts[band_cell((0.7, 1.0), ())] == 3


def test_few_people_between_two_thresholds_are_not_told() -> None:
    """Two selection rates a few people apart are not both told."""
    p = np.concatenate([np.full(500, 0.05), np.full(5, 0.15), np.full(500, 0.6)])
    counts = tally(np.arange(1005) % 2, p, {"sex": ["female"] * 1005}, ScoreGrid(thresholds=(0.1, 0.2)))
    hidden = suppress(report_table(counts))
    assert {Cell("selected@0.1", ()), Cell("selected@0.2", ())} & hidden


@pytest.mark.parametrize("minimum", [1, 5, 11])
def test_a_band_that_is_told_is_not_small(minimum: int) -> None:
    """Every count of a band in a report is 0 or at least the smallest count that is told."""
    from fairness.report.plan import Plan

    found = report(plan=Plan(minimum_cell=minimum))
    told = [band.people for curve in found.curves for band in curve.risk if band.people is not None]
    assert told
    assert all(people == 0 or people >= minimum for people in told)
