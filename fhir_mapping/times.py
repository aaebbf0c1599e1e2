"""FHIR dates and times as intervals of aware UTC datetimes.

A FHIR date may be partial ("2024", "2024-05"); it then stands for a whole year or month, and comparing it
must not pretend otherwise.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?\Z")
_WHOLE_DAY = len("2024-05-31")
_TICK = timedelta(milliseconds=1)
EARLIEST = datetime.min.replace(tzinfo=UTC)


class DateError(ValueError):
    """A date that is no FHIR date; `code` is a key of `fhir_mapping.values.REASONS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class IndexTime(NamedTuple):
    """The moment that features are computed for; nothing in this room reads the clock."""

    moment: datetime
    today: date

    @classmethod
    def at(cls, moment: datetime) -> "IndexTime":
        """Index time at an aware moment; raises ValueError for a naive one."""
        if moment.tzinfo is None:
            raise ValueError("index time must have a time zone")
        moment = moment.astimezone(UTC)
        return cls(moment, moment.date())

    def back(self, seconds: float) -> datetime:
        """The moment this many seconds earlier; the beginning of time when that is before year 1."""
        try:
            return self.moment - timedelta(seconds=seconds)
        except OverflowError:
            return EARLIEST


def bounds(text: str) -> tuple[datetime, datetime]:
    """Earliest and latest moment that a FHIR date, dateTime or instant can mean.

    Days, months and years without a time are read in UTC. A time without a zone is refused, as FHIR does: it
    could be off by a day, and nobody can tell which way. Raises DateError.
    """
    if len(text) > 10:
        moment = instant(text)
        return moment, moment
    match = _PARTIAL.match(text)
    if match is None:
        raise DateError("date-format")
    year, month, day = (int(part) if part else 0 for part in match.groups())
    try:
        start = datetime(year, month or 1, day or 1, tzinfo=UTC)
        if day:
            return start, start + timedelta(days=1) - _TICK
        if month:
            return start, datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC) - _TICK
        return start, datetime(year + 1, 1, 1, tzinfo=UTC) - _TICK
    except (ValueError, OverflowError):
        raise DateError("date-format") from None


def instant(text: str) -> datetime:
    """A full FHIR dateTime as an aware datetime; raises DateError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise DateError("date-format") from None
    if moment.tzinfo is None:
        raise DateError("date-without-zone")
    return moment


def completed_years(birth: str, today: date) -> int | None:
    """Completed years from a FHIR birth date to a day.

    None when the birth date is partial and both ages are possible, so that no age is guessed.
    Raises DateError on text that is no date, and on a birth date after that day.
    """
    first, last = _days(birth)
    oldest, youngest = _years(first, today), _years(last, today)
    if oldest < 0:
        raise DateError("date-in-future")
    return oldest if oldest == youngest else None


def _days(text: str) -> tuple[date, date]:
    """First and last day that a FHIR date can mean; raises DateError."""
    if len(text) == _WHOLE_DAY and text[4] == text[7] == "-":
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise DateError("date-format") from None
        return day, day
    return bounds(text)


def _years(birth: date, today: date) -> int:
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
