"""FHIR dates and times as intervals of UTC seconds.

A FHIR date may be partial ("2024", "2024-05"); it then stands for a whole year or month, and comparing it must
not pretend otherwise. Every date becomes (earliest, latest) in seconds since the epoch.
"""

import re
from datetime import UTC, date, datetime

DAY = 86_400.0

_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?\Z")


class DateError(ValueError):
    """A date that is no FHIR date; `code` is `date-format` or `date-without-zone`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def bounds(text: str) -> tuple[float, float]:
    """Earliest and latest instant that a FHIR date, dateTime or instant can mean, in UTC seconds.

    Days, months and years without a time are read in UTC. A time without a zone is refused, as FHIR does: it
    could be off by a day, and nobody can tell which way. Raises DateError.
    """
    if len(text) > 10:
        return _instant(text)
    match = _PARTIAL.match(text)
    if match is None:
        raise DateError("date-format")
    year, month, day = (int(part) if part else 0 for part in match.groups())
    try:
        start = date(year, month or 1, day or 1)
        if day:
            end = start.toordinal() + 1
        elif month:
            end = (date(year + month // 12, month % 12 + 1, 1)).toordinal()
        else:
            end = date(year + 1, 1, 1).toordinal()
    except ValueError:
        raise DateError("date-format") from None
    epoch = 719_163  # date(1970, 1, 1).toordinal()
    return (start.toordinal() - epoch) * DAY, (end - epoch) * DAY - 1e-3


def _instant(text: str) -> tuple[float, float]:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise DateError("date-format") from None
    if moment.tzinfo is None:
        raise DateError("date-without-zone")
    seconds = moment.timestamp()
    return seconds, seconds


def completed_years(birth: str, index: datetime) -> int | None:
    """Completed years from a FHIR birth date to the index time (read as a UTC date).

    None when the birth date is partial and both ages are possible, so that no age is guessed.
    Raises DateError on text that is no date, and on a birth date after the index time.
    """
    first, last = bounds(birth)
    today = index.astimezone(UTC).date()
    oldest = _years(datetime.fromtimestamp(first, UTC).date(), today)
    youngest = _years(datetime.fromtimestamp(last, UTC).date(), today)
    if oldest < 0:
        raise DateError("date-in-future")
    return oldest if oldest == youngest else None


def _years(birth: date, today: date) -> int:
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
