"""The 308 charts of the Synthea R4 sample, read for both models of the catalog."""

from __future__ import annotations

import gzip
import os
import re
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from mapping_samples import MODELS, catalog_features

from fhir_mapping.record import PatientRecord

CHARTS = 308
SAMPLE = 40
SETS = {model: catalog_features(model) for model in MODELS}


@pytest.fixture(scope="module")
def charts() -> list[bytes]:
    """The charts, when the environment says where they are."""
    folder = os.environ.get("BEDSIDE_FHIR_SAMPLES")
    if not folder:
        pytest.skip("BEDSIDE_FHIR_SAMPLES does not name the folder with the FHIR samples")
    files = sorted((Path(folder) / "synthea-r4-clinical").glob("*.json.gz"))
    return [gzip.decompress(path.read_bytes()) for path in files]


def after(body: bytes) -> datetime:
    """The day after the newest value of a chart."""
    newest = max(re.findall(rb'"effectiveDateTime": ?"([^"]{20,})"', body))
    return datetime.fromisoformat(newest.decode()) + timedelta(days=1)


def states(charts: list[bytes], validated: bool) -> tuple[dict[str, Counter[str]], Counter[str], float]:
    """States of all features and codes of all issues over charts, and the seconds it took."""
    found = {f"{model}.{name}": Counter[str]() for model in MODELS for name in SETS[model].readers}
    issues = Counter[str]()
    begun = time.perf_counter()
    for body in charts:
        record, index = PatientRecord.of_bundle(body, validated=validated), after(body)
        for model, features in SETS.items():
            for value in features.extract(record, index):
                found[f"{model}.{value.name}"][value.reason or value.state] += 1
        issues.update(issue.code for issue in record.issues)
    return found, issues, time.perf_counter() - begun


def show(title: str, found: dict[str, Counter[str]], issues: Counter[str], seconds: float) -> None:
    """Print the counts."""
    print(f"\n{title}: {seconds:.1f} s, issues {dict(issues)}")
    for name, counts in found.items():
        print(f"  {name:58} " + ", ".join(f"{state} {n}" for state, n in counts.most_common()))


def test_every_chart_is_read_for_both_models(charts: list[bytes]) -> None:
    """All charts give vectors; age and sex of everybody are known, and no entry is unreadable."""
    found, issues, seconds = states(charts, validated=False)
    show("308 charts, not validated", found, issues, seconds)
    assert len(charts) == CHARTS
    assert found["type2-diabetes-risk.age"]["ok"] == found["type2-diabetes-risk.male"]["ok"] == CHARTS
    assert found["type2-diabetes-risk.height"]["ok"] > 200
    assert not {"structure", "other-subject", "no-resource"} & set(issues)
    assert seconds < 60


def test_validated_charts_give_the_same_values(charts: list[bytes]) -> None:
    """Synthea writes valid FHIR: validation of a sample refuses nothing and changes no state."""
    sample = charts[:: CHARTS // SAMPLE][:SAMPLE]
    found, issues, seconds = states(sample, validated=True)
    show(f"{SAMPLE} charts, validated", found, issues, seconds)
    assert len(sample) == SAMPLE
    assert found == states(sample, validated=False)[0]
    assert issues["invalid-resource"] == 0
    assert seconds < 60
