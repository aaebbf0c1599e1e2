"""fairlearn's reductions: a decision at the declared threshold under bounded differences of its error rates.

Source: Agarwal A, Beygelzimer A, Dudik M, Langford J, Wallach H. A reductions approach to fair
classification. ICML 2018 (``fairlearn.reductions.ExponentiatedGradient``). The objective is the expected cost
in which a false positive weighs t and a false negative 1 - t, so that its optimum without a constraint is the
largest net benefit at the threshold t. The constraint is equalised odds: the share selected among people with
the event, and among people without it, differs from everybody's by at most ``DIFFERENCE`` in each group.

The answer is a randomised decision, not a risk: it has no calibration and no other threshold. The group is
used while training only.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from fairlearn.reductions import ErrorRate, ExponentiatedGradient, UtilityParity
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from models.training.design import Feature, Floats
from models.training.mitigation.recalibration import Fold
from models.training.mitigation.strata import Labels, standing

DIFFERENCE = 0.05
STRENGTHS = (0.01, 0.1, 1.0)
ITERATIONS = 50


@dataclass(frozen=True)
class Decision:
    """Fitted on training rows: the constrained mixture and, for comparison, the same learner without.

    ``notes`` name the groups that the constraint leaves out, and why.
    """

    columns: Any
    members: tuple[Any, ...]
    shares: tuple[float, ...]
    unconstrained: Any
    notes: tuple[str, ...]

    def selected(self, rows: Floats) -> Floats:
        """Probability of being selected ``[n]`` in the randomised mixture, for input rows ``[n, p]``."""
        design = self.columns.transform(rows)
        said = np.column_stack([np.asarray(one.predict(design), dtype=float) for one in self.members])
        return np.asarray(said @ np.array(self.shares), dtype=float)

    def selected_unconstrained(self, rows: Floats) -> Floats:
        """What the same learner decides without the constraint ``[n]``, 0 or 1."""
        return np.asarray(self.unconstrained.predict(self.columns.transform(rows)), dtype=float)


class OddsWhereKnown(UtilityParity):  # type: ignore[misc] # fairlearn publishes no types
    """Equalised odds among the people whose group can be judged; the others are in the objective only."""

    def __init__(self, unknown: str, difference_bound: float) -> None:
        super().__init__(difference_bound=difference_bound)
        self._unknown = unknown

    def load_data(self, X: Any, y: Any, *, sensitive_features: Any, **_: Any) -> None:
        """As fairlearn's ``EqualizedOdds``, with no event for the people of ``unknown`` group."""
        labels, groups = pd.Series(np.asarray(y)), pd.Series(np.asarray(sensitive_features))
        event = ("label=" + labels.astype(int).astype(str)).where(groups != self._unknown)
        super().load_data(X, labels, event=event, sensitive_features=groups)


def fit_reductions(
    features: Sequence[Feature],
    rows: Floats,
    outcome: Floats,
    strata: Labels,
    threshold: float,
    folds: Sequence[Fold],
    difference: float = DIFFERENCE,
) -> Decision:
    """Fit on input rows ``[n, p]`` (NaN = missing) and a 0/1 outcome ``[n]``, at a threshold in (0, 1).

    ``folds`` split these rows by subject; the ridge strength is chosen on them. Groups with fewer people,
    events or non-events than ``fairness.Sufficiency`` asks for are not constrained.
    """
    columns = _columns(features).fit(rows)
    design = np.asarray(columns.transform(rows), dtype=float)
    learner = LogisticRegression(C=_strength(design, outcome, folds), max_iter=1000)
    cost = np.where(outcome == 1.0, 1.0 - threshold, threshold)
    plain = LogisticRegression(C=learner.C, max_iter=1000).fit(design, outcome, sample_weight=cost)
    who = standing(strata, outcome)
    notes = tuple(f"{group}: not constrained ({why})" for group, why in who.thin.items())
    if len(who.own) < 2:
        return Decision(columns, (plain,), (1.0,), plain, (*notes, "fewer than two groups to compare"))
    unknown = "-"
    mitigator = ExponentiatedGradient(
        learner,
        OddsWhereKnown(unknown, difference),
        objective=ErrorRate(costs={"fp": threshold, "fn": 1.0 - threshold}),
        max_iter=ITERATIONS,
    )
    groups = np.where(who.known(strata), strata, unknown)
    with warnings.catch_warnings():
        # fairlearn 0.15 builds a Series in ways that pandas 3 announces the end of.
        warnings.simplefilter("ignore", pd.errors.Pandas4Warning)
        mitigator.fit(design, outcome.astype(int), sensitive_features=groups)
    used = [(mitigator.predictors_[at], share) for at, share in mitigator.weights_.items() if share > 0.0]
    return Decision(
        columns, tuple(one for one, _ in used), tuple(float(share) for _, share in used), plain, notes
    )


def _columns(features: Sequence[Feature]) -> Any:
    """Standardised inputs with medians for what is missing, one column per level of a nominal input."""
    nominal = [at for at, feature in enumerate(features) if feature.kind == "nominal"]
    numbers = [at for at in range(len(features)) if at not in nominal]
    return make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), nominal),
    )


def _strength(design: Floats, outcome: Floats, folds: Sequence[Fold]) -> float:
    losses = []
    for strength in STRENGTHS:
        loss = 0.0
        for train, test in folds:
            fitted = LogisticRegression(C=strength, max_iter=1000).fit(design[train], outcome[train])
            loss += len(test) * log_loss(outcome[test], fitted.predict_proba(design[test]), labels=[0, 1])
        losses.append(loss)
    return STRENGTHS[int(np.argmin(losses))]
