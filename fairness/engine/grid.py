"""Score bins: where on [0, 1] the scores are counted, with the declared thresholds as exact edges."""

from functools import lru_cache

import msgspec
import numpy as np

from fairness.engine.columns import CodeArray
from fairness.errors import SampleError
from fairness.metric import FloatArray

DEFAULT_BINS = 1024


class ScoreGrid(msgspec.Struct, frozen=True):
    """`bins` equal bins of [0, 1], cut again at each of `thresholds`.

    A score on an edge belongs to the bin above it (1.0 to the last one), so that the people with `p >=
    threshold` are exactly those from the bin of the threshold upwards. `bins` must be a power of two: its
    edges are then exact in binary, and a score never falls on the wrong side by rounding. Raises
    `SampleError` for other bins or thresholds outside [0, 1], and sorts and merges equal thresholds.
    """

    bins: int = DEFAULT_BINS
    thresholds: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.bins < 1 or self.bins & (self.bins - 1):
            raise SampleError(f"bins: {self.bins} is not a power of two")
        for threshold in self.thresholds:
            if not 0.0 <= threshold <= 1.0:
                raise SampleError(f"threshold: {threshold} is not in [0, 1]")
        msgspec.structs.force_setattr(self, "thresholds", tuple(sorted({float(t) for t in self.thresholds})))

    @property
    def size(self) -> int:
        """K, the number of bins after cutting."""
        return self.bins + len(self.cuts())

    def edges(self) -> FloatArray:
        """The K + 1 edges from 0 to 1, increasing; a threshold of 1 closes with a bin of width 0."""
        return _edges(self)

    def index(self, p: FloatArray) -> CodeArray:
        """The bin (n,) of each score; scores must lie in [0, 1]."""
        plain = np.minimum((p * self.bins).astype(np.int32), self.bins - 1)
        for cut in self.cuts():
            plain += p >= cut
        return plain

    def position(self, threshold: float) -> int:
        """The first bin at or above a threshold.

        Raises `SampleError` unless the threshold is an edge.
        """
        edges = self.edges()[:-1]
        at = int(np.searchsorted(edges, threshold))
        if at == edges.size or edges[at] != threshold:
            raise SampleError(f"threshold: {threshold} is not an edge of the grid; name it in ScoreGrid")
        return at

    def cuts(self) -> FloatArray:
        """The thresholds that are not edges of the equal bins."""
        declared = np.array(self.thresholds, dtype=np.float64)
        scaled = declared * self.bins
        return np.asarray(declared[(scaled != np.floor(scaled)) | (declared == 1.0)])


@lru_cache(maxsize=64)
def _edges(grid: ScoreGrid) -> FloatArray:
    inner = np.arange(grid.bins) / grid.bins
    edges = np.append(np.sort(np.concatenate([inner, grid.cuts()])), 1.0)
    edges.flags.writeable = False
    return edges
