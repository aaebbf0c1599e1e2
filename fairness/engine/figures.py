"""Results of the engine: a figure about a group, all figures of a group, all groups."""

from typing import NamedTuple

import msgspec

from fairness.engine.strata import attribute_name, value_name
from fairness.groups import Membership
from fairness.metric import DEFAULT_SUFFICIENCY, Interval, Metric, Sufficiency


class Figure(Metric, frozen=True):
    """A metric and what it rests on.

    `of`: the people in its denominator, such as the events of a sensitivity; None for a metric of everybody
    in the group. `error`: the value lies within this of the value computed from single rows (not 0 only for
    figures read from the score histogram). `method`: how the interval was made.
    """

    of: int | None = None
    error: float = 0.0
    method: str | None = None


class Size(NamedTuple):
    """How many people a group has; `events` is None where the outcome has no events.

    `followed`: those of whom it is known that they had no event; None where that is everybody else.
    """

    n: int
    events: int | None = None
    followed: int | None = None


class GroupResult(msgspec.Struct, frozen=True):
    """All figures of one group; `members` is empty for everybody and has several entries for an
    intersection. `followed` as in `Size`."""

    members: tuple[Membership, ...]
    n: int
    events: int | None
    metrics: tuple[Figure, ...]
    followed: int | None = None

    @property
    def attribute(self) -> str:
        """`overall`, `sex`, `sex × race`."""
        return attribute_name(self.members)

    @property
    def value(self) -> str:
        """`all`, `female`, `female × asian`."""
        return value_name(self.members)

    def metric(self, name: str, threshold: float | None = None) -> Figure:
        """The figure of that name and threshold.

        Raises `KeyError` when there is none.
        """
        for figure in self.metrics:
            if figure.name == name and figure.threshold == threshold:
                return figure
        raise KeyError((name, threshold))


class Evaluation(msgspec.Struct, frozen=True):
    """Every group of a tally; the first is everybody."""

    n: int
    events: int | None
    level: float
    thresholds: tuple[float, ...]
    groups: tuple[GroupResult, ...]

    def group(self, attribute: str, value: str) -> GroupResult:
        """The result of a group by its names.

        Raises `KeyError` when there is none.
        """
        for result in self.groups:
            if (result.attribute, result.value) == (attribute, value):
                return result
        raise KeyError((attribute, value))


class Basis(NamedTuple):
    """What every figure of one group is made with."""

    size: Size
    limits: Sufficiency = DEFAULT_SUFFICIENCY
    level: float = 0.95
    threshold: float | None = None


def figure(
    name: str,
    basis: Basis,
    value: float,
    interval: Interval | None,
    method: str | None,
    *,
    of: int | None = None,
    error: float = 0.0,
    no_interval: str | None = None,
) -> Figure:
    """A figure with a value: `ok`, or `insufficient` when the group is smaller than the limits ask for.

    People, events and non-events are counted in the whole group, as elsewhere in this room, and `of` once
    more against the smallest number of people. `no_interval` says why there is none.
    """
    short = shortfall(basis.size, basis.limits, of)
    why = "; ".join(reason for reason in (short, no_interval) if reason) or None
    low, high = (None, None) if interval is None else (float(interval.low), float(interval.high))
    return Figure(
        name,
        float(value),
        low,
        high,
        "insufficient" if short else "ok",
        why,
        basis.threshold,
        of,
        error,
        method,
    )


def no_figure(name: str, basis: Basis, why: str) -> Figure:
    """A figure whose formula has no value for the group."""
    return Figure(name, None, None, None, "undefined", why, basis.threshold)


def shortfall(size: Size, limits: Sufficiency, of: int | None = None) -> str | None:
    """What a group lacks, in words; None when it lacks nothing."""
    counts = [("people", size.n, limits.min_n)]
    if size.events is not None:
        counts += [
            ("events", size.events, limits.min_events),
            ("non-events", size.n - size.events, limits.min_events),
        ]
    if of is not None:
        counts.append(("people in the denominator", of, limits.min_events))
    short = [f"{count} {noun}, fewer than {least}" for noun, count, least in counts if count < least]
    short += [told for told in [lost(size.followed, limits)] if told]
    return "; ".join(short) or None


def lost(followed: int | None, limits: Sufficiency) -> str | None:
    """That too few people are known to be without the event, without the number of them; else None."""
    if followed is None or followed >= limits.min_events:
        return None
    return f"fewer than {limits.min_events} people followed up beyond the horizon without the event"
