"""Exact tests of shares: binomial tails and the hypergeometric test of two groups, without scipy."""

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from fairness.errors import SampleError
from fairness.metric import FloatArray

# Above this many people the normal approximation is off by less than the Monte-Carlo error of any simulation.
_EXACT_UP_TO = 200_000
_NORMAL = NormalDist()
# Probabilities that differ only by rounding count as equal, as in the usual two-sided exact test.
_TIE = 1.0 + 1e-9


def upper_tail(hits: int, of: int, share: float) -> float:
    """P(X >= hits) for X binomial with `of` trials and a chance of `share` in [0, 1]; small when above it."""
    if not 0 <= hits <= of or not 0.0 <= share <= 1.0:
        raise SampleError(f"binomial: {hits} of {of} at {share} is not possible")
    if hits == 0 or share == 1.0:
        return 1.0
    if share == 0.0:
        return 0.0
    if of > _EXACT_UP_TO:
        return 1.0 - _NORMAL.cdf((hits - 0.5 - of * share) / math.sqrt(of * share * (1.0 - share)))
    x = np.arange(hits, of + 1)
    logs = _log_choose(of, x) + x * math.log(share) + (of - x) * math.log1p(-share)
    return min(1.0, float(np.exp(logs).sum()))


def lower_tail(hits: int, of: int, share: float) -> float:
    """P(X <= hits), the mirror image of `upper_tail`; small when below the share."""
    return upper_tail(of - hits, of, 1.0 - share)


def equal_shares(hits_a: int, of_a: int, hits_b: int, of_b: int) -> float:
    """Two-sided exact p value for equal shares in two disjoint groups, each with at least one person.

    Given the total of hits, those of the first group are hypergeometric; all splits that are no more likely
    than the observed one count. Its level is at most the nominal one in every sample size. Source: Fisher RA.
    J R Stat Soc 1935;98:39-82. Above 200,000 people the chi-squared test with Yates' correction takes its
    place.
    """
    total, hits = of_a + of_b, hits_a + hits_b
    if min(of_a, of_b) < 1 or not 0 <= hits_a <= of_a or not 0 <= hits_b <= of_b:
        raise SampleError(f"equal_shares: {hits_a} of {of_a} and {hits_b} of {of_b} is not possible")
    if total > _EXACT_UP_TO:
        return _yates(hits_a, of_a, hits_b, of_b)
    x = np.arange(max(0, hits - of_b), min(hits, of_a) + 1)
    logs = _log_choose(of_a, x) + _log_choose(of_b, hits - x) - _log_choose(total, np.array([hits]))
    chances = np.exp(logs)
    observed = chances[hits_a - int(x[0])]
    return min(1.0, float(chances[chances <= observed * _TIE].sum()))


def two_sided(z: float) -> float:
    """Two-sided normal p value."""
    return 2.0 * _NORMAL.cdf(-abs(z))


def one_sided(z: float) -> float:
    """P(Z >= z): small when z is large."""
    return _NORMAL.cdf(-z)


def _yates(hits_a: int, of_a: int, hits_b: int, of_b: int) -> float:
    total = of_a + of_b
    share = (hits_a + hits_b) / total
    if share in (0.0, 1.0):
        return 1.0
    correction = 0.5 * (1.0 / of_a + 1.0 / of_b)
    gap = max(0.0, abs(hits_a / of_a - hits_b / of_b) - correction)
    return two_sided(gap / math.sqrt(share * (1.0 - share) * (1.0 / of_a + 1.0 / of_b)))


class _Factorials:
    """Logarithms of 0!

    to m!, grown as needed.
    """

    def __init__(self) -> None:
        self._known = np.zeros(1)

    def up_to(self, largest: int) -> FloatArray:
        if self._known.size <= largest:
            # Sizes in powers of two, so that growing stays rare.
            size = 1 << max(10, largest.bit_length())
            self._known = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1.0, size + 1)))])
        return self._known


_FACTORIALS = _Factorials()


def _log_choose(n: int, k: npt.NDArray[np.int64]) -> FloatArray:
    logs = _FACTORIALS.up_to(n)
    return np.asarray(logs[n] - logs[k] - logs[n - k], dtype=np.float64)
