"""Conditions by verification, by what was active on the index date, and by time since."""

from __future__ import annotations

import pytest
from mapping_samples import (
    SNOMED,
    Resource,
    clinical,
    concept,
    condition,
    feature,
    read,
    told,
    verification,
)

GOUT = "90560007"
SPEC = feature(kind="condition", codes=[{"system": SNOMED, "code": GOUT}])
CONFIRMED = {**SPEC, "verification": ["confirmed"]}
ACTIVE = {**SPEC, "active": True}
SINCE = {**SPEC, "value": "days_since"}
FIRST = {**SPEC, "value": "days_since_first"}


@pytest.mark.parametrize(
    ("status", "value"), [("confirmed", 1.0), ("provisional", 0.0), ("unconfirmed", 0.0), ("refuted", 0.0)]
)
def test_verification_that_is_asked_for(status: str, value: float) -> None:
    """Where confirmed problems are asked for, provisional ones are none."""
    assert read(CONFIRMED, condition(GOUT, verificationStatus=verification(status))).value == value


def test_absent_verification_is_unknown_where_it_is_asked_for() -> None:
    """A problem that nobody says to be confirmed is neither counted nor nothing."""
    found = read(CONFIRMED, condition(GOUT, verificationStatus=None))
    assert (found.state, found.reason) == ("missing", "detail-missing")


@pytest.mark.parametrize("element", ["clinicalStatus", "verificationStatus"])
@pytest.mark.parametrize(
    "status", [concept("brewing", "urn:x"), {"text": "active"}, {}], ids=["odd", "words", "empty"]
)
def test_status_that_fhir_does_not_know_is_not_nothing(element: str, status: Resource) -> None:
    """A status without meaning gives no value, and an issue names the entry."""
    chart = condition(GOUT, **{element: status})
    assert read({**SPEC, "clinical": ["active"]}, chart).reason == "status-unknown"
    assert [issue.path for issue in told(SPEC, chart)] == ["prefetch.bundle.entry[1].resource"]


@pytest.mark.parametrize(
    ("status", "abated", "value"),
    [
        ("active", None, 1.0),
        ("relapse", None, 1.0),
        (None, None, 1.0),
        ("inactive", None, 0.0),
        ("remission", None, 0.0),
        ("active", "2026-05-31", 0.0),
        ("active", "2026-06-02", 1.0),
        ("resolved", "2026-05-01", 0.0),
        ("resolved", "2026-07-01", 1.0),
        ("resolved", "2027", 1.0),
        ("active", "2026", 1.0),
    ],
)
def test_active_on_the_index_date(status: str | None, abated: str | None, value: float) -> None:
    """Active still and not abated before the index; what was resolved only after it was active then."""
    given = condition(GOUT, clinicalStatus=clinical(status) if status else None, abatementDateTime=abated)
    assert read(ACTIVE, given).value == value


@pytest.mark.parametrize(
    ("abated", "reason"), [("2026", "date-partial"), ("2026-06-01T10:00:00", "invalid-resource")]
)
def test_end_that_may_lie_on_either_side_is_unknown(abated: str, reason: str) -> None:
    """A problem that was resolved in the year of the index may have been active on the day, or not."""
    given = condition(GOUT, clinicalStatus=clinical("resolved"), abatementDateTime=abated)
    assert read(ACTIVE, given).reason == reason


def test_end_of_abatement_as_a_period() -> None:
    """A period of abatement is over at its end."""
    ended = {"start": "2026-01-01", "end": "2026-02-01"}
    assert read(ACTIVE, condition(GOUT, abatementPeriod=ended)).value == 0.0


def test_days_since_the_latest_and_the_first() -> None:
    """Whole days from the onset to the index time, with unit, date and source of the entry that was taken."""
    chart = (
        condition(GOUT, onsetDateTime="2026-05-01"),
        condition(GOUT, ident="c2", onsetDateTime="2020-06-01"),
    )
    latest, first = read(SINCE, *chart), read(FIRST, *chart)
    assert (latest.value, latest.unit, latest.date, latest.source) == (
        31.0,
        "d",
        "2026-05-01",
        "Condition/c1",
    )
    assert (first.value, first.source) == (2191.0, "Condition/c2")


def test_days_since_counts_whole_days() -> None:
    """An entry of less than a day ago is 0 days old."""
    assert read(SINCE, condition(GOUT, onsetDateTime="2026-05-31T13:00:00Z")).value == 0.0


@pytest.mark.parametrize(
    ("dates", "spec", "reason"),
    [
        (["2025"], SINCE, "date-partial"),
        (["2025-04"], SINCE, "date-partial"),
        (["2025-04-03", "2025"], SINCE, "date-partial"),
        (["2025-04-03", None], SINCE, "date-missing"),
        (["2025-04-03", "2025"], FIRST, "date-partial"),
    ],
)
def test_time_since_is_not_guessed(dates: list[str | None], spec: Resource, reason: str) -> None:
    """A date without its day, or none, that may be the one in question gives no number of days."""
    chart = [condition(GOUT, ident=f"c{at}", onsetDateTime=date) for at, date in enumerate(dates)]
    found = read(spec, *chart)
    assert (found.state, found.reason) == ("missing", reason)


def test_partial_date_that_cannot_be_the_latest_does_no_harm() -> None:
    """A year before the latest day changes nothing."""
    chart = condition(GOUT, onsetDateTime="2025-04-03"), condition(GOUT, ident="c2", onsetDateTime="2024")
    assert read(SINCE, *chart).value == 424.0


def test_no_entry_gives_no_time_since() -> None:
    """Without an entry there is no time, and the list that was given is told apart from one that was not."""
    assert read(SINCE, condition("38341003")).reason == "not-recorded"
    assert read(SINCE).reason == "not-provided"


def test_entry_that_cannot_be_used_leaves_count_and_time_open() -> None:
    """With one entry out of use the number could be another, so there is none; yes stays yes."""
    chart = condition(GOUT), condition(GOUT, ident="c2", recordedDate="yesterday")
    assert read({**SPEC, "value": "count"}, *chart).reason == "invalid-resource"
    assert read(SINCE, *chart).reason == "invalid-resource"
    assert read(SPEC, *chart).value == 1.0


def test_entry_about_somebody_else_is_not_nothing() -> None:
    """A matching entry with another subject is not used, and does not pass for an empty list."""
    chart = condition("38341003"), condition(GOUT, ident="c2", subject={"reference": "Patient/other"})
    assert read(SPEC, *chart).reason == "other-subject"
    assert [issue.code for issue in told(SPEC, *chart)] == ["other-subject"]


def test_feature_is_not_touched_by_the_trouble_of_another() -> None:
    """An entry of another code that cannot be used leaves this feature alone."""
    assert read(SPEC, condition("38341003", recordedDate="yesterday")).state == "none-recorded"
