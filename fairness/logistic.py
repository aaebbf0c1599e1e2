"""Logistic regression for recalibration: small designs, offsets, weights, and an honest failure.

Newton's method with step halving on the (optionally ridge-penalised) log-likelihood. It exists so that the
service can compute calibration without a statistics library.
"""

from typing import NamedTuple

import numpy as np

from fairness.errors import FitError
from fairness.metric import FloatArray

# A probability of exactly 0 or 1 has no finite logit; single-precision scores do reach both.
LOGIT_CLIP = 1e-6
_MAX_ITERATIONS = 100
_MAX_HALVINGS = 40
_TOLERANCE = 1e-10


class LogisticFit(NamedTuple):
    """Coefficients (k,) and their covariance (k, k), the inverse of the (penalised) information."""

    coefficients: FloatArray
    covariance: FloatArray


class _Problem(NamedTuple):
    design: FloatArray
    y: FloatArray
    offset: FloatArray
    weights: FloatArray
    penalty: FloatArray

    def log_likelihood(self, beta: FloatArray) -> float:
        eta = self.design @ beta + self.offset
        fit = self.weights @ (self.y * eta - np.logaddexp(0.0, eta))
        return float(fit - 0.5 * (self.penalty @ beta**2))

    def score_and_information(self, beta: FloatArray) -> tuple[FloatArray, FloatArray]:
        mu = expit(self.design @ beta + self.offset)
        score = self.design.T @ (self.weights * (self.y - mu)) - self.penalty * beta
        curvature = self.weights * mu * (1.0 - mu)
        return score, (self.design.T * curvature) @ self.design + np.diag(self.penalty)


def expit(eta: FloatArray) -> FloatArray:
    """Inverse logit, element by element, without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * eta)), dtype=np.float64)


def logit(p: FloatArray) -> FloatArray:
    """Log odds of probabilities; those beyond [1e-6, 1 - 1e-6] are moved to that edge first."""
    inside = np.clip(p, LOGIT_CLIP, 1.0 - LOGIT_CLIP)
    return np.asarray(np.log(inside) - np.log1p(-inside), dtype=np.float64)


def fit_logistic(
    design: FloatArray,
    y: FloatArray,
    *,
    offset: FloatArray | None = None,
    weights: FloatArray | None = None,
    penalty: FloatArray | None = None,
    start: FloatArray | None = None,
) -> LogisticFit:
    """Maximum-likelihood coefficients of `logit E[y] = design @ beta + offset`.

    `design` (n, k), intercept column included; `y` (n,) in [0, 1]; `offset` (n,) in log odds; `weights` (n,)
    >= 0; `penalty` (k,) >= 0, half of which times beta squared is taken off the log-likelihood. No argument
    may hold NaN. Raises `FitError` when there is no finite maximum (separation) or the columns are collinear.
    """
    n, k = design.shape
    problem = _Problem(
        design,
        y,
        np.zeros(n) if offset is None else offset,
        np.ones(n) if weights is None else weights,
        np.zeros(k) if penalty is None else penalty,
    )
    beta = np.zeros(k) if start is None else start
    for _ in range(_MAX_ITERATIONS):
        score, information = problem.score_and_information(beta)
        step = _solve(information, score)
        beta = _climb(problem, beta, step)
        if float(np.max(np.abs(step))) < _TOLERANCE * (1.0 + float(np.max(np.abs(beta)))):
            return LogisticFit(beta, _solve(problem.score_and_information(beta)[1], np.eye(k)))
    raise FitError(f"no convergence after {_MAX_ITERATIONS} steps")


def _climb(problem: _Problem, beta: FloatArray, step: FloatArray) -> FloatArray:
    here = problem.log_likelihood(beta)
    slack = 1e-12 * (1.0 + abs(here))
    for halving in range(_MAX_HALVINGS):
        candidate = beta + step * 0.5**halving
        if problem.log_likelihood(candidate) >= here - slack:
            return candidate
    raise FitError("no step raises the likelihood")


def _solve(information: FloatArray, right: FloatArray) -> FloatArray:
    try:
        solution = np.asarray(np.linalg.solve(information, right), dtype=np.float64)
    except np.linalg.LinAlgError as error:
        raise FitError("the information matrix is singular") from error
    if not np.isfinite(solution).all():
        raise FitError("the information matrix is singular")
    return solution
