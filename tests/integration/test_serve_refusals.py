"""`bedside serve` that cannot start: one line with the cause and the remedy, exit code 2, at once."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.registry import CATALOG

ROOT = Path(__file__).parents[2]


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.fixture
def port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def serve(folder: Path, *options: object, **environment: str) -> list[str]:
    """What `bedside serve` wrote before it ended with exit code 2."""
    done = subprocess.run(
        [sys.executable, "-m", "cds_hooks", "serve", *map(str, options)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr.splitlines()


def test_a_taken_port_is_one_line_with_the_address_and_the_remedy(tmp_path: Path, taken: int) -> None:
    """Neither five tries nor JSON lines, and no ledger is made."""
    remedy = "stop that one, or choose another port with --port"
    told = f"Error: 127.0.0.1:{taken} is taken by another program; {remedy}"
    assert serve(tmp_path, "--port", taken) == [told]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("192.0.2.1", "192.0.2.1:{port} is no address of this machine; give one that is with --host"),
        ("2001:db8::1", "[2001:db8::1]:{port} "),
        ("no such host", "no such host:{port}: no such address; give an address of this machine with --host"),
    ],
)
def test_an_address_that_is_not_of_this_machine_is_named(
    tmp_path: Path, port: int, host: str, told: str
) -> None:
    """Documentation addresses are nobody's."""
    lines = serve(tmp_path, "--host", host, "--port", port)
    assert len(lines) == 1
    assert lines[0].startswith("Error: " + told.format(port=port))
    assert "--host" in lines[0]


@pytest.mark.parametrize("url", ["sqlite:////proc/none/ledger.db", "sqlite:///here", "sqlite:///text"])
def test_a_ledger_that_cannot_be_written_is_one_line(tmp_path: Path, port: int, url: str) -> None:
    """A folder that cannot be made, a folder in its place, a file that is no database."""
    (tmp_path / "here").mkdir()
    (tmp_path / "text").write_text("no database")
    lines = serve(tmp_path, "--port", port, BEDSIDE_LEDGER=url)
    assert len(lines) == 1
    assert lines[0].startswith("Error: BEDSIDE_LEDGER")
    assert "; name " in lines[0]


def test_a_model_folder_in_place_of_the_folder_around_it_is_told_so(tmp_path: Path, port: int) -> None:
    """The likeliest mistake would otherwise serve nothing of it, silently."""
    shutil.copytree(CATALOG / "type2-diabetes-risk", tmp_path / "mine")
    lines = serve(tmp_path, "--port", port, BEDSIDE_MODELS=str(tmp_path / "mine"))
    assert len(lines) == 1
    assert "mine: is a model folder itself; give the folder that holds it" in lines[0]


def test_a_bad_value_is_one_line(tmp_path: Path) -> None:
    """The variable, what it may be, and what stands without it."""
    told = "Error: BEDSIDE_WORKERS must be a whole number from 1 to 64; unset it for 2"
    assert serve(tmp_path, BEDSIDE_WORKERS="many") == [told]
