"""What lists of conditions, medications and procedures have in common."""

from __future__ import annotations

from typing import Any

import pytest
from mapping_samples import (
    ICD10CM,
    METFORMIN,
    RXNORM,
    SNOMED,
    Resource,
    clinical,
    concept,
    condition,
    feature,
    order,
    procedure,
    read,
    told,
    verification,
    without_nothing,
)

DIABETES = "44054006"
OTHER = "38341003"
KNOWN = feature(kind="condition", valueset="diabetes-mellitus")
DRUG = feature(kind="medication", valueset="glucose-lowering-drugs")
CANCER: Resource = {
    "name": "f",
    "label": "Cancer",
    "kind": "condition",
    "categories": [
        {"value": 1, "label": "Lung", "codes": [{"system": SNOMED, "code": "254637007"}]},
        {"value": 2, "label": "Skin", "codes": [{"system": SNOMED, "code": "372244006"}]},
    ],
}


@pytest.mark.parametrize(("code", "system"), [(DIABETES, SNOMED), ("E11.9", ICD10CM)])
def test_condition_in_the_value_set_is_one(code: str, system: str) -> None:
    """A problem coded in SNOMED CT or ICD-10-CM is found, with its date and source."""
    found = read(KNOWN, condition(code, system))
    assert (found.value, found.state, found.date, found.source) == (1.0, "ok", "2025-03-01", "Condition/c1")


@pytest.mark.parametrize(
    "elements",
    [
        {"verificationStatus": verification("refuted")},
        {"verificationStatus": verification("entered-in-error"), "clinicalStatus": None},
        {"onsetDateTime": "2026-06-02"},
    ],
    ids=["refuted", "entered-in-error", "after the index time"],
)
def test_condition_that_does_not_count(elements: Resource) -> None:
    """Refuted, erroneous and future problems count as none recorded."""
    found = read(KNOWN, without_nothing(condition(DIABETES) | elements))
    assert (found.value, found.state) == (0.0, "none-recorded")


@pytest.mark.parametrize(
    ("accepted", "status", "value"),
    [
        (["active"], "active", 1.0),
        (["active"], "resolved", 0.0),
        (["active", "remission"], "remission", 1.0),
        (["active"], None, 1.0),
    ],
)
def test_clinical_status_decides(accepted: list[str], status: str | None, value: float) -> None:
    """Only the accepted clinical statuses count; a problem without one counts."""
    given = clinical(status) if status else None
    assert read({**KNOWN, "clinical": accepted}, condition(DIABETES, clinicalStatus=given)).value == value


@pytest.mark.parametrize(
    "code",
    [
        {"text": "Diabetes mellitus type 2"},
        {},
        None,
        {"coding": [{"system": SNOMED, "display": "Diabetes"}]},
        {"coding": [{"code": DIABETES}]},
        {"coding": [{"code": DIABETES, "system": ""}]},
    ],
    ids=["words alone", "nothing", "absent", "no code", "no system", "empty system"],
)
def test_condition_that_cannot_be_told_apart_is_not_nothing(code: Resource | None) -> None:
    """Of a problem without a code, nobody can say that it is none of the list; the issue names its path."""
    chart = [condition(OTHER), without_nothing(condition(DIABETES, ident="c2") | {"code": code})]
    found = read(KNOWN, *chart)
    assert (found.state, found.reason) in {("missing", "not-coded"), ("missing", "invalid-resource")}
    assert told(KNOWN, *chart)[0].path.startswith("prefetch.bundle.entry[2].resource")


def test_uncoded_condition_does_not_hide_a_coded_one() -> None:
    """Where one problem is in the list for sure, the others do not matter."""
    in_words = condition(OTHER, ident="c2") | {"code": {"text": "Gout"}}
    assert read(KNOWN, condition(DIABETES), in_words).value == 1.0


def test_undated_condition_counts_only_without_a_window() -> None:
    """A problem without any date counts where any time does; nobody can say whether it lies in a window."""
    undated = condition(DIABETES, onsetDateTime=None)
    assert read(KNOWN, undated).value == 1.0
    found = read({**KNOWN, "window": "1y"}, undated)
    assert (found.state, found.reason) == ("missing", "date-missing")


def test_recorded_date_stands_in_for_the_onset() -> None:
    """A problem without an onset is placed by the day that it was recorded."""
    found = read(
        {**KNOWN, "window": "1y"}, condition(DIABETES, onsetDateTime=None, recordedDate="2026-02-01")
    )
    assert (found.value, found.date) == (1.0, "2026-02-01")


def test_window_of_a_condition() -> None:
    """A problem before the window does not count."""
    assert read({**KNOWN, "window": "1y"}, condition(DIABETES, onsetDateTime="2024-01-01")).value == 0.0


def test_count_of_conditions() -> None:
    """`count` counts the entries that match."""
    found = read({**KNOWN, "value": "count"}, *(condition(DIABETES, ident=f"c{i}") for i in range(3)))
    assert found.value == 3.0


