"""Cohorts of patients treated with immune checkpoint inhibitors, read with their known defects put right.

Origin of the files: supplementary data of Chang et al., Nature Cancer 2024;5:1158 (GPL-3.0; used for
training and evaluation, not shipped). The evaluation cohorts open only to a :class:`Frozen` model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.training.design import Floats

Mask = NDArray[np.bool_]

TRAINING = "chowell_train"
EVALUATION = ("chowell_test", "msk1", "ravi_nsclc")
UNTREATED = "msk_nonicb"

COLUMNS = {
    "tumour_mutational_burden": "TMB",
    "pd_l1_tumour_proportion_score": "PDL1_TPS_percent",
    "albumin": "Albumin",
    "neutrophil_lymphocyte_ratio": "NLR",
    "age": "Age",
    "prior_systemic_therapy": "Systemic_therapy_history",
}
# Every row of this cohort holds the same imputed albumin (3.8) and ratio (6.2): nobody measured them.
IMPUTED = {"ravi_nsclc": ("albumin", "neutrophil_lymphocyte_ratio")}
DAYS_PER_MONTH = 30.4375
TIMES_IN_DAYS = frozenset({"ravi_nsclc"})
SEXES = {0: "female", 1: "male"}
DRUG_CLASSES = {0: "pd-1-or-pd-l1", 1: "combination", 2: "ctla-4"}
YEARS = (1, 2, 3)


class NotFrozenError(RuntimeError):
    """An evaluation cohort was asked for before the model was written, or after it was changed."""


@dataclass(frozen=True)
class Frozen:
    """A written model file and the digest it had when every choice was made."""

    path: Path
    sha256: str

    @classmethod
    def of(cls, path: Path) -> Frozen:
        """Freeze the file as it is now."""
        return cls(path, _digest(path))

    def require(self) -> None:
        """Raise :class:`NotFrozenError` unless the file is there, unchanged."""
        if not self.path.is_file() or _digest(self.path) != self.sha256:
            raise NotFrozenError(f"{self.path.name} is not the frozen model; evaluation cohorts stay closed")


@dataclass(frozen=True)
class Cohort:
    """One cohort, n patients.

    ``rows`` ``[n, 7]`` are the model's inputs (NaN = not measured), ``published`` the values as the file
    has them, imputed constants included (for published formulas only). ``outcome`` 1 = complete or partial
    response, NaN where not recorded. ``alive`` maps a year to 1 / 0 / NaN (censored earlier).
    """

    name: str
    rows: Floats
    published: pd.DataFrame
    outcome: Floats
    cancer_type: tuple[str, ...]
    alive: Mapping[int, Floats]
    sex: tuple[str | None, ...] | None
    drug_class: tuple[str | None, ...] | None

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, keep: Mask) -> Cohort:
        """The patients where the mask ``keep`` ``[n]`` is true."""
        where = np.flatnonzero(keep)

        def pick(column: tuple[str | None, ...] | None) -> tuple[str | None, ...] | None:
            return None if column is None else tuple(column[i] for i in where)

        return Cohort(self.name, self.rows[where], self.published.iloc[where].reset_index(drop=True),
                      self.outcome[where], tuple(self.cancer_type[i] for i in where),
                      {year: alive[where] for year, alive in self.alive.items()},
                      pick(self.sex), pick(self.drug_class))  # fmt: skip


class Cohorts:
    """Reader of the cohort files in one directory; ``codes`` maps a cancer type's slug to its input value."""

    def __init__(self, directory: Path, codes: Mapping[str, float]) -> None:
        self._directory = directory
        self._codes = codes

    def training(self) -> Cohort:
        """The one cohort that every choice is made on."""
        return self._read(TRAINING)

    def evaluation(self, name: str, frozen: Frozen) -> Cohort:
        """A cohort that no choice may see; raises :class:`NotFrozenError` unless the model stands."""
        frozen.require()
        return self._read(name)

    def _read(self, name: str) -> Cohort:
        table = pd.read_csv(self._directory / f"{name}.csv")
        types = tuple(slug(str(label)) for label in table["CancerType"])
        if "PDL1_TPS_percent" not in table:
            table = table.assign(PDL1_TPS_percent=np.nan)
        inputs = table[list(COLUMNS.values())].to_numpy(float, copy=True)
        inputs[:, [list(COLUMNS).index(feature) for feature in IMPUTED.get(name, ())]] = np.nan
        code = np.array([self._codes.get(value, np.nan) for value in types])
        return Cohort(
            name=name,
            rows=np.column_stack([inputs, code]),
            published=table,
            outcome=_floats(table, "Response"),
            cancer_type=types,
            alive={year: _alive(table, name, year) for year in YEARS},
            sex=_labels(table, "Sex", SEXES),
            drug_class=_labels(table, "Drug", DRUG_CLASSES),
        )


def slug(label: str) -> str:
    """``Head & Neck`` -> ``head-neck``: the cancer type as value sets and evaluation cells name it."""
    return label.strip().lower().replace(" & ", "-").replace(" ", "-")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _floats(table: pd.DataFrame, column: str) -> Floats:
    return table[column].to_numpy(float) if column in table else np.full(len(table), np.nan)


def _labels(table: pd.DataFrame, column: str, words: Mapping[int, str]) -> tuple[str | None, ...] | None:
    if column not in table:
        return None
    return tuple(None if np.isnan(value) else words[int(value)] for value in table[column].to_numpy(float))


def _alive(table: pd.DataFrame, name: str, year: int) -> Floats:
    """1 = alive at the year, 0 = died before it, NaN = last seen before it."""
    if f"OS{year}yr" in table:
        return _floats(table, f"OS{year}yr")
    months = _floats(table, "OS_Months") / (DAYS_PER_MONTH if name in TIMES_IN_DAYS else 1.0)
    died = _floats(table, "OS_Event") == 1
    known_dead = np.where(died & (months < 12 * year), 0.0, np.nan)
    return np.where(months >= 12 * year, 1.0, known_dead)
