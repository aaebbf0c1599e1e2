"""Cohort extraction against DuckDB and Spark: "latest value of 10 LOINC codes" over 1M Observations.

Every engine runs in a process of its own, imports included, in turns; medians of wall time are compared and
the engines must find the same patients and values. Bedside also validates each value that it takes as FHIR
R4, keeps where it came from, and honours status, unit and range.

Usage: python tests/benchmarks/cohort.py [patients] [rounds]
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cohort_data
import forest
import payloads
import yaml

HERE = Path(__file__).resolve()
ENGINES = ("duckdb", "bedside-1", "bedside-all", "spark")
GOALS = {"bedside-1": 0.6, "bedside-all": 1.0}
CODES = [code for code, *_ in payloads.READ]
CORES = len(os.sched_getaffinity(0))


def main(patients: int, rounds: int) -> None:
    """Measure and print one table."""
    with tempfile.TemporaryDirectory() as home:
        export = Path(home, "export")
        export.mkdir()
        size = cohort_data.write(export, patients)
        Path(home, "model.yaml").write_text(yaml.safe_dump({"features": forest.features()[:10]}))
        lines = patients * cohort_data.EACH
        print(f"{lines:,} Observations of {patients:,} patients, {size / 1e9:.2f} GB, {CORES} cores")
        found: dict[str, list[dict[str, float]]] = {engine: [] for engine in ENGINES}
        for _ in range(rounds):
            for engine in ENGINES:
                found[engine].append(_in_process(engine, Path(home)))
    _table(found, lines)


def _in_process(engine: str, home: Path) -> dict[str, float]:
    command = [sys.executable, str(HERE), "--engine", engine, str(home)]
    environment = os.environ | {"PYTHONPATH": str(HERE.parents[2]), "PYTHONWARNINGS": "ignore"}
    started = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    taken = time.perf_counter() - started
    if done.returncode != 0:
        raise SystemExit(f"{engine} failed: {done.stderr[-2000:]}")
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told | {"seconds": taken}


def _table(found: dict[str, list[dict[str, float]]], lines: int) -> None:
    seconds = {engine: statistics.median(one["seconds"] for one in runs) for engine, runs in found.items()}
    print(
        f"{'engine':14}{'s':>8}{'lines/s':>12}{'x DuckDB':>10}{'x Spark':>9}{'goal':>6}{'CPU s':>8}{'MiB':>7}"
    )
    for engine, runs in found.items():
        took, best = seconds[engine], runs[-1]
        goal = f"{GOALS[engine]:.1f}" if engine in GOALS else ""
        print(
            f"{engine:14}{took:8.2f}{lines / took:12,.0f}{seconds['duckdb'] / took:10.2f}"
            f"{seconds['spark'] / took:9.2f}{goal:>6}{best['cpu']:8.1f}{best['memory']:7.0f}"
        )
    results = {engine: (runs[0]["patients"], round(runs[0]["sum"], 4)) for engine, runs in found.items()}
    if len(set(results.values())) != 1:
        raise SystemExit(f"the engines found different values, the comparison means nothing: {results}")


def duckdb(home: Path) -> tuple[int, float]:
    """DuckDB over typed columns."""
    import duckdb as engine

    columns = (
        "{'code': 'STRUCT(coding STRUCT(system VARCHAR, code VARCHAR)[])',"
        " 'subject': 'STRUCT(reference VARCHAR)', 'effectiveDateTime': 'VARCHAR',"
        " 'valueQuantity': 'STRUCT(value DOUBLE)'}"
    )
    latest = ", ".join(f"arg_max(v, t) FILTER (c = '{code}') AS \"{code}\"" for code in CODES)
    listed = ", ".join(f"'{code}'" for code in CODES)
    query = f"""
        SELECT p, {latest} FROM (
            SELECT subject.reference AS p, code.coding[1].code AS c, effectiveDateTime AS t,
                valueQuantity.value AS v
            FROM read_ndjson('{home}/export/Observation.ndjson', columns={columns})
            WHERE code.coding[1].system = '{payloads.LOINC}'
        ) WHERE c IN ({listed}) AND v IS NOT NULL GROUP BY p"""
    connection = engine.connect(config={"threads": CORES})
    found = connection.execute(query).fetchnumpy()
    return len(found["p"]), float(sum(found[code].sum() for code in CODES))


def bedside(home: Path, processes: int) -> tuple[int, float]:
    """The mapper of `bedside extract` up to its rows."""
    from fhir_mapping.bulk.export import PIECE_BYTES
    from fhir_mapping.bulk.local import plan_of, run
    from fhir_mapping.bulk.rows import Extraction, FeatureRow
    from fhir_mapping.bulk.work import WorkFolder

    job = Extraction(str(home / "model.yaml"), payloads.INDEX)
    plan = plan_of(home / "export", {"model": "bench"}, PIECE_BYTES)
    work = WorkFolder.begin(home / "work", plan)
    outcome = run(home / "export", work, plan, job, processes, lambda *_: None)
    patients, total = 0, 0.0
    for row in outcome.rows(FeatureRow):
        patients += 1
        total += sum(value.value for value in row.values if value.known)
    work.remove()
    return patients, total


def spark(home: Path) -> tuple[int, float]:
    """Spark SQL on local cores."""
    from pyspark.sql import SparkSession, functions

    session = (
        SparkSession.builder.master(f"local[{CORES}]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.memory", "4g")
        .config("spark.sql.shuffle.partitions", str(2 * CORES))
        .getOrCreate()
    )
    schema = (
        "code STRUCT<coding: ARRAY<STRUCT<system: STRING, code: STRING>>>, "
        "subject STRUCT<reference: STRING>, effectiveDateTime STRING, valueQuantity STRUCT<value: DOUBLE>"
    )
    column = functions.col
    frame = session.read.schema(schema).json(f"{home}/export/Observation.ndjson")
    flat = frame.select(
        column("subject.reference").alias("p"),
        column("code.coding")[0]["code"].alias("c"),
        column("effectiveDateTime").alias("t"),
        column("valueQuantity.value").alias("v"),
    ).where(column("c").isin(CODES) & column("v").isNotNull())
    rows = flat.groupBy("p").pivot("c", CODES).agg(functions.max_by("v", "t")).collect()
    found = len(rows), float(sum(row[code] or 0.0 for row in rows for code in CODES))
    session.stop()
    return found


def one_engine(engine: str, home: Path) -> None:
    """Run one engine in this process and tell what it found as JSON."""
    work = {"duckdb": duckdb, "spark": spark, "bedside-1": lambda home: bedside(home, 1),
            "bedside-all": lambda home: bedside(home, CORES)}  # fmt: skip
    patients, total = work[engine](home)
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    cpu = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    # An upper bound of what the processes of a run hold together: pages that they share count for each.
    together = own.ru_maxrss + (CORES if engine == "bedside-all" else 1) * children.ru_maxrss
    print(json.dumps({"patients": patients, "sum": total, "cpu": cpu, "memory": together / 1024}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--engine"]:
        one_engine(sys.argv[2], Path(sys.argv[3]))
    else:
        given = [int(one) for one in sys.argv[1:3]]
        main(*given, *(10_000, 3)[len(given) :])
