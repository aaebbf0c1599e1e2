"""Features computed from other features, assumed values, and draft orders."""

from __future__ import annotations

import json

import pytest
from mapping_samples import (
    METFORMIN,
    NOW,
    RXNORM,
    Resource,
    bundle,
    concept,
    condition,
    feature,
    features,
    observation,
    order,
    patient,
    quantity,
    read,
    record,
)

from fhir_mapping.drafts import read_draft
from fhir_mapping.payload import decode_payload, raws_of
from fhir_mapping.record import PatientRecord

DIABETES = "44054006"
OTHER = "38341003"
KNOWN = feature(kind="condition", valueset="diabetes-mellitus")
DRUG = feature(kind="medication", valueset="glucose-lowering-drugs")
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


@pytest.mark.parametrize(
    "unclear", [{"medicationCodeableConcept": {"text": "Glucophage"}}, {"status": "unknown"}]
)
def test_any_of_is_missing_where_an_input_may_be_the_one(unclear: Resource) -> None:
    """A problem list without the illness is no answer for a drug that nobody can read; an illness is."""
    spec = features(*ANY)
    found = spec.extract(record(condition(OTHER), order(**unclear)), NOW)
    assert found["either"].reason == found["drug"].reason is not None
    assert spec.extract(record(condition(DIABETES), order(**unclear)), NOW)["either"].value == 1.0


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
    draft = read_draft(json.dumps(order("d1", medicationCodeableConcept=concept(code, RXNORM))).encode())
    body = bundle(patient(), order())
    chart = PatientRecord(
        "p1", {"all": decode_payload(body)}, lambda key: raws_of({"all": body}, key), drafts=[draft]
    )
    spec = feature(kind="draft", valueset="glucose-lowering-drugs")
    found = features(spec).extract(chart, NOW)["f"]
    assert (found.value, found.source) == (value, "MedicationRequest/d1" if value else None)


def test_order_on_record_is_no_draft() -> None:
    """Without drafts, a draft feature is 0 although the drug is on record."""
    assert read(feature(kind="draft", valueset="glucose-lowering-drugs"), order()).state == "none-recorded"
