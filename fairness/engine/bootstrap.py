"""Joint bootstrap of all groups at once: resampled counts instead of resampled rows.

Drawing n people with replacement and counting them per cell is one multinomial draw over the cells, so the
replicates of counts have exactly the distribution of a row bootstrap. All strata are drawn together, and
groups that share people, differences and largest gaps keep their dependence.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fairness.engine.columns import IntArray
from fairness.engine.strata import Group
from fairness.engine.tally import Tally
from fairness.errors import SampleError
from fairness.metric import DEFAULT_LEVEL, FloatArray, Interval, checked_level

DEFAULT_REPLICATES = 1000
# One generator per block, whatever the number of threads: the draws depend on the seed alone.
_BLOCK = 1000


class Counts(NamedTuple):
    """Replicated confusion counts, each (replicates, groups)."""

    tp: FloatArray
    fp: FloatArray
    fn: FloatArray
    tn: FloatArray


def _ratio(hits: FloatArray, of: FloatArray) -> FloatArray:
    # NaN, not 0, where a replicate leaves the denominator empty.
    return np.asarray(np.divide(hits, of, out=np.full(hits.shape, np.nan), where=of > 0))


def _net_benefit(c: Counts, threshold: float) -> FloatArray:
    if threshold >= 1.0:
        return np.full(c.tp.shape, np.nan)
    return _ratio(c.tp - threshold / (1.0 - threshold) * c.fp, c.tp + c.fp + c.fn + c.tn)


FORMULAS: dict[str, Callable[[Counts, float], FloatArray]] = {
    "prevalence": lambda c, _: _ratio(c.tp + c.fn, c.tp + c.fp + c.fn + c.tn),
    "selection_rate": lambda c, _: _ratio(c.tp + c.fp, c.tp + c.fp + c.fn + c.tn),
    "sensitivity": lambda c, _: _ratio(c.tp, c.tp + c.fn),
    "specificity": lambda c, _: _ratio(c.tn, c.tn + c.fp),
    "ppv": lambda c, _: _ratio(c.tp, c.tp + c.fp),
    "npv": lambda c, _: _ratio(c.tn, c.tn + c.fn),
    "false_positive_rate": lambda c, _: _ratio(c.fp, c.tn + c.fp),
    "false_negative_rate": lambda c, _: _ratio(c.fn, c.tp + c.fn),
    "accuracy": lambda c, _: _ratio(c.tp + c.tn, c.tp + c.fp + c.fn + c.tn),
    "net_benefit": _net_benefit,
}


class Bootstrap(NamedTuple):
    """Replicates (metrics, replicates, groups) at one threshold; NaN where a replicate leaves one
    undefined."""

    groups: tuple[Group, ...]
    metrics: tuple[str, ...]
    threshold: float
    draws: npt.NDArray[np.float64]

    def of(self, metric: str, group: Group) -> FloatArray:
        """The replicates (replicates,) of one figure."""
        return self.draws[self.metrics.index(metric), :, self.groups.index(group)]

    def interval(self, metric: str, group: Group, level: float = DEFAULT_LEVEL) -> Interval | None:
        """Percentile interval; None when a replicate is undefined, since leaving those out would bias it."""
        return percentile(self.of(metric, group), level)

    def difference(self, metric: str, a: Group, b: Group, level: float = DEFAULT_LEVEL) -> Interval | None:
        """Percentile interval of `a - b`; the groups may share people."""
        return percentile(self.of(metric, a) - self.of(metric, b), level)


def bootstrap(
    tally: Tally,
    threshold: float,
    *,
    metrics: Sequence[str] = tuple(FORMULAS),
    groups: Sequence[Group] | None = None,
    replicates: int = DEFAULT_REPLICATES,
    seed: int = 0,
    workers: int = 1,
) -> Bootstrap:
    """Joint replicates of the metrics of `FORMULAS` at one threshold, for `groups` (default: all of the
    tally).

    The threshold must be an edge of the tally's grid. The result depends on the seed and not on `workers`,
    the number of threads. Raises `SampleError` for nobody, an unknown metric or fewer than one replicate.
    """
    for name in metrics:
        if name not in FORMULAS:
            raise SampleError(f"metrics: {name!r} is not one of {', '.join(FORMULAS)}")
    if tally.n == 0 or replicates < 1:
        raise SampleError("bootstrap: needs at least one person and one replicate")
    wanted = tuple(tally.groups() if groups is None else groups)
    cells = confusion_cells(tally, threshold)
    inside = np.array([tally.inside(group) for group in wanted], dtype=np.float64)
    sizes = [min(_BLOCK, replicates - low) for low in range(0, replicates, _BLOCK)]
    seeds = np.random.SeedSequence(seed).spawn(len(sizes))
    draws = np.empty((len(metrics), replicates, len(wanted)))

    def fill(block: int) -> None:
        counts = _drawn(cells, inside, sizes[block], np.random.default_rng(seeds[block]))
        for at, name in enumerate(metrics):
            draws[at, block * _BLOCK : block * _BLOCK + sizes[block]] = FORMULAS[name](counts, threshold)

    # The draws release the interpreter's lock, so threads are enough.
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(fill, range(len(sizes))))
    return Bootstrap(wanted, tuple(metrics), threshold, draws)


def confusion_cells(tally: Tally, threshold: float) -> IntArray:
    """People (strata, 4) in the order tp, fp, fn, tn."""
    at = tally.grid.position(threshold)
    selected, total = tally.counts[:, :, at:].sum(axis=2), tally.counts.sum(axis=2)
    left = total - selected
    return np.column_stack([selected[:, 1], selected[:, 0], left[:, 1], left[:, 0]])


def percentile(draws: FloatArray, level: float = DEFAULT_LEVEL) -> Interval | None:
    """The middle `level` of the draws; None when one of them is NaN."""
    tail = (1.0 - checked_level(level)) / 2.0
    if np.isnan(draws).any():
        return None
    low, high = np.quantile(draws, [tail, 1.0 - tail])
    return Interval(float(low), float(high))


def _drawn(cells: IntArray, inside: FloatArray, replicates: int, rng: np.random.Generator) -> Counts:
    flat = cells.ravel()
    filled = np.flatnonzero(flat)
    drawn = np.zeros((replicates, flat.size))
    n = int(flat.sum())
    drawn[:, filled] = rng.multinomial(n, flat[filled] / n, size=replicates)
    per_stratum = np.ascontiguousarray(drawn.reshape(replicates, -1, 4).transpose(2, 0, 1))
    # No matrix product: for sums as small as these, the threads of a BLAS cost more than they save.
    return Counts(*np.einsum("krs,gs->krg", per_stratum, inside))
