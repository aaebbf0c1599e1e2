"""What a diabetes model has to beat: the ADA risk test, the USPSTF criteria, two standard learners.

Points and limits come from the model folder's ``comparators.json``, with their sources.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from models.training.crossval import Plan, cross_validate_with
from models.training.design import Floats
from models.training.ensemble import Ints
from models.training.reference import Mask

ADA_INPUTS = ["age", "male", "bmi", "systolic", "diastolic", "active"]


def ada_points(inputs: pd.DataFrame, test: Mapping[str, Any]) -> Floats:
    """Points of the ADA risk test ``[n]`` from the items that are there; NaN when one of these is missing."""
    items = test["items"]
    points = np.where(inputs["male"] == 1, items["male"], 0.0)
    points += np.where(inputs["active"] == 0, items["not_active"], 0.0)
    for name in ("age", "bmi"):
        steps = np.array([0, *items[name]["points"]], dtype=float)
        points += steps[np.digitize(inputs[name].fillna(0), items[name]["at_least"])]
    limits = test["hypertension"]
    high = (inputs["systolic"] >= limits["systolic"]) | (inputs["diastolic"] >= limits["diastolic"])
    points += np.where(high, items["hypertension"], 0.0)
    return np.where(inputs[ADA_INPUTS].notna().all(axis=1), points, np.nan)


def uspstf_eligible(inputs: pd.DataFrame, criteria: Mapping[str, Any]) -> Mask:
    """Whom the task force would screen ``[n]``: an age range, with overweight or obesity; NaN is False."""
    heavy = inputs["bmi"] >= criteria["bmi_at_least"]
    return np.asarray(inputs["age"].between(*criteria["age"]) & heavy, dtype=bool)


def learners(settings: Mapping[str, Any], seed: int) -> dict[str, Callable[[], Any]]:
    """Name -> maker of a scikit-learn classifier; ``settings`` are those of the boosted trees."""
    return {
        "logistic regression, median imputation": lambda: make_pipeline(
            SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression()
        ),
        "gradient-boosted trees": lambda: HistGradientBoostingClassifier(**settings, random_state=seed),
    }


def out_of_fold(make: Callable[[], Any], rows: Floats, outcomes: Floats, output: int, plan: Plan) -> Floats:
    """A learner's out-of-fold probabilities ``[n]`` of one output, on the folds of the model itself."""

    def fit_predict(train: Ints, test: Ints) -> Floats:
        fitted = make().fit(rows[train], outcomes[train, output])
        return np.asarray(fitted.predict_proba(rows[test])[:, 1], dtype=float)

    return cross_validate_with(fit_predict, outcomes, plan)
