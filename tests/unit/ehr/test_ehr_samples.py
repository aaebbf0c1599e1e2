"""Reading the 308 charts of the Synthea R4 sample (transaction Bundles with urn:uuid references)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cds_hooks.ehr.bundle_file import PatientBundle, read_patient
from cds_hooks.ehr.references import references
from cds_hooks.ehr.search import answer

CHARTS = 308


@pytest.fixture(scope="module")
def files() -> list[Path]:
    """The sample's files, when the environment says where they are."""
    folder = os.environ.get("BEDSIDE_FHIR_SAMPLES")
    if not folder:
        pytest.skip("BEDSIDE_FHIR_SAMPLES does not name the folder with the FHIR samples")
    return sorted((Path(folder) / "synthea-r4-clinical").glob("*.json.gz"))


def dangling(bundle: PatientBundle) -> list[str]:
    return [
        reference
        for resource in bundle.resources
        for reference in references(resource)
        if bundle.find(*reference.split("/", 1)) is None
    ]


def test_every_chart_is_read_and_every_reference_resolves(files: list[Path]) -> None:
    """All charts give one patient, and each of their references leads to a resource of the chart."""
    bundles = [read_patient(path) for path in files]
    assert len(bundles) == CHARTS
    assert [found for bundle in bundles for found in dangling(bundle)] == []


def test_search_finds_all_of_a_patients_observations(files: list[Path]) -> None:
    """A search by patient finds every Observation of a chart, for all of them are about the patient."""
    bundle = read_patient(files[0])
    found = answer(f"Observation?patient={bundle.patient_id}", bundle)
    assert found is not None
    assert found["total"] == len(bundle.of_type("Observation")) > 0


def test_latest_result_comes_first(files: list[Path]) -> None:
    """The newest body height, as a template with _sort and _count asks for it, is the newest of the chart."""
    bundle = read_patient(files[0])
    query = f"Observation?patient={bundle.patient_id}&code=http://loinc.org|8302-2"
    everything, latest = answer(query, bundle), answer(f"{query}&_sort=-date&_count=1", bundle)
    assert everything is not None
    assert latest is not None
    dates = [entry["resource"]["effectiveDateTime"] for entry in everything["entry"]]
    assert latest["entry"][0]["resource"]["effectiveDateTime"] == max(dates)
