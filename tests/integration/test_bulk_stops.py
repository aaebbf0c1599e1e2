"""A run that is stopped from outside: Ctrl-C, a killed process of the pool, a killed run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from bulk_export import MODELS, ROOT, write_export
from invented_cohort import cohort

parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="/proc tells a run's processes"),
]
SECONDS = 60


def command(export: Path, output: Path, *more: str) -> list[str]:
    """`bedside extract` on two processes."""
    asked = ("--bulk", str(export), "--model", MODELS[0], "--as-of", "2021-01-01", "-o", str(output))
    return [sys.executable, "-m", "cds_hooks", "extract", *asked, "--processes", "2", *more]


def started(export: Path, output: Path) -> tuple[subprocess.Popen[str], list[int]]:
    """A run that has done a part of its first pass, and the processes of its pool."""
    run = subprocess.Popen(
        command(export, output), cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True,
        # Where the tests themselves run in the background, SIGINT is ignored and would stay so.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    work = output.with_name(f"{output.name}.work")
    until(lambda: bool(list(work.glob("piece-*.json"))) or run.poll() is not None)
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    assert len(children) == 2
    return run, [int(child) for child in children]


def until(is_so: Callable[[], bool]) -> None:
    """Wait for something; an assertion error when it does not come."""
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether a process runs still; one that ended and that nobody asked about does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def interrupt(run: subprocess.Popen[str], pool: list[int]) -> None:
    """Ctrl-C on a terminal: to all processes of the run."""
    os.killpg(run.pid, signal.SIGINT)


def kill_one(run: subprocess.Popen[str], pool: list[int]) -> None:
    """End one process of the pool, as a system out of memory does."""
    os.kill(pool[0], signal.SIGKILL)


def kill_run(run: subprocess.Popen[str], pool: list[int]) -> None:
    """End the run itself."""
    os.kill(run.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export that takes some seconds."""
    return write_export(tmp_path_factory.mktemp("export"), cohort(6000))


@pytest.fixture(scope="module")
def whole(export: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The table of a run that nobody stopped."""
    output = tmp_path_factory.mktemp("whole") / "f.parquet"
    subprocess.run(command(export, output), cwd=ROOT, check=True, capture_output=True, timeout=SECONDS)
    return repr(parquet.read_table(output).to_pylist())


@pytest.mark.parametrize(
    ("stop", "code", "told"),
    [(interrupt, 130, "Stopped."), (kill_one, 2, "a process was killed"), (kill_run, -9, "")],
)
def test_a_stopped_run_leaves_no_process_and_goes_on(
    stop: Callable[..., None], code: int, told: str, export: Path, whole: str, tmp_path: Path
) -> None:
    """It says how to go on, nothing of it runs on, and with --resume nothing is lost or doubled."""
    output = tmp_path / "f.parquet"
    run, pool = started(export, output)
    stop(run, pool)
    assert told in run.communicate(timeout=SECONDS)[1]
    assert run.returncode == code
    until(lambda: not any(map(is_alive, pool)))
    assert not output.exists()
    resumed = subprocess.run(
        command(export, output, "--resume"), cwd=ROOT, check=False, capture_output=True, timeout=SECONDS
    )
    assert resumed.returncode == 0, resumed.stderr
    assert repr(parquet.read_table(output).to_pylist()) == whole
    assert not output.with_name("f.parquet.work").exists()
