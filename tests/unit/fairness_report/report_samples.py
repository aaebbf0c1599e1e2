"""Invented people for the tests of reports."""

import numpy as np

from fairness.engine import ScoreGrid, Tally, tally
from fairness.report.build import build
from fairness.report.model import Report
from fairness.report.plan import About, Plan

RACES = ("asian", "black", "white", "islander")
ABOUT = About(title="A title", source="predictions.csv", created="2026-01-31")


def people(n: int = 3000, *, small: int = 4, seed: int = 0) -> Tally:
    """n people by sex and race with calibrated scores; `small` of them are the only ones of their race."""
    rng = np.random.default_rng(seed)
    p = rng.beta(2.0, 6.0, n)
    y = rng.random(n) < p
    race = rng.choice(RACES[:3], n, p=[0.3, 0.2, 0.5]).astype(object)
    race[:small] = RACES[3]
    sex = rng.choice(["female", "male"], n)
    return tally(y, p, {"sex": sex, "race": race.tolist()}, ScoreGrid(thresholds=(0.2,)))


def report(counts: Tally | None = None, plan: Plan | None = None) -> Report:
    """The report on a tally."""
    return build(people() if counts is None else counts, ABOUT, plan).report
