"""Somebody who has the report and a solver: what can be worked out about a withheld count."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from fairness.disclosure import Cell, Table


class Knowledge(NamedTuple):
    """One report: its sums, and the counts that it tells."""

    table: Table
    hidden: Collection[Cell]


def intervals(reports: Sequence[Knowledge]) -> dict[tuple[int, Cell], tuple[int, int]]:
    """Smallest and largest value that each withheld count can have, given every report at once.

    People are only added from one report to the next, so counts never fall; the attacker knows it.
    """
    cells = [(r, cell) for r, report in enumerate(reports) for cell in report.table.counts]
    place = {key: at for at, key in enumerate(cells)}
    most = max(count for report in reports for count in report.table.counts.values())
    low, high = np.zeros(len(place)), np.full(len(place), float(most))
    for (r, cell), at in place.items():
        if cell not in reports[r].hidden:
            low[at] = high[at] = reports[r].table.counts[cell]
    rules = [*_sums(reports, place), *_growth(reports, place)]
    found = {}
    for (r, cell), at in place.items():
        if cell in reports[r].hidden:
            found[r, cell] = _extremes(at, len(place), rules, Bounds(low, high))
    return found


def _sums(reports: Sequence[Knowledge], place: Mapping[tuple[int, Cell], int]) -> list[LinearConstraint]:
    rules = []
    for r, report in enumerate(reports):
        for one in report.table.sums:
            row = np.zeros(len(place))
            row[place[r, one.total]] = -1
            for part in one.parts:
                row[place[r, part]] += 1
            rules.append(LinearConstraint(row, one.surplus, one.surplus))
    return rules


def _growth(reports: Sequence[Knowledge], place: Mapping[tuple[int, Cell], int]) -> list[LinearConstraint]:
    rules = []
    for r in range(1, len(reports)):
        for cell in reports[r].table.counts:
            if cell in reports[r - 1].table.counts:
                row = np.zeros(len(place))
                row[place[r, cell]], row[place[r - 1, cell]] = 1, -1
                rules.append(LinearConstraint(row, 0, np.inf))
    return rules


def _extremes(at: int, size: int, rules: list[LinearConstraint], bounds: Bounds) -> tuple[int, int]:
    goal = np.zeros(size)
    ends = []
    for sign in (1, -1):
        goal[at] = sign
        solved = milp(goal, constraints=rules, bounds=bounds, integrality=np.ones(size))
        assert solved.status == 0, solved.message
        ends.append(round(sign * solved.fun))
    return ends[0], ends[1]
