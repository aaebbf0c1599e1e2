"""FHIR dates and times as intervals of aware UTC datetimes.

A FHIR date may be partial ("2024", "2024-05", "2024-05-31"); it then stands for a whole year, month or day,
and comparing it must not pretend otherwise. Where such a day begins depends on where it was written down: in
the site's time zone, which the caller names.
"""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?\Z")
_WHOLE_DAY = len("2024-05-31")
_TICK = timedelta(milliseconds=1)
_UTC_NAME = "UTC"
_A_ZONE = "Europe/London"
# Files beside the zones: not in the IANA database by these names, or another thing on each machine.
_NO_ZONES = ("posix", "right", "localtime", "Factory")
EARLIEST = datetime.min.replace(tzinfo=UTC)


class DateError(ValueError):
    """A date that is no FHIR date; `code` is a key of `fhir_mapping.values.REASONS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class IndexTime(NamedTuple):
    """The moment that features are computed for; nothing in this room reads the clock.

    `today` is its day in `zone`, the time zone in which days without a time are meant.
    """

    moment: datetime
    today: date
    zone: tzinfo = UTC

    @classmethod
    def at(cls, moment: datetime, zone: tzinfo = UTC) -> "IndexTime":
        """Index time at an aware moment; raises ValueError for a naive one."""
        if moment.tzinfo is None:
            raise ValueError("index time must have a time zone")
        today = moment.astimezone(zone).date()
        return cls(moment.astimezone(UTC), today, zone)

    def back(self, seconds: float) -> datetime:
        """The moment this many seconds earlier; the beginning of time when that is before year 1."""
        try:
            return self.moment - timedelta(seconds=seconds)
        except OverflowError:
            return EARLIEST


@cache
def time_zone(name: str) -> tzinfo:
    """The time zone of an IANA name; raises ValueError that tells the remedy."""
    if name == _UTC_NAME:
        return UTC
    try:
        if name.startswith(_NO_ZONES):
            raise ValueError
        return ZoneInfo(name)
    except (LookupError, OSError, ValueError):  # unknown, a folder of zones, no name of a file
        raise ValueError(_no_zone()) from None


def _no_zone() -> str:
    try:
        ZoneInfo(_A_ZONE)
    except LookupError:
        return "cannot be used, for this system has no time zones; install its tzdata, or pip install tzdata"
    return "must be an IANA time zone such as Pacific/Auckland or America/New_York"


def bounds(text: str, zone: tzinfo) -> tuple[datetime, datetime]:
    """Earliest and latest moment that a FHIR date, dateTime or instant can mean.

    Days, months and years without a time are read in `zone`; a day is as long as it is there, 23 to 25 hours
    where clocks change. What has a time never depends on `zone`. A time without a zone is refused, as FHIR
    does: it could be off by a day, and nobody can tell which way. Raises DateError.
    """
    if len(text) > 10:
        moment = instant(text)
        return moment, moment
    match = _PARTIAL.match(text)
    if match is None:
        raise DateError("date-format")
    year, month, day = (int(part) if part else 0 for part in match.groups())
    try:
        start = date(year, month or 1, day or 1)
        if day:
            after = start + timedelta(days=1)
        else:
            after = date(year + month // 12, month % 12 + 1, 1) if month else date(year + 1, 1, 1)
    except (ValueError, OverflowError):
        raise DateError("date-format") from None
    return _midnight(start, zone), _midnight(after, zone) - _TICK


def _midnight(day: date, zone: tzinfo) -> datetime:
    """The beginning of a day in UTC; where clocks skip or repeat midnight, the first moment of the day."""
    begun = datetime(day.year, day.month, day.day, tzinfo=zone)
    if zone is UTC:
        return begun
    try:
        # Moments of one ZoneInfo would be compared by what their clocks show.
        return begun.astimezone(UTC)
    except OverflowError:  # the first day of year 1, east of Greenwich
        return EARLIEST


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
    return bounds(text, UTC)  # days of a calendar, which are compared with days


def _years(birth: date, today: date) -> int:
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
