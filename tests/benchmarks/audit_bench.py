"""`bedside audit` over 10,000,000 rows of Parquet against DuckDB's bare GROUP BY of the same counts.

Both in one run, interleaved; only the ratio travels. The command runs in a process of its own for its memory.
Usage: python tests/benchmarks/audit_bench.py [rows]
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fairness.audit.files import write_views
from fairness.audit.run import audit
from fairness.audit.source import Columns, Source
from fairness.report.plan import About, Plan

ROWS = 10_000_000
ROUNDS = 5
GROUPS = {
    "sex": ["female", "male"],
    "race": ["asian", "black", "asian|white", "white"],
    "age": ["<40", "40-64", "65+"],
}
THRESHOLDS = (0.1, 0.2)
GOAL = 10.0
BARE = """
    SELECT sex, race, age, outcome,
        least(floor(score * 1024)::INTEGER, 1023) + (score >= 0.1)::INTEGER + (score >= 0.2)::INTEGER AS bin,
        count(*)
    FROM read_parquet(?) GROUP BY ALL
"""


def write(path: Path, rows: int) -> None:
    """Invented people, in pieces of a million."""
    rng = np.random.default_rng(0)
    writer = None
    for low in range(0, rows, 1_000_000):
        n = min(1_000_000, rows - low)
        score = rng.beta(1.0, 6.0, n)
        columns = {"score": score, "outcome": (rng.random(n) < score).astype(np.int8)}
        for name, values in GROUPS.items():
            codes = pa.array(rng.integers(0, len(values), n).astype(np.int8))
            columns[name] = pa.DictionaryArray.from_arrays(codes, pa.array(values)).dictionary_decode()
        table = pa.table(columns)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def bare(path: Path) -> None:
    """The counts alone."""
    duckdb.connect().execute(BARE, [str(path)]).fetchnumpy()


def whole(path: Path, out: Path) -> None:
    """From the file to the report and its views."""
    source = Source(path, Columns("score", "outcome", tuple(GROUPS)))
    built = audit(source, THRESHOLDS, About(title="Benchmark", source=path.name), Plan())
    write_views(built.report, out)


def seconds(work: Callable[[], None]) -> tuple[float, float]:
    """Wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def peak(path: Path, out: Path) -> float:
    """MiB at the peak of the command in a process of its own."""
    groups = [part for name in GROUPS for part in ("--group", name)]
    command = [sys.executable, "-m", "cds_hooks", "audit", "--predictions", str(path), "--score", "score",
               "--outcome", "outcome", *groups, "--threshold", "0.1", "--out", str(out)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def main(rows: int = ROWS) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as home:
        path, out = Path(home) / "predictions.parquet", Path(home) / "report"
        write(path, rows)
        memory = peak(path, out)
        taken: dict[str, list[tuple[float, float]]] = {"bare": [], "whole": []}
        for _ in range(ROUNDS):
            taken["bare"].append(seconds(lambda: bare(path)))
            taken["whole"].append(seconds(lambda: whole(path, out)))
        size = path.stat().st_size / 2**20
    print(f"{rows:,} rows, {size:.0f} MiB of Parquet, 10 groups, {len(THRESHOLDS)} thresholds")
    for at, clock in enumerate(("wall", "CPU")):
        floor, full = (statistics.median(times[at] for times in taken[name]) for name in ("bare", "whole"))
        print(
            f"{clock:4}  GROUP BY {floor:6.2f} s   file to finished report {full:6.2f} s   "
            f"ratio {full / floor:5.1f}   goal <= {GOAL:g}"
        )
    print(f"memory at the peak, whole command: {memory:.0f} MiB")


if __name__ == "__main__":
    main(int(float(sys.argv[1])) if len(sys.argv) > 1 else ROWS)
