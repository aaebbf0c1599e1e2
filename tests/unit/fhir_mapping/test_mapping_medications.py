"""Medications that were active on the index date, and time since."""

from __future__ import annotations

from typing import Any

import pytest
from mapping_samples import METFORMIN, RXNORM, Resource, concept, feature, order, procedure, read, told

SPEC = feature(kind="medication", codes=[{"system": RXNORM, "code": METFORMIN}])
ACTIVE = {**SPEC, "active": True}


def taken(kind: str = "MedicationStatement", status: str = "active", **elements: Any) -> Resource:
    """A statement or an administration of metformin."""
    bare = order(resourceType=kind, intent=None, authoredOn=None, status=status)
    return bare | elements


def valid_until(end: str) -> dict[str, Any]:
    """The part of an order that says how long it is valid."""
    return {"validityPeriod": {"start": "2026-01-10", "end": end}}


def valid_from(start: str) -> dict[str, Any]:
    """The part of an order that says from when it is valid."""
    return {"validityPeriod": {"start": start}}


@pytest.mark.parametrize(
    ("elements", "value"),
    [
        ({}, 1.0),
        ({"status": "completed"}, 0.0),
        ({"status": "stopped"}, 0.0),
        ({"status": "on-hold"}, 0.0),
        ({"authoredOn": "2026-06-02"}, 0.0),
        ({"dispenseRequest": valid_until("2026-05-31")}, 0.0),
        ({"dispenseRequest": valid_until("2026-06-01")}, 1.0),
        ({"dispenseRequest": valid_until("2026-06")}, 1.0),
        ({"dispenseRequest": {}}, 1.0),
        ({"dispenseRequest": valid_from("2026-06-02")}, 0.0),
        ({"dispenseRequest": valid_from("2026-06-01T12:00:01Z")}, 0.0),
        ({"dispenseRequest": valid_from("2026-07")}, 0.0),
        ({"dispenseRequest": valid_from("2027")}, 0.0),
        ({"dispenseRequest": valid_from("2026-06-01")}, 1.0),
        ({"dispenseRequest": valid_from("2026-05")}, 1.0),
    ],
)
def test_order_that_is_active_on_the_index_date(elements: Resource, value: float) -> None:
    """An order counts when it is active, written before the index, valid already and valid still."""
    assert read(ACTIVE, order(**elements)).value == value


@pytest.mark.parametrize(
    ("status", "period", "value"),
    [
        ("active", {"start": "2026-01-01"}, 1.0),
        ("active", {"start": "2026-01-01", "end": "2026-05-01"}, 0.0),
        ("completed", {"start": "2026-01-01"}, 0.0),
        ("completed", {"start": "2026-01-01", "end": "2026-07-01"}, 1.0),
        ("completed", {"start": "2026-01-01", "end": "2026-05-01"}, 0.0),
        ("active", {"start": "2026-06-02"}, 0.0),
        ("not-taken", {"start": "2026-01-01"}, 0.0),
        ("intended", {"start": "2026-01-01"}, 0.0),
    ],
)
def test_statement_whose_period_covers_the_index_time(status: str, period: Resource, value: float) -> None:
    """A statement counts when its period covers the index; an open period only while it is active."""
    assert read(ACTIVE, taken(status=status, effectivePeriod=period)).value == value


@pytest.mark.parametrize(
    ("elements", "value"),
    [
        ({"status": "in-progress", "effectivePeriod": {"start": "2026-06-01T11:00:00Z"}}, 1.0),
        ({"status": "completed", "effectiveDateTime": "2026-06-01T11:00:00Z"}, 0.0),
        ({"status": "not-done", "effectivePeriod": {"start": "2026-06-01T11:00:00Z"}}, 0.0),
    ],
)
def test_administration_that_is_under_way(elements: Resource, value: float) -> None:
    """An infusion that runs at the index time counts, a tablet that was taken an hour ago does not."""
    assert read(ACTIVE, taken("MedicationAdministration", **elements)).value == value


@pytest.mark.parametrize("intent", ["proposal", "plan", "option"])
def test_what_was_not_ordered_never_counts(intent: str) -> None:
    """Proposals, plans, options and prohibitions are no orders."""
    assert read(SPEC, order(intent=intent)).state == "none-recorded"
    assert read(SPEC, order(doNotPerform=True)).state == "none-recorded"


@pytest.mark.parametrize(
    "elements",
    [
        {"status": "unknown"},
        {"status": "brewing"},
        {"status": None},
        {"intent": "whim"},
        {"medicationCodeableConcept": {"text": "metformin"}},
        {"medicationCodeableConcept": None, "medicationReference": {"reference": "Medication/lost"}},
        {"dispenseRequest": {"validityPeriod": {"end": "soon"}}},
        {"dispenseRequest": valid_from("soon")},
        {"dispenseRequest": valid_from("2026-06")},
    ],
    ids=repr,
)
def test_order_that_cannot_be_read_is_not_nothing(elements: Resource) -> None:
    """An order of unknown status, intent, drug or validity gives no value, and leaves an issue."""
    assert read(ACTIVE, order(**elements)).state == "missing"
    assert told(ACTIVE, order(**elements))[0].path.startswith("prefetch.bundle.entry[1].resource")


def test_days_since_a_medication() -> None:
    """The time since the latest order or intake of any of the three types."""
    chart = order(), taken(id="s1", effectiveDateTime="2026-05-30")
    found = read({**SPEC, "value": "days_since"}, *chart)
    assert (found.value, found.source) == (2.0, "MedicationStatement/s1")


def test_contained_drug_without_a_code_is_doubted() -> None:
    """A drug that is told in words only may be the one."""
    inside = {"resourceType": "Medication", "id": "med", "code": {"text": "metformin"}}
    given = order(
        medicationCodeableConcept=None, medicationReference={"reference": "#med"}, contained=[inside]
    )
    assert read(SPEC, given).reason == "named-in-words"


def test_ingredient_of_a_referenced_drug_counts() -> None:
    """A product is found by its ingredient."""
    drug = {
        "resourceType": "Medication",
        "id": "med",
        "code": concept("860975", RXNORM),
        "ingredient": [{"itemCodeableConcept": concept(METFORMIN, RXNORM)}],
    }
    given = order(medicationCodeableConcept=None, medicationReference={"reference": "Medication/med"})
    assert read(ACTIVE, given, drug).value == 1.0


def test_days_since_a_procedure() -> None:
    """The time since the latest procedure that was done."""
    spec = feature(
        kind="procedure", codes=[{"system": "http://snomed.info/sct", "code": "80146002"}], value="days_since"
    )
    done = procedure("80146002", performedDateTime="2026-05-22")
    undone = procedure("80146002", ident="x2", performedDateTime="2026-05-30", status="not-done")
    assert read(spec, done, undone).value == 10.0


@pytest.mark.parametrize("status", ["unknown", "brewing", None])
def test_procedure_of_unknown_status_is_not_nothing(status: str | None) -> None:
    """Nobody can say that a procedure of unknown status was not done."""
    spec = feature(kind="procedure", codes=[{"system": "http://snomed.info/sct", "code": "80146002"}])
    assert read(spec, procedure("80146002", status=status)).state == "missing"