@pytest.mark.parametrize("spec", [KNOWN, DRUG, feature(kind="procedure", valueset="chemotherapy-procedures")])
def test_list_that_was_not_given_is_missing(spec: Resource) -> None:
    """Without the list nobody knows, so the value is missing and not 0."""
    found = read(spec)
    assert (found.state, found.reason) == ("missing", "not-provided")


def test_newest_category_wins() -> None:
    """The level of the newest matching entry counts, with its label."""
    found = read(
        CANCER, condition("254637007"), condition("372244006", ident="c2", onsetDateTime="2026-01-01")
    )
    assert (found.value, found.text, found.source) == (2.0, "Skin", "Condition/c2")


def test_two_categories_of_one_day_are_ambiguous() -> None:
    """Two levels of the same date give no value; none is preferred."""
    found = read(CANCER, condition("254637007"), condition("372244006", ident="c2"))
    assert (found.state, found.reason) == ("missing", "ambiguous")


@pytest.mark.parametrize(("chart", "reason"), [([condition(OTHER)], "not-listed"), ([], "not-provided")])
def test_no_category_is_missing(chart: list[Resource], reason: str) -> None:
    """A nominal feature has no zero: without a match it is missing with a reason."""
    assert read(CANCER, *chart).reason == reason


def test_medication_by_coding() -> None:
    """An order of a listed drug is found by its RxNorm code."""
    found = read(DRUG, order())
    assert (found.value, found.source, found.date) == (1.0, "MedicationRequest/m1", "2026-01-10")


def test_contained_medication() -> None:
    """An order whose medication is contained is found."""
    inside = {"resourceType": "Medication", "id": "med", "code": concept(METFORMIN, RXNORM)}
    pointing = order(
        medicationCodeableConcept=None, medicationReference={"reference": "#med"}, contained=[inside]
    )
    assert read(DRUG, pointing).value == 1.0


@pytest.mark.parametrize(
    "reference", ["Medication/med", "urn:uuid:med", "https://ehr.example/fhir/Medication/med"]
)
def test_referenced_medication(reference: str) -> None:
    """An order whose medication is a resource of its own is found by each form of reference."""
    medication = {"resourceType": "Medication", "id": "med", "code": concept(METFORMIN, RXNORM)}
    pointing = order(medicationCodeableConcept=None, medicationReference={"reference": reference})
    assert read(DRUG, pointing, medication).value == 1.0


@pytest.mark.parametrize("contained", [None, 5, [5], [{"id": "med"}], {}], ids=repr)
def test_medication_that_cannot_be_found_is_an_issue(contained: Any) -> None:
    """An order whose medication was not sent or cannot be read leaves an issue with its path."""
    pointing = order(medicationCodeableConcept=None, medicationReference={"reference": "#med"})
    issues = told(DRUG, pointing | ({"contained": contained} if contained is not None else {}))
    assert [(issue.code, issue.path) for issue in issues] == [
        ("unresolved-reference", "prefetch.bundle.entry[1].resource.medicationReference")
    ]


@pytest.mark.parametrize(
    ("status", "value"),
    [
        ("active", 1.0),
        ("completed", 1.0),
        ("stopped", 1.0),
        ("cancelled", 0.0),
        ("entered-in-error", 0.0),
        ("draft", 0.0),
    ],
)
def test_medication_status_decides(status: str, value: float) -> None:
    """Orders that were carried out count; cancelled, erroneous and draft ones do not."""
    assert read(DRUG, order(status=status)).value == value


def test_medication_statement_and_administration_count() -> None:
    """A statement and an administration of a drug say as much as an order."""
    statement = order(
        resourceType="MedicationStatement", authoredOn=None, intent=None, effectiveDateTime="2026-02-01"
    )
    administration = statement | {"resourceType": "MedicationAdministration", "status": "completed"}
    assert read(DRUG, statement).source == "MedicationStatement/m1"
    assert read(DRUG, administration).source == "MedicationAdministration/m1"


@pytest.mark.parametrize(
    ("status", "value"), [("completed", 1.0), ("in-progress", 1.0), ("not-done", 0.0), ("preparation", 0.0)]
)
def test_procedure_status_decides(status: str, value: float) -> None:
    """A procedure that was done or is under way counts, a planned or abandoned one does not."""
    spec = feature(kind="procedure", codes=[{"system": SNOMED, "code": "367336001"}])
    assert read(spec, procedure("367336001", status=status)).value == value


def test_period_of_a_procedure_places_it() -> None:
    """A procedure with a period is placed by its start."""
    spec = feature(kind="procedure", codes=[{"system": SNOMED, "code": "367336001"}], window="1y")
    given = procedure("367336001", performedDateTime=None, performedPeriod={"start": "2026-01-02"})
    assert read(spec, given).date == "2026-01-02"
