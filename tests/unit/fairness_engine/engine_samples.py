"""Seeded people for the tests of the engine and of the verdicts."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fairness.engine import ScoreGrid, Tally, tally

THRESHOLDS = (0.1, 0.25)
GRID = ScoreGrid(thresholds=THRESHOLDS)


class People(NamedTuple):
    """Outcomes, scores and two group columns, all (n,)."""

    y: npt.NDArray[np.int64]
    p: npt.NDArray[np.float64]
    sex: list[str | None]
    race: list[frozenset[str]]

    @property
    def groups(self) -> dict[str, object]:
        """The columns as the engine takes them."""
        return {"sex": self.sex, "race": self.race}

    def part(self, rows: slice) -> "People":
        """Some of the people."""
        return People(self.y[rows], self.p[rows], self.sex[rows], self.race[rows])

    def tally(self, grid: ScoreGrid = GRID) -> Tally:
        """Their counts."""
        return tally(self.y, self.p, self.groups, grid)


def people(n: int = 3000, seed: int = 5) -> People:
    """Mildly miscalibrated scores; a tenth of the people give two races, some no sex."""
    rng = np.random.default_rng(seed)
    p = rng.beta(2.0, 6.0, n)
    y = (rng.random(n) < p**1.2).astype(np.int64)
    sex = [(None, "female", "male")[at] for at in rng.choice(3, n, p=[0.05, 0.5, 0.45])]
    one = rng.choice(["asian", "black", "white"], n, p=[0.15, 0.25, 0.6])
    two = rng.choice(["asian", "black", "white"], n)
    both = rng.random(n) < 0.1
    race = [frozenset({a, b} if also else {a}) for a, b, also in zip(one, two, both, strict=True)]
    return People(y, p, sex, race)


def rows_of(sample: People, attribute: str, value: str) -> npt.NDArray[np.bool_]:
    """Who is in a group, by plain Python."""
    if attribute == "sex":
        return np.array([(entry or "absent") == value for entry in sample.sex])
    return np.array([value in entry for entry in sample.race])
