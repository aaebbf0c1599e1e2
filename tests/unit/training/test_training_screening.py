"""The ADA risk test and the USPSTF criteria, scored by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.training.screening import ada_points, uspstf_eligible

FOLDER = Path(__file__).parents[3] / "models" / "catalog" / "type2-diabetes-risk"
FACTS: dict[str, Any] = json.loads((FOLDER / "comparators.json").read_text(encoding="utf-8"))


def person(**changes: float) -> pd.DataFrame:
    """A young, active, slim woman with normal pressure, with changes."""
    base = {"age": 30.0, "male": 0.0, "bmi": 22.0, "systolic": 110.0, "diastolic": 70.0, "active": 1.0}
    return pd.DataFrame([{**base, **changes}])


@pytest.mark.parametrize(
    ("changes", "points"),
    [
        ({}, 0), ({"age": 39}, 0), ({"age": 40}, 1), ({"age": 50}, 2), ({"age": 60}, 3), ({"age": 80}, 3),
        ({"bmi": 24.9}, 0), ({"bmi": 25}, 1), ({"bmi": 30}, 2), ({"bmi": 40}, 3), ({"male": 1}, 1),
        ({"active": 0}, 1), ({"systolic": 140}, 1), ({"diastolic": 90}, 1),
        ({"systolic": 150, "diastolic": 95}, 1),
        ({"age": 65, "bmi": 41, "male": 1, "active": 0, "systolic": 160}, 9),
    ],
)  # fmt: skip
def test_ada_points(changes: dict[str, float], points: int) -> None:
    """Each item gives its published points, from its limit on."""
    assert ada_points(person(**changes), FACTS["ada_risk_test"]).tolist() == [points]


@pytest.mark.parametrize("item", ["age", "male", "bmi", "systolic", "diastolic", "active"])
def test_ada_points_need_every_item(item: str) -> None:
    """A missing item makes the score missing; it does not count as no risk."""
    assert np.isnan(ada_points(person(**{item: np.nan}), FACTS["ada_risk_test"])).all()


@pytest.mark.parametrize(
    ("age", "bmi", "eligible"),
    [
        (34, 30, False),
        (35, 25, True),
        (70, 25, True),
        (71, 30, False),
        (50, 24.9, False),
        (50, np.nan, False),
    ],
)
def test_uspstf_criteria(age: float, bmi: float, eligible: bool) -> None:
    """Adults of 35 to 70 years with a body mass index of 25 or more are eligible, and nobody else."""
    found = uspstf_eligible(person(age=age, bmi=bmi), FACTS["uspstf_2021"])
    assert found.tolist() == [eligible]
