"""Days without a time, read where the site is: east and west of Greenwich, and where clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapping_samples import METFORMIN, RXNORM, bundle, concept, feature, features, observation, patient

from fhir_mapping.person import demographics
from fhir_mapping.record import PatientRecord
from fhir_mapping.times import IndexTime, bounds, time_zone
from fhir_mapping.values import FeatureValue

AUCKLAND, NEW_YORK, UTC_NAME = "Pacific/Auckland", "America/New_York", "UTC"
ZONES = (AUCKLAND, NEW_YORK, UTC_NAME, "Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati")
TODAY = date(2026, 11, 29)


def read(spec: dict[str, Any], zone: str, at: datetime, *resources: Any) -> FeatureValue:
    """The value of a feature at a site."""
    record = PatientRecord.of_bundle(bundle(patient(), *resources), zone=time_zone(zone))
    return features(spec).extract(record, at)["f"]


def local(zone: str, hour: int, day: date = TODAY) -> datetime:
    """An hour of a day at a site."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=time_zone(zone))


@pytest.mark.parametrize(
    ("zone", "text", "first", "hours"),
    [
        ("UTC", "2026-11-29", "2026-11-29T00:00Z", 24),
        (AUCKLAND, "2026-11-29", "2026-11-28T11:00Z", 24),
        (NEW_YORK, "2026-11-29", "2026-11-29T05:00Z", 24),
        (AUCKLAND, "2026-09-27", "2026-09-26T12:00Z", 23),
        (AUCKLAND, "2026-04-05", "2026-04-04T11:00Z", 25),
        (NEW_YORK, "2026-03-08", "2026-03-08T05:00Z", 23),
        (NEW_YORK, "2026-11-01", "2026-11-01T04:00Z", 25),
        (NEW_YORK, "2026-03", "2026-03-01T05:00Z", 31 * 24 - 1),
        (AUCKLAND, "2026", "2025-12-31T11:00Z", 365 * 24),
        # Clocks went from 24:00 to 01:00: the day has no midnight and began with 01:00.
        ("Asia/Beirut", "2026-03-29", "2026-03-28T22:00Z", 23),
        # Clocks go from 01:00 to 00:00: the day begins with the first of its two midnights.
        ("America/Havana", "2026-11-01", "2026-11-01T04:00Z", 25),
    ],
)
def test_a_day_is_as_long_as_it_is_there(zone: str, text: str, first: str, hours: int) -> None:
    """Days, months and years begin at the site's midnight and end with the next; clocks change in them."""
    begun, ended = bounds(text, time_zone(zone))
    assert begun == datetime.fromisoformat(first)
    assert ended == begun + timedelta(hours=hours, milliseconds=-1)
    assert (begun.tzinfo, ended.tzinfo) == (UTC, UTC)


@given(st.dates(date(1970, 1, 1), date(2037, 12, 30)), st.sampled_from(ZONES))
def test_days_follow_each_other_without_a_gap(day: date, zone: str) -> None:
    """A day ends a millisecond before the next begins, whatever the clocks do."""
    (_, ended), (begun, _) = (
        bounds(one.isoformat(), time_zone(zone)) for one in (day, day + timedelta(days=1))
    )
    assert begun - ended == timedelta(milliseconds=1)


def test_the_first_day_of_the_calendar_has_bounds_in_the_east() -> None:
    """What would begin before year 1 in UTC begins with the calendar."""
    first, last = bounds("0001-01-01", time_zone(AUCKLAND))
    assert first < last


class _Unasked(tzinfo):
    """A time zone that may not be looked at."""

    def utcoffset(self, dt: datetime | None) -> timedelta:
        raise AssertionError

    def dst(self, dt: datetime | None) -> timedelta:
        raise AssertionError

    def tzname(self, dt: datetime | None) -> str:
        raise AssertionError


def test_what_has_a_time_never_depends_on_the_site() -> None:
    """A full dateTime is read without a look at the zone."""
    first, last = bounds("2026-11-29T09:00:00+13:00", _Unasked())
    assert first == last == datetime(2026, 11, 28, 20, tzinfo=UTC)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("hour", [0, 9, 23])
def test_what_is_dated_today_is_known_today(zone: str, hour: int) -> None:
    """At every hour of a site's day a result of that day counts, and one of the next day does not."""
    now = local(zone, hour)
    assert read(feature(), zone, now, observation(70, TODAY.isoformat())).value == 70
    tomorrow = (TODAY + timedelta(days=1)).isoformat()
    assert read(feature(), zone, now, observation(70, tomorrow)).reason == "after-index-time"


def test_in_utc_the_morning_of_auckland_is_yesterday() -> None:
    """Without the site's zone a result of today is taken for one of the future there: so the zone is set."""
    now = local(AUCKLAND, 9)
    assert read(feature(), UTC_NAME, now, observation(70, TODAY.isoformat())).reason == "after-index-time"


