"""fairlearn's post-processing: a threshold of its own for each group, so that error rates become equal.

Source: Hardt M, Price E, Srebro N. Equality of opportunity in supervised learning. NeurIPS 2016
(``fairlearn.postprocessing.ThresholdOptimizer``, equalised odds). Every group is brought to one point of the
ROC plane that all can reach, by mixing two thresholds at random: the group that ranks worst sets the point.

fairlearn maximises accuracy and takes no weights. Here each event is repeated so that accuracy weighs a true
positive against a false positive as the declared threshold does; that changes neither rate, and makes the
objective net benefit. Reported only: two people with the same risk are treated differently for their group,
which is never served.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from fairlearn.postprocessing import ThresholdOptimizer
from sklearn.base import BaseEstimator, ClassifierMixin

from models.training.design import Floats
from models.training.mitigation.strata import Labels, standing

MOST_REPEATS = 200


@dataclass(frozen=True)
class Thresholds:
    """Fitted rules by group; a group without one keeps the declared ``threshold``. ``notes`` say which."""

    rules: Mapping[str, Any]
    threshold: float
    notes: tuple[str, ...]

    def selected(self, probability: Floats, strata: Labels) -> Floats:
        """Probability of being selected ``[n]``, given risks ``[n]`` and groups."""
        chosen = (probability >= self.threshold).astype(float)
        for group, rule in self.rules.items():
            inside = strata == group
            risk = probability[inside]
            mixed = rule.p0 * rule.operation0(risk) + rule.p1 * rule.operation1(risk)
            if "p_ignore" in rule:
                mixed = rule.p_ignore * rule.prediction_constant + (1.0 - rule.p_ignore) * mixed
            chosen[inside] = mixed
        return chosen


class _Given(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn publishes no types
    """Passes a column of probabilities through, as the fitted estimator that fairlearn asks for."""

    def __init__(self) -> None:
        self.classes_ = np.array([0, 1])

    def fit(self, X: Any, y: Any) -> _Given:
        return self

    def predict_proba(self, X: Any) -> Floats:
        risk = np.asarray(X, dtype=float)[:, 0]
        return np.column_stack([1.0 - risk, risk])


def fit_thresholds(probability: Floats, outcome: Floats, strata: Labels, threshold: float) -> Thresholds:
    """Fit on out-of-fold risks ``[n]`` of training rows, for a declared threshold in (0, 1).

    Groups with fewer people, events or non-events than ``fairness.Sufficiency`` asks for keep the declared
    threshold, and so do people without a recorded group.
    """
    who = standing(strata, outcome)
    notes = tuple(f"{group}: keeps the declared threshold ({why})" for group, why in who.thin.items())
    if len(who.own) < 2:
        return Thresholds({}, threshold, (*notes, "fewer than two groups to compare"))
    rows = np.flatnonzero(who.known(strata))
    repeated = np.repeat(rows, repeats(outcome[rows], threshold))
    optimizer = ThresholdOptimizer(
        estimator=_Given(),
        constraints="equalized_odds",
        objective="accuracy_score",
        prefit=True,
        predict_method="predict_proba",
    )
    optimizer.fit(
        probability[repeated][:, None], outcome[repeated].astype(int), sensitive_features=strata[repeated]
    )
    rules = optimizer.interpolated_thresholder_.interpolation_dict
    return Thresholds({str(group): rule for group, rule in rules.items()}, threshold, notes)


def repeats(outcome: Floats, threshold: float) -> np.ndarray[Any, np.dtype[np.intp]]:
    """How often each row is repeated, so that events weigh (1 - threshold) / threshold times a non-event.

    The ratio is met to within one part in ``MOST_REPEATS``.
    """
    odds = Fraction((1.0 - threshold) / threshold).limit_denominator(MOST_REPEATS // 10)
    return np.where(outcome == 1.0, odds.numerator, odds.denominator).astype(np.intp)
