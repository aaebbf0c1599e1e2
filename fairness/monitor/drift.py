"""Has what the model meets changed? Population stability index and a two-sample test, each with its null.

The index alone says nothing in small groups: without any change it is (1/n + 1/m) times a chi-squared
variable with bins - 1 degrees of freedom, so that two samples of 100 in ten bins give 0.18 on average. It is
reported beside what chance gives. Sources: Yurdakul B, Naranjo J. J Risk Model Validation 2020;14(4):89-100
(distribution of the index); Pearson's test of homogeneity.
"""

import itertools
import math
from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from fairness.errors import SampleError
from fairness.metric import FloatArray
from fairness.monitor.chi_squared import upper_quantile, upper_tail

BINS = 10
FEWEST_IN_BIN = 5.0
_HALF = 0.5


class Baseline(msgspec.Struct, frozen=True):
    """How something was distributed in `n` people before: `shares` (k,) of bins that sum to 1.

    Bin i holds values above `edges[i - 1]` and up to `edges[i]`; the outer bins are open.
    """

    n: int
    edges: tuple[float, ...]
    shares: tuple[float, ...]

    @classmethod
    def of_quantiles(cls, probs: Sequence[float], quantiles: Sequence[float], n: int) -> "Baseline":
        """From a table of quantiles in rising order; the bins are about tenths, fewer where values tie."""
        table, levels = np.asarray(quantiles, dtype=np.float64), np.asarray(probs, dtype=np.float64)
        wanted = np.arange(1, BINS) / BINS
        at = np.minimum(np.searchsorted(levels, wanted), levels.size - 1)
        edges = np.unique(table[at])
        below = levels[np.searchsorted(table, edges, side="right") - 1]
        return cls(n, tuple(edges.tolist()), _between(below))

    @classmethod
    def of_levels(cls, values: Sequence[float], proportions: Sequence[float], n: int) -> "Baseline":
        """From a few values in rising order with their proportions."""
        edges = tuple((a + b) / 2.0 for a, b in itertools.pairwise(values))
        total = math.fsum(proportions)
        return cls(n, edges, tuple(share / total for share in proportions))

    @classmethod
    def of_sample(cls, values: FloatArray) -> "Baseline":
        """From values (m,), NaN left out; raises `SampleError` when none is left."""
        known = values[~np.isnan(values)]
        if not known.size:
            raise SampleError("baseline: no value is known")
        edges = np.unique(np.quantile(known, np.arange(1, BINS) / BINS, method="inverted_cdf"))
        edges = edges[edges < known.max()]
        return cls(known.size, tuple(edges.tolist()), tuple((_counts(known, edges) / known.size).tolist()))

    @classmethod
    def of_share(cls, share: float, n: int) -> "Baseline":
        """From a share of n people, for values of 0 and 1."""
        return cls(n, (0.5,), (1.0 - share, share))


class Shift(msgspec.Struct, frozen=True):
    """One comparison. `what` is `input`, `score`, `selected` or `prevalence`; `against` names the baseline.

    `psi` with its mean (`psi_expected`) and 95th percentile (`psi_95`) when nothing has changed; `p` of the
    test of homogeneity, `p_adjusted` over all comparisons of a report. `insufficient` and `undefined` have no
    figures. `is_drift`: the index reaches the plan's limit and chance does not explain it.
    """

    what: Literal["input", "score", "selected", "prevalence"]
    name: str
    attribute: str
    value_name: str
    against: str
    n: int
    state: Literal["ok", "insufficient", "undefined"]
    psi: float | None = None
    psi_expected: float | None = None
    psi_95: float | None = None
    p: float | None = None
    p_adjusted: float | None = None
    is_drift: bool = False
    why: str | None = None


class Divergence(msgspec.Struct, frozen=True):
    """The figures of one comparison over `bins` bins."""

    psi: float
    psi_expected: float
    psi_95: float
    p: float
    bins: int


def divergence(values: FloatArray, baseline: Baseline, min_n: int) -> Divergence | str:
    """How far values (n,) are from a baseline; NaN is left out. A sentence where they cannot be compared.

    Neighbouring bins are joined until each expects five people in both samples, without which neither null
    distribution holds. Half a person is added to each bin for the index, so that an empty bin is no infinity.
    """
    known = values[~np.isnan(values)]
    if known.size < min_n or baseline.n < min_n:
        return f"{min(known.size, baseline.n)} people in the smaller sample, fewer than {min_n}"
    now = _counts(known, np.asarray(baseline.edges, dtype=np.float64))
    before = np.asarray(baseline.shares) * baseline.n
    now, before = _joined(now, before)
    if now.size < 2:
        return "all values fall into one bin"
    scale, freedom = 1.0 / known.size + 1.0 / baseline.n, now.size - 1
    return Divergence(
        psi=_index(now, before),
        psi_expected=scale * freedom,
        psi_95=scale * upper_quantile(0.05, freedom),
        p=upper_tail(_homogeneity(now, before), freedom),
        bins=int(now.size),
    )


def _index(now: FloatArray, before: FloatArray) -> float:
    a = (now + _HALF) / (now + _HALF).sum()
    b = (before + _HALF) / (before + _HALF).sum()
    return float(((a - b) * np.log(a / b)).sum())


def _homogeneity(now: FloatArray, before: FloatArray) -> float:
    pooled = (now + before) / (now.sum() + before.sum())
    return float(
        sum((((part - pooled * part.sum()) ** 2) / (pooled * part.sum())).sum() for part in (now, before))
    )


def _joined(now: FloatArray, before: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Bins joined with their right neighbour (the last with its left one) while they expect too few."""
    least = min(now.sum(), before.sum()) / (now.sum() + before.sum())
    parts: list[list[float]] = []
    waiting = [0.0, 0.0]
    for a, b in zip(now.tolist(), before.tolist(), strict=True):
        waiting = [waiting[0] + a, waiting[1] + b]
        if sum(waiting) * least >= FEWEST_IN_BIN:
            parts.append(waiting)
            waiting = [0.0, 0.0]
    if sum(waiting) and parts:
        parts[-1] = [parts[-1][0] + waiting[0], parts[-1][1] + waiting[1]]
    table = np.array(parts, dtype=np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _counts(known: FloatArray, edges: npt.NDArray[np.float64]) -> FloatArray:
    place = np.searchsorted(edges, known, side="left")
    return np.bincount(place, minlength=edges.size + 1).astype(np.float64)


def _between(below: FloatArray) -> tuple[float, ...]:
    return tuple(np.diff(np.concatenate([[0.0], below, [1.0]])).tolist())
