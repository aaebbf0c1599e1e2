"""What every acceptance test needs: the models of the catalogue, loaded once, and a hospital around them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hospital import Hospital
from hypothesis import HealthCheck, settings

from models.registry import CATALOG, Registry

# Examples are found or not; how long that takes on a busy machine is no property of ours.
settings.register_profile("bedside", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bedside")


@pytest.fixture(scope="session")
def catalogue() -> Registry:
    """The bundled models."""
    return Registry.load([CATALOG])


@pytest.fixture
def hospital(tmp_path: Path, catalogue: Registry) -> Iterator[Hospital]:
    """A hospital with an empty ledger."""
    opened = Hospital(tmp_path, catalogue, BEDSIDE_CORS_ORIGINS="https://ehr.example.org")
    yield opened
    opened.close()


@pytest.fixture
def data_folder() -> Path:
    """The folder of shared data, such as the numbered requirements of CDS Hooks."""
    return _folder("BEDSIDE_DATA", "the requirements and example requests of CDS Hooks")


@pytest.fixture
def samples_folder() -> Path:
    """The folder of synthetic patients."""
    return _folder("BEDSIDE_FHIR_SAMPLES", "synthetic patients")


def _folder(variable: str, what: str) -> Path:
    folder = os.environ.get(variable)
    if not folder:
        pytest.skip(f"{variable} does not name the folder with {what}.")
    return Path(folder)
