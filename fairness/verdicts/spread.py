"""The largest gap between groups, and what it would be if the groups did not differ.

The largest observed gap of several small groups is far from 0 when nothing differs: with 242, 157, 65, 23,
11, 5 and 3 positives and a sensitivity of 0.7 in each it is 0.40 on average. A bare gap therefore says
nothing; this module puts its distribution under equality beside it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fairness.engine.agreement import Pivot
from fairness.engine.rates import Share
from fairness.errors import SampleError
from fairness.metric import FloatArray

DEFAULT_DRAWS = 4000


class Spread(NamedTuple):
    """Largest less smallest figure, and its distribution under equality: mean, 95th percentile, p value."""

    value: float
    expected: float
    high: float
    p: float


def spread_of_shares(
    strata: Sequence[Share],
    inside: npt.NDArray[np.bool_],
    *,
    draws: int = DEFAULT_DRAWS,
    seed: int = 0,
) -> Spread:
    """Spread of the shares of several groups, with its permutation distribution.

    `strata`: the counts of disjoint sets of people; `inside` (groups, strata): who makes up which group,
    groups may overlap. Under equality the hits are dealt out to the people at random; that is a draw from the
    multivariate hypergeometric distribution. The p value counts the observed spread among the draws, which
    makes the test exact. Raises `SampleError` with fewer than two groups or an empty one.
    """
    hits = np.array([part.hits for part in strata], dtype=np.int64)
    of = np.array([part.of for part in strata], dtype=np.int64)
    sizes = inside @ of
    if len(sizes) < 2 or sizes.min() < 1:
        raise SampleError("spread: needs two groups with at least one person each")
    rng = np.random.default_rng(seed)
    dealt = rng.multivariate_hypergeometric(of, int(hits.sum()), size=draws, method="marginals")
    observed = float(np.ptp((inside @ hits) / sizes))
    return _spread(observed, np.ptp((dealt @ inside.T.astype(np.int64)) / sizes, axis=1))


def spread_of_pivots(pivots: Sequence[Pivot], *, draws: int = DEFAULT_DRAWS, seed: int = 0) -> Spread:
    """Spread of estimates with known standard errors, with its distribution under normal errors.

    Groups are taken as independent. Where they share people their estimates lie closer together than that,
    and the p value is too large rather than too small. Raises `SampleError` with fewer than two groups.
    """
    if len(pivots) < 2:
        raise SampleError("spread: needs two groups")
    errors = np.array([pivot.error for pivot in pivots])
    noise = np.random.default_rng(seed).standard_normal((draws, errors.size)) * errors
    return _spread(float(np.ptp([pivot.value for pivot in pivots])), np.ptp(noise, axis=1))


def _spread(observed: float, null: FloatArray) -> Spread:
    # The slack keeps equal fractions equal that were divided in another order.
    at_least = int((null >= observed - 1e-12).sum())
    return Spread(
        observed, float(null.mean()), float(np.quantile(null, 0.95)), (at_least + 1) / (null.size + 1)
    )
