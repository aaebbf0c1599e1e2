"""What is known after one pass over the people: integer counts per stratum, outcome and score bin.

Tallies of shards add up to the tally of all rows, exactly: everything in them is an integer. Sums of scores
are kept in fixed point for the same reason. A worker, a database query or a Spark partition makes a tally of
its own rows, and every metric is computed from the sum.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from fairness.engine.columns import IntArray, Stratum
from fairness.engine.grid import ScoreGrid
from fairness.engine.strata import Group, groups_of, inside
from fairness.errors import GroupError, SampleError
from fairness.metric import FloatArray

SUM_SCALE = 2.0**30
MOMENT_SCALE = 2.0**40
MOMENTS = 3


class GroupTally(NamedTuple):
    """The counts of one group.

    `counts` (2, K): people by outcome (row 1: events) and score bin. `sums` (2, K): sum of their scores.
    `moments` (2, 3): sums of p, of (y - p)**2 and of (y - p)**4 by outcome.
    """

    grid: ScoreGrid
    counts: IntArray
    sums: FloatArray
    moments: FloatArray

    @property
    def n(self) -> int:
        return int(self.counts.sum())

    @property
    def events(self) -> int:
        return int(self.counts[1].sum())

    @property
    def non_events(self) -> int:
        return int(self.counts[0].sum())


class _Stored(msgspec.Struct, frozen=True):
    """A tally on the wire; counts and sums are kept where they are not 0."""

    attributes: tuple[str, ...]
    strata: tuple[tuple[tuple[str, ...], ...], ...]
    grid: ScoreGrid
    places: bytes
    counts: bytes
    sums: bytes
    moments: list[str]


class Tally:
    """Counts of any number of people over `attributes`.

    `strata`: the combinations of memberships that occur, sorted. `counts` int64 (strata, 2, K), `sums` int64
    (strata, 2, K) in steps of 2^-30, `moments` Python integers (strata, 2, 3) in steps of 2^-40.
    """

    def __init__(
        self,
        attributes: tuple[str, ...],
        strata: tuple[Stratum, ...],
        grid: ScoreGrid,
        counts: IntArray,
        sums: IntArray,
        moments: npt.NDArray[np.object_],
    ) -> None:
        self.attributes, self.strata, self.grid = attributes, strata, grid
        self.counts, self.sums, self.moments = counts, sums, moments

    @property
    def n(self) -> int:
        """Number of people."""
        return int(self.counts.sum())

    @property
    def events(self) -> int:
        """Number of people with the outcome."""
        return int(self.counts[:, 1].sum())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tally):
            return NotImplemented
        same = (self.attributes, self.strata, self.grid) == (other.attributes, other.strata, other.grid)
        return same and all(
            np.array_equal(mine, theirs)
            for mine, theirs in (
                (self.counts, other.counts), (self.sums, other.sums), (self.moments, other.moments),
            )
        )  # fmt: skip

    __hash__ = None  # type: ignore[assignment]  # holds arrays

    def __add__(self, other: "Tally") -> "Tally":
        """The tally of both sets of people.

        Raises `GroupError` or `SampleError` unless their layout is one.
        """
        if self.attributes != other.attributes:
            raise GroupError(f"attributes {self.attributes} and {other.attributes} do not add up")
        if self.grid != other.grid:
            raise SampleError("grid: tallies over different score bins do not add up")
        strata = tuple(sorted({*self.strata, *other.strata}))
        parts = [tally._on(strata) for tally in (self, other)]
        return Tally(self.attributes, strata, self.grid, *(a + b for a, b in zip(*parts, strict=True)))

    def with_strata(self, strata: Sequence[Stratum]) -> "Tally":
        """The same counts, with strata that nobody of them is in."""
        together = tuple(sorted({*self.strata, *strata}))
        counts, sums, moments = self._on(together)
        return Tally(self.attributes, together, self.grid, counts, sums, moments)

    def groups(self, crossings: Sequence[Sequence[str]] = ()) -> list[Group]:
        """Everybody, then each group, then each intersection; see `strata.groups_of`."""
        return groups_of(self.attributes, self.strata, crossings)

    def inside(self, group: Group) -> npt.NDArray[np.bool_]:
        """Which strata (strata,) belong to a group.

        Raises `GroupError` for an attribute not tallied.
        """
        return inside(self.attributes, self.strata, group)

    def of(self, group: Group) -> GroupTally:
        """The counts of a group; a group nobody is in has counts of 0."""
        return self.over(self.inside(group))

    def rest_of(self, group: Group) -> GroupTally:
        """The counts of everybody else."""
        return self.over(~self.inside(group))

    def over(self, strata: npt.NDArray[np.bool_]) -> GroupTally:
        """The counts of chosen strata (strata,)."""
        moments = self.moments[strata].sum(axis=0) if strata.any() else np.zeros((2, MOMENTS))
        return GroupTally(
            self.grid,
            self.counts[strata].sum(axis=0),
            self.sums[strata].sum(axis=0) / SUM_SCALE,
            (moments / MOMENT_SCALE).astype(np.float64),
        )

    def encode(self) -> bytes:
        """MessagePack bytes; equal tallies give equal bytes."""
        flat = self.counts.ravel()
        places = np.flatnonzero(flat)
        return msgspec.msgpack.encode(
            _Stored(
                self.attributes,
                self.strata,
                self.grid,
                places=_packed(places),
                counts=_packed(flat[places]),
                sums=_packed(self.sums.ravel()[places]),
                moments=[str(moment) for moment in self.moments.ravel()],
            )
        )

    @classmethod
    def decode(cls, stored: bytes) -> "Tally":
        """The tally of `encode`.

        Raises `SampleError` for anything else.
        """
        try:
            parts = msgspec.msgpack.decode(stored, type=_Stored)
            shape = (len(parts.strata), 2, parts.grid.size)
            places = _unpacked(parts.places)
            counts, sums = np.zeros((2, *shape), dtype=np.int64)
            counts.reshape(-1)[places] = _unpacked(parts.counts)
            sums.reshape(-1)[places] = _unpacked(parts.sums)
            moments = np.array([int(moment) for moment in parts.moments], dtype=object)
            return cls(
                parts.attributes, parts.strata, parts.grid, counts, sums, moments.reshape(*shape[:2], MOMENTS)
            )
        except (msgspec.MsgspecError, ValueError, IndexError) as error:
            raise SampleError("stored tally: not what Tally.encode wrote") from error

    def _on(self, strata: tuple[Stratum, ...]) -> list[npt.NDArray[Any]]:
        at = [strata.index(stratum) for stratum in self.strata]
        spread = []
        for array in (self.counts, self.sums, self.moments):
            wide = np.zeros((len(strata), *array.shape[1:]), dtype=array.dtype)
            wide[at] = array
            spread.append(wide)
        return spread


def _packed(array: IntArray) -> bytes:
    return array.astype("<i8").tobytes()


def _unpacked(stored: bytes) -> IntArray:
    return np.frombuffer(stored, dtype="<i8").astype(np.int64)
