"""The example of every kind of feature: valid FHIR that the feature reads."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest
from fhir.resources.R4B import get_fhir_model_class
from mapping_samples import (
    BREAST_CANCER,
    NOW,
    PENICILLIN,
    RXNORM,
    SNOMED,
    Resource,
    bundle,
    feature,
    features,
)

from fhir_mapping.describe import describe
from fhir_mapping.drafts import read_draft
from fhir_mapping.record import PatientRecord
from fhir_mapping.terminology.catalogue import analytes

DRUG = [{"system": RXNORM, "code": "1191"}]
ILLNESS = [{"system": SNOMED, "code": BREAST_CANCER}]
YES = [{"system": SNOMED, "code": "373066001", "value": 1}]
SPECS: dict[str, Resource] = {
    "age": feature(kind="age", unit="a"),
    "sex": feature(kind="sex"),
    "result": feature(analyte="albumin"),
    "result in a window": feature(analyte="albumin", window="60d"),
    "answer": feature(codes=[{"system": "http://loinc.org", "code": "72166-2"}], answers=YES),
    "condition": feature(kind="condition", codes=ILLNESS),
    "condition in a value set": feature(kind="condition", valueset="stroke"),
    "condition that is over": feature(kind="condition", codes=ILLNESS, clinical=["resolved"]),
    "condition now": feature(kind="condition", codes=ILLNESS, active=True),
    "provisional condition": feature(kind="condition", codes=ILLNESS, verification=["provisional"]),
    "category": feature(kind="condition", categories=[{"value": 3, "label": "x", "codes": ILLNESS}]),
    "medication": feature(kind="medication", codes=DRUG),
    "medication now": feature(kind="medication", codes=DRUG, active=True),
    "statement": feature(kind="medication", codes=DRUG, resources=["MedicationStatement"]),
    "administration": feature(kind="medication", codes=DRUG, resources=["MedicationAdministration"]),
    "stopped": feature(kind="medication", codes=DRUG, statuses=["stopped"]),
    "procedure": feature(kind="procedure", valueset="chemotherapy-procedures"),
    "procedure under way": feature(kind="procedure", codes=ILLNESS, statuses=["in-progress"]),
    "allergy": feature(kind="allergy", codes=[{"system": RXNORM, "code": PENICILLIN}]),
    "severe allergy": feature(kind="allergy", valueset="penicillin-allergy", criticality=["high"]),
    "relative": feature(kind="family_history", codes=ILLNESS, degree="first", onset_before=50),
    "stay": feature(kind="encounter", classes=["IMP"]),
    "visit of a type": feature(kind="encounter", codes=[{"system": SNOMED, "code": "50849002"}]),
    "numbers of a form": feature(kind="questionnaire", questionnaire="http://x.example/q", items=["1", "2"]),
    "answers of a form": feature(
        kind="questionnaire", questionnaire="http://x.example/q|2", items=["1"], answers=YES
    ),
    "allele": feature(kind="allele_count", gene="CYP2D6", alleles=["*4"]),
    "allele of HLA": feature(kind="allele_carried", gene="HLA-B", allele="*57:01"),
    "diplotype": feature(kind="diplotype", gene="CYP2D6"),
    "diplotype with numbers": feature(kind="diplotype", gene="CYP2D6", values={"*1/*4": 2}),
    "variant": feature(kind="variant_present", gene="EGFR"),
    "variant by name": feature(kind="variant_present", gene="EGFR", hgvs="p.Leu858Arg"),
    "variant that means something": feature(
        kind="variant_present", gene="EGFR", dbsnp="rs121434568", significance=["pathogenic"],
        min_allele_frequency=0.05,
    ),
    "microsatellites": feature(kind="microsatellite"),
    "draft": feature(kind="draft", codes=DRUG),
}  # fmt: skip


def example(spec: Resource) -> Resource:
    """The example of a spec, of the last day of May 2026."""
    (told,) = describe(features(spec), date(2026, 5, 31))
    found: Resource = told["example"]
    return found


@pytest.mark.parametrize("kind", SPECS)
def test_every_kind_of_feature_has_an_example_that_it_reads(kind: str) -> None:
    """The example alone, beside the patient whom it is about, gives the feature a value."""
    sent = example(SPECS[kind])
    person: Resource = {"resourceType": "Patient", "id": "example"}
    is_draft, is_person = SPECS[kind]["kind"] == "draft", sent["resourceType"] == "Patient"
    entries = [person | sent] if is_person else [person] if is_draft else [person, sent]
    chart = PatientRecord.of_bundle(bundle(*entries))
    if is_draft:
        chart.drafts = [read_draft(msgspec.json.encode(sent))]
    found = features(SPECS[kind]).extract(chart, NOW)["f"]
    assert (found.state, found.reason) == ("ok", None)


@pytest.mark.parametrize("kind", SPECS)
def test_examples_are_valid_fhir(kind: str) -> None:
    """fhir.resources takes each example."""
    sent: Any = example(SPECS[kind])
    get_fhir_model_class(sent["resourceType"]).model_validate(sent)


@pytest.mark.parametrize("name", analytes())
def test_the_example_of_every_analyte_is_read(name: str) -> None:
    """Whatever is measured, the example's value, unit and code are those that count."""
    spec = feature(analyte=name)
    chart = PatientRecord.of_bundle(bundle({"resourceType": "Patient", "id": "example"}, example(spec)))
    assert features(spec).extract(chart, NOW)["f"].state == "ok"


def test_an_example_lies_in_what_the_model_was_made_for() -> None:
    """An example outside the training domain would get no score."""
    spec = feature(analyte="systolic-blood-pressure", domain=[80, 100])
    assert 80 <= example(spec)["valueQuantity"]["value"] <= 100


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "integrate"),
        ({"when_missing": "nan"}, "nan"),
        ({"when_missing": {"value": 70, "because": "usual"}}, {"value": 70.0, "because": "usual"}),
        ({"required": True}, {"outcome": "silent", "reason": "required-missing:f", "notSent": 412}),
        ({"input": False}, "no-effect"),
    ],
)
def test_what_becomes_of_a_missing_feature_is_told(fields: Resource, told: Any) -> None:
    """Nobody is told that a required feature is averaged over."""
    (found,) = describe(features(feature(**fields)))
    assert found["whenMissing"] == told


def test_a_feature_that_others_are_made_of_is_missing_there() -> None:
    """Weight that is no input itself takes the body mass index with it."""
    height = feature(name="height", analyte="body-height", input=False)
    weight = feature(name="weight", analyte="body-weight", input=False)
    index = feature(name="bmi", kind="derived", formula="bmi", inputs=["weight", "height"], unit="kg/m2")
    told = {one["name"]: one for one in describe(features(index, weight, height))}
    assert told["weight"]["whenMissing"] == "missing-where-used"


def test_windows_are_told_in_days() -> None:
    """A look-back window is a number of days; any time has none."""
    year, ever = (describe(features(feature(window=window)))[0] for window in ("1y", "any"))
    assert year["windowDays"] == 365.25
    assert "windowDays" not in ever


def test_a_value_set_is_told_by_its_address_and_size() -> None:
    """Who has a terminology server of their own can compare."""
    (told,) = describe(features(feature(kind="condition", valueset="stroke")))
    assert told["valueSet"] == {
        "url": "https://bedside.example/fhir/ValueSet/stroke",
        "count": len(told["codes"]),
    }
