"""Invented people of three groups, and a learner that is quick to fit."""

from __future__ import annotations

from functools import partial

import numpy as np

from models.training.design import Feature, Floats
from models.training.mitigation.crossfit import Learner, Scorer
from models.training.mitigation.strata import People

FEATURES = (Feature("x", "continuous"), Feature("z", "continuous"))
GROUPS = ("asian", "black-or-african-american", "white")


def people(n: int = 900, seed: int = 3) -> People:
    """n people, one row each; the last three of `GROUPS` differ in how common the outcome is."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 3, n)
    rows = rng.normal(0.0, 1.0, (n, 2))
    risk = 1 / (1 + np.exp(-(rows[:, 0] - 1.0 + 0.8 * (group == 1))))
    outcome = (rng.random(n) < risk).astype(float)[:, None]
    race = [frozenset({GROUPS[one]}) for one in group]
    return People(rows, outcome, np.arange(n), {"race": race})


def learner() -> Learner:
    """A weighted linear score through the logistic function; only its ranking matters to the tests."""
    return Learner(FEATURES, fit)


def fit(rows: Floats, outcomes: Floats, weights: Floats | None) -> Scorer:
    """Weighted mean difference of the inputs between events and others, as a risk."""
    counts = np.ones(len(rows)) if weights is None else weights[:, 0]
    y = outcomes[:, 0]
    up = np.average(rows, axis=0, weights=counts * y)
    down = np.average(rows, axis=0, weights=counts * (1 - y))
    return partial(_score, up - down, float(np.log(y.mean() / (1 - y.mean()))))


def _score(slope: Floats, level: float, rows: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-(rows @ slope + level)))[:, None], dtype=float)
