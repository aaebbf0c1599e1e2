"""Patient and Coverage with each element changed: age, sex and insurance are never another in silence."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from mutated_subjects import CORE, Json, Subject, concept
from mutating import every_mutation

from fhir_mapping.features import FeatureSet
from fhir_mapping.person import demographics
from fhir_mapping.record import PatientRecord
from fhir_mapping.values import REASONS

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
BIRTHSEX = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex"
PERSON = Subject(
    "",
    [
        {"name": "age", "label": "Age", "kind": "age", "unit": "a"},
        {"name": "sex", "label": "Sex", "kind": "sex"},
    ],
    made={
        "resourceType": "Patient",
        "id": "example",
        "extension": [{"url": BIRTHSEX, "valueCode": "F"}],
        "active": True,
        "name": [{"family": "Shaw", "given": ["Amy"]}],
        "gender": "female",
        "birthDate": "1968-04-02",
        "deceasedBoolean": False,
        "communication": [{"language": concept("en", "urn:ietf:bcp:47"), "preferred": True}],
    },
)
PUBLISHED = Subject(f"{CORE}/patient-example.json", PERSON.features)
PATIENTS = {name: one for name, one in {"made": PERSON, "published": PUBLISHED}.items() if one.is_there}
INSURANCE = Subject(f"{CORE}/coverage-example.json", [])
KEPT = ("resourceType", "id", "meta")


def chart(*resources: Json) -> PatientRecord:
    """The record of a chart of the patient `example`."""
    entries = [{"resource": one} for one in resources]
    return PatientRecord.of_bundle(
        json.dumps({"resourceType": "Bundle", "entry": entries}).encode(), "example"
    )


@pytest.mark.parametrize("name", PATIENTS)
@pytest.mark.parametrize("which", ["age", "sex"])
def test_age_and_sex_are_never_others_in_silence(name: str, which: str) -> None:
    """Unchanged, or missing with a known reason and an issue at the Patient."""
    subject = PATIENTS[name]
    sound = subject.resource()
    features = FeatureSet.parse(subject.features, "model.yaml")
    expected = features.extract(chart(sound), NOW)[which].value
    silent: list[tuple[str, str, Any]] = []
    for element in sound:
        for place, what, changed in every_mutation(sound, element) if element not in KEPT else ():
            record = chart(changed)
            found = features.extract(record, NOW)[which]
            told = found.reason in REASONS and any(
                one.path.startswith("prefetch.bundle.entry[0]") for one in record.issues
            )
            if (found.value != expected) if found.known else not told:
                silent.append((place, what, found.reason or found.value))
    assert silent == []


@pytest.mark.skipif(not INSURANCE.is_there, reason="BEDSIDE_FHIR_SAMPLES names no folder of samples")
def test_insurance_is_never_another_in_silence() -> None:
    """The kind of insurance is as before, or there is none and an issue at the Coverage."""
    sound = INSURANCE.resource()
    sound["type"]["coding"] = sound["type"]["coding"][:1]  # the second is of another group and would stand in
    patient = PERSON.resource()
    expected = demographics.of(chart(patient, sound), NOW).coverage
    assert expected == {"other-government"}
    silent: list[tuple[str, str, Any]] = []
    for element in sound:
        for place, what, changed in every_mutation(sound, element) if element not in KEPT else ():
            record = chart(patient, changed)
            found = demographics.of(record, NOW).coverage
            told = any(one.path.startswith("prefetch.bundle.entry[1]") for one in record.issues)
            if found != expected and (found or not told):
                silent.append((place, what, found))
    assert silent == []


def test_insurance_without_a_kind_is_told() -> None:
    """A kind in words, an unknown status and an unreadable period leave an issue and no group."""
    sound = {
        "resourceType": "Coverage",
        "id": "c",
        "status": "active",
        "type": concept("1", "https://nahdo.org/sopt"),
        "beneficiary": {"reference": "Patient/example"},
        "payor": [{"display": "x"}],
    }
    assert demographics.of(chart(PERSON.resource(), sound), NOW).coverage == {"medicare"}
    for elements in ({"type": {"text": "Medicare"}}, {"status": "brewing"}, {"period": {"start": "soon"}}):
        record = chart(PERSON.resource(), sound | elements)
        assert demographics.of(record, NOW).coverage == frozenset()
        assert record.issues[0].path.startswith("prefetch.bundle.entry[1]")
