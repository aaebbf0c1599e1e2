"""Bootstrap ensemble of ridge-penalised additive logistic models, recalibrated and coherent.

One member = one resample of the training rows, one random completion of their missing inputs, one
ridge fit. The point estimate has the mean of the members' logits, so it stays additive on the logit
scale; the spread of the members is the parameter (and imputation) uncertainty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

from models.training.design import Design, Feature, Floats, Product, fit_design
from models.training.reference import Reference, complete, fit_reference

Ints = NDArray[np.intp]
LOW, HIGH = 0.025, 0.975


@dataclass(frozen=True)
class Recipe:
    """Everything a fit depends on apart from the data; refit as a whole inside every fold.

    ``strengths`` are candidate values of scikit-learn's ``C`` on standardised columns. ``ordered`` says
    that output k implies output k + 1 (a threshold above another one), so p_k <= p_(k+1) must hold.
    """

    features: tuple[Feature, ...]
    outputs: tuple[str, ...]
    products: tuple[Product, ...] = ()
    ordered: bool = False
    members: int = 60
    calibration_members: int = 10
    folds: int = 5
    strengths: tuple[float, ...] = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
    strata_of: str | None = None
    seed: int = 20260101

    @property
    def names(self) -> list[str]:
        """Input names in column order."""
        return [feature.name for feature in self.features]


@dataclass(frozen=True)
class Ensemble:
    """A fitted model. ``weights`` ``[K, B, q]`` and ``intercepts`` ``[K, B]`` include the recalibration."""

    recipe: Recipe
    design: Design
    reference: Reference
    weights: Floats
    intercepts: Floats
    strengths: tuple[float, ...]
    recalibration: tuple[tuple[float, float], ...]

    def logits(self, rows: Floats) -> Floats:
        """Mean logit ``[n, K]`` of complete rows ``[n, p]``, before coherence; NaN in gives NaN out."""
        weights, intercepts = self.weights.mean(axis=1), self.intercepts.mean(axis=1)
        return np.asarray(self.design.transform(rows) @ weights.T + intercepts, dtype=float)

    def probability(self, rows: Floats) -> Floats:
        """Point estimate ``[n, K]`` of complete rows; ordered outputs never cross."""
        return self._coherent(expit(self.logits(rows)), axis=1)

    def interval(self, rows: Floats) -> Floats:
        """95 % interval ``[n, K, 2]`` over the members (linear quantiles); it holds the point estimate."""
        columns = self.design.transform(rows)
        logits = np.einsum("nq,kbq->nkb", columns, self.weights) + self.intercepts
        low, high = np.quantile(logits, [LOW, HIGH], axis=2)
        mean = logits.mean(axis=2)
        bounds = np.stack([np.minimum(low, mean), np.maximum(high, mean)], axis=2)
        return self._coherent(expit(bounds), axis=1)

    def _coherent(self, values: Floats, axis: int) -> Floats:
        """Cap each output by the ones that it implies: a running minimum from the last output back."""
        if not self.recipe.ordered:
            return values
        return np.flip(np.minimum.accumulate(np.flip(values, axis), axis=axis), axis)


def fit(recipe: Recipe, rows: Floats, outcomes: Floats, weights: Floats | None = None) -> Ensemble:
    """Fit on input rows ``[n, p]`` (NaN = missing) and 0/1 outcomes ``[n, K]``.

    Knots, reference distribution, ridge strength and recalibration all come from these rows only.
    ``weights`` ``[n, K]`` are how much each row counts in the choice of the ridge strength and in the ridge
    fits of an output; the recalibration counts every row once, so that probabilities stay those of the rows.
    Raises ``ValueError`` when an outcome has fewer events than folds.
    """
    if (np.minimum(outcomes.sum(axis=0), (1 - outcomes).sum(axis=0)) < recipe.folds).any():
        raise ValueError("an output has fewer events (or non-events) than folds")
    reference = fit_reference(recipe.features, rows, recipe.strata_of)
    design = fit_design(recipe.features, rows, recipe.products)
    once = design.transform(complete(reference, recipe.features, rows, recipe.seed))
    completed = [
        design.transform(complete(reference, recipe.features, rows, recipe.seed + 1 + member))
        for member in range(recipe.members)
    ]
    slopes, intercepts, strengths, lines = [], [], [], []
    for k in range(len(recipe.outputs)):
        counts = None if weights is None else weights[:, k]
        strength = _strength(recipe, once, outcomes[:, k], counts)
        intercept, slope = _recalibration(recipe, completed, once, outcomes[:, k], strength, counts)
        w, b = _bootstrap(completed, outcomes[:, k], strength, recipe.members, recipe.seed, counts)
        slopes.append(_significant(slope * w))
        intercepts.append(_significant(intercept + slope * b))
        strengths.append(strength)
        lines.append((float(f"{intercept:.6g}"), float(f"{slope:.6g}")))
    return Ensemble(recipe, design, reference, np.array(slopes), np.array(intercepts),
                    tuple(strengths), tuple(lines))  # fmt: skip


def fit_ridge(
    columns: Floats, outcome: Floats, strength: float, counts: Floats | None = None
) -> tuple[Floats, float]:
    """Ridge logistic regression on standardised columns ``[n, q]``; weights on the raw scale.

    ``counts`` ``[n]`` are how much each row counts; the standardisation takes each once.
    """
    centre, scale = columns.mean(axis=0), columns.std(axis=0)
    scale = np.where(scale > 1e-9, scale, np.inf)
    model = LogisticRegression(C=strength, solver="newton-cholesky", tol=1e-8, max_iter=100)
    model.fit((columns - centre) / scale, outcome, sample_weight=counts)
    weights = np.asarray(model.coef_[0], dtype=float) / scale
    return weights, float(model.intercept_[0] - weights @ centre)


def calibration_line(logits: Floats, outcome: Floats) -> tuple[float, float]:
    """Intercept and slope of the outcome on the logit (Cox recalibration, unpenalised)."""
    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-8)
    model.fit(logits[:, None], outcome)
    return float(model.intercept_[0]), float(model.coef_[0, 0])


def _strength(recipe: Recipe, columns: Floats, outcome: Floats, counts: Floats | None) -> float:
    """The candidate with the lowest cross-validated log loss."""
    loss = np.zeros(len(recipe.strengths))
    for train, test in _folds(recipe, columns, outcome):
        for position, strength in enumerate(recipe.strengths):
            weights, intercept = fit_ridge(columns[train], outcome[train], strength, _of(counts, train))
            predicted = expit(columns[test] @ weights + intercept)
            mean = log_loss(outcome[test], predicted, labels=[0, 1], sample_weight=_of(counts, test))
            loss[position] += mean * (len(test) if counts is None else counts[test].sum())
    return recipe.strengths[int(loss.argmin())]


def _recalibration(
    recipe: Recipe,
    completed: Sequence[Floats],
    once: Floats,
    outcome: Floats,
    strength: float,
    counts: Floats | None,
) -> tuple[float, float]:
    """Line through cross-validated logits of small ensembles made the way the final one is made."""
    logits = np.zeros(len(outcome))
    for train, test in _folds(recipe, once, outcome):
        inside = [columns[train] for columns in completed[: recipe.calibration_members]]
        w, b = _bootstrap(inside, outcome[train], strength, len(inside), recipe.seed, _of(counts, train))
        logits[test] = once[test] @ w.mean(axis=0) + b.mean()
    return calibration_line(logits, outcome)


def _bootstrap(
    completed: Sequence[Floats],
    outcome: Floats,
    strength: float,
    members: int,
    seed: int,
    counts: Floats | None,
) -> tuple[Floats, Floats]:
    """Weights ``[B, q]`` and intercepts ``[B]`` of ridge fits on resamples of the rows.

    Not stratified by outcome: how common the outcome is belongs to what is uncertain.
    """
    rng = np.random.default_rng(seed)
    fits = []
    for member in range(members):
        drawn = rng.integers(0, len(outcome), len(outcome))
        fits.append(fit_ridge(completed[member][drawn], outcome[drawn], strength, _of(counts, drawn)))
    return np.array([w for w, _ in fits]), np.array([b for _, b in fits])


def _of(counts: Floats | None, where: Ints) -> Floats | None:
    return None if counts is None else counts[where]


def _folds(recipe: Recipe, columns: Floats, outcome: Floats) -> list[tuple[Ints, Ints]]:
    splitter = StratifiedKFold(recipe.folds, shuffle=True, random_state=recipe.seed)
    return list(splitter.split(columns, outcome))


def _significant(values: Floats) -> Floats:
    """Seven significant digits, so that the last bits of a linear algebra library do not show."""
    with np.errstate(divide="ignore"):
        digits = 6 - np.floor(np.log10(np.abs(values)))
    scale = 10.0 ** np.where(np.isfinite(digits), digits, 0.0)
    return np.asarray(np.round(values * scale) / scale, dtype=float)
