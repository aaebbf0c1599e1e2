"""Somebody who has the report and a solver: what can be worked out about a withheld count."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from fairness.disclosure import Cell, Table

_WORLDS = 6


class Knowledge(NamedTuple):
    """One report: its sums, and the counts that it tells."""

    table: Table
    hidden: Collection[Cell]


def pinned(reports: Sequence[Knowledge]) -> list[tuple[int, Cell]]:
    """The withheld counts that can have one value only, given every report at once.

    People are only added from one report to the next, so counts never fall; the attacker knows it. A count
    that differs between two possible worlds is not pinned; only the others are pressed to their extremes.
    """
    cells = [(r, cell) for r, report in enumerate(reports) for cell in report.table.counts]
    place = {key: at for at, key in enumerate(cells)}
    most = max(count for report in reports for count in report.table.counts.values())
    low, high = np.zeros(len(place)), np.full(len(place), float(most))
    for (r, cell), at in place.items():
        if cell not in reports[r].hidden:
            low[at] = high[at] = reports[r].table.counts[cell]
    world = _World([*_sums(reports, place), *_growth(reports, place)], Bounds(low, high), len(place))
    random = np.random.default_rng(0)
    seen = np.array([world.solved(random.normal(size=len(place))) for _ in range(_WORLDS)])
    return [
        (r, cell)
        for (r, cell), at in place.items()
        if cell in reports[r].hidden and np.ptp(seen[:, at]) == 0 and world.is_pinned(at)
    ]


class _World(NamedTuple):
    """What is known to be true, as an integer program."""

    rules: list[LinearConstraint]
    bounds: Bounds
    size: int

    def solved(self, goal: np.ndarray) -> np.ndarray:
        found = milp(goal, constraints=self.rules, bounds=self.bounds, integrality=np.ones(self.size))
        assert found.status == 0, found.message
        return np.round(found.x)

    def is_pinned(self, at: int) -> bool:
        goal = np.zeros(self.size)
        goal[at] = 1
        return bool(self.solved(goal)[at] == self.solved(-goal)[at])


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
