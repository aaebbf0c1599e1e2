"""The time side of a feature: which dates count at an index time, and in which order."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from fhir_mapping.resources import Resource
from fhir_mapping.times import DateError, IndexTime, bounds

_DAY = len("2026-01-31")


def placed(text: str | None, index: IndexTime, earliest: datetime) -> tuple[datetime | None, str | None]:
    """Sort key of a FHIR date inside [earliest, index time], or None and the reason why it does not count.

    A partial date counts when any of its days lies in the window and none after the index time; it sorts by
    its earliest day, so that a known day beats the month that holds it. A day counts from its first moment.
    Reasons: date-partial, date-missing, date-format, date-without-zone,
    after-index-time, stale.
    """
    if text is None:
        return None, "date-missing"
    try:
        first, last = bounds(text, index.zone)
    except DateError as error:
        return None, error.code
    if first > index.moment:
        return None, "after-index-time"
    if last > index.moment and len(text) < _DAY:
        return None, "date-partial"
    if last < earliest:
        return None, "stale"
    return first, None


def alike(dated: Sequence[tuple[str | None, int]]) -> bool:
    """Whether date texts are full dateTimes of one shape and one zone, so that their text order is their
    time order."""
    first = dated[0][0]
    if first is None or len(first) < 20:
        return False
    length, zone = len(first), first[19:]
    return all(text is not None and len(text) == length and text[19:] == zone for text, _ in dated)


def by_age(
    dated: list[tuple[str | None, int]],
    index: IndexTime,
    earliest: datetime,
    resources: Sequence[Resource],
    oldest_first: bool,
) -> Iterator[tuple[int, str | None]]:
    """Positions in order of time with the reason why a date does not count (None: it counts).

    Newest first unless `oldest_first`; equal times in descending (ascending) order of resource id, so that
    the order never depends on the order of the payload. What does not count may come last. Dates of one
    shape are parsed only as far as the caller walks.
    """
    if alike(dated):
        dated.sort(key=lambda one: (one[0], resources[one[1]].id or ""), reverse=not oldest_first)
        for text, at in dated:
            yield at, placed(text, index, earliest)[1]
        return
    keyed: list[tuple[datetime, str, int]] = []
    refused: list[tuple[int, str | None]] = []
    for text, at in dated:
        when, reason = placed(text, index, earliest)
        if when is None:
            refused.append((at, reason))
        else:
            keyed.append((when, resources[at].id or "", at))
    keyed.sort(reverse=not oldest_first)
    for _, _, at in keyed:
        yield at, None
    yield from refused
