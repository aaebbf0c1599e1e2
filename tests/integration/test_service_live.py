"""The real server on a loopback port: start, what its workers hold, what it logs, and how it stops."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hospital import DIABETES, Hospital
from live_server import Live, free_port

TRAINING_ONLY = {"sklearn", "pandas", "fairlearn", "torch", "onnx", "scipy"}


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    """A server in an empty directory."""
    folder = tmp_path / "live"
    folder.mkdir()
    server = Live(folder)
    try:
        server.wait()
        yield server
    finally:
        server.close()


@pytest.fixture
def maria(hospital: Hospital) -> Any:
    """A request that gets a card."""
    return hospital.request("maria-lindqvist")


def test_a_card_comes_from_a_worker_without_training_libraries(live: Live, maria: Any) -> None:
    """After an answer, the process that gave it holds nothing that only training needs."""
    assert live.post(f"/cds-services/{DIABETES}", maria)["cards"]
    told = json.loads(live.get("/told-for-the-test"))
    assert told["parent"] == live.process.pid
    assert TRAINING_ONLY.isdisjoint(name.partition(".")[0] for name in told["modules"])
    assert "onnxruntime" in told["modules"]


def test_there_are_figures_before_the_first_call(live: Live) -> None:
    """Of several processes too: a series that comes with its first event hides it from a rate."""
    told = live.get("/metrics").decode().splitlines()
    for series in (
        f'bedside_hook_calls_total{{hook="patient-view",service="{DIABETES}",status="200"}} 0.0',
        f'bedside_hook_calls_total{{hook="patient-view",service="{DIABETES}",status="500"}} 0.0',
        'bedside_hook_seconds_count{hook="order-sign",service="immunotherapy-response"} 0.0',
        f'bedside_decisions_total{{decision="card",model="{DIABETES}",reason=""}} 0.0',
        f'bedside_model_failures_total{{error="PredictionError",model="{DIABETES}"}} 0.0',
        f'bedside_feedback_total{{outcome="accepted",receipt="stored",service="{DIABETES}"}} 0.0',
        'bedside_ledger_failures_total{part="hook-call"} 0.0',
    ):
        assert series in told


def test_workers_add_up_their_figures(live: Live, maria: Any) -> None:
    """Whichever worker is asked, the metrics are of all of them."""
    for _ in range(6):
        live.post(f"/cds-services/{DIABETES}", maria)
    counted = f'bedside_hook_calls_total{{hook="patient-view",service="{DIABETES}",status="200"}} 6.0'
    assert counted in live.get("/metrics").decode()


def test_it_stops_cleanly_when_told(live: Live, maria: Any) -> None:
    """SIGTERM ends every process with exit code 0, and no metrics are left behind."""
    live.post(f"/cds-services/{DIABETES}", maria)
    worker = json.loads(live.get("/told-for-the-test"))["pid"]
    assert live.stop() == 0
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)
    assert "terminate" not in live.log()
    assert "SIGABRT" not in live.log()
    assert list(live.folder.glob("bedside-metrics-*")) == []


def test_the_log_is_lines_of_json_without_the_patient(live: Live, maria: Any) -> None:
    """After the greeting each line is an object; neither the patient nor a token is in any of them."""
    body = json.loads(json.dumps(maria).replace("maria-lindqvist", "canary4711"))
    body["fhirAuthorization"] = {"access_token": "canary4711"}
    live.post(f"/cds-services/{DIABETES}?canary4711", body)
    live.stop()
    told = live.log()
    assert "canary4711" not in told
    assert {json.loads(line)["event"] for line in told.splitlines()[1:]} >= {"hook", "gunicorn.error"}


def test_state_is_for_this_user_only(live: Live, tmp_path: Path) -> None:
    """The ledger's folder and the key cannot be read by others."""
    state = tmp_path / "live" / ".bedside"
    assert state.stat().st_mode & 0o077 == 0
    assert (state / "ledger.key").stat().st_mode & 0o077 == 0


def test_a_model_that_was_changed_keeps_the_service_from_starting(tmp_path: Path) -> None:
    """Exit code 2 and one sentence that says what is wrong, not a traceback."""
    folder = tmp_path / "models" / "mine"
    folder.mkdir(parents=True)
    (folder / "model.yaml").write_text("id: mine\n")
    done = subprocess.run(
        [sys.executable, "-m", "cds_hooks", "serve"],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "BEDSIDE_MODELS": str(tmp_path / "models"),
            "BEDSIDE_PORT": str(free_port()),
            "TMPDIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "model.yaml" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.glob("bedside-metrics-*")) == []


def test_a_reload_keeps_the_service_and_its_log(tmp_path: Path, maria: Any) -> None:
    """SIGHUP replaces the workers; every line is JSON of ours after it too, where gunicorn's own would quote
    what was sent."""
    server = Live(tmp_path, BEDSIDE_WORKERS="1")
    try:
        server.wait()
        before = json.loads(server.get("/told-for-the-test"))["pid"]
        server.process.send_signal(signal.SIGHUP)
        until = time.monotonic() + 20
        while json.loads(server.get("/told-for-the-test"))["pid"] == before:
            assert time.monotonic() < until
            time.sleep(0.1)
        assert server.post(f"/cds-services/{DIABETES}", maria)["cards"]
        assert server.stop() == 0
        lines = [line for line in server.log().splitlines() if not line.startswith("Bedside at")]
        assert [line for line in lines if not line.startswith("{")] == []
    finally:
        server.close()
