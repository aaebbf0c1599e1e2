"""People whose figures need the rows themselves, with the same questions as a tally of counts."""

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from fairness.engine.agreement import Pivot
from fairness.engine.columns import GroupColumn, Stratum, stratify
from fairness.engine.figures import Basis, Evaluation, Figure, GroupResult, Size
from fairness.engine.rates import Share
from fairness.engine.strata import Group, groups_of, inside
from fairness.errors import FitError, SampleError
from fairness.intervals import normal_quantile
from fairness.metric import DEFAULT_LEVEL, DEFAULT_SUFFICIENCY, Sufficiency, checked_level

Rows = npt.NDArray[np.bool_]
AREAS = ("auroc", "survival_auc", "concordance")
RATIOS = ("o_e", "survival_o_e")


class RowOutcome(Protocol):
    """An outcome of n people: which figures it has, how many people and events some rows (n,) hold, and one
    figure of them."""

    @property
    def names(self) -> tuple[str, ...]: ...

    def size(self, rows: Rows) -> Size: ...

    def figure(self, name: str, rows: Rows, basis: Basis) -> Figure: ...


class RowGroup:
    """One set of people; figures are made once."""

    def __init__(self, outcome: RowOutcome, rows: Rows) -> None:
        self._outcome, self._rows = outcome, rows
        self.size = outcome.size(rows)
        self._made: dict[tuple[str, Sufficiency, float], Figure] = {}

    @property
    def n(self) -> int:
        return self.size.n

    @property
    def events(self) -> int | None:
        return self.size.events

    def figure(
        self, name: str, limits: Sufficiency = DEFAULT_SUFFICIENCY, level: float = DEFAULT_LEVEL
    ) -> Figure:
        """One figure; raises `SampleError` for a name that the outcome does not have."""
        if name not in self._outcome.names:
            raise SampleError(f"metric: {name!r} is not one of {', '.join(self._outcome.names)}")
        key = (name, limits, level)
        if key not in self._made:
            self._made[key] = self._outcome.figure(name, self._rows, Basis(self.size, limits, level))
        return self._made[key]

    def estimate(self, name: str) -> Share | Pivot:
        """The figure as two counts, or with the normal error of the same width as its interval (ratios: of
        their logarithm, areas: of their log odds).

        Raises `FitError` where there is no figure or no interval.
        """
        found = self.figure(name)
        if found.value is None:
            raise FitError(found.why or "no value")
        if found.method == "wilson" and found.of is not None:
            return Share(round(found.value * found.of), found.of)
        if found.low is None or found.high is None:
            raise FitError(found.why or "no variance can be estimated")
        base, value, reach = base_name(name), found.value, normal_quantile()
        if base in RATIOS and value <= 0.0:
            raise FitError("a ratio of 0 has no logarithm")
        if base in RATIOS:
            pivot = Pivot(math.log(value), (math.log(found.high) - math.log(value)) / reach)
        elif base in AREAS:
            wide = (_log_odds(found.high) - _log_odds(found.low)) / (2.0 * reach)
            pivot = Pivot(value, wide * value * (1.0 - value), self._sizes(name))
        else:
            # The lower limit of a figure that cannot be negative is cut at 0.
            pivot = Pivot(value, max(found.high - value, value - found.low) / reach)
        if not (math.isfinite(pivot.error) and pivot.error > 0.0):
            raise FitError("no variance can be estimated")
        return pivot

    def _sizes(self, area: str) -> tuple[int, int] | None:
        """With and without the event, of the people whose scores an area compares; None where it compares
        everybody with everybody."""
        base, _, one = area.partition(":")
        if one:
            size = self.figure(f"sensitivity:{one}").of or 0
            return size, self.n - size
        events, followed = self.size.events, self.size.followed
        return (events, followed) if base == "survival_auc" and events and followed else None


class RowSample:
    """n people of one outcome over the attributes of `groups`.

    `silent` are strata that nobody of them is in.
    """

    def __init__(
        self, outcome: RowOutcome, groups: Mapping[str, GroupColumn], n: int, silent: Sequence[Stratum] = ()
    ) -> None:
        self.outcome = outcome
        self.attributes = tuple(groups)
        self._columns, self._n = groups, n
        strata = stratify(groups, n)
        # Strata of which nobody has a score and an outcome are groups too, and cannot be estimated.
        self._silent = tuple(silent)
        extra = [one for one in dict.fromkeys(silent) if one not in set(strata.members)]
        self.strata, self._codes = (*strata.members, *extra), strata.codes
        self._made: dict[tuple[Group, bool], RowGroup] = {}

    def groups(self, crossings: Sequence[Sequence[str]] = ()) -> list[Group]:
        """As `Tally.groups`."""
        return groups_of(self.attributes, self.strata, crossings)

    def inside(self, group: Group) -> Rows:
        """As `Tally.inside`."""
        return inside(self.attributes, self.strata, group)

    def of(self, group: Group) -> RowGroup:
        """The people of a group."""
        return self._part(group, others=False)

    def rest_of(self, group: Group) -> RowGroup:
        """Everybody else."""
        return self._part(group, others=True)

    def shares(self, name: str, used: Rows) -> list[Share]:
        """The two counts of a share in each stratum that is used; (0, 0) where it has no denominator."""
        found = []
        for at in np.flatnonzero(used).tolist():
            made = RowGroup(self.outcome, self._codes == at).figure(name)
            part = (
                Share(0, 0)
                if made.value is None or not made.of
                else Share(round(made.value * made.of), made.of)
            )
            found.append(part)
        return found

    def marginal(self, attributes: Sequence[str]) -> "RowSample":
        """The same people over fewer attributes."""
        kept = {name: column for name, column in self._columns.items() if name in attributes}
        at = [self.attributes.index(name) for name in kept]
        silent = [tuple(stratum[i] for i in at) for stratum in self._silent]
        return RowSample(self.outcome, kept, self._n, silent)

    def evaluate(
        self,
        *,
        crossings: Sequence[Sequence[str]] = (),
        level: float = DEFAULT_LEVEL,
        limits: Sufficiency = DEFAULT_SUFFICIENCY,
    ) -> Evaluation:
        """Every figure of everybody, each group and each intersection."""
        checked_level(level)
        results = []
        for members in self.groups(crossings):
            group = self.of(members)
            figures = tuple(group.figure(name, limits, level) for name in self.outcome.names)
            results.append(GroupResult(members, group.n, group.events, figures, group.size.followed))
        return Evaluation(self._n, results[0].events, level, (), tuple(results))

    def _part(self, group: Group, *, others: bool) -> RowGroup:
        key = (group, others)
        if key not in self._made:
            chosen = self.inside(group)
            rows = (~chosen if others else chosen)[self._codes] if len(self.strata) else np.zeros(0, np.bool_)
            self._made[key] = RowGroup(self.outcome, rows)
        return self._made[key]


def base_name(metric: str) -> str:
    """`sensitivity` of `sensitivity:high`."""
    return metric.partition(":")[0]


def _log_odds(share: float) -> float:
    return math.log(share) - math.log1p(-share) if 0.0 < share < 1.0 else math.copysign(math.inf, share - 0.5)
