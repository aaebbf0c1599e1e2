"""Repeated looks at growing data: how much of alpha each look may spend.

Looking every month with 1.96 each time rings a false alarm in most years. Alpha spending fixes the total
beforehand; the share of the information that is there decides how much of it a look may use.
"""

import itertools
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Literal

import msgspec
import numpy as np

from fairness.errors import SampleError
from fairness.metric import FloatArray

Spending = Literal["obrien-fleming", "pocock"]
_NORMAL = NormalDist()
_POINTS = 501
_FARTHEST = 8.0


class Look(msgspec.Struct, frozen=True):
    """One planned look: reject when |z| >= `z`, which is a two-sided p <= `alpha`.

    `fraction`: share of the planned information; `spent`: alpha used up to and with this look.
    """

    fraction: float
    z: float
    alpha: float
    spent: float


def obrien_fleming(fraction: float, alpha: float) -> float:
    """Alpha spent at a fraction of the information, little of it early.

    Per side `2 (1 - Phi(z / sqrt(fraction)))` with z the upper alpha / 4 quantile, so that each side spends
    alpha / 2 in the end.
    """
    return 4.0 * _NORMAL.cdf(_NORMAL.inv_cdf(alpha / 4.0) / fraction**0.5)


def pocock(fraction: float, alpha: float) -> float:
    """Alpha spent at a fraction of the information, nearly evenly: `alpha log(1 + (e - 1) fraction)`."""
    return float(alpha * np.log1p((np.e - 1.0) * fraction))


_SPENDING: dict[Spending, Callable[[float, float], float]] = {
    "obrien-fleming": obrien_fleming,
    "pocock": pocock,
}


def plan_looks(
    fractions: Sequence[float], alpha: float = 0.05, spending: Spending = "obrien-fleming"
) -> tuple[Look, ...]:
    """Two-sided limits for looks at increasing fractions (0, 1] of the planned information.

    Information is the inverse variance of the figure that is watched, in practice the people or events in its
    denominator. Sources: Lan KKG, DeMets DL. Biometrika 1983;70:659-663 (spending functions); Armitage P et
    al. J R Stat Soc A 1969;132:235-244 (recursive integration). Raises `SampleError` for other fractions or
    alpha outside (0, 0.5).
    """
    _check(fractions, alpha)
    looks: list[Look] = []
    density = before = None
    for at, fraction in enumerate(fractions):
        spent = min(alpha, _SPENDING[spending](fraction, alpha))
        share = spent - (looks[-1].spent if looks else 0.0)
        step = fraction - (fractions[at - 1] if at else 0.0)
        limit = _limit(density, before, step, fraction, share)
        looks.append(Look(fraction, limit, 2.0 * _NORMAL.cdf(-limit), spent))
        before, density = _carried_on(density, before, step, fraction, limit)
    return tuple(looks)


def _check(fractions: Sequence[float], alpha: float) -> None:
    if not 0.0 < alpha < 0.5:
        raise SampleError(f"alpha: {alpha} is not between 0 and 0.5")
    increasing = all(a < b for a, b in itertools.pairwise(fractions))
    if not fractions or not increasing or fractions[0] <= 0.0 or fractions[-1] > 1.0:
        raise SampleError(f"fractions: {tuple(fractions)} are not increasing within (0, 1]")


def _limit(
    density: FloatArray | None, grid: FloatArray | None, step: float, fraction: float, share: float
) -> float:
    """The |z| that leaves `share` of the probability outside, given the paths that went on so far."""
    low, high = 0.0, _FARTHEST
    for _ in range(60):
        middle = 0.5 * (low + high)
        outside = _outside(density, grid, step, middle * fraction**0.5)
        low, high = (middle, high) if outside > share else (low, middle)
    return 0.5 * (low + high)


def _outside(density: FloatArray | None, grid: FloatArray | None, step: float, bound: float) -> float:
    """Probability that Brownian motion leaves [-bound, bound] at this look, not having left before."""
    scale = step**0.5
    if density is None or grid is None:
        return 2.0 * _NORMAL.cdf(-bound / scale)
    tails = _cdf((grid - bound) / scale) + _cdf((-bound - grid) / scale)
    return float(_integral(density * tails, grid))


def _carried_on(
    density: FloatArray | None, grid: FloatArray | None, step: float, fraction: float, limit: float
) -> tuple[FloatArray, FloatArray]:
    """Where the paths are that went on: a grid within the limits and their density on it."""
    bound = limit * fraction**0.5
    onward = np.linspace(-bound, bound, _POINTS)
    scale = step**0.5
    if density is None or grid is None:
        return onward, _pdf(onward / scale) / scale
    kernel = _pdf((onward[:, np.newaxis] - grid) / scale) / scale
    return onward, np.asarray(_integral(kernel * density, grid))


def _integral(values: FloatArray, grid: FloatArray) -> FloatArray:
    """Simpson's rule along the last axis over an odd number of equal steps."""
    weights = np.full(grid.size, 2.0)
    weights[1::2] = 4.0
    weights[[0, -1]] = 1.0
    return np.asarray(values @ weights * (grid[1] - grid[0]) / 3.0)


def _pdf(x: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-0.5 * x * x) / (2.0 * np.pi) ** 0.5)


def _cdf(x: FloatArray) -> FloatArray:
    return np.array([_NORMAL.cdf(value) for value in x.ravel().tolist()]).reshape(x.shape)
