"""A small invented sample and a small recipe for the training tests."""

from __future__ import annotations

import numpy as np

from models.training.design import Feature, Floats, Product
from models.training.ensemble import Recipe

FEATURES = (
    Feature("age", "continuous", knots=4),
    Feature("weight", "continuous", knots=3),
    Feature("male", "binary"),
    Feature("kind", "nominal", levels=(1.0, 2.0)),
)
RECIPE = Recipe(
    FEATURES,
    ("severe", "any"),
    products=(Product("age", "male"),),
    ordered=True,
    members=20,
    calibration_members=3,
    folds=3,
    strengths=(0.03, 0.3),
    seed=11,
)


def sample(n: int = 600, seed: int = 5) -> tuple[Floats, Floats]:
    """Rows ``[n, 4]`` with missing age and weight, and two nested outcomes ``[n, 2]``."""
    rng = np.random.default_rng(seed)
    age = rng.normal(50, 15, n)
    weight = 70 + 0.3 * (age - 50) + rng.normal(0, 10, n)
    male = rng.integers(0, 2, n)
    kind = rng.integers(0, 4, n)
    risk = 1 / (1 + np.exp(-(-1 + 0.05 * (age - 50) + 0.5 * male + 0.6 * (kind == 1))))
    anything = rng.random(n) < risk
    severe = anything & (rng.random(n) < 0.4)
    rows = np.column_stack([age, weight, male, kind]).astype(float)
    rows[rng.random(n) < 0.1, 0] = np.nan
    rows[rng.random(n) < 0.2, 1] = np.nan
    return rows, np.column_stack([severe, anything]).astype(float)
