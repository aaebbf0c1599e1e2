"""Conditions, medications, procedures, draft orders, and features computed from others."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mapping_samples import (
    ICD10CM,
    METFORMIN,
    NOW,
    RXNORM,
    SNOMED,
    Resource,
    bundle,
    clinical,
    concept,
    condition,
    feature,
    features,
    observation,
    order,
    patient,
    procedure,
    quantity,
    read,
    record,
    told,
    verification,
    without_nothing,
)

from fhir_mapping.record import PatientRecord, raw_from
from fhir_mapping.wire import Resource as WireResource
from fhir_mapping.wire import decode_payload, decode_resource

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
        {"code": concept(DIABETES, "urn:local")},
        {"code": {"text": "Diabetes mellitus type 2"}},
    ],
    ids=["refuted", "entered-in-error", "after the index time", "another system", "words alone"],
)
def test_condition_that_does_not_count(elements: Resource) -> None:
    """Refuted, erroneous, future, foreign and uncoded problems count as none recorded."""
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


def test_undated_condition_counts_only_without_a_window() -> None:
    """A problem without any date counts where any time does, and cannot be placed in a window."""
    undated = condition(DIABETES, onsetDateTime=None)
    assert read(KNOWN, undated).value == 1.0
    assert read({**KNOWN, "window": "1y"}, undated).value == 0.0


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


ANY = (
    feature(name="either", kind="any_of", inputs=["drug", "problem"]),
    {**DRUG, "name": "drug", "input": False},
    {**KNOWN, "name": "problem", "input": False},
)


@pytest.mark.parametrize(
    ("chart", "value", "state"),
    [
        ([order(), condition(OTHER)], 1.0, "ok"),
        ([condition(DIABETES)], 1.0, "ok"),
        ([condition(OTHER)], 0.0, "none-recorded"),
        ([condition(OTHER), order(medicationCodeableConcept=concept("161", RXNORM))], 0.0, "none-recorded"),
    ],
)
def test_any_of_is_one_when_any_input_is(chart: list[Resource], value: float, state: str) -> None:
    """One known input that is 1 decides; 0 needs at least one known input."""
    found = features(*ANY).extract(record(*chart), NOW)["either"]
    assert (found.value, found.state) == (value, state)


def test_any_of_nothing_is_missing() -> None:
    """Without any input, `any_of` is missing for the reason of its first input."""
    assert features(*ANY).extract(record(), NOW)["either"].reason == "not-provided"


BMI = features(
    feature(
        name="bmi",
        kind="derived",
        formula="bmi",
        inputs=["weight", "height"],
        prefer="measured",
        unit="kg/m2",
        range=[8, 100],
    ),
    feature(name="weight", input=False),
    feature(name="height", analyte="body-height", input=False),
    feature(name="measured", analyte="body-mass-index", input=False),
)
HEIGHT = observation(200, "2024-01-01", "h", "8302-2", valueQuantity=quantity(200, "cm"))
RECORDED = observation(ident="b", code="39156-5", valueQuantity=quantity(31.5, "kg/m2"))


def test_bmi_is_weight_over_height_squared() -> None:
    """80 kg at 200 cm is 20 kg/m2, dated by the older input, with both sources."""
    found = BMI.extract(record(observation(80), HEIGHT), NOW)["bmi"]
    assert (found.value, found.date, found.source) == (20.0, "2024-01-01", "Observation/o1, Observation/h")


def test_recorded_bmi_is_preferred() -> None:
    """A recorded body mass index is taken as it is, also beside weight and height."""
    found = BMI.extract(record(observation(80), HEIGHT, RECORDED), NOW)["bmi"]
    assert (found.value, found.source, found.unit) == (31.5, "Observation/b", "kg/m2")


def test_bmi_without_height_is_missing() -> None:
    """A formula with a missing input is missing with a reason."""
    found = BMI.extract(record(observation(80)), NOW)["bmi"]
    assert (found.state, found.reason) == ("missing", "not-recorded")


RATIO = features(
    feature(name="nlr", kind="derived", formula="ratio", inputs=["n", "l"], unit="1", range=[0.05, 200]),
    feature(name="n", analyte="neutrophil-count", input=False, range=[0, 500]),
    feature(name="l", analyte="lymphocyte-count", input=False, range=[0, 500]),
)


@pytest.mark.parametrize(
    ("lymphocytes", "value", "reason"),
    [(2.0, 2.0, None), (0.0, None, "undefined"), (0.01, None, "out-of-range")],
)
def test_ratio(lymphocytes: float, value: float | None, reason: str | None) -> None:
    """A ratio is a quotient; a zero denominator is undefined, a quotient beyond the range out of range."""
    counts = [
        observation(ident="n", code="751-8", valueQuantity=quantity(4, "10*3/uL")),
        observation(ident="l", code="731-0", valueQuantity=quantity(lymphocytes, "10*3/uL")),
    ]
    found = RATIO.extract(record(*counts), NOW)["nlr"]
    assert (found.value if found.known else None, found.reason) == (value, reason)


def test_difference() -> None:
    """A difference is the first input minus the second."""
    spread = features(
        feature(name="d", kind="derived", formula="difference", inputs=["a", "b"]),
        feature(name="a", value="max"),
        feature(name="b", value="min"),
    )
    chart = record(observation(80), observation(60, ident="o2"))
    assert spread.extract(chart, NOW)["d"].value == 20.0


def test_assumed_value_says_why_it_stands_in() -> None:
    """A missing input with a stated assumption takes that value, marked as assumed, with the reason."""
    spec = feature(when_missing={"value": 70, "because": "an average adult"})
    found = read(spec)
    assert (found.value, found.state, found.reason) == (70.0, "assumed", "not-provided")


@pytest.mark.parametrize(("code", "value"), [(METFORMIN, 1.0), ("161", 0.0)])
def test_draft_order(code: str, value: float) -> None:
    """A draft feature looks at the drafts of the hook, and at nothing on record."""
    draft: WireResource = decode_resource(
        json.dumps(order("d1", medicationCodeableConcept=concept(code, RXNORM))).encode()
    )
    body = bundle(patient(), order())
    chart = PatientRecord("p1", {"all": decode_payload(body)}, raw_from({"all": body}), drafts=[draft])
    spec = feature(kind="draft", valueset="glucose-lowering-drugs")
    found = features(spec).extract(chart, NOW)["f"]
    assert (found.value, found.source) == (value, "MedicationRequest/d1" if value else None)


def test_order_on_record_is_no_draft() -> None:
    """Without drafts, a draft feature is 0 although the drug is on record."""
    assert read(feature(kind="draft", valueset="glucose-lowering-drugs"), order()).state == "none-recorded"
