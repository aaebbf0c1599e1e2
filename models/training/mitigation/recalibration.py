"""Recalibration per group: each group's own line on the log odds, drawn towards the pooled one.

``logit p' = logit p + a_g + b_g (logit p - c)``. The pooled model is the recipe, which is recalibrated
already, so ``a_g = b_g = 0`` is "as everybody". Both deviations have a normal prior around 0 with one spread
(a ridge penalty of 1 / spread^2), which is chosen by cross-validated log loss inside the training rows;
spread 0, no deviation at all, is among the candidates. Sources: Cox DR. Biometrika 1958;45:562-565
(recalibration line); Steyerberg EW. Clinical Prediction Models, 2nd ed., 2019, ch. 20 (updating with
shrinkage towards the original model).

The score then depends on the group: two people with the same findings get different probabilities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fairness.errors import FitError
from fairness.logistic import expit, fit_logistic, logit
from fairness.metric import Sufficiency
from models.training.design import Floats
from models.training.ensemble import Ints
from models.training.mitigation.strata import Labels, Standing, standing

# Standard deviation of a group's deviation in log odds; 0.7 lets the odds of a group double.
SPREADS = (0.0, 0.1, 0.2, 0.4, 0.7, 1.0)
# Two numbers per group need more than a figure does: about ten events for each.
ENOUGH = Sufficiency(min_n=50, min_events=20)

Fold = tuple[Ints, Ints]


@dataclass(frozen=True)
class Recalibration:
    """Fitted lines: group -> (a_g, b_g) around the log odds ``centre``; ``thin`` groups are as everybody."""

    lines: Mapping[str, tuple[float, float]]
    centre: float
    spread: float
    thin: Mapping[str, str]

    def apply(self, probability: Floats, strata: Labels) -> Floats:
        """Recalibrated probability ``[n]``; exactly as given for people of no group with its own line."""
        changed = probability.copy()
        log_odds = logit(probability)
        for group, (shift, tilt) in self.lines.items():
            inside = strata == group
            changed[inside] = expit(log_odds[inside] + shift + tilt * (log_odds[inside] - self.centre))
        return changed

    @property
    def notes(self) -> tuple[str, ...]:
        """Which groups kept the pooled calibration, and why."""
        kept = tuple(f"{group}: keeps the pooled calibration ({why})" for group, why in self.thin.items())
        if self.spread == 0.0 and self.lines:
            return ("no deviation of a group lowered the log loss: all keep the pooled calibration", *kept)
        return kept


def fit_recalibration(
    probability: Floats,
    outcome: Floats,
    strata: Labels,
    folds: Sequence[Fold],
    *,
    spreads: Sequence[float] = SPREADS,
    limits: Sufficiency = ENOUGH,
) -> Recalibration:
    """Fit on out-of-fold probabilities ``[n]`` of training rows; ``folds`` split these rows by subject.

    A group with fewer people, events or non-events than ``limits`` gets no line. Raises ``FitError`` when a
    line cannot be fitted, which a positive penalty excludes.
    """
    who = standing(strata, outcome, limits)
    losses = [_loss(probability, outcome, strata, folds, spread, who) for spread in spreads]
    return _fitted(probability, outcome, strata, spreads[int(np.argmin(losses))], who)


def fit_line(probability: Floats, outcome: Floats, centre: float, spread: float) -> tuple[float, float]:
    """Penalised (a_g, b_g) of one group; (0, 0) for spread 0."""
    if spread == 0.0:
        return 0.0, 0.0
    log_odds = logit(probability)
    design = np.column_stack([np.ones(len(log_odds)), log_odds - centre])
    fit = fit_logistic(design, outcome, offset=log_odds, penalty=np.full(2, spread**-2.0))
    return float(fit.coefficients[0]), float(fit.coefficients[1])


def _fitted(
    probability: Floats, outcome: Floats, strata: Labels, spread: float, who: Standing
) -> Recalibration:
    centre = float(logit(probability).mean())
    lines = {
        group: fit_line(probability[strata == group], outcome[strata == group], centre, spread)
        for group in who.own
    }
    return Recalibration(lines, centre, spread, who.thin)


def _loss(
    probability: Floats, outcome: Floats, strata: Labels, folds: Sequence[Fold], spread: float, who: Standing
) -> float:
    """Log loss over the test parts of the folds; a spread that cannot be fitted loses."""
    total = 0.0
    for train, test in folds:
        try:
            line = _fitted(probability[train], outcome[train], strata[train], spread, who)
        except FitError:
            return float("inf")
        p = np.clip(line.apply(probability[test], strata[test]), 1e-9, 1.0 - 1e-9)
        total -= float(np.sum(outcome[test] * np.log(p) + (1.0 - outcome[test]) * np.log1p(-p)))
    return total
