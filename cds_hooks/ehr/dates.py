"""FHIR dates as ranges of time, and how a search compares them.

A date of FHIR is as long as its precision: 2024 is a year, 2024-05 a month. A search compares the range of
its own value with the range of the element (FHIR R4, Search, section 3.1.1.4.8 "date").
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

__all__ = ["PREFIXES", "DateRange", "parse_date", "range_of"]

_FORM = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2})"
    r"(?:T(?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d+))?)?"
    r"(?P<zone>Z|[+-]\d{2}:\d{2})?)?)?)?",
    re.ASCII,
)
_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


class DateRange(NamedTuple):
    """A half-open range of time in UTC: `low` belongs to it, `high` does not."""

    low: datetime
    high: datetime

    def contains(self, other: DateRange) -> bool:
        """Say whether the other range lies wholly within this one."""
        return self.low <= other.low and other.high <= self.high


PREFIXES: dict[str, Callable[[DateRange, DateRange], bool]] = {
    "eq": lambda found, wanted: wanted.contains(found),
    "gt": lambda found, wanted: found.high > wanted.high,
    "lt": lambda found, wanted: found.low < wanted.low,
    "ge": lambda found, wanted: found.high > wanted.high or wanted.contains(found),
    "le": lambda found, wanted: found.low < wanted.low or wanted.contains(found),
}
"""Comparisons by prefix; each takes the element's range, then the range of the search value."""


def parse_date(text: str) -> DateRange | None:
    """Return the range of a FHIR date, dateTime or instant; None when it is no valid one.

    A value without a time zone counts as UTC, so both sides of a comparison are read alike.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        return None
    try:
        low = _start(form)
        return DateRange(low, _end(low, form))
    except (ValueError, OverflowError):
        return None


def range_of(element: Any) -> DateRange | None:
    """Return the range of a date-like element: a string, or a Period, whose open end is unbounded.

    None when the element has no date that can be read.
    """
    if isinstance(element, str):
        return parse_date(element)
    if not isinstance(element, dict) or not (element.get("start") or element.get("end")):
        return None
    start, end = (_bound(element.get(side)) for side in ("start", "end"))
    if (element.get("start") and start is None) or (element.get("end") and end is None):
        return None
    found = DateRange(start.low if start else _FIRST, end.high if end else _LAST)
    return found if found.low < found.high else None


def _bound(text: Any) -> DateRange | None:
    return parse_date(text) if isinstance(text, str) else None


def _start(form: re.Match[str]) -> datetime:
    part = form.groupdict()
    microseconds = int((part["fraction"] or "")[:6].ljust(6, "0"))
    # A leap second has no place in Python's clock; it is read as the second before it.
    second = 59 if part["second"] == "60" else int(part["second"] or 0)
    local = datetime(
        int(part["year"]), int(part["month"] or 1), int(part["day"] or 1),
        int(part["hour"] or 0), int(part["minute"] or 0), second, microseconds, tzinfo=UTC,
    )  # fmt: skip
    return local - _offset(part["zone"])


def _offset(zone: str | None) -> timedelta:
    if zone is None or zone == "Z":
        return timedelta()
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 14 or minutes > 59:
        raise ValueError("no such time zone")
    offset = timedelta(hours=hours, minutes=minutes)
    return -offset if zone[0] == "-" else offset


def _end(low: datetime, form: re.Match[str]) -> datetime:
    """Return the first moment after a value that starts at `low`, by its precision."""
    part = form.groupdict()
    if part["month"] is None:
        return _LAST if low.year == _LAST.year else low.replace(year=low.year + 1)
    if part["day"] is None:
        following = low.replace(day=28) + timedelta(days=4) if (low.year, low.month) != (9999, 12) else None
        return following.replace(day=1) if following else _LAST
    length = _length(part)
    return _LAST if _LAST - low < length else low + length


def _length(part: dict[str, str | None]) -> timedelta:
    if part["hour"] is None:
        return timedelta(days=1)
    if part["second"] is None:
        return timedelta(minutes=1)
    digits = min(len(part["fraction"] or ""), 6)
    return timedelta(microseconds=10 ** (6 - digits))
