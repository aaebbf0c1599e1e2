"""How the ledger writes a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_hooks.ledger.times import UTC_TEXT_LENGTH, utc_text

zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=zones)


def test_a_moment_is_told_in_utc_with_milliseconds() -> None:
    """A local time with an offset becomes UTC text with three decimals and a Z."""
    moment = datetime(2026, 3, 1, 9, 30, 0, 250_999, tzinfo=timezone(timedelta(hours=2)))
    assert utc_text(moment, "received_at") == "2026-03-01T07:30:00.250Z"


@given(moments)
def test_the_text_names_the_same_millisecond(moment: datetime) -> None:
    """Reading the text back gives the moment cut to its millisecond."""
    read = datetime.fromisoformat(utc_text(moment, "received_at"))
    assert timedelta(0) <= moment - read < timedelta(milliseconds=1)


@given(moments, moments)
def test_texts_sort_by_time(one: datetime, other: datetime) -> None:
    """Texts of one width compare as the moments do, so the database can sort and cut by them."""
    first, second = utc_text(one, "t"), utc_text(other, "t")
    assert len(first) == len(second) == UTC_TEXT_LENGTH
    assert first <= second if one <= other else first >= second


def test_a_naive_datetime_is_refused() -> None:
    """A datetime without a zone raises ValueError that names the field."""
    with pytest.raises(ValueError, match="received_at must carry a time zone"):
        utc_text(datetime(2026, 3, 1), "received_at")


def test_a_moment_beyond_the_calendar_is_refused() -> None:
    """A client's timestamp that has no UTC equivalent raises ValueError, not OverflowError."""
    with pytest.raises(ValueError, match="outside the calendar"):
        utc_text(datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))), "outcome_timestamp")


def test_utc_itself_is_unchanged() -> None:
    """A moment given in UTC keeps its clock."""
    assert utc_text(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "t") == "2026-01-02T03:04:05.000Z"
