"""Units of the sample patients: each quantity of a known code converts, or is refused for a known reason."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from fhir_mapping.terminology import catalogue
from fhir_mapping.terminology.units import UnitTable, table

LOINC = "http://loinc.org"
PATIENTS = 120
# Clearances that say nothing of body surface, which Synthea sends under an eGFR code.
REFUSED = {("egfr", "mL/min")}


@pytest.fixture(scope="module")
def samples() -> Path:
    """The folder of synthetic patients and of published examples."""
    folder = os.environ.get("BEDSIDE_FHIR_SAMPLES")
    if not folder:
        pytest.skip("BEDSIDE_FHIR_SAMPLES does not name the folder with synthetic patients.")
    return Path(folder)


def observations(folder: Path) -> Iterator[dict[str, Any]]:
    """Observations and their components of some Synthea patients and all US Core examples."""
    bundles = islice(sorted(folder.glob("synthea-r4-clinical/*.json.gz")), PATIENTS)
    documents = [json.loads(gzip.decompress(path.read_bytes())) for path in bundles]
    documents += [json.loads(path.read_text()) for path in sorted(folder.glob("us-core-examples/*.json"))]
    for document in documents:
        for resource in [document, *(entry.get("resource", {}) for entry in document.get("entry", ()))]:
            if resource.get("resourceType") == "Observation":
                yield from (resource, *resource.get("component", ()))


def analytes_by_code() -> dict[str, tuple[str, UnitTable]]:
    """Analyte and unit table of each LOINC code."""
    return {
        code["code"]: (name, table(entry.unit, entry.units, entry.spellings))
        for name, entry in catalogue.analytes().items()
        for code in entry.codes
    }


def test_every_unit_of_the_samples_is_known(samples: Path) -> None:
    """No quantity of a known code is lost to a unit, but for eGFR without a body surface."""
    known, accepted, refused = analytes_by_code(), Counter[str](), set[tuple[str, str | None]]()
    for one in observations(samples):
        quantity = one.get("valueQuantity", {})
        sent = {quantity.get("code"), quantity.get("unit")} - {None}
        for coding in one.get("code", {}).get("coding", ()):
            if coding.get("system") != LOINC or coding.get("code") not in known or not sent:
                continue
            name, units = known[coding["code"]]
            if any(unit in units.accepted for unit in sent):
                accepted[name] += 1
            else:
                refused.add((name, quantity.get("code")))
    assert refused <= REFUSED
    assert len(accepted) >= 40
