"""What `make run` gives to somebody who has just cloned the repository."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def port() -> int:
    """A port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.slow
def test_the_tour_shows_both_cards_and_ends(port: int, tmp_path: Path) -> None:
    """A chart gives the diabetes card, an order the response card, and nothing keeps listening."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BEDSIDE_")}
    environment = {
        **kept,
        "BEDSIDE_PORT": str(port),
        "BEDSIDE_TOUR_ONCE": "1",
        "PYTHONPATH": str(ROOT),
    }
    tour = [sys.executable, "-m", "cds_hooks.demo.tour"]
    done = subprocess.run(tour, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=90)
    assert (done.returncode, done.stderr) == (0, "")
    shown = " ".join(done.stdout.split())
    assert "have undiagnosed diabetes" in shown
    assert "respond to a checkpoint inhibitor" in shown
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
