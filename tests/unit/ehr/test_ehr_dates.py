"""FHIR dates as ranges, compared as a search compares them."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_hooks.ehr.dates import PREFIXES, DateRange, parse_date, range_of

# Few years, so that drawn dates often overlap.
YEARS = st.integers(2019, 2023)
DAYS = st.dates(date(2019, 1, 1), date(2023, 12, 31))
PARTIAL = st.one_of(
    YEARS.map(str), st.tuples(YEARS, st.integers(1, 12)).map("{0[0]}-{0[1]:02}".format), DAYS.map(str)
)


def days_of(text: str) -> set[int]:
    """Name each day of a partial date, by counting on the calendar."""
    parts = [int(part) for part in text.split("-")]
    months = parts[1:2] or range(1, 13)
    return {
        date(parts[0], month, day).toordinal()
        for month in months
        for day in parts[2:] or range(1, calendar.monthrange(parts[0], month)[1] + 1)
    }


def compare(prefix: str, found: str, wanted: str) -> bool:
    ranges = parse_date(found), parse_date(wanted)
    assert ranges[0] is not None
    assert ranges[1] is not None
    return PREFIXES[prefix](ranges[0], ranges[1])


@given(PARTIAL, PARTIAL)
def test_comparisons_agree_with_sets_of_days(found: str, wanted: str) -> None:
    """Each prefix means what FHIR says of the ranges, here taken as sets of calendar days."""
    has, asked = days_of(found), days_of(wanted)
    above, below, within = max(has) > max(asked), min(has) < min(asked), has <= asked
    expected = {"eq": within, "gt": above, "lt": below, "ge": above or within, "le": below or within}
    assert {prefix: compare(prefix, found, wanted) for prefix in PREFIXES} == expected


@given(PARTIAL, PARTIAL)
def test_every_pair_is_ordered_somehow(found: str, wanted: str) -> None:
    """No element falls through: it is at least one of lt, gt or eq."""
    assert any(compare(prefix, found, wanted) for prefix in ("lt", "gt", "eq"))


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_zone_moves_the_moment(moment: datetime, minutes: int) -> None:
    """A dateTime with a zone is the moment that Python's own parser gives."""
    zone = timezone(timedelta(minutes=minutes))
    text = moment.replace(microsecond=0, tzinfo=UTC).astimezone(zone).isoformat()
    found = parse_date(text)
    assert found is not None
    assert found.low == datetime.fromisoformat(text)
    assert found.high - found.low == timedelta(seconds=1)


@given(st.text(max_size=30))
def test_any_text_is_read_or_not_a_date(text: str) -> None:
    """No text raises: it gives a range that is not empty, or None."""
    found = parse_date(text)
    assert found is None or found.low < found.high


@given(st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", fullmatch=True))
def test_any_date_shaped_text_is_read_or_not_a_date(text: str) -> None:
    """Impossible months, hours and zones, and the ends of the calendar, never raise."""
    found = parse_date(text)
    assert found is None or found.low < found.high


def test_year_of_element_reaches_past_a_day_in_it() -> None:
    """An observation dated 2024 may be after May 1st, so ge2024-05-01 finds it."""
    assert compare("ge", "2024", "2024-05-01")


def test_year_is_not_equal_to_a_day_in_it() -> None:
    """An observation dated 2024 is not known to be of May 1st, so eq does not find it."""
    assert not compare("eq", "2024", "2024-05-01")


@pytest.mark.parametrize(
    "text", ["2024-13", "2024-02-30", "2024-1-1", "0000", "24", "2024-01-01T25:00", "", "٢٠٢٤"]
)
def test_impossible_date_is_none(text: str) -> None:
    """What is no FHIR date has no range."""
    assert parse_date(text) is None


def test_last_year_of_the_calendar_has_an_end() -> None:
    """Year 9999, which systems use for `for ever`, does not overflow."""
    assert parse_date("9999") == DateRange(datetime(9999, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


def test_leap_second_is_read() -> None:
    """The second 60, which FHIR allows, is read as the one before."""
    found = parse_date("2016-12-31T23:59:60Z")
    assert found is not None
    assert found.low == datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_period_without_end_goes_on() -> None:
    """A Period without an end is after every date."""
    found = range_of({"start": "2020-01-01"})
    wanted = parse_date("2030")
    assert found is not None
    assert wanted is not None
    assert PREFIXES["gt"](found, wanted)


def test_period_includes_its_last_day() -> None:
    """A Period's end is as long as its precision: the whole day, the whole month."""
    assert range_of({"start": "2020-01", "end": "2020-02"}) == DateRange(
        datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 3, 1, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    "element",
    [None, 5, {}, {"start": "soon"}, {"start": "2020", "end": "x"}, {"start": "2021", "end": "2019"}],
)
def test_unreadable_element_has_no_range(element: object) -> None:
    """What is no date and no sensible Period has no range."""
    assert range_of(element) is None
