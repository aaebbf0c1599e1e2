"""FHIR dates as intervals, and completed years."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_mapping.times import DateError, IndexTime, bounds, completed_years

DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 12, 31))


def moment(*parts: int) -> datetime:
    """A moment in UTC."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]  # tzinfo is not among the parts


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024", moment(2024, 1, 1), moment(2025, 1, 1)),
        ("2024-02", moment(2024, 2, 1), moment(2024, 3, 1)),
        ("2024-12", moment(2024, 12, 1), moment(2025, 1, 1)),
        ("2024-02-29", moment(2024, 2, 29), moment(2024, 3, 1)),
    ],
)
def test_partial_date_spans_its_whole_period(text: str, first: datetime, last: datetime) -> None:
    """A year, month or day means every moment in it, up to just before the next one."""
    found = bounds(text, UTC)
    assert found[0] == first
    assert timedelta(0) < last - found[1] < timedelta(seconds=1)


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-01T10:00:00Z",
        "2024-05-01T12:00:00+02:00",
        "2024-04-30T23:30:00-10:30",
        "2024-05-01T10:00:00.000Z",
    ],
)
def test_zones_are_one_moment(text: str) -> None:
    """The same moment told in different zones gives the same bounds, both of them that moment."""
    assert bounds(text, UTC) == (moment(2024, 5, 1, 10), moment(2024, 5, 1, 10))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2024-05-01T10:00:00", "date-without-zone"),
        ("2023-02-29", "date-format"),
        ("2024-13", "date-format"),
        ("2024-05-01T24:00:00Z", "date-format"),
        ("2024-05-01T25:00:00Z", "date-format"),
        ("0000", "date-format"),
        ("01.05.2024", "date-format"),
        ("24-05-01", "date-format"),
        ("yesterday in the evening", "date-format"),
        ("2024-05-01\n", "date-format"),
        ("", "date-format"),
    ],
)
def test_what_is_no_fhir_date_has_a_reason(text: str, code: str) -> None:
    """Impossible days, hour 24, other notations and times without a zone are refused with a stable code."""
    with pytest.raises(DateError) as refused:
        bounds(text, UTC)
    assert refused.value.code == code


@pytest.mark.parametrize("text", ["9998", "9998-12", "9998-12-31", "9999-12-30", "9999-11"])
def test_far_future_has_bounds(text: str) -> None:
    """Dates before the last representable day are read like any other."""
    first, last = bounds(text, UTC)
    assert first <= last


@pytest.mark.parametrize("text", ["9999", "9999-12", "9999-12-31"])
def test_end_of_the_calendar_is_refused_not_crashed(text: str) -> None:
    """The last day of the year 9999 has no following day to end at, and is refused as a date."""
    with pytest.raises(DateError):
        bounds(text, UTC)


FRAGMENTS = st.from_regex(
    r"[0-9]{1,5}(-[0-9]{1,2}){0,2}"
    r"([T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?",
    fullmatch=True,
)


@given(
    st.one_of(
        st.text(max_size=40), FRAGMENTS, DAYS.map(str), st.datetimes().map(lambda d: d.isoformat() + "Z")
    )
)
@settings(deadline=None)
def test_any_text_has_ordered_bounds_or_a_date_error(text: str) -> None:
    """Whatever a client sends as a date gives first <= last, or DateError and nothing else."""
    code = ""
    try:
        first, last = bounds(text, UTC)
    except DateError as error:
        code = error.code
    else:
        assert first <= last
    assert code in {"", "date-format", "date-without-zone"}


@pytest.mark.parametrize(
    ("birth", "today", "years"),
    [
        ("1968-04-02", date(2026, 4, 1), 57),
        ("1968-04-02", date(2026, 4, 2), 58),
        ("2000-02-29", date(2026, 2, 28), 25),
        ("2000-02-29", date(2026, 3, 1), 26),
        ("2026-06-01", date(2026, 6, 1), 0),
        ("1968", date(2026, 12, 31), 58),
        ("1968-04", date(2026, 5, 1), 58),
        ("1968-04", date(2026, 3, 31), 57),
    ],
)
def test_completed_years_change_on_the_birthday(birth: str, today: date, years: int) -> None:
    """A year is completed on the birthday itself, on March 1 for one born on February 29."""
    assert completed_years(birth, today) == years


@pytest.mark.parametrize(("birth", "today"), [("1968", date(2026, 6, 1)), ("1968-04", date(2026, 4, 15))])
def test_partial_birth_date_with_two_ages_gives_none(birth: str, today: date) -> None:
    """An age is not guessed where a birth date without a day allows two."""
    assert completed_years(birth, today) is None


def test_birth_in_the_future_is_a_date_error() -> None:
    """Nobody is born after the index date."""
    with pytest.raises(DateError) as refused:
        completed_years("2030-01-01", date(2026, 6, 1))
    assert refused.value.code == "date-in-future"


@given(DAYS, st.integers(min_value=0, max_value=60_000))
@settings(deadline=None)
def test_completed_years_agree_with_counting_birthdays(birth: date, days: int) -> None:
    """Completed years are the number of birthdays that have come (March 1 stands in for February 29)."""
    today = birth + timedelta(days=days)

    def birthday(year: int) -> date:
        leap = birth.month == 2 and birth.day == 29
        return (
            date(year, 3, 1)
            if leap and (year % 4 or year % 100 == 0 != year % 400)
            else birth.replace(year=year)
        )

    seen = sum(birthday(year) <= today for year in range(birth.year + 1, today.year + 1))
    assert completed_years(birth.isoformat(), today) == seen


def test_index_time_needs_a_zone() -> None:
    """A naive index time is refused, since it could be the day before or after."""
    with pytest.raises(ValueError, match="time zone"):
        IndexTime.at(datetime(2026, 6, 1))


def test_window_longer_than_the_calendar_reaches_its_beginning() -> None:
    """Looking back over more years than there are ends at year 1 and does not overflow."""
    assert IndexTime.at(datetime(2026, 6, 1, tzinfo=UTC)).back(1e12).year == 1
