"""Out-of-fold predictions: repeated stratified cross-validation with everything refit in each fold.

Knots, reference distribution, completions, ridge strength and recalibration are fitted on the training
part of a fold only, because ``ensemble.fit`` is called there as a whole. Rows that lack inputs are scored
as the service scores them: the probability averaged over 64 draws of the missing inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import StratifiedKFold

from models.training.design import Floats
from models.training.ensemble import Ensemble, Ints, Recipe, fit
from models.training.reference import completions


@dataclass(frozen=True)
class Plan:
    """How often and into how many parts the rows are split."""

    repeats: int = 5
    folds: int = 5
    seed: int = 7


@dataclass(frozen=True)
class Scenario:
    """Inputs taken away from the rows to be scored: always, or each with probability ``share``."""

    missing: tuple[str, ...]
    share: float = 1.0

    @property
    def labels(self) -> list[str]:
        """What evaluation.json says is missing."""
        return list(self.missing) if self.share == 1.0 else [f"random-{round(self.share * 100)}-percent"]


@dataclass(frozen=True)
class OutOfFold:
    """Predictions for rows that were not trained on: ``repeats`` ``[R, n, K]``, ``scenarios`` ``[S, n, K]``.

    Scenario predictions come from the same models as the full ones, so the two are comparable row by row.
    """

    repeats: Floats
    scenarios: Floats

    @property
    def probability(self) -> Floats:
        """Mean over the repeats ``[n, K]``."""
        return np.asarray(self.repeats.mean(axis=0), dtype=float)


def cross_validate(
    recipe: Recipe, rows: Floats, outcomes: Floats, plan: Plan, scenarios: Sequence[Scenario] = ()
) -> OutOfFold:
    """Score every row once per repeat by a model that has not seen it.

    ``rows`` ``[n, p]`` with NaN = missing, ``outcomes`` ``[n, K]`` of 0/1; raises as ``ensemble.fit``.
    """
    repeats = np.zeros((plan.repeats, *outcomes.shape))
    blanked = np.zeros((len(scenarios), *outcomes.shape))
    for repeat, train, test in splits(outcomes, plan):
        model = fit(recipe, rows[train], outcomes[train])
        repeats[repeat, test] = predict(model, rows[test])
        for position, scenario in enumerate(scenarios):
            fewer = without(recipe, rows, scenario, plan.seed + repeat)
            blanked[position, test] += predict(model, fewer[test]) / plan.repeats
    return OutOfFold(repeats, blanked)


def cross_validate_with(fit_predict: Callable[[Ints, Ints], Floats], outcomes: Floats, plan: Plan) -> Floats:
    """Mean out-of-fold prediction ``[n]`` of a comparator on the same folds.

    ``fit_predict(train, test)`` gets row numbers and returns the probabilities of the test rows.
    """
    predicted = np.zeros(len(outcomes))
    for _, train, test in splits(outcomes, plan):
        predicted[test] += fit_predict(train, test) / plan.repeats
    return predicted


def splits(outcomes: Floats, plan: Plan) -> Iterator[tuple[int, Ints, Ints]]:
    """(repeat, training rows, test rows), stratified by the combination of all outcomes."""
    kinds = outcomes @ (2.0 ** np.arange(outcomes.shape[1]))
    for repeat in range(plan.repeats):
        splitter = StratifiedKFold(plan.folds, shuffle=True, random_state=plan.seed + repeat)
        for train, test in splitter.split(kinds, kinds.astype(int)):
            yield repeat, train, test


def predict(model: Ensemble, rows: Floats) -> Floats:
    """Probability ``[n, K]`` of rows ``[n, p]``; NaN inputs are averaged over the reference population."""
    partial = np.isnan(rows).any(axis=1)
    probability = np.zeros((len(rows), len(model.recipe.outputs)))
    probability[~partial] = model.probability(rows[~partial])
    if partial.any():
        drawn = completions(model.reference, model.recipe.features, rows[partial])
        flat = model.probability(drawn.reshape(-1, rows.shape[1]))
        probability[partial] = flat.reshape(*drawn.shape[:2], -1).mean(axis=1)
    return probability


def without(recipe: Recipe, rows: Floats, scenario: Scenario, seed: int) -> Floats:
    """A copy of the rows with the scenario's inputs blanked."""
    columns = [recipe.names.index(name) for name in scenario.missing]
    gone = np.random.default_rng(seed).random((len(rows), len(columns))) < scenario.share
    fewer = rows.copy()
    fewer[:, columns] = np.where(gone, np.nan, fewer[:, columns])
    return fewer
