"""Published logistic scores as comparators: coefficients from a data file, applied to a cohort's table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit

from models.training.design import Floats


@dataclass(frozen=True)
class Formula:
    """1 / (1 + exp(-S)); S is linear in capped columns plus a constant per cancer type (0 if unlisted)."""

    label: str
    source: str
    intercept: float
    caps: Mapping[str, float]
    coefficients: Mapping[str, float]
    cancer_types: Mapping[str, float]

    def score(self, table: pd.DataFrame, cancer_type: Sequence[str]) -> Floats:
        """Score in (0, 1), ``[n]``; a row that lacks a column gets NaN."""
        total = np.full(len(table), self.intercept)
        for column, coefficient in self.coefficients.items():
            values = table[column].to_numpy(float)
            total += coefficient * np.minimum(values, self.caps.get(column, np.inf))
        total += np.array([self.cancer_types.get(value, 0.0) for value in cancer_type])
        return np.asarray(expit(total), dtype=float)


def read_formulas(path: Path) -> dict[str, Formula]:
    """The formulas of a comparators.json by name."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: Formula(source=content["source"], **formula) for name, formula in content["formulas"].items()
    }
