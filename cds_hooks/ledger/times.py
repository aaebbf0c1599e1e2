"""The one way in which the ledger writes a moment: UTC, ISO-8601, milliseconds, `2026-03-01T09:30:00.250Z`.

Text of one fixed width sorts by time in every database and needs no driver-specific date type.
"""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["UTC_TEXT_LENGTH", "utc_text"]

UTC_TEXT_LENGTH = 24


def utc_text(moment: datetime, field: str) -> str:
    """Return `moment` in UTC as 24 characters; digits below the millisecond are cut off, never rounded up.

    Raises ValueError, naming `field` but not the value, for a datetime without a zone and for one that has
    no UTC equivalent between the years 1 and 9999.
    """
    if moment.utcoffset() is None:
        raise ValueError(f"{field} must carry a time zone")
    try:
        in_utc = moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{field} lies outside the calendar when told in UTC") from None
    return in_utc.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
