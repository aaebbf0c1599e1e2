"""Resources with each element dropped, retyped, emptied, doubled or made wrong: no silent value.

For every kind of feature the value stays as it was, or is missing with a reason and an issue whose path
leads to the resource.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from mutated_subjects import CPT, RXNORM, SNOMED, SUBJECTS, Json, Subject
from mutating import every_mutation

from fhir_mapping.drafts import read_drafts
from fhir_mapping.features import FeatureSet
from fhir_mapping.issues import Issue
from fhir_mapping.payload import decode_payload
from fhir_mapping.record import PatientRecord
from fhir_mapping.values import REASONS, FeatureValue

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DRAFTS = "context.draftOrders"


def other(resource: Json) -> Json:
    """Another entry of the same list, about the same patient and something else."""
    kind = resource["resourceType"] if resource["resourceType"] != "Medication" else "MedicationRequest"
    owner = "patient" if "patient" in resource else "subject"
    kept = (owner, "relationship", "intent", "class")
    found = {name: resource[name] for name in kept if name in resource} | {
        "resourceType": kind,
        "id": "other",
    }
    is_drug = kind.startswith("Medication")
    system, known = (CPT, "44970") if CPT in json.dumps(resource) else (SNOMED, "38341003")
    if is_drug:
        system, known = RXNORM, "1191"
        found |= {"effectiveDateTime": "2026-01-01"} if kind.endswith("tion") else {}
    code = {"coding": [{"system": system, "code": known}]}
    name = "medicationCodeableConcept" if is_drug else "type" if kind == "Encounter" else "code"
    statuses = {"MedicationRequest": "active", "Encounter": "cancelled", "Observation": "final"}
    return {**found, "status": statuses.get(kind, "completed"), name: [code] if name == "type" else code}


def owner(resource: Json) -> str:
    """Id of the patient whom a resource is about."""
    about = resource.get("patient") or resource.get("subject") or resource.get("beneficiary")
    reference = about["reference"] if about else "Patient/example"
    return str(reference).removeprefix("Patient/").removeprefix("urn:uuid:")


def read(subject: Subject, *resources: Json) -> tuple[FeatureValue, list[Issue], str]:
    """The feature `f`, the issues, and the path that leads to the first of the resources."""
    sound = subject.resource()
    ident = owner(sound)
    patient = {"resourceType": "Patient", "id": ident, "gender": "female", "birthDate": "1968-04-02"}
    entries = [patient] if subject.is_draft else [patient, other(sound), *subject.beside, *resources]
    chart = json.dumps({"resourceType": "Bundle", "entry": [{"resource": one} for one in entries]}).encode()
    compiled = FeatureSet.parse(subject.features, "model.yaml")
    if not subject.is_draft:
        record = PatientRecord.of_bundle(chart, ident)
        # What a Medication says counts for the order that refers to it, which stands beside it.
        drug = sound["resourceType"] == "Medication"
        path = f"prefetch.bundle.entry[{2 + (0 if drug else len(subject.beside))}]"
        return compiled.extract(record, NOW)["f"], record.issues, path
    bundle = {"resourceType": "Bundle", "entry": [{"resource": one} for one in resources]}
    issues: list[Issue] = []
    drafts = read_drafts(msgspec.Raw(json.dumps(bundle).encode()), DRAFTS, (), issues)
    record = PatientRecord(ident, {"all": decode_payload(chart)}, lambda _: [], drafts, issues)
    return compiled.extract(record, NOW)["f"], record.issues, f"{DRAFTS}.entry[0]"


# What a resource may do without: it then says that there is nothing, and says it rightly.
IN_ORDER = {("family history", "condition"), ("onset of a relative", "condition")}

CASES = [
    (name, element)
    for name, subject in SUBJECTS.items()
    if subject.is_there
    for element in subject.resource()
    if (name, element) not in IN_ORDER
]
# Without an onset the day of recording stands in, which is written down; so it does for `null`.
FALLEN_BACK = {("days since a condition", "onsetDateTime", what) for what in ("dropped", "None")}
at_hand = pytest.mark.parametrize("name", [name for name, subject in SUBJECTS.items() if subject.is_there])


@at_hand
def test_the_sound_resource_gives_a_value(name: str) -> None:
    """The resources that are changed below are each read, without an issue."""
    subject = SUBJECTS[name]
    found, issues, _ = read(subject, subject.resource())
    assert found.state == "ok"
    assert [one for one in issues if one.code != "no-resource"] == []


@at_hand
def test_a_resource_that_is_sent_twice_counts_once(name: str) -> None:
    """The same resource a second time changes nothing."""
    subject = SUBJECTS[name]
    sound = subject.resource()
    assert read(subject, sound, sound)[0].value == read(subject, sound)[0].value


@pytest.mark.parametrize(("name", "element"), CASES)
def test_a_mutated_copy_under_the_same_id_gives_no_other_value(name: str, element: str) -> None:
    """Two contents under one id: the value is that of the sound one, or there is none."""
    subject = SUBJECTS[name]
    sound = subject.resource()
    expected = read(subject, sound)[0].value
    others: list[tuple[str, str, Any]] = []
    for place, what, changed in every_mutation(sound, element) if element != "id" else ():
        for both in ((sound, changed), (changed, sound)):
            found = read(subject, *both)[0]
            if found.known and found.value != expected:
                others.append((place, what, found.value))
    assert others == []


@pytest.mark.parametrize(("name", "element"), CASES)
def test_a_mutated_element_never_gives_another_value_in_silence(name: str, element: str) -> None:
    """The feature is unchanged, or missing with a known reason and an issue that leads to the resource."""
    subject = SUBJECTS[name]
    sound = subject.resource()
    expected = read(subject, sound)[0].value
    silent: list[tuple[str, str, Any]] = []
    for place, what, changed in every_mutation(sound, element):
        if (name, place, what) in FALLEN_BACK:
            continue
        found, issues, path = read(subject, changed)
        told = found.reason in REASONS and any(one.path.startswith(path) for one in issues)
        if (found.value != expected) if found.known else not told:
            silent.append((place, what, found.reason or found.value))
    assert silent == []
