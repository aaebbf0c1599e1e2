"""How many more people or events it takes: for the smallest sample that counts, for a claim, for a
precision."""

import math
from statistics import NormalDist

import msgspec

from fairness.errors import SampleError
from fairness.intervals import normal_quantile
from fairness.metric import DEFAULT_LEVEL, Sufficiency

POWER = 0.8
_NORMAL = NormalDist()
# Beyond this a number is no longer a plan.
_MOST = 10_000_000


class Needed(msgspec.Struct, frozen=True):
    """More people and more events in a group than there are now, and what for.

    `patients` is None when no number of people of this group alone would do.
    """

    patients: int | None
    events: int | None
    why: str


def to_count(n: int, events: int | None, limits: Sufficiency) -> Needed | None:
    """What a group lacks for its figures to count as evidence; None when it lacks nothing.

    Patients are those expected to bring the missing events or non-events at the group's present share of
    events; a group without either is asked for the smallest count times ten.
    """
    people = max(0, limits.min_n - n)
    if events is None:
        return Needed(people, None, "to reach the smallest group") if people else None
    more_events = max(0, limits.min_events - events)
    more_others = max(0, limits.min_events - (n - events))
    share = events / n if n else 0.0
    if more_events:
        people = max(people, math.ceil(more_events / share) if share else 10 * limits.min_events)
    if more_others:
        people = max(
            people, math.ceil(more_others / (1.0 - share)) if share < 1.0 else 10 * limits.min_events
        )
    if not people:
        return None
    return Needed(people, more_events, "to reach the smallest group that counts")


def to_decide(n: int, events: int | None, error: float, distance: float, alpha: float) -> Needed:
    """More people for a claim to be decided with a chance of 80 %, if the estimates stay as they are.

    `error`: present standard error; `distance` from the estimate to the limit that has to be excluded, on the
    same scale. The error shrinks with the square root of n.
    """
    reach = _NORMAL.inv_cdf(1.0 - alpha) + _NORMAL.inv_cdf(POWER)
    factor = (reach * error / distance) ** 2 if distance > 0.0 else math.inf
    return _scaled(n, events, factor, f"to decide with a chance of {POWER:.0%}")


def to_equivalence(
    n: int, events: int | None, error: float, other_error: float, margin: float, alpha: float
) -> Needed:
    """More people of the group for equivalence to be shown with a chance of 80 %, if there is no gap.

    `error` of the group and `other_error` of the others, whose number stays; when theirs alone is too large
    there is no number for the group.
    """
    reach = _NORMAL.inv_cdf(1.0 - alpha) + _NORMAL.inv_cdf(0.5 + POWER / 2.0)
    left = (margin / reach) ** 2 - other_error**2
    factor = error**2 / left if left > 0.0 else math.inf
    return _scaled(n, events, factor, f"to show equivalence with a chance of {POWER:.0%} if there is no gap")


def for_rate(share: float, half_width: float, level: float = DEFAULT_LEVEL) -> int:
    """People in the denominator for an interval of `share` ± `half_width` (normal approximation)."""
    _check_width(share, half_width)
    return math.ceil((normal_quantile(level) / half_width) ** 2 * share * (1.0 - share) - 1e-9)


def for_auroc(area: float, half_width: float, events_per_person: float, level: float = DEFAULT_LEVEL) -> int:
    """Events for an interval of `area` ± `half_width` at a prevalence in (0, 1).

    Variance of Hanley JA, McNeil BJ. Radiology 1982;143:29-36.
    """
    _check_width(area, half_width)
    if not 0.0 < events_per_person < 1.0:
        raise SampleError(f"events_per_person: {events_per_person} is not between 0 and 1")
    others_per_event = (1.0 - events_per_person) / events_per_person
    q1, q2 = area / (2.0 - area) - area**2, 2.0 * area**2 / (1.0 + area) - area**2
    target = (half_width / normal_quantile(level)) ** 2
    events = 1
    while True:
        others = events * others_per_event
        variance = (area * (1 - area) + (events - 1) * q1 + (others - 1) * q2) / (events * others)
        if variance <= target:
            return events
        events += 1


def for_o_e(factor: float, level: float = DEFAULT_LEVEL, prevalence: float = 0.0) -> int:
    """Events for an O/E of 1 with an interval from 1 / factor to factor.

    The variance of log(O/E) is `(1 - prevalence) / events`. Source: Riley RD et al. Stat Med
    2021;40:4230-4251.
    """
    if not (factor > 1.0 and 0.0 <= prevalence < 1.0):
        raise SampleError("for_o_e: needs a factor above 1 and a prevalence in [0, 1)")
    return math.ceil((1.0 - prevalence) * (normal_quantile(level) / math.log(factor)) ** 2)


def _scaled(n: int, events: int | None, factor: float, why: str) -> Needed:
    more = n * (max(factor, 1.0) - 1.0)
    if not math.isfinite(more) or more > _MOST:
        return Needed(None, None, f"no realistic number of people of this group is enough {why}")
    share = 0.0 if not n or events is None else events / n
    return Needed(math.ceil(more), None if events is None else math.ceil(more * share), why)


def _check_width(value: float, half_width: float) -> None:
    if not (0.0 < value < 1.0 and 0.0 < half_width < 1.0):
        raise SampleError("needs a value and a half width between 0 and 1")
