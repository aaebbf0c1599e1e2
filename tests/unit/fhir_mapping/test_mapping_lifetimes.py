"""Onsets and abatements that are ages, ranges of ages or words: compared with the birth date, or doubted.

The patient was born on 1968-04-02 and is 58 at the index time, 2026-06-01.
"""

from __future__ import annotations

from typing import Any

import pytest
from mapping_samples import (
    NOW,
    SNOMED,
    UCUM,
    Resource,
    allergy,
    bundle,
    clinical,
    condition,
    feature,
    features,
    patient,
    read,
    told,
)

from fhir_mapping.record import PatientRecord
from fhir_mapping.values import FeatureValue

GOUT = "90560007"
SPEC = feature(kind="condition", codes=[{"system": SNOMED, "code": GOUT}])
ACTIVE = {**SPEC, "active": True}
ONLY_ACTIVE = {**SPEC, "clinical": ["active", "recurrence", "relapse"]}
RECENT = {**SPEC, "window": "3y"}
PATH = "prefetch.bundle.entry[1].resource"


def age(value: Any, unit: str = "a", **more: Any) -> Resource:
    """An Age in a UCUM unit."""
    return {"value": value, "unit": unit, "system": UCUM, "code": unit, **more}


def gout(**elements: Any) -> Resource:
    """A problem without clinical status, onset or day of recording, unless told otherwise."""
    return condition(GOUT, **{"clinicalStatus": None, "onsetDateTime": None, **elements})


def of_somebody(spec: Resource, born: str | None, *chart: Resource) -> FeatureValue:
    """The feature of a patient with another birth date."""
    record = PatientRecord.of_bundle(bundle(patient(birthDate=born), *chart))
    return features(spec).extract(record, NOW)["f"]


@pytest.mark.parametrize("spec", [ACTIVE, ONLY_ACTIVE], ids=["active", "clinical"])
@pytest.mark.parametrize(
    "abated",
    [
        {"abatementDateTime": "2026-05-31"},
        {"abatementPeriod": {"start": "2020-01-01", "end": "2026-05-31"}},
        {"abatementPeriod": {"start": "2020-01-01"}},
        {"abatementAge": age(50)},
        {"abatementAge": age(57)},
        {"abatementAge": age(690, "mo")},
        {"abatementAge": age(50, comparator="<")},
        {"abatementRange": {"low": age(40), "high": age(50)}},
        {"abatementRange": {"high": age(50)}},
        {"abatementString": "in her youth"},
    ],
    ids=repr,
)
def test_a_recorded_abatement_of_any_kind_means_not_active(spec: Resource, abated: Resource) -> None:
    """What is over at the index time is not active, however its end is told; where any status counts it
    counts."""
    assert (read(spec, gout(**abated)).value, read(spec, gout(**abated)).state) == (0.0, "none-recorded")
    left = gout(**abated, clinicalStatus=clinical("active"))  # nobody closed the entry
    assert read(spec, left).reason == ("status-unknown" if "abatementString" in abated else None)
    assert read(spec, left).value != 1.0
    assert read(SPEC, gout(**abated)).value == 1.0


@pytest.mark.parametrize(
    "abated",
    [
        {"abatementDateTime": "2026-06-02"},
        {"abatementAge": age(60)},
        {"abatementAge": age(60, comparator=">")},
        {"abatementRange": {"low": age(60), "high": age(70)}},
        {"abatementPeriod": {"start": "2026-07-01", "end": "2026-08-01"}},
    ],
    ids=repr,
)
@pytest.mark.parametrize("status", [None, "active", "resolved"])
def test_an_abatement_in_the_future_does_not_count_yet(status: str | None, abated: Resource) -> None:
    """What ends only after the index time is active at it."""
    given = gout(**abated, clinicalStatus=clinical(status) if status else None)
    assert read(ACTIVE, given).value == 1.0
    assert read(ONLY_ACTIVE, given).value == (0.0 if status == "resolved" else 1.0)


@pytest.mark.parametrize(
    ("abated", "reason"),
    [
        ({"abatementAge": age(58)}, "date-partial"),
        ({"abatementAge": age(57.9)}, "date-partial"),
        ({"abatementAge": age(50, comparator=">")}, "date-partial"),
        ({"abatementRange": {"low": age(40)}}, "date-partial"),
        ({"abatementRange": {"low": age(40), "high": age(70)}}, "date-partial"),
        ({"abatementDateTime": "2026"}, "date-partial"),
        ({"abatementPeriod": {"end": "2026-08-01"}}, "date-partial"),
        ({"abatementPeriod": {"start": "2026-01-01", "end": "2026-08-01"}}, "date-partial"),
        ({"abatementAge": {"value": 50, "unit": "years"}}, "date-missing"),
    ],
    ids=repr,
)
def test_an_abatement_that_cannot_be_compared_is_doubt(abated: Resource, reason: str) -> None:
    """Without a status that says more, nobody can tell on which side of the index time it ended."""
    found = read(ACTIVE, gout(**abated))
    assert found.state == "missing"
    assert found.reason in {reason, "invalid-resource"}
    assert told(ACTIVE, gout(**abated))[0].path.startswith(PATH)


