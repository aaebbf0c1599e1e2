"""Many small groups beside each other: the raw figure of each, and what it becomes when all are seen
together."""

import math
from collections.abc import Callable

import msgspec

from fairness.engine.estimates import Pair, estimate_of, normal_scale
from fairness.engine.rates import Share
from fairness.engine.strata import attribute_name, value_name
from fairness.engine.tally import Tally
from fairness.errors import FitError
from fairness.groups import Membership
from fairness.metric import DEFAULT_LEVEL
from fairness.verdicts.drafts import groups_of_claim
from fairness.verdicts.shrinkage import log_odds, shrink


class ShrunkFigure(msgspec.Struct, frozen=True):
    """`raw` is the group's own figure; `value`, `low` and `high` are drawn towards all groups of the
    attributes.

    `weight` in [0, 1] is what the group's own data count for. All but `members` and `n` are None where the
    figure is undefined, with `why`.
    """

    members: tuple[Membership, ...]
    n: int
    raw: float | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    weight: float | None = None
    why: str | None = None

    @property
    def attribute(self) -> str:
        """`sex × race`."""
        return attribute_name(self.members)

    @property
    def group(self) -> str:
        """`female × asian`."""
        return value_name(self.members)


def shrunken(
    tally: Tally,
    metric: str,
    attributes: tuple[str, ...],
    *,
    threshold: float | None = None,
    level: float = DEFAULT_LEVEL,
) -> tuple[ShrunkFigure, ...]:
    """A metric of every group of the attributes (two or more: of their intersections), raw and shrunken.

    Shares and areas are shrunken on the log odds scale, O/E on the log scale, other metrics as they are; see
    `shrink`. With fewer than two groups that have a figure nothing is shrunken. Raises `SampleError` for a
    metric without a comparison or a threshold that is not an edge, and `GroupError` for an attribute that was
    not tallied.
    """
    back = _back(metric)
    found: list[ShrunkFigure] = []
    scaled: dict[int, tuple[float, float]] = {}
    for at, members in enumerate(groups_of_claim(tally, attributes, ())):
        group = tally.of(members)
        try:
            estimate = estimate_of(group, Pair(group, group, metric, threshold))
        except FitError as error:
            found.append(ShrunkFigure(members, group.n, why=str(error)))
            continue
        if isinstance(estimate, Share):
            raw, scaled[at] = estimate.hits / estimate.of, log_odds(*estimate)
        else:
            pivot = normal_scale(metric, estimate)
            raw, scaled[at] = back(pivot.value), (pivot.value, pivot.error)
        found.append(ShrunkFigure(members, group.n, raw))
    if len(scaled) < 2:
        return tuple(found)
    together = shrink(*zip(*scaled.values(), strict=True), level=level)
    for at, group_result in zip(scaled, together.groups, strict=True):
        low, high = (back(limit) for limit in group_result.interval)
        found[at] = msgspec.structs.replace(
            found[at], value=back(group_result.value), low=low, high=high, weight=group_result.weight
        )
    return tuple(found)


def _back(metric: str) -> Callable[[float], float]:
    if metric == "o_e":
        return math.exp
    if metric in ("brier", "calibration_intercept", "calibration_slope", "net_benefit"):
        return float
    return lambda value: 0.5 * (1.0 + math.tanh(value / 2.0))
