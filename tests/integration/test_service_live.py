"""The real server on a loopback port: start, what its workers hold, what it logs, and how it stops."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hospital import DIABETES, Hospital

# Runs `bedside serve` with one address more, which tells what the answering process holds.
WRAPPER = """
import json, os, sys
from cds_hooks.cli.main import cli
from cds_hooks.gunicorn_conf import Server

load = Server.load

def load_wrapped(server):
    app = load(server)
    inner = app.wsgi_app
    def wsgi(environ, start_response):
        if environ["PATH_INFO"] != "/told-for-the-test":
            return inner(environ, start_response)
        told = {"modules": sorted(sys.modules), "pid": os.getpid(), "parent": os.getppid()}
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(told).encode()]
    app.wsgi_app = wsgi
    return app

Server.load = load_wrapped
cli()
"""
TRAINING_ONLY = {"sklearn", "pandas", "fairlearn", "torch", "onnx", "scipy"}


class Live:
    """A running server; `folder` is its working directory."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder = folder
        self._log = (folder / "log").open("w+")
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-c", WRAPPER, "serve", "--port", str(self.port)],
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": str(Path(__file__).parents[2]),
                "TMPDIR": str(folder),
            },
            stderr=self._log,
            stdout=self._log,
        )

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return answer.read()

    def post(self, path: str, body: Any) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def wait(self) -> float:
        """Wait until it answers; the seconds since the start."""
        while time.monotonic() < self.began + 30:
            try:
                self.get("/healthz")
            except OSError:
                assert self.process.poll() is None, self.log()
                time.sleep(0.02)
            else:
                return time.monotonic() - self.began
        raise AssertionError(self.log())

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def log(self) -> str:
        self._log.flush()
        return Path(self._log.name).read_text()

    def close(self) -> None:
        self.stop()
        self._log.close()


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