@pytest.mark.parametrize("born", [None, "1968"])
def test_an_age_without_a_birth_date_is_doubt(born: str | None) -> None:
    """Without a birth date an age is no time; with the year alone it is as wide as that makes it."""
    assert of_somebody(ACTIVE, born, gout(abatementAge=age(57))).reason in {"date-missing", "date-partial"}
    assert of_somebody(ACTIVE, "1968", gout(abatementAge=age(40))).value == 0.0
    assert of_somebody(ACTIVE, None, gout(abatementAge=age(40))).reason == "date-missing"


def test_words_of_an_end_beside_an_active_status_say_nothing() -> None:
    """An active problem with an abatement in words contradicts itself; a resolved one does not."""
    ended = {"abatementString": "last year"}
    assert read(ACTIVE, gout(**ended, clinicalStatus=clinical("active"))).reason == "status-unknown"
    assert read(ACTIVE, gout(**ended, clinicalStatus=clinical("resolved"))).value == 0.0


@pytest.mark.parametrize("value", ["", " ", 5, [], None, {}])
@pytest.mark.parametrize("element", ["abatementString", "abatementAge", "abatementRange"])
def test_an_abatement_that_is_no_fhir_is_not_believed(element: str, value: Any) -> None:
    """An empty or ill-typed abatement neither ends the problem nor leaves it active."""
    given = gout() | {element: value}
    assert read(ACTIVE, given).state == "missing"
    assert told(ACTIVE, given)[0].path.startswith(PATH)


@pytest.mark.parametrize(
    "onset",
    [
        {"onsetAge": age(50)},
        {"onsetRange": {"low": age(50), "high": age(55)}},
        {"onsetString": "in her fifties"},
        {"onsetPeriod": {"end": "2024-01-01"}},
    ],
    ids=repr,
)
@pytest.mark.parametrize("which", ["days_since", "days_since_first"])
def test_an_onset_without_a_date_gives_no_number_of_days(which: str, onset: Resource) -> None:
    """Days are not counted from the day on which an old problem was written down."""
    given = gout(**onset, recordedDate="2026-05-01")
    found = read({**SPEC, "value": which}, given)
    assert (found.state, found.reason) == ("missing", "onset-unknown")
    assert [one.path for one in told({**SPEC, "value": which}, given)] == [PATH]


@pytest.mark.parametrize(
    ("elements", "value"),
    [
        ({"onsetAge": age(57)}, 1.0),
        ({"onsetAge": age(57), "recordedDate": "2026-05-01"}, 1.0),
        ({"onsetAge": age(58), "recordedDate": "2026-05-01"}, 1.0),
        ({"onsetAge": age(30), "recordedDate": "2026-05-01"}, 0.0),
        ({"onsetAge": age(60)}, 0.0),
        ({"onsetRange": {"low": age(20), "high": age(30)}, "recordedDate": "2026-05-01"}, 0.0),
        ({"onsetString": "long ago", "recordedDate": "2020-05-01"}, 0.0),
        ({"onsetAge": age(57), "recordedDate": "2026-06-02"}, 0.0),
    ],
    ids=repr,
)
def test_an_onset_as_an_age_is_placed_in_a_window(elements: Resource, value: float) -> None:
    """The time at which somebody was of that age decides, not the day of recording."""
    assert read(RECENT, gout(**elements)).value == value


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ({"onsetString": "long ago", "recordedDate": "2026-05-01"}, "onset-unknown"),
        ({"onsetString": "long ago"}, "onset-unknown"),
        ({"onsetAge": {"value": 50}, "recordedDate": "2026-05-01"}, "onset-unknown"),
        ({"onsetAge": age(58)}, "date-partial"),
    ],
    ids=repr,
)
def test_an_onset_that_may_lie_outside_the_window_is_doubt(elements: Resource, reason: str) -> None:
    """Recorded in the window, but nobody can tell since when: missing, with the path."""
    found = read(RECENT, gout(**elements))
    assert found.state == "missing"
    assert found.reason in {reason, "invalid-resource"}
    assert told(RECENT, gout(**elements))[0].path.startswith(PATH)


def test_an_onset_in_words_counts_where_any_time_does() -> None:
    """Without a window it does not matter since when."""
    assert read(SPEC, gout(onsetString="long ago", recordedDate="2026-05-01")).value == 1.0
    assert read(SPEC, gout(onsetString="long ago")).value == 1.0


def test_allergies_are_placed_alike() -> None:
    """An allergy since childhood that was recorded last month does not lie in a window of a year."""
    spec = feature(kind="allergy", valueset="penicillin-allergy", window="1y")
    assert read(spec, allergy(recordedDate="2026-05-01")).value == 1.0
    assert read(spec, allergy(onsetAge=age(5), recordedDate="2026-05-01")).value == 0.0
