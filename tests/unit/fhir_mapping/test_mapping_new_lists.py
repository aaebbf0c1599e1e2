"""Prefetch keys and descriptions of allergies, family history and encounters, and real samples of them."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from mapping_samples import (
    BREAST_CANCER,
    NOW,
    PENICILLIN,
    RXNORM,
    SNOMED,
    Resource,
    feature,
    features,
    record,
)

from fhir_mapping import prefetch
from fhir_mapping.describe import describe
from fhir_mapping.record import LISTS, PatientRecord

SPECS: dict[str, Resource] = {
    "allergies": feature(
        kind="allergy", codes=[{"system": RXNORM, "code": PENICILLIN}], criticality=["high"]
    ),
    "familyHistory": feature(
        kind="family_history",
        codes=[{"system": SNOMED, "code": BREAST_CANCER}],
        degree="first",
        onset_before=50,
    ),
    "encounters": feature(kind="encounter", classes=["EMER"], value="days_since"),
}
ASKED = {
    "allergies": "AllergyIntolerance?patient={{context.patientId}}",
    "familyHistory": "FamilyMemberHistory?patient={{context.patientId}}",
    "encounters": "Encounter?patient={{context.patientId}}",
}


@pytest.mark.parametrize("key", SPECS)
def test_key_asks_for_the_whole_list(key: str) -> None:
    """Each list has a key of its own, asked for without dates and answered by an empty Bundle."""
    templates = prefetch.templates([features(SPECS[key])])
    assert templates == {"patient": "Patient/{{context.patientId}}", key: ASKED[key]}
    assert set(prefetch.answered(key)) <= set(LISTS)


@pytest.mark.parametrize("key", SPECS)
def test_required_list_that_was_not_given_is_named(key: str) -> None:
    """A model that cannot do without the list says which key it needs."""
    compiled = features({**SPECS[key], "required": True})
    assert prefetch.required_missing([compiled], record())[0].startswith(f"prefetch key `{key}`")
    answered = record()
    answered.answer(prefetch.answered(key))
    assert prefetch.required_missing([compiled], answered) == []


def described(key: str) -> dict[str, Any]:
    """The description of a spec."""
    return describe(features(SPECS[key]))[0]


def test_description_says_what_counts() -> None:
    """Codes, statuses and details that a third party needs to send an entry that counts."""
    allergy, family, visit = (described(key) for key in ("allergies", "familyHistory", "encounters"))
    assert allergy["criticality"] == ["high"]
    assert allergy["neverCounts"] == ["refuted", "entered-in-error", "no known allergy"]
    assert (family["onsetBefore"], family["codes"][0]["code"]) == (50, BREAST_CANCER)
    assert {one["code"] for one in family["relationships"]} >= {"MTH", "FTH", "SIS"}
    assert [one["code"] for one in visit["classes"]] == ["EMER"]
    assert visit["value"] == "days_since"


def test_active_is_described() -> None:
    """Where what is active on the index date is asked for, the description says so."""
    spec = feature(kind="medication", codes=[{"system": RXNORM, "code": PENICILLIN}], active=True)
    assert describe(features(spec))[0]["activeOnIndexDate"] is True


SAMPLES = Path(os.environ.get("BEDSIDE_FHIR_SAMPLES", "/nowhere"))
needs_samples = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="BEDSIDE_FHIR_SAMPLES names no folder of samples"
)


@needs_samples
def test_published_family_history_is_read() -> None:
    """The US Core example: a father with chronic kidney disease, of an onset that nobody recorded."""
    raw = (SAMPLES / "us-core-examples" / "familymemberhistory-example.json").read_bytes()
    chart = PatientRecord.of_resources("example", [raw])
    spec = feature(kind="family_history", codes=[{"system": SNOMED, "code": "709044004"}], degree="first")
    early = {**spec, "name": "g", "onset_before": 50}
    found = features(spec, early).extract(chart, NOW)
    assert (found["f"].value, found["f"].date) == (1.0, "2011-03-18")
    assert found["g"].reason == "onset-unknown"


@needs_samples
def test_visits_of_synthetic_charts_are_counted() -> None:
    """Emergency visits of whole charts equal a plain count over their JSON; no entry is in doubt."""
    spec = features(feature(kind="encounter", classes=["EMER"], value="count"))
    total = 0
    for path in sorted((SAMPLES / "synthea-r4-clinical").glob("*.json.gz"))[:40]:
        body = gzip.decompress(path.read_bytes())
        plain = [
            entry["resource"]
            for entry in json.loads(body)["entry"]
            if entry["resource"]["resourceType"] == "Encounter"
            and entry["resource"]["class"]["code"] == "EMER"
        ]
        found = spec.extract(PatientRecord.of_bundle(body), NOW)["f"]
        assert (found.value, found.known) == (float(len(plain)), True)
        total += len(plain)
    assert total > 20
