"""The one pass over the rows that makes a tally."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fairness.engine.columns import CodeArray, GroupColumn, stratify
from fairness.engine.grid import ScoreGrid
from fairness.engine.tally import MOMENT_SCALE, MOMENTS, SUM_SCALE, Tally
from fairness.errors import SampleError
from fairness.metric import FloatArray, Sample, checked_sample

# Sums over a block must stay below 2^53 steps, where double precision still counts one by one: 2^23 rows for
# the sums, 2^13 for the moments. The rows of the smaller blocks also fit into the processor's cache.
_SUM_ROWS, _MOST_ROWS = 2**16, 2**22
_MOMENT_ROWS = 2**13


class _Rows(NamedTuple):
    """Checked rows of one block: `cell` is 2 * stratum + outcome."""

    cell: CodeArray
    y: FloatArray
    p: FloatArray


def tally(
    y: npt.ArrayLike,
    p: npt.ArrayLike,
    groups: Mapping[str, GroupColumn],
    grid: ScoreGrid | None = None,
    *,
    patients: Sequence[object] | None = None,
) -> Tally:
    """Counts of n people.

    `y` (n,) in {0, 1}, `p` (n,) in [0, 1]: a NaN, another outcome or another score raises `SampleError`.
    `groups` maps attributes to columns (n,), see `columns.stratify`. `patients` (n,), where given, must not
    repeat: a patient who counts twice makes every interval too narrow, and raises `SampleError`. Repeats
    across shards cannot be seen in counts; the shards must be split by patient.
    """
    layout = ScoreGrid() if grid is None else grid
    sample = checked_sample(y, p)
    if patients is not None:
        _check_once(patients, sample.n)
    strata = stratify(groups, sample.n)
    shape = (len(strata.members), 2, layout.size)
    counts, sums = np.zeros((2, len(strata.members) * 2 * layout.size), dtype=np.int64)
    moments = _Moments(2 * len(strata.members))
    # Few large blocks where the table of counts is itself large: each block adds up the whole table.
    rows = min(max(_SUM_ROWS, counts.size), _MOST_ROWS)
    for low in range(0, sample.n, rows):
        block = _block(strata.codes, sample, slice(low, low + rows))
        place = block.cell * np.int32(layout.size) + layout.index(block.p)
        counts += np.bincount(place, minlength=counts.size)
        steps = np.bincount(place, weights=np.rint(block.p * SUM_SCALE), minlength=counts.size)
        sums += steps.astype(np.int64)
        moments.add(block)
    return Tally(
        tuple(groups), strata.members, layout, counts.reshape(shape), sums.reshape(shape), moments.table()
    )


def _block(codes: CodeArray, sample: Sample, rows: slice) -> _Rows:
    y, p = sample.y[rows], sample.p[rows]
    return _Rows(codes[rows] * np.int32(2) + y.astype(np.int32), y, p)


class _Moments:
    """Running sums of p and of the second and fourth power of y - p, per stratum and outcome."""

    def __init__(self, cells: int) -> None:
        self._totals = np.zeros((cells, MOMENTS), dtype=object)

    def add(self, block: _Rows) -> None:
        cells = len(self._totals)
        squares = (block.y - block.p) ** 2
        for moment, values in enumerate((block.p, squares, squares**2)):
            steps = np.rint(values * MOMENT_SCALE)
            total = np.zeros(cells, dtype=np.int64)
            for low in range(0, steps.size, _MOMENT_ROWS):
                part = slice(low, low + _MOMENT_ROWS)
                total += np.bincount(block.cell[part], weights=steps[part], minlength=cells).astype(np.int64)
            # Python's integers do not overflow, however many blocks and shards are added up.
            self._totals[:, moment] += total.astype(object)

    def table(self) -> npt.NDArray[np.object_]:
        """Python integers (strata, 2, 3)."""
        return self._totals.reshape(-1, 2, MOMENTS)


def _check_once(patients: Sequence[object], n: int) -> None:
    if len(patients) != n:
        raise SampleError(f"patients: {len(patients)} entries for {n} rows")
    repeated = n - len(set(patients))
    if repeated:
        raise SampleError(
            f"patients: {repeated} rows repeat a patient; keep one row each, such as the first prediction"
        )
