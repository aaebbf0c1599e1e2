"""The README's section on adding a model, followed to the letter by somebody who has only the README."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECTION = (
    (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## Add a model\n")[2].split("\n## ")[0]
)
FILES = re.findall(r"^`(my-models/[^`]+)`\n\n```\w+\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^```sh\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)[0].splitlines()


@pytest.fixture
def newcomer(tmp_path: Path) -> dict[str, str]:
    """An environment in which `bedside` and `python` are this checkout's, and the port is a free one."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, line in (
        ("bedside", f'"{sys.executable}" -m cds_hooks "$@"'),
        ("python", f'"{sys.executable}" "$@"'),
    ):
        (tools / name).write_text(f"#!/bin/sh\nexec {line}\n")
        (tools / name).chmod(0o755)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BEDSIDE_")}
    path = f"{tools}{os.pathsep}{kept['PATH']}"
    return {**kept, "PATH": path, "PYTHONPATH": str(ROOT), "BEDSIDE_PORT": str(port), "TMPDIR": str(tmp_path)}


def run(line: str, folder: Path, environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        line, shell=True, cwd=folder, env=environment, capture_output=True, text=True, timeout=90
    )
    assert done.returncode == 0, line + done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def made(tmp_path: Path, newcomer: dict[str, str]) -> Path:
    """The folder after the README's files were written and its commands before `serve` were run."""
    folder = tmp_path / "newcomer"
    assert [name for name, _ in FILES] == [
        "my-models/fall-risk/model.yaml",
        "my-models/fall-risk/training.py",
        "my-models/fall-risk/golden_cases.yaml",
    ]
    for name, content in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    before = COMMANDS[: next(at for at, line in enumerate(COMMANDS) if line.endswith("bedside serve"))]
    told = "".join(run(line, folder, newcomer) for line in before)
    assert "sealed  fall-risk 0.1.0: golden.json, model.onnx" in told
    assert "ok      fall-risk 0.1.0 (1 golden cases)" in told
    return folder


@pytest.fixture
def served(made: Path, newcomer: dict[str, str]) -> Iterator[Path]:
    """The folder while the README's `serve` runs in it."""
    line = next(line for line in COMMANDS if line.endswith("bedside serve"))
    with (made / "log").open("w") as log:
        process = subprocess.Popen(
            f"exec env {line}", shell=True, cwd=made, env=newcomer, stdout=log, stderr=log
        )
    try:
        _wait(int(newcomer["BEDSIDE_PORT"]), process, made / "log")
        yield made
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(log.read_text())


@pytest.mark.slow
def test_the_readme_is_enough_to_serve_a_model_of_ones_own(served: Path, newcomer: dict[str, str]) -> None:
    """Files and commands of the README, copied as they stand, end with a card of the new model."""
    line = next(line for line in COMMANDS if "bedside hook" in line)
    shown = run(f"{line} --url http://127.0.0.1:{newcomer['BEDSIDE_PORT']}", served, newcomer)
    assert re.search(r"About \d+ in 100 such adults fall within a year", " ".join(shown.split()))
