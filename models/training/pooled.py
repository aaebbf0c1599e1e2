"""Partially pooled additive logistic regression: a prior and a sign for every column.

The ridge of :mod:`models.training.ensemble` has one strength for standardised columns, which shrinks a
level with few patients *less* than a common one. Here each column has a normal prior of its own on its
natural scale, so that the effects of many small groups are drawn to their common mean (a random effect),
and may be held to one sign. A missing input is integrated out of the likelihood over draws of the
reference population: the model is the same with and without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from models.training.design import Floats

Ints = NDArray[np.intp]
TOLERANCE = 1e-9
ITERATIONS = 500


@dataclass(frozen=True)
class Column:
    """Prior of one design column.

    ``spread`` is the standard deviation of the effect of one unit in log odds; 0 takes the column out.
    ``sign`` +1 or -1 forbids the other direction; 0 allows both.
    """

    spread: float
    sign: int = 0

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """Limits of the coefficient."""
        if self.spread == 0:
            return (0.0, 0.0)
        return (0.0 if self.sign > 0 else None, 0.0 if self.sign < 0 else None)


@dataclass(frozen=True)
class Sample:
    """Completed design rows ``columns`` ``[m, q]``; row r stands for patient ``patient[r]``.

    Draws of one patient are adjacent and equally likely; ``outcome`` (0/1) and ``weight`` (>= 0, for
    example how often a bootstrap drew the patient) have one entry per patient, ``[n]``.
    """

    columns: Floats
    patient: Ints
    outcome: Floats
    weight: Floats

    def reweighted(self, weight: Floats) -> Sample:
        """The same rows with other patient weights ``[n]``; weight 0 leaves a patient out."""
        return Sample(self.columns, self.patient, self.outcome, weight)


def sample_of(completed: Sequence[Floats], outcome: Floats) -> Sample:
    """Stack the completed design rows of each patient (``[draws_i, q]``, at least one draw each)."""
    patient = np.repeat(np.arange(len(completed)), [len(rows) for rows in completed])
    return Sample(np.vstack(completed), patient, outcome.astype(float), np.ones(len(outcome)))


def fit_pooled(sample: Sample, priors: Sequence[Column]) -> tuple[Floats, float]:
    """Posterior mode: weights ``[q]`` and an unpenalised intercept, by bounded quasi-Newton steps.

    Maximises ``sum_i w_i log(mean over draws of P(y_i | draw)) - sum_j (beta_j / spread_j)^2 / 2``.
    Raises ``RuntimeError`` when the optimiser does not converge.
    """
    used = sample.weight[sample.patient] > 0
    columns = sample.columns[used]
    spread = np.array([column.spread for column in priors])
    # Unit-variance coordinates: the optimiser works in multiples of each prior's spread.
    scaled = np.column_stack([columns * spread, np.ones(len(columns))])
    bounds = [*(column.bounds for column in priors), (None, None)]
    goal = _Objective(scaled, sample.patient[used], 2.0 * sample.outcome - 1.0, sample.weight)
    found = minimize(goal, np.zeros(len(priors) + 1), jac=True, method="L-BFGS-B", bounds=bounds,
                     options={"maxiter": ITERATIONS, "ftol": TOLERANCE * 1e-3, "gtol": 1e-6})  # fmt: skip
    if not found.success:
        raise RuntimeError(f"the pooled fit did not converge: {found.message}")
    return found.x[:-1] * spread, float(found.x[-1])


@dataclass(frozen=True)
class _Objective:
    """Negative log posterior and its gradient; ``sides`` is +1 for events and -1 for the others."""

    scaled: Floats
    patient: Ints
    sides: Floats
    weight: Floats

    def __call__(self, beta: Floats) -> tuple[float, Floats]:
        side = self.sides[self.patient]
        fitted = expit(side * (self.scaled @ beta))
        total = np.bincount(self.patient, fitted, len(self.sides))
        draws = np.bincount(self.patient, minlength=len(self.sides))
        present = draws > 0
        log_mean = np.log(total[present] / draws[present])
        # A draw counts by how well it explains the patient's outcome.
        share = self.weight[self.patient] * fitted / total[self.patient]
        slope = self.scaled.T @ (share * side * (1.0 - fitted))
        penalty = np.append(beta[:-1], 0.0)
        value = float(self.weight[present] @ log_mean) - 0.5 * float(penalty @ penalty)
        return -value, penalty - slope
