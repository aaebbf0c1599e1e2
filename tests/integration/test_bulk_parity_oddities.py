"""What the readers doubt is the same in the hook, in an export on local cores, and on Apache Spark."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bulk_export import encoded, extracted, hook_record, write_export, write_shuffled
from odd_charts import charts, drugs, manifest, names
from spark_cluster import why_not

from fhir_mapping.bulk.rows import Extraction, FeatureRow
from fhir_mapping.features import FeatureSet
from fhir_mapping.server.medications import KEY

INDEX = datetime(2026, 6, 1, 12, tzinfo=UTC)


def of_the_hook(model: Path, zone: str = "UTC") -> dict[str, bytes]:
    """Rows by way of the hook's prefetch, and of the Medications that are read for its orders."""
    features = FeatureSet.load(model)
    referred = {KEY: {"resourceType": "Bundle", "entry": [{"resource": one} for one in drugs()]}}
    return encoded(
        FeatureRow(
            chart.patient_id, features.extract(hook_record(chart, features, referred, zone), INDEX).values
        )
        for chart, _ in charts()
    )


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/New_York"])
def test_every_oddity_is_read_alike(tmp_path: Path, zone: str) -> None:
    """Rows of an export, plain and shuffled, are those of the hook at the same site, bit by bit."""
    model = manifest(tmp_path)
    resources = [*(one for _, found in charts() for one in found), *drugs()]
    expected = of_the_hook(model, zone)
    for name, write in (("plain", write_export), ("shuffled", write_shuffled)):
        export = write(tmp_path / name, resources)
        job = Extraction(str(model), INDEX, zone=zone)
        rows = encoded(extracted(export, tmp_path / f"work-{name}", job, piece_bytes=5_000).rows(FeatureRow))
        assert rows == expected


def test_the_oddities_leave_each_feature_in_doubt_somewhere(tmp_path: Path) -> None:
    """The charts hold a missing value and a known one of every list feature: the parity says something."""
    features = FeatureSet.load(manifest(tmp_path))
    states: dict[str, Counter[str]] = {name: Counter() for name in names()}
    for chart, _ in charts():
        for value in features.extract(hook_record(chart, features), INDEX).values:
            states[value.name][value.state] += 1
    lists = ("drugs", "metformin", "taken_now", "diabetes", "active_diabetes", "new_diabetes", "times")
    assert all(states[name]["missing"] for name in (*lists, "cancer", "days", "drug_days", "variant", "form"))
    assert all(states[name]["ok"] for name in (*lists, "cancer", "days", "drug_days", "form", "height"))


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.skipif(why_not() is not None, reason=f"Spark cannot be tried: {why_not()}")
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland"])
def test_spark_reads_every_oddity_alike(tmp_path: Path, zone: str) -> None:
    """Rows of Apache Spark are those of the hook at the same site, bit by bit."""
    from fhir_mapping.bulk.spark import run_on_spark

    model = manifest(tmp_path)
    resources = [*(one for _, found in charts() for one in found), *drugs()]
    export = write_shuffled(tmp_path / "export", resources)
    outcome = run_on_spark(export, Extraction(str(model), INDEX, zone=zone), "local[2]", 20_000)
    assert encoded(outcome.rows(FeatureRow)) == of_the_hook(model, zone)
