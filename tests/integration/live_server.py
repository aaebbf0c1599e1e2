"""A real `bedside serve` on a loopback port, in a folder of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

# Runs `bedside serve` with one address more, which tells what the answering process holds.
WRAPPER = """
import json, os, sys
from cds_hooks.cli.main import cli
from cds_hooks.serving.conf import Server

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


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Live:
    """A running server; `folder` is its working directory."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.port = free_port()
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
                **environment,
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
