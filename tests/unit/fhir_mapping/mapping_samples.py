"""Small FHIR resources and feature sets, from which each test writes the one record that it needs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import models
from fhir_mapping.features import FeatureSet
from fhir_mapping.issues import Issue
from fhir_mapping.payload import decode_payload, raws_of
from fhir_mapping.record import PatientRecord
from fhir_mapping.values import FeatureValue

Resource = dict[str, Any]

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM = "http://unitsofmeasure.org"
SUBJECT = {"reference": "Patient/p1"}
WEIGHT, SYSTOLIC, PANEL = "29463-7", "8480-6", "85354-9"
METFORMIN = "6809"
PENICILLIN = "7980"
BREAST_CANCER = "254837009"
ROLE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
CATALOG = Path(models.__file__).parent / "catalog"
MODELS = ("type2-diabetes-risk", "immunotherapy-response")


def concept(code: str, system: str = LOINC, **more: str) -> Resource:
    """A CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": code, **more}]}


def quantity(value: Any, unit: str = "kg") -> Resource:
    """A Quantity in a UCUM unit."""
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def without_nothing(resource: Resource) -> Resource:
    """The resource without its elements that are None."""
    return {name: value for name, value in resource.items() if value is not None}


def patient(**elements: Any) -> Resource:
    """A woman born on 1968-04-02."""
    return without_nothing(
        {"resourceType": "Patient", "id": "p1", "birthDate": "1968-04-02", "gender": "female", **elements}
    )


def observation(
    value: Any = 70, when: str | None = "2026-05-01", ident: str = "o1", code: str = WEIGHT, **elements: Any
) -> Resource:
    """A final body weight in kg, unless told otherwise; an element of None is left out."""
    return without_nothing(
        {
            "resourceType": "Observation",
            "id": ident,
            "status": "final",
            "code": concept(code),
            "subject": SUBJECT,
            "effectiveDateTime": when,
            "valueQuantity": quantity(value),
            **elements,
        }
    )


def condition(code: str, system: str = SNOMED, ident: str = "c1", **elements: Any) -> Resource:
    """An active, confirmed problem of 2025."""
    return without_nothing(
        {
            "resourceType": "Condition",
            "id": ident,
            "subject": SUBJECT,
            "code": concept(code, system),
            "clinicalStatus": clinical("active"),
            "verificationStatus": verification("confirmed"),
            "onsetDateTime": "2025-03-01",
            **elements,
        }
    )


def clinical(code: str) -> Resource:
    """A clinical status of a Condition."""
    return concept(code, "http://terminology.hl7.org/CodeSystem/condition-clinical")


def verification(code: str) -> Resource:
    """A verification status of a Condition."""
    return concept(code, "http://terminology.hl7.org/CodeSystem/condition-ver-status")


def order(ident: str = "m1", **elements: Any) -> Resource:
    """An active order of metformin, unless told otherwise."""
    return without_nothing(
        {
            "resourceType": "MedicationRequest",
            "id": ident,
            "status": "active",
            "intent": "order",
            "subject": SUBJECT,
            "authoredOn": "2026-01-10",
            "medicationCodeableConcept": concept(METFORMIN, RXNORM),
            **elements,
        }
    )


def procedure(code: str, ident: str = "x1", **elements: Any) -> Resource:
    """A completed procedure of 2025."""
    return without_nothing(
        {
            "resourceType": "Procedure",
            "id": ident,
            "status": "completed",
            "subject": SUBJECT,
            "code": concept(code, SNOMED),
            "performedDateTime": "2025-08-01",
            **elements,
        }
    )


def allergy(drug: str = PENICILLIN, ident: str = "a1", **elements: Any) -> Resource:
    """An active, confirmed allergy to penicillin of high criticality, unless told otherwise."""
    kind = "http://terminology.hl7.org/CodeSystem/allergyintolerance"
    return without_nothing(
        {
            "resourceType": "AllergyIntolerance",
            "id": ident,
            "clinicalStatus": concept("active", f"{kind}-clinical"),
            "verificationStatus": concept("confirmed", f"{kind}-verification"),
            "criticality": "high",
            "code": concept(drug, RXNORM),
            "patient": SUBJECT,
            "recordedDate": "2025-04-01",
            **elements,
        }
    )


def relative(
    relationship: str = "MTH", ident: str = "f1", illness: str = BREAST_CANCER, **elements: Any
) -> Resource:
    """A mother who had breast cancer at 44, unless told otherwise; `onset` stands in the condition."""
    onset = elements.pop("onset", {"onsetAge": {"value": 44, "system": UCUM, "code": "a"}})
    return without_nothing(
        {
            "resourceType": "FamilyMemberHistory",
            "id": ident,
            "status": "completed",
            "patient": SUBJECT,
            "date": "2026-01-15",
            "relationship": concept(relationship, ROLE),
            "condition": [{"code": concept(illness, SNOMED), **onset}],
            **elements,
        }
    )


def encounter(
    setting: str = "EMER", when: str = "2026-03-01", ident: str = "e1", **elements: Any
) -> Resource:
    """A finished visit to the emergency department, unless told otherwise."""
    return without_nothing(
        {
            "resourceType": "Encounter",
            "id": ident,
            "status": "finished",
            "class": {"system": ACT, "code": setting},
            "type": [concept("50849002", SNOMED)],
            "subject": SUBJECT,
            "period": {"start": f"{when}T10:00:00Z", "end": f"{when}T16:00:00Z"},
            **elements,
        }
    )


def bundle(*resources: Any) -> bytes:
    """The JSON of a collection Bundle."""
    entries = [{"resource": resource} for resource in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


def record(*resources: Any, validated: bool = True) -> PatientRecord:
    """A record of the sample patient with these resources."""
    return PatientRecord.of_bundle(bundle(patient(), *resources), validated=validated)


def fast_record(body: bytes, patient_id: str = "p1") -> PatientRecord:
    """A record by the typed decode in one pass, as for a request whose payload fits the types."""
    return PatientRecord(patient_id, {"all": decode_payload(body)}, lambda key: raws_of({"all": body}, key))


def feature(**fields: Any) -> Resource:
    """A spec of body weight, unless told otherwise."""
    told = {"name": "f", "label": "Feature", "kind": "observation", **fields}
    if told["kind"] == "observation" and "codes" not in told:
        told.setdefault("analyte", "body-weight")
    return told


def features(*specs: Resource) -> FeatureSet:
    """A compiled feature set."""
    return FeatureSet.parse(list(specs), "model.yaml")


def read(spec: Resource, *resources: Any, at: datetime = NOW) -> FeatureValue:
    """The value of one feature on a record with these resources."""
    return features(spec).extract(record(*resources), at)[spec["name"]]


def told(spec: Resource, *resources: Any) -> list[Issue]:
    """The issues of reading one feature on a record with these resources."""
    return list(features(spec).extract(record(*resources), NOW).issues)


def catalog_features(model: str) -> FeatureSet:
    """Features of a model of the catalog."""
    return FeatureSet.load(CATALOG / model / "model.yaml")
