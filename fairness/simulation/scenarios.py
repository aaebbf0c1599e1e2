"""Populations with a known truth, and studies drawn from them."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fairness.engine import Coded, ScoreGrid, Tally, tally
from fairness.engine.grid import DEFAULT_BINS
from fairness.logistic import expit, logit
from fairness.metric import FloatArray

_POINTS = 20_001
THRESHOLD = 0.2
GRID = ScoreGrid(DEFAULT_BINS, (THRESHOLD,))


class Study(NamedTuple):
    """Outcomes, scores and the group number of each person, all (n,)."""

    y: npt.NDArray[np.bool_]
    p: FloatArray
    group: npt.NDArray[np.int64]

    def tally(self, thresholds: Sequence[float] = (THRESHOLD,)) -> Tally:
        """The counts, with the attribute `group` of values `g0`, `g1`, ..."""
        names = [f"g{at}" for at in range(int(self.group.max()) + 1)]
        return tally(
            self.y, self.p, {"group": Coded(self.group, names)}, ScoreGrid(DEFAULT_BINS, tuple(thresholds))
        )


class Population(NamedTuple):
    """Scores `expit(centre + spread z)`, z standard normal; true log odds `shift + slope * logit(score)`."""

    name: str
    n: int
    centre: float
    spread: float
    shift: float = 0.0
    slope: float = 1.0

    def study(self, rng: np.random.Generator) -> Study:
        """N people, all in one group."""
        score = expit(self.centre + self.spread * rng.standard_normal(self.n))
        risk = expit(self.shift + self.slope * logit(score))
        return Study(rng.random(self.n) < risk, score, np.zeros(self.n, dtype=np.int64))

    def truths(self) -> dict[str, float]:
        """Every metric of the population, by sums over a fine grid of z; independent of the engine."""
        z = np.linspace(-8.0, 8.0, _POINTS)
        weight = np.exp(-0.5 * z * z)
        weight /= weight.sum()
        score = expit(self.centre + self.spread * z)
        risk = expit(self.shift + self.slope * logit(score))
        events, others = weight * risk, weight * (1.0 - risk)
        chosen = score >= THRESHOLD
        odds = THRESHOLD / (1.0 - THRESHOLD)
        tp, fp = float(events[chosen].sum()), float(others[chosen].sum())
        fn, tn = float(events[~chosen].sum()), float(others[~chosen].sum())
        below = np.cumsum(others) - 0.5 * others
        return {
            "prevalence": tp + fn,
            "selection_rate": tp + fp,
            "sensitivity": tp / (tp + fn),
            "specificity": tn / (tn + fp),
            "ppv": tp / (tp + fp),
            "npv": tn / (tn + fn),
            "net_benefit": tp - odds * fp,
            "auroc": float(events @ below) / (events.sum() * others.sum()),
            "brier": float(events @ (1.0 - score) ** 2 + others @ score**2),
            "o_e": float(events.sum() / (weight @ score)),
            "calibration_slope": self.slope,
            "calibration_intercept": _intercept(weight, score, float(events.sum())),
        }


POPULATIONS = (
    Population("calibrated, n 2,000, 22 % events", 2000, -1.5, 1.0),
    Population("calibrated, n 200, 31 % events", 200, -1.0, 1.2),
    Population("rare outcome, n 2,000, 3 % events", 2000, -4.0, 1.0),
    Population("too extreme and too high, n 600, 22 %", 600, -1.0, 1.6, -0.6, 0.7),
)


def labels(
    rng: np.random.Generator, sizes: Sequence[int], sensitivities: Sequence[float], *, prevalence: float = 0.3
) -> Study:
    """Groups with given sensitivities and a specificity of 0.8 at a threshold of 0.5."""
    group = np.repeat(np.arange(len(sizes)), sizes)
    y = rng.random(group.size) < prevalence
    chance = np.where(y, np.asarray(sensitivities)[group], 0.2)
    return Study(y, np.where(rng.random(group.size) < chance, 0.75, 0.25), group)


def binormal(
    rng: np.random.Generator, sizes: Sequence[int], separations: Sequence[float], *, prevalence: float = 0.3
) -> Study:
    """Groups whose normal scores differ by a separation between events and others."""
    group = np.repeat(np.arange(len(sizes)), sizes)
    y = rng.random(group.size) < prevalence
    return Study(y, expit(rng.standard_normal(group.size) + np.asarray(separations)[group] * y), group)


def ratios(rng: np.random.Generator, sizes: Sequence[int], factors: Sequence[float]) -> Study:
    """Groups whose risk is the score times a factor; scores are beta(2, 8)."""
    group = np.repeat(np.arange(len(sizes)), sizes)
    score = rng.beta(2.0, 8.0, group.size)
    return Study(rng.random(group.size) < score * np.asarray(factors)[group], score, group)


def separation_of(area: float) -> float:
    """The separation of two unit normal scores with this area under the curve (by bisection)."""
    low, high = -10.0, 10.0
    for _ in range(100):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if 0.5 * math.erfc(-middle / 2.0) < area else (low, middle)
    return 0.5 * (low + high)


def _intercept(weight: FloatArray, score: FloatArray, prevalence: float) -> float:
    """The shift of all log odds at which the mean risk is the prevalence, by bisection."""
    low, high = -10.0, 10.0
    for _ in range(100):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if weight @ expit(middle + logit(score)) < prevalence else (low, middle)
    return 0.5 * (low + high)
