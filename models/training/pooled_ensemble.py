"""Bootstrap ensemble of partially pooled models (:mod:`models.training.pooled`).

Same result type, recalibration and member spread as :mod:`models.training.ensemble`; different are the
priors (one per column, a random effect for the levels of one nominal input) and that a missing input is
integrated out of the likelihood instead of being drawn once per member.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

from models.training.design import Design, Floats
from models.training.ensemble import Ensemble, Recipe, calibration_line
from models.training.pooled import Column, Ints, Sample, fit_pooled, sample_of
from models.training.reference import Reference, completions, fit_reference

LIKELIHOOD_DRAWS = 16


@dataclass(frozen=True)
class Term:
    """A straight line from ``start`` to ``stop``, flat outside; 0 to 1 for a 0/1 input.

    ``effect`` is the prior standard deviation of the whole rise in log odds, ``sign`` its direction (0 =
    free). ``effect`` 0 keeps the input out, except where a :class:`Within` uses it.
    """

    feature: str
    start: float
    stop: float
    effect: float
    sign: int = 0

    @property
    def column(self) -> Column:
        """Prior per unit of the input."""
        return Column(self.effect / (self.stop - self.start), self.sign)


@dataclass(frozen=True)
class Within:
    """An extra line inside the singled-out level only, zero at ``centre`` (counted from the term's start)."""

    feature: str
    centre: float
    column: Column


@dataclass(frozen=True)
class Pooling:
    """Columns of the model. ``levels`` are the ascending codes of the nominal input ``groups``.

    The last level is the singled-out one of ``within``: the hinge from the code before it is then its
    indicator, so that design and exported graph need nothing new.
    """

    terms: tuple[Term, ...]
    groups: str
    levels: tuple[float, ...]
    within: tuple[Within, ...] = ()

    def design(self, names: Sequence[str]) -> Design:
        """Design for inputs in the order of ``names``; nothing in it depends on data."""
        last = self.levels[-1]
        group, sources = names.index(self.groups), [names.index(term.feature) for term in self.terms]
        at = {term.feature: position for position, term in enumerate(self.terms)}
        return Design(
            names=(*(term.feature for term in self.terms), f"{self.groups}={last:g}",
                   *(f"{self.groups}={level:g}" for level in self.levels[:-1]),
                   *(f"{extra.feature} if {self.groups}={last:g}" for extra in self.within)),
            source=(*sources, group),
            start=(*(term.start for term in self.terms), last - 1.0),
            span=(*(term.stop - term.start for term in self.terms), 1.0),
            level_source=(group,) * (len(self.levels) - 1),
            level=self.levels[:-1],
            pairs=tuple((at[extra.feature], len(self.terms)) for extra in self.within),
            centres=tuple((extra.centre, 0.0) for extra in self.within),
        )  # fmt: skip

    def priors(self, spread: float) -> tuple[Column, ...]:
        """Priors in the order of the design's columns; ``spread`` is that of the levels."""
        return (*(term.column for term in self.terms), *(Column(spread) for _ in self.levels),
                *(extra.column for extra in self.within))  # fmt: skip


def fit(
    recipe: Recipe, pooling: Pooling, rows: Floats, outcome: Floats, weights: Floats | None = None
) -> Ensemble:
    """Fit one output on input rows ``[n, p]`` (NaN = missing) and 0/1 outcomes ``[n]``.

    ``weights`` ``[n]`` > 0 are how much each patient counts in the likelihood; neither the loss that chooses
    the spread nor the recalibration is weighted, so that probabilities stay those of the rows.
    ``recipe.strengths`` are the candidate spreads of the level effects. Raises ``ValueError`` when the
    outcome has fewer events or non-events than folds.
    """
    if min(outcome.sum(), (1 - outcome).sum()) < recipe.folds:
        raise ValueError("the output has fewer events (or non-events) than folds")
    reference = fit_reference(recipe.features, rows, recipe.strata_of)
    design = pooling.design(recipe.names)
    sample = sample_of(_completed(recipe, pooling, design, reference, rows), outcome)
    if weights is not None:
        sample = sample.reweighted(weights)
    spread = _spread(recipe, pooling, sample)
    priors = pooling.priors(spread)
    intercept, slope = _recalibration(recipe, priors, sample)
    slopes, intercepts = _bootstrap(recipe, priors, sample, recipe.members)
    line = (float(f"{intercept:.6g}"), float(f"{slope:.6g}"))
    return Ensemble(recipe, design, reference, _seven(slope * slopes)[None],
                    _seven(intercept + slope * intercepts)[None], (spread,), (line,))  # fmt: skip


def _completed(
    recipe: Recipe, pooling: Pooling, design: Design, reference: Reference, rows: Floats
) -> list[Floats]:
    """Design rows per patient: one where every draw is the same to the model, else equally likely draws."""
    draws = completions(reference, recipe.features, rows)[:, :LIKELIHOOD_DRAWS]
    in_use = np.array([column.spread > 0 for column in pooling.priors(1.0)])
    columns = [design.transform(patient) * in_use for patient in draws]
    return [block[:1] if (block == block[0]).all() else block for block in columns]


def _spread(recipe: Recipe, pooling: Pooling, sample: Sample) -> float:
    """The candidate spread of the level effects with the lowest cross-validated log loss."""
    losses = []
    for spread in recipe.strengths:
        logits = np.zeros(len(sample.outcome))
        for train, test in _folds(recipe, sample):
            inside = sample.reweighted(_indicator(train, len(logits)) * sample.weight)
            weights, intercept = fit_pooled(inside, pooling.priors(spread))
            logits[test] = _logits(sample, weights, intercept)[test]
        losses.append(log_loss(sample.outcome, expit(logits)))
    return recipe.strengths[int(np.argmin(losses))]


def _recalibration(recipe: Recipe, priors: Sequence[Column], sample: Sample) -> tuple[float, float]:
    """Line through cross-validated logits of small ensembles made the way the final one is made."""
    logits = np.zeros(len(sample.outcome))
    for train, test in _folds(recipe, sample):
        inside = sample.reweighted(_indicator(train, len(logits)) * sample.weight)
        weights, intercepts = _bootstrap(recipe, priors, inside, recipe.calibration_members)
        logits[test] = _logits(sample, weights.mean(axis=0), intercepts.mean())[test]
    return calibration_line(logits, sample.outcome)


def _bootstrap(
    recipe: Recipe, priors: Sequence[Column], sample: Sample, members: int
) -> tuple[Floats, Floats]:
    """Weights ``[B, q]`` and intercepts ``[B]`` of fits on resamples stratified by outcome."""
    rng = np.random.default_rng(recipe.seed)
    present = sample.weight > 0
    strata = [np.flatnonzero(present & (sample.outcome == value)) for value in (0, 1)]
    fits = []
    for _ in range(members):
        drawn = np.concatenate([rng.choice(stratum, len(stratum)) for stratum in strata])
        counts = np.bincount(drawn, minlength=len(present)).astype(float)
        fits.append(fit_pooled(sample.reweighted(counts * sample.weight), priors))
    return np.array([weights for weights, _ in fits]), np.array([intercept for _, intercept in fits])


def _logits(sample: Sample, weights: Floats, intercept: float) -> Floats:
    """Logit ``[n]`` of each patient's mean probability over the draws."""
    total = np.bincount(sample.patient, expit(sample.columns @ weights + intercept))
    return np.asarray(logit(total / np.bincount(sample.patient)), dtype=float)


def _folds(recipe: Recipe, sample: Sample) -> list[tuple[Ints, Ints]]:
    splitter = StratifiedKFold(recipe.folds, shuffle=True, random_state=recipe.seed)
    return list(splitter.split(sample.outcome, sample.outcome))


def _indicator(rows: Ints, n: int) -> Floats:
    return np.bincount(rows, minlength=n).astype(float)


def _seven(values: Floats) -> Floats:
    """Seven significant digits, so that the last bits of a linear algebra library do not show."""
    rounded = [float(f"{value:.7g}") for value in values.ravel()]
    return np.array(rounded).reshape(values.shape)
