"""One definition, three readers: an export gives the rows that the hook gives, bit by bit."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bulk_export import MODELS, Resource, bundles, feature_rows, hook_rows, write_export, write_shuffled

from cds_hooks.ehr.bundle_file import PatientBundle

SAMPLES = Path(os.environ.get("BEDSIDE_FHIR_SAMPLES", "/nonexistent")) / "synthea-r4-clinical"
INDEX_TIMES = (datetime(2021, 1, 1, tzinfo=UTC), datetime(2013, 5, 20, 12, tzinfo=UTC))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not SAMPLES.is_dir(), reason="BEDSIDE_FHIR_SAMPLES does not name the folder with synthetic patients"
    ),
]


@pytest.fixture(scope="module")
def practice() -> tuple[list[PatientBundle], list[Resource]]:
    """All synthetic patients: charts, and the resources of all of them."""
    charts, resources = [], []
    for chart, found in bundles(SAMPLES):
        charts.append(chart)
        resources += found
    assert len(charts) == 308
    return charts, resources


@pytest.fixture(scope="module")
def export(
    practice: tuple[list[PatientBundle], list[Resource]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The patients as an export of one file for each type."""
    return write_export(tmp_path_factory.mktemp("plain"), practice[1])


@pytest.fixture(scope="module")
def shuffled(
    practice: tuple[list[PatientBundle], list[Resource]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The patients as an export in another order, of many files, plain and packed."""
    return write_shuffled(tmp_path_factory.mktemp("shuffled"), practice[1])


@pytest.mark.parametrize("index", INDEX_TIMES, ids=str)
@pytest.mark.parametrize("model", MODELS)
def test_an_export_gives_the_rows_of_the_hook(
    model: str,
    index: datetime,
    practice: tuple[list[PatientBundle], list[Resource]],
    export: Path,
    tmp_path: Path,
) -> None:
    """Every feature of every patient, with provenance, is what the hook computes of the same chart."""
    assert feature_rows(export, tmp_path / "work", model, index) == hook_rows(practice[0], model, index)


@pytest.mark.parametrize("model", MODELS)
def test_neither_order_nor_processes_matter(model: str, export: Path, shuffled: Path, tmp_path: Path) -> None:
    """Shuffled, packed and scattered files on two processes give the rows of plain files on one."""
    index = INDEX_TIMES[0]
    plain = feature_rows(export, tmp_path / "one", model, index, processes=1)
    assert feature_rows(shuffled, tmp_path / "two", model, index, processes=2) == plain