@pytest.mark.parametrize(("zone", "hour"), [(AUCKLAND, 9), (NEW_YORK, 21), (UTC_NAME, 12)])
@pytest.mark.parametrize("kind", ["observation", "medication"])
def test_days_since_are_days_of_the_site(zone: str, hour: int, kind: str) -> None:
    """What is dated yesterday was one day ago, in the evening of New York and the morning of Auckland too."""
    yesterday = (TODAY - timedelta(days=1)).isoformat()
    order = {
        "resourceType": "MedicationRequest",
        "id": "m1",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/p1"},
        "medicationCodeableConcept": concept(METFORMIN, RXNORM),
        "authoredOn": yesterday,
    }
    spec, resource = {
        "observation": (feature(value="days_since"), observation(70, yesterday)),
        "medication": (
            feature(kind="medication", codes=[{"system": RXNORM, "code": METFORMIN}], value="days_since"),
            order,
        ),
    }[kind]
    assert read(spec, zone, local(zone, hour), resource).value == 1.0


@pytest.mark.parametrize(
    ("zone", "since", "now"),
    [
        (NEW_YORK, date(2026, 3, 7), local(NEW_YORK, 0, date(2026, 3, 9))),
        (AUCKLAND, date(2026, 9, 26), local(AUCKLAND, 0, date(2026, 9, 28))),
        (AUCKLAND, date(2026, 4, 4), local(AUCKLAND, 23, date(2026, 4, 6))),
    ],
)
def test_a_day_on_which_clocks_change_is_one_day(zone: str, since: date, now: datetime) -> None:
    """Two days later is two days later, over a day of 23 and over one of 25 hours."""
    assert read(feature(value="days_since"), zone, now, observation(70, since.isoformat())).value == 2.0


def test_a_window_ends_with_a_day_of_the_site() -> None:
    """Late in the evening of New York the day 20 days ago is still in a window of 20 days."""
    spec, now = feature(window="20d"), local(NEW_YORK, 23)
    edge = (TODAY - timedelta(days=20)).isoformat()
    assert read(spec, NEW_YORK, now, observation(70, edge)).value == 70
    assert read(spec, UTC_NAME, now, observation(70, edge)).reason == "stale"


@pytest.mark.parametrize(("zone", "newest"), [(UTC_NAME, 70.0), (AUCKLAND, 80.0)])
def test_a_day_sorts_among_moments_where_it_began(zone: str, newest: float) -> None:
    """A day of Auckland begins before a moment of the evening before in UTC."""
    chart = observation(70, "2026-05-02", "o1"), observation(80, "2026-05-01T18:00:00Z", "o2")
    assert read(feature(), zone, local(zone, 12), *chart).value == newest


@pytest.mark.parametrize(("zone", "years"), [(AUCKLAND, 51.0), (UTC_NAME, 50.0), (NEW_YORK, 50.0)])
def test_a_birthday_begins_at_midnight_of_the_site(zone: str, years: float) -> None:
    """Age is counted on the site's day, for features and for the groups of a patient alike."""
    born = patient(birthDate="1975-11-29")
    record = PatientRecord.of_bundle(bundle(born), zone=time_zone(zone))
    now = local(AUCKLAND, 9)
    assert features(feature(kind="age")).extract(record, now)["f"].value == years
    assert demographics.of(record, now).age == int(years)


@pytest.mark.parametrize(("zone", "held"), [(NEW_YORK, {"medicare"}), (UTC_NAME, set())])
def test_insurance_ends_with_the_day_of_the_site(zone: str, held: set[str]) -> None:
    """Insurance until today is in force late in the evening."""
    insured = {
        "resourceType": "Coverage",
        "id": "i1",
        "status": "active",
        "beneficiary": {"reference": "Patient/p1"},
        "payor": [{"display": "Payer"}],
        "type": concept("1", "https://nahdo.org/sopt"),
        "period": {"start": "2026-01-01", "end": TODAY.isoformat()},
    }
    record = PatientRecord.of_bundle(bundle(patient(), insured), zone=time_zone(zone))
    assert demographics.of(record, local(NEW_YORK, 23)).coverage == held


def test_records_of_two_sites_do_not_touch_each_other() -> None:
    """The zone belongs to a record: features that are compiled once read each in its own."""
    compiled, now = features(feature()), local(AUCKLAND, 9)
    chart = bundle(patient(), observation(70, TODAY.isoformat()))
    there, elsewhere = (PatientRecord.of_bundle(chart, zone=time_zone(one)) for one in (AUCKLAND, UTC_NAME))
    assert compiled.extract(there, now)["f"].known
    assert not compiled.extract(elsewhere, now)["f"].known
    assert compiled.extract(there, now)["f"].known


@pytest.mark.parametrize("name", ["", "Auckland", "America", "../UTC", "right/UTC", "localtime", "+13:00"])
def test_what_is_no_time_zone_is_refused(name: str) -> None:
    """The message says how one is written."""
    with pytest.raises(ValueError, match="such as Pacific/Auckland"):
        time_zone(name)


def test_a_system_without_zones_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no zone can be found the message says what to install, and UTC works."""
    time_zone.cache_clear()

    def nothing(_: str) -> tzinfo:
        raise LookupError

    monkeypatch.setattr("fhir_mapping.times.ZoneInfo", nothing)
    with pytest.raises(ValueError, match="install"):
        time_zone(AUCKLAND)
    assert time_zone("UTC") is UTC


def test_today_is_the_day_of_the_site() -> None:
    """One moment is two days."""
    now = local(AUCKLAND, 9)
    assert IndexTime.at(now, time_zone(AUCKLAND)).today == TODAY
    assert IndexTime.at(now).today == TODAY - timedelta(days=1)
