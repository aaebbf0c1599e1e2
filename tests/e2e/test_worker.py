"""A live worker under gunicorn: what it has loaded, what it weighs, how it ends."""

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
from typing import Any, NamedTuple

import pytest
from hospital import DIABETES, Hospital

# The service as `bedside serve` runs it, with one more page that tells what is loaded.
SERVE = """
import json, sys
from cds_hooks.app import create_app
from cds_hooks.serving.conf import Server
from cds_hooks.settings import from_environment

settings = from_environment()

def build():
    app = create_app(settings)
    app.add_url_rule("/loaded", view_func=lambda: json.dumps(sorted(sys.modules)))
    return app

Server(settings, build).run()
"""
TRAINING_ONLY = ("sklearn", "pandas", "fairlearn", "torch", "scipy", "onnx", "models.training")


class Live(NamedTuple):
    """A running service with one worker."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def get(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # the address is ours, on loopback
            f"http://127.0.0.1:{self.port}{path}", data, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def worker(self) -> int:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return int(children.split()[0])


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    home = tmp_path_factory.mktemp("service")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "BEDSIDE_PORT": str(port),
        "BEDSIDE_WORKERS": "1",
        "BEDSIDE_LEDGER": f"sqlite:///{home}/ledger.db",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    log = home / "log"
    with log.open("wb") as stderr:
        process = subprocess.Popen([sys.executable, "-c", SERVE], cwd=home, env=environment, stderr=stderr)
        running = Live(process, port, log)
        wait_until_ready(running)
        yield running
        if process.poll() is None:
            process.terminate()
        process.wait(20)


def wait_until_ready(live: Live) -> None:
    for _ in range(300):
        try:
            assert live.get("/readyz")["status"] == "ok"
            return
        except OSError:
            assert live.process.poll() is None, live.log.read_text()
            time.sleep(0.1)
    raise AssertionError("the service does not get ready")


def test_a_worker_that_answered_a_hook_has_loaded_nothing_that_only_training_needs(
    live: Live, hospital: Hospital
) -> None:
    """scikit-learn, pandas, fairlearn, torch and onnx stay out of the serving process, after a card too."""
    assert live.get(f"/cds-services/{DIABETES}", hospital.request("maria-lindqvist"))["cards"]
    loaded = {name.partition(".")[0] for name in live.get("/loaded")} | set(live.get("/loaded"))
    assert loaded.isdisjoint(TRAINING_ONLY)


def test_a_worker_is_small(live: Live) -> None:
    """With both models loaded and a hook answered, a worker stays below 130 MiB resident."""
    status = Path(f"/proc/{live.worker()}/status").read_text()
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    assert resident < 130 * 1024


def test_it_ends_cleanly_on_sigterm(live: Live) -> None:
    """SIGTERM ends the service with exit code 0, and no worker is killed or aborts."""
    live.process.send_signal(signal.SIGTERM)
    assert live.process.wait(20) == 0
    told = live.log.read_text()
    assert "SIGABRT" not in told
    assert "SIGKILL" not in told
    assert "terminate called" not in told
