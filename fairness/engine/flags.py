"""Equity of silence: how often each group gets no answer, because inputs are missing or the model abstains.

A flag is a yes or no per patient encounter, such as `missing_input`, `no_card`, `abstained`. Tallies of
shards add up exactly.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from fairness.engine.columns import Coded, GroupColumn, IntArray, Stratum, stratify
from fairness.engine.figures import Basis, Evaluation, Figure, GroupResult, Size
from fairness.engine.rates import Share, rate_figure
from fairness.engine.row_sample import RowSample
from fairness.engine.strata import groups_of, inside
from fairness.errors import GroupError, SampleError
from fairness.metric import DEFAULT_LEVEL, DEFAULT_SUFFICIENCY, Sufficiency, checked_level


class FlagTally(msgspec.Struct, frozen=True):
    """`counts`: per stratum the encounters, then the raised flags in the order of `flags`."""

    attributes: tuple[str, ...]
    flags: tuple[str, ...]
    counts: dict[Stratum, tuple[int, ...]]

    def __add__(self, other: "FlagTally") -> "FlagTally":
        """Both sets of encounters.

        Raises `GroupError` unless attributes and flags are the same.
        """
        if (self.attributes, self.flags) != (other.attributes, other.flags):
            raise GroupError("flag tallies over different attributes or flags do not add up")
        none = (0,) * (1 + len(self.flags))
        strata = sorted({*self.counts, *other.counts})
        return FlagTally(
            self.attributes,
            self.flags,
            {
                stratum: tuple(
                    a + b
                    for a, b in zip(
                        self.counts.get(stratum, none), other.counts.get(stratum, none), strict=True
                    )
                )
                for stratum in strata
            },
        )


def flag_tally(flags: Mapping[str, npt.ArrayLike], groups: Mapping[str, GroupColumn]) -> FlagTally:
    """Counts of boolean columns (n,) per stratum.

    Raises `SampleError` for no flag, a column that is not boolean or of another length, and `GroupError` as
    `columns.stratify`.
    """
    columns = {name: np.asarray(column) for name, column in flags.items()}
    for name, column in columns.items():
        if column.dtype != np.bool_ or column.ndim != 1:
            raise SampleError(f"{name}: a flag is one dimension of true or false, without missing entries")
    if len({column.size for column in columns.values()}) != 1:
        raise SampleError("flags: needs at least one flag, and the same number of rows in each")
    n = next(iter(columns.values())).size
    strata = stratify(groups, n)
    size = len(strata.members)
    table = [np.bincount(strata.codes, minlength=size)]
    table += [np.bincount(strata.codes[column], minlength=size) for column in columns.values()]
    counts = np.column_stack(table).tolist()
    return FlagTally(
        tuple(groups), tuple(columns), dict(zip(strata.members, map(tuple, counts), strict=True))
    )


def flag_rates(
    tally: FlagTally,
    *,
    crossings: Sequence[Sequence[str]] = (),
    level: float = DEFAULT_LEVEL,
    limits: Sufficiency = DEFAULT_SUFFICIENCY,
) -> Evaluation:
    """The rate of each flag, named `<flag>_rate`, with its Wilson interval, for every group.

    A group counts as sufficient from `limits.min_n` encounters. Raises `SampleError` for a level outside (0,
    1).
    """
    checked_level(level)
    strata = tuple(tally.counts)
    table = np.array(list(tally.counts.values()), dtype=np.int64).reshape(len(strata), 1 + len(tally.flags))
    results = []
    for members in groups_of(tally.attributes, strata, crossings):
        n, *raised = (int(count) for count in table[inside(tally.attributes, strata, members)].sum(axis=0))
        basis = Basis(Size(n), limits, level)
        figures = tuple(
            rate_figure(f"{flag}_rate", Share(hits, n), basis, "nobody in the group")
            for flag, hits in zip(tally.flags, raised, strict=True)
        )
        results.append(GroupResult(members, n, None, figures))
    return Evaluation(results[0].n, None, level, (), tuple(results))


class FlagOutcome(NamedTuple):
    """Rates of flags over strata: `counts` (s, 1 + f) are encounters and raised flags of each stratum."""

    flags: tuple[str, ...]
    counts: IntArray

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{flag}_rate" for flag in self.flags)

    def size(self, rows: npt.NDArray[np.bool_]) -> Size:
        """Encounters of strata (s,); flags are no events."""
        return Size(int(self.counts[rows, 0].sum()))

    def figure(self, name: str, rows: npt.NDArray[np.bool_], basis: Basis) -> Figure:
        """One rate over strata (s,)."""
        hits = int(self.counts[rows, 1 + self.names.index(name)].sum())
        return rate_figure(name, Share(hits, basis.size.n), basis, "nobody in the group")


def flag_sample(tally: FlagTally) -> RowSample:
    """The rates of a tally as figures that can be compared and judged; a row is a stratum."""
    strata = tuple(tally.counts)
    counts = np.array(list(tally.counts.values()), dtype=np.int64).reshape(len(strata), 1 + len(tally.flags))
    groups = {
        attribute: Coded(np.arange(len(strata)), [stratum[at] for stratum in strata])
        for at, attribute in enumerate(tally.attributes)
    }
    return RowSample(FlagOutcome(tally.flags, counts), groups, len(strata))
