"""The same mapper on Apache Spark: a standalone master with two workers, one of which is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from bulk_export import (
    MODELS,
    bundles,
    encoded,
    extracted,
    feature_rows,
    hook_rows,
    manifest,
    write_export,
    write_shuffled,
)
from invented_cohort import cohort
from slow_job import SlowExtraction, SlowScoring
from spark_cluster import ROOT, Cluster, cluster, end_session, why_not

from fhir_mapping.bulk.rows import Extraction, FeatureRow
from fhir_mapping.bulk.spark import run_on_spark
from models.cohort import ScoreRow, Scoring

INDEX = datetime(2021, 1, 1, tzinfo=UTC)
PIECE = 100_000
SAMPLES = Path(os.environ.get("BEDSIDE_FHIR_SAMPLES", "/nonexistent")) / "synthea-r4-clinical"

pytestmark = [
    pytest.mark.spark,
    pytest.mark.slow,
    pytest.mark.skipif(why_not() is not None, reason=f"Spark cannot be tried: {why_not()}"),
    # pyspark's own imports warn of other packages' versions.
    pytest.mark.filterwarnings(
        "ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::ResourceWarning"
    ),
]


def test_spark_gives_the_rows_of_local_cores(tmp_path: Path) -> None:
    """A cluster of two workers gives the rows of a local run, bit by bit, from shuffled and packed files."""
    export = write_shuffled(tmp_path / "export", cohort(60))
    local = feature_rows(export, tmp_path / "work", MODELS[0], INDEX)
    with cluster(tmp_path) as running:
        outcome = run_on_spark(export, Extraction(manifest(MODELS[0]), INDEX), running.url, PIECE)
    assert encoded(outcome.rows(FeatureRow)) == local


@pytest.mark.parametrize("command", ["extract", "score"])
def test_the_command_writes_the_same_table_on_spark(tmp_path: Path, command: str) -> None:
    """`--spark local[2]` writes the columns, the rows and the metadata of a run on local cores."""
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    export = write_shuffled(tmp_path / "export", cohort(60))
    asked = ("--bulk", str(export), "--model", MODELS[0], "--as-of", "2021-01-01")
    tables = []
    for name, more in (("local", ("--processes", "2")), ("spark", ("--spark", "local[2]"))):
        path = tmp_path / f"{name}.parquet"
        line = [sys.executable, "-m", "cds_hooks", command, *asked, "-o", str(path), *more]
        done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        tables.append(parquet.read_table(path))
    assert tables[0].num_rows == 60
    assert repr(tables[0].to_pylist()) == repr(tables[1].to_pylist())
    assert tables[0].schema.equals(tables[1].schema, check_metadata=True)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="BEDSIDE_FHIR_SAMPLES does not name synthetic patients")
def test_spark_gives_the_rows_of_the_hook(tmp_path: Path) -> None:
    """Every feature of every synthetic patient, for both models, is what the hook computes, bit by bit."""
    practice = list(bundles(SAMPLES))
    assert len(practice) == 308
    export = write_shuffled(tmp_path / "export", [one for _, resources in practice for one in resources])
    charts = [chart for chart, _ in practice]
    with cluster(tmp_path) as running:
        for model in MODELS:
            outcome = run_on_spark(export, Extraction(manifest(model), INDEX), running.url)
            assert encoded(outcome.rows(FeatureRow)) == hook_rows(charts, model, INDEX)


@pytest.mark.parametrize("what", ["features", "scores"])
def test_a_killed_worker_loses_and_doubles_nothing(tmp_path: Path, what: str) -> None:
    """One of two workers is killed while it computes rows; the run ends with every patient's row once."""
    export = write_export(tmp_path / "export", cohort(60))
    traces = tmp_path / "traces"
    traces.mkdir()
    file = manifest(MODELS[0])
    job: SlowExtraction | SlowScoring
    if what == "features":
        local = feature_rows(export, tmp_path / "work", MODELS[0], INDEX)
        job, kind = SlowExtraction(file, INDEX, str(traces), 0.2), FeatureRow
    else:
        folder = str(Path(file).parent)
        local = encoded(extracted(export, tmp_path / "work", Scoring(folder, INDEX)).rows(ScoreRow))
        job, kind = SlowScoring(folder, INDEX, str(traces), 0.2), ScoreRow
    killed: list[Any] = []
    with cluster(tmp_path) as running:
        killer = threading.Thread(target=_kill_one, args=(running, traces, killed))
        killer.start()
        outcome = run_on_spark(export, job, running.url, PIECE)
        killer.join()
    rows = encoded(outcome.rows(kind))
    assert killed
    assert len(list(traces.iterdir())) > len(rows)
    assert rows == local


def _kill_one(running: Cluster, traces: Path, killed: list[Any]) -> None:
    """Kill the worker under which the first rows were computed, after a moment."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        begun = sorted(traces.iterdir(), key=lambda path: path.name.split("-")[1])
        if len(begun) > 6:
            worker = running.worker_of(int(begun[0].name.split("-")[0]))
            if worker is not None:
                end_session(worker)
                killed.append(worker)
                return
        time.sleep(0.05)
