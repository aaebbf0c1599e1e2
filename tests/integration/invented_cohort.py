"""Invented patients with what the bundled models read, as resources of an export."""

from __future__ import annotations

import random
from typing import Any

Resource = dict[str, Any]
LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM = "http://unitsofmeasure.org"
_MEASURED = (
    ("39156-5", "kg/m2", 22, 40),
    ("8280-0", "cm", 70, 130),
    ("8480-6", "mm[Hg]", 100, 170),
    ("2093-3", "mg/dL", 130, 280),
    ("2085-9", "mg/dL", 30, 80),
    ("29463-7", "kg", 50, 130),
    ("8302-2", "cm", 150, 200),
    ("4548-4", "%", 4.8, 6.4),
    ("1751-7", "g/dL", 2.5, 5.0),
)


def cohort(patients: int, seed: int = 3) -> list[Resource]:
    """Resources of some patients: demographics, a few results of each kind, problems, prescriptions."""
    rng = random.Random(seed)
    drugs = [_drug(number, code) for number, code in enumerate(("860975", "314076"))]
    return drugs + [found for number in range(patients) for found in _patient(rng, f"p-{number:04}")]


def _patient(rng: random.Random, name: str) -> list[Resource]:
    found: list[Resource] = [
        {
            "resourceType": "Patient",
            "id": name,
            "gender": rng.choice(("female", "male")),
            "birthDate": f"{rng.randrange(1935, 2005)}-{rng.randrange(1, 13):02}-11",
        }
    ]
    for code, unit, low, high in _MEASURED:
        found += [
            measured(rng, name, f"{name}-{code}-{number}", code, unit, rng.uniform(low, high))
            for number in range(rng.randrange(4))
        ]
    found.append(_condition(rng, name))
    if rng.random() < 0.3:
        found.append(_prescription(rng, name))
    return found


def measured(rng: random.Random, patient: str, name: str, code: str, unit: str, value: float) -> Resource:
    """A final result."""
    return {
        "resourceType": "Observation",
        "id": name,
        "meta": {"lastUpdated": "2021-02-03T04:05:06Z"},
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": moment(rng),
        "valueQuantity": {"value": round(value, 1), "unit": unit, "system": UCUM, "code": unit},
    }


def moment(rng: random.Random) -> str:
    """A time in the three years before 2021, in one of two zones."""
    day = f"{rng.randrange(2018, 2021)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 28):02}"
    return f"{day}T{rng.randrange(24):02}:30:00{rng.choice(('+00:00', '-05:00'))}"


def _condition(rng: random.Random, patient: str) -> Resource:
    status = "http://terminology.hl7.org/CodeSystem/condition-"
    return {
        "resourceType": "Condition",
        "id": f"{patient}-c",
        "clinicalStatus": {"coding": [{"system": f"{status}clinical", "code": "active"}]},
        "verificationStatus": {"coding": [{"system": f"{status}ver-status", "code": "confirmed"}]},
        "code": {"coding": [{"system": SNOMED, "code": rng.choice(("44054006", "38341003", "93761005"))}]},
        "subject": {"reference": f"https://ehr.example.org/fhir/Patient/{patient}"},
        "onsetDateTime": "2015-03-04",
    }


def _drug(number: int, code: str) -> Resource:
    return {
        "resourceType": "Medication",
        "id": f"drug-{number}",
        "code": {"coding": [{"system": RXNORM, "code": code}]},
    }


def _prescription(rng: random.Random, patient: str) -> Resource:
    return {
        "resourceType": "MedicationRequest",
        "id": f"{patient}-m",
        "status": "active",
        "intent": "order",
        "medicationReference": {"reference": f"Medication/drug-{rng.randrange(2)}"},
        "subject": {"reference": f"Patient/{patient}"},
        "authoredOn": "2019-01-02",
    }
