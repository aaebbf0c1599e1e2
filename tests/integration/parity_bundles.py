"""FHIR Bundles written from rows of a data set, for the comparison of mapper and training matrix."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

from fhir_mapping.features import FeatureSet
from fhir_mapping.prefetch import KEYS
from fhir_mapping.record import PatientRecord
from fhir_mapping.values import FeatureVector

INDEX = datetime(2025, 6, 10, 9, 0, tzinfo=UTC)
RECENT = "2025-05-20"
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
SUBJECT = {"reference": "Patient/row"}

Resource = dict[str, Any]


def concept(system: str, code: str) -> Resource:
    """A CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": code}]}


def quantity(value: float, ucum: str) -> Resource:
    """A Quantity in a UCUM unit."""
    return {"value": value, "unit": ucum, "system": "http://unitsofmeasure.org", "code": ucum}


def observation(code: str, **content: Any) -> Resource:
    """A final Observation, some weeks before the index time."""
    return {"resourceType": "Observation", "status": "final", "code": concept(LOINC, code),
            "subject": SUBJECT, "effectiveDateTime": RECENT, **content}  # fmt: skip


def measured(code: str, value: float, ucum: str) -> Resource:
    """An Observation with a quantity."""
    return observation(code, valueQuantity=quantity(value, ucum))


def patient(age: int, gender: str | None, days: int) -> Resource:
    """A Patient who turned ``age`` some ``days`` (below 160) before the index date."""
    birthday = date.fromordinal(INDEX.date().toordinal() - days)
    born = birthday.replace(year=birthday.year - age)
    found = {"resourceType": "Patient", "id": "row", "birthDate": born.isoformat()}
    return found if gender is None else {**found, "gender": gender}


def read_vector(features: FeatureSet, resources: list[Resource]) -> FeatureVector:
    """All features as the service reads them from the whole chart, which must raise no issue."""
    entries = [{"resource": each} for each in resources]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    record = PatientRecord.of_bundle(json.dumps(bundle).encode())
    record.answer(KEYS.values())
    vector = features.extract(record, INDEX)
    assert not record.issues
    return vector


def read_row(features: FeatureSet, resources: list[Resource]) -> list[float]:
    """The model's inputs of a chart in column order, NaN = missing."""
    return read_vector(features, resources).row()
