"""Hook requests of three sizes with US-Core-like resources, made of invented people; the same bytes for a
seed."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

LOINC, UCUM, SNOMED = "http://loinc.org", "http://unitsofmeasure.org", "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
PROFILE = "http://hl7.org/fhir/us/core/StructureDefinition/"
OMB = "urn:oid:2.16.840.1.113883.6.238"
INDEX = datetime(2026, 1, 2, tzinfo=UTC)

# The ten quantities that the model reads: code, name, UCUM unit, mean, standard deviation.
READ = (
    ("4548-4", "Hemoglobin A1c", "%", 6.2, 1.0),
    ("2345-7", "Glucose", "mg/dL", 115.0, 28.0),
    ("2160-0", "Creatinine", "mg/dL", 1.0, 0.2),
    ("33914-3", "Estimated glomerular filtration rate", "mL/min/{1.73_m2}", 80.0, 15.0),
    ("2093-3", "Total cholesterol", "mg/dL", 190.0, 30.0),
    ("2085-9", "HDL cholesterol", "mg/dL", 50.0, 10.0),
    ("13457-7", "LDL cholesterol", "mg/dL", 110.0, 25.0),
    ("2571-8", "Triglycerides", "mg/dL", 140.0, 40.0),
    ("39156-5", "Body mass index", "kg/m2", 28.0, 4.0),
    ("8867-4", "Heart rate", "/min", 74.0, 8.0),
)
# What a chart holds besides.
UNREAD = (
    ("718-7", "Hemoglobin", "g/dL", 13.6, 1.2),
    ("6690-2", "Leukocytes", "10*3/uL", 7.0, 1.5),
    ("777-3", "Platelets", "10*3/uL", 250.0, 50.0),
    ("2951-2", "Sodium", "mmol/L", 140.0, 3.0),
    ("2823-3", "Potassium", "mmol/L", 4.2, 0.4),
    ("8310-5", "Body temperature", "Cel", 36.8, 0.3),
    ("9279-1", "Respiratory rate", "/min", 16.0, 2.0),
)
# Observations, conditions, medication requests, encounters; one patient comes on top.
SIZES = {"small": (10, 5, 5, 0), "typical": (150, 12, 25, 12), "large": (1700, 60, 150, 89)}


def request(size: str, seed: int = 7) -> bytes:
    """A patient-view request of 21, 200 or 2,000 resources as JSON bytes."""
    rng = random.Random(f"{size}-{seed}")
    counts = dict(
        zip(("observations", "conditions", "medicationRequests", "encounters"), SIZES[size], strict=True)
    )
    makers: dict[str, Callable[[random.Random, int], dict[str, Any]]] = {
        "observations": observation,
        "conditions": condition,
        "medicationRequests": medication_request,
        "encounters": encounter,
    }
    prefetch: dict[str, Any] = {"patient": patient(rng)}
    for key, count in counts.items():
        if count:
            entries = [{"resource": makers[key](rng, i), "search": {"mode": "match"}} for i in range(count)]
            prefetch[key] = {"resourceType": "Bundle", "type": "searchset", "total": count, "entry": entries}
    return orjson.dumps(
        {
            "hook": "patient-view",
            "hookInstance": "6f1f2b34-55a7-4d6f-9f3e-2a1b7c9d0e11",
            "context": {"userId": "Practitioner/bench", "patientId": "bench-1"},
            "prefetch": prefetch,
        }
    )


def patient(rng: random.Random) -> dict[str, Any]:
    """A US Core Patient."""
    coded = (("race", "2106-3", "White"), ("ethnicity", "2186-5", "Not Hispanic or Latino"))
    extensions: list[dict[str, Any]] = [
        {
            "url": f"{PROFILE}us-core-{name}",
            "extension": [
                {"url": "ombCategory", "valueCoding": {"system": OMB, "code": code, "display": text}},
                {"url": "text", "valueString": text},
            ],
        }
        for name, code, text in coded
    ]
    extensions.append({"url": f"{PROFILE}us-core-birthsex", "valueCode": "F"})
    return {
        "resourceType": "Patient",
        "id": "bench-1",
        "meta": _meta(rng, "us-core-patient"),
        "extension": extensions,
        "identifier": [{"use": "usual", "system": "urn:oid:2.999.1", "value": "bench-1"}],
        "active": True,
        "name": [{"use": "official", "family": "Example", "given": ["Pat", "B"]}],
        "telecom": [{"system": "phone", "value": "555-0100", "use": "home"}],
        "gender": "female",
        "birthDate": f"{rng.randrange(1945, 1995)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 28):02d}",
        "address": [{"use": "home", "line": ["1 Example Road"], "city": "Sampleton", "country": "US"}],
    }


def observation(rng: random.Random, i: int) -> dict[str, Any]:
    """A US Core laboratory result or vital sign; every third is one that the model reads, and all are early
    on."""
    table = READ if i < len(READ) or i % 3 == 0 else UNREAD
    code, name, unit, mean, spread = table[i % len(table)]
    category = "vital-signs" if unit in ("/min", "Cel", "kg/m2") else "laboratory"
    return {
        "resourceType": "Observation",
        "id": f"obs-{i}",
        "meta": _meta(rng, "us-core-observation-lab"),
        "status": "final",
        "category": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                        "code": category,
                        "display": category,
                    }
                ]
            }
        ],
        "code": {"coding": [{"system": LOINC, "code": code, "display": name}], "text": name},
        "subject": {"reference": "Patient/bench-1"},
        "encounter": {"reference": f"Encounter/enc-{i % 12}"},
        "effectiveDateTime": _time(rng),
        "issued": _time(rng),
        "performer": [{"reference": "Practitioner/bench", "display": "Example Clinician"}],
        "valueQuantity": {
            "value": round(max(rng.gauss(mean, spread), mean / 3), 2),
            "unit": unit,
            "system": UCUM,
            "code": unit,
        },
        "referenceRange": [
            {
                "low": {"value": mean / 2, "unit": unit, "system": UCUM, "code": unit},
                "high": {"value": mean * 2, "unit": unit, "system": UCUM, "code": unit},
                "text": "example range",
            }
        ],
    }


def condition(rng: random.Random, i: int) -> dict[str, Any]:
    """A US Core problem."""
    code, name = (
        ("38341003", "Hypertensive disorder"),
        ("55822004", "Hyperlipidemia"),
        ("195967001", "Asthma"),
    )[i % 3]
    status = "http://terminology.hl7.org/CodeSystem/condition-"
    return {
        "resourceType": "Condition",
        "id": f"con-{i}",
        "meta": _meta(rng, "us-core-condition-problems-health-concerns"),
        "clinicalStatus": {"coding": [{"system": f"{status}clinical", "code": "active"}]},
        "verificationStatus": {"coding": [{"system": f"{status}ver-status", "code": "confirmed"}]},
        "category": [{"coding": [{"system": f"{status}category", "code": "problem-list-item"}]}],
        "code": {"coding": [{"system": SNOMED, "code": code, "display": name}], "text": name},
        "subject": {"reference": "Patient/bench-1"},
        "onsetDateTime": _time(rng),
        "recordedDate": _time(rng),
    }


def medication_request(rng: random.Random, i: int) -> dict[str, Any]:
    """A US Core medication order."""
    code, name = (("314076", "lisinopril 10 MG Oral Tablet"), ("617310", "atorvastatin 20 MG Oral Tablet"))[
        i % 2
    ]
    return {
        "resourceType": "MedicationRequest",
        "id": f"med-{i}",
        "meta": _meta(rng, "us-core-medicationrequest"),
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {
            "coding": [{"system": RXNORM, "code": code, "display": name}],
            "text": name,
        },
        "subject": {"reference": "Patient/bench-1"},
        "authoredOn": _time(rng),
        "requester": {"reference": "Practitioner/bench", "display": "Example Clinician"},
        "dosageInstruction": [
            {"text": "one a day", "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}}
        ],
    }


def encounter(rng: random.Random, i: int) -> dict[str, Any]:
    """A US Core visit."""
    act = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    return {
        "resourceType": "Encounter",
        "id": f"enc-{i}",
        "meta": _meta(rng, "us-core-encounter"),
        "status": "finished",
        "class": {"system": act, "code": "AMB"},
        "type": [{"coding": [{"system": SNOMED, "code": "185345009", "display": "Encounter for symptom"}]}],
        "subject": {"reference": "Patient/bench-1"},
        "period": {"start": _time(rng), "end": _time(rng)},
    }


def _meta(rng: random.Random, profile: str) -> dict[str, Any]:
    return {"versionId": "1", "lastUpdated": _time(rng), "profile": [PROFILE + profile]}


def _time(rng: random.Random) -> str:
    when = INDEX - timedelta(days=1, seconds=rng.randrange(1400 * 86_400))
    return when.strftime("%Y-%m-%dT%H:%M:%S+00:00")
