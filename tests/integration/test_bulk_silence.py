"""What silences the bundled models is read alike from an export and from whole charts, in every time zone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from bulk_export import MODELS, encoded, extracted, manifest, write_export
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_mapping.bulk.rows import Extraction, FeatureRow
from fhir_mapping.features import FeatureSet
from fhir_mapping.prefetch import KEYS
from fhir_mapping.record import PatientRecord
from fhir_mapping.times import time_zone

Resource = dict[str, Any]

# The hour in which Berlin's clocks go back for the second time, and a day later in Auckland.
INDEX = datetime(2025, 10, 26, 1, 30, tzinfo=UTC)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland"])
DATES = st.sampled_from(
    [
        *("2025-10-26T02:30:00+02:00", "2025-10-26T02:30:00+01:00", "2025-10-26T14:00:00+13:00"),
        *("2025-10-26", "2025-10-25", "2025-10-27", "2024-10-26", "2024-10-25", "2025-10", "2025", "2024-10"),
        *("2024-12-30", "2024-12-29", "2025-08-27", "2019-03", "2025-02-30", None),
    ]
)
RXNORM, NDC = "http://www.nlm.nih.gov/research/umls/rxnorm", "http://hl7.org/fhir/sid/ndc"
DRUGS = st.sampled_from(
    [
        *(
            {"text": text}
            for text in ("Aspirin 81 mg", "Januvia", "metformina", "Keytruda", "study drug", "")
        ),
        {"text": "Insulin-like growth factor"},
        {"coding": [{"system": RXNORM, "code": "9999991", "display": "Jardiance 10 MG Oral Tablet"}]},
        {"coding": [{"system": RXNORM, "code": "1547545"}]},
        {"coding": [{"system": RXNORM, "code": "314076"}]},
        {"coding": [{"system": NDC, "code": "0006-3026-02", "display": "KEYTRUDA 100 MG"}]},
    ]
)
PROBLEMS = st.sampled_from(
    [
        *(
            {"text": text}
            for text in ("Hypertension", "T2DM", "Family history of diabetes mellitus", "Pregnancy")
        ),
        *(
            {"coding": [{"system": f"http://hl7.org/fhir/sid/{system}", "code": code}]}
            for system, code in (("icd-10", "I10"), ("icd-10", "Z34.9"), ("icd-10-cm", "O24.410"))
        ),
        {"coding": [{"system": "http://snomed.info/sct", "code": "254637007"}]},
        {"coding": [{"system": "http://fhir.de/CodeSystem/bfarm/icd-10-gm", "code": "O09.3"}]},
    ]
)
RESULTS = st.sampled_from(
    [
        *({"text": text} for text in ("HbA1c", "HbA1c goal", "HbA 1c", "Albumin")),
        *(
            {"coding": [{"system": "http://loinc.org", "code": code}]}
            for code in ("4548-4", "39156-5", "1751-7")
        ),
        {"coding": [{"system": "urn:x", "code": "1", "display": "ＨｂＡ１ｃ"}]},
    ]
)
UNITS = st.sampled_from(["%", "%{NGSP}", "%{JDS}", "mmol/mol{IFCC}", "kg/m2", "g/dL", "g{albumin}/dL"])
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"


@st.composite
def entries(draw: st.DrawFn) -> Resource:
    """A medicine, a problem or a result."""
    kind = draw(st.sampled_from(["MedicationRequest", "MedicationStatement", "Condition", "Observation"]))
    day = draw(DATES)
    if kind == "Observation":
        unit = draw(UNITS)
        value = {"value": 30 if unit == "kg/m2" else 6.1, "unit": unit, "code": unit}
        made: Resource = {"status": draw(st.sampled_from(["final", "preliminary", "cancelled", "unknown"]))}
        made |= {"code": draw(RESULTS), "effectiveDateTime": day}
        made["valueQuantity"] = value | {"system": "http://unitsofmeasure.org"}
    elif kind == "Condition":
        made = {"code": draw(PROBLEMS), "onsetDateTime": day, "abatementDateTime": draw(DATES)}
        status = draw(st.sampled_from(["active", "resolved", None]))
        if status is not None:
            made["clinicalStatus"] = {"coding": [{"system": CLINICAL, "code": status}]}
    else:
        made = {"status": draw(st.sampled_from(["active", "completed", "unknown", "entered-in-error"]))}
        made |= {"medicationCodeableConcept": draw(DRUGS)}
        made |= (
            {"intent": "order", "authoredOn": day}
            if kind == "MedicationRequest"
            else {"effectiveDateTime": day}
        )
    return {"resourceType": kind} | {name: value for name, value in made.items() if value is not None}


@st.composite
def people(draw: st.DrawFn) -> list[list[Resource]]:
    """Charts of people who have, or have not, their birthday on the day; the first holds every type."""
    found = [[_person("p0", "1970-01-01"), *(_about("p0", at, one) for at, one in enumerate(OF_EVERY_TYPE))]]
    for number in range(1, draw(st.integers(2, 5))):
        name = f"p{number}"
        born = draw(st.sampled_from(["2007-10-26", "2007-10-27", "2007-10", "1960-02-29", "1990"]))
        listed = draw(st.lists(entries(), max_size=7))
        found.append([_person(name, born), *(_about(name, at, one) for at, one in enumerate(listed))])
    return found


def _person(name: str, born: str) -> Resource:
    return {"resourceType": "Patient", "id": name, "gender": "female", "birthDate": born}


def _about(name: str, at: int, one: Resource) -> Resource:
    return one | {"id": f"{name}-{at}", "subject": {"reference": f"Patient/{name}"}}


OF_EVERY_TYPE: list[Resource] = [
    {"resourceType": kind, "status": "entered-in-error"}
    for kind in ("MedicationRequest", "MedicationStatement", "MedicationAdministration", "Procedure")
] + [{"resourceType": "Condition"}, {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}]


def of_whole_charts(model: str, charts: list[list[Resource]], zone: str) -> dict[str, bytes]:
    """Rows of charts that are sent as they are."""
    features = FeatureSet.load(Path(manifest(model)))
    rows = []
    for chart in charts:
        raws = [json.dumps(one).encode() for one in chart]
        record = PatientRecord.of_resources(chart[0]["id"], raws, zone=time_zone(zone))
        record.answer(KEYS.values())
        rows.append(FeatureRow(chart[0]["id"], features.extract(record, INDEX).values))
    return encoded(rows)


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(charts=people(), zone=ZONES)
def test_rows_of_an_export_are_those_of_whole_charts(
    model: str, charts: list[list[Resource]], zone: str
) -> None:
    """Words, classifications, notes in units, coarse dates and clocks that go back: bit by bit."""
    with TemporaryDirectory() as home:
        export = write_export(Path(home, "export"), (one for chart in charts for one in chart))
        job = Extraction(manifest(model), INDEX, zone=zone)
        rows = extracted(export, Path(home, "work"), job, piece_bytes=3_000).rows(FeatureRow)
        assert encoded(rows) == of_whole_charts(model, charts, zone)
