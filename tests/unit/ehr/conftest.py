"""A small chart, and a foreign CDS service on loopback that gives canned protocol answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

Json = dict[str, Any]


@dataclass
class CannedService:
    """Answers by path, and the requests that came; the answer of an unknown path is 404."""

    url: str = ""
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    received: list[tuple[str, Any]] = field(default_factory=list)

    def offer(self, *services: Json) -> None:
        """Set the discovery document."""
        self.give("", {"services": list(services)})

    def give(self, service: str, document: Any, status: int = 200) -> None:
        """Set the answer of a service, or of the discovery when `service` is empty; bytes go out as is."""
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.answers["/cds-services" + (f"/{service}" if service else "")] = (status, content)


@pytest.fixture
def cds_service() -> Iterator[CannedService]:
    """A CDS service of somebody else, listening on loopback."""
    canned = CannedService()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, body: Any) -> None:
            canned.received.append((self.path, body))
            status, content = canned.answers.get(self.path, (404, b"gone"))
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"{canned.url}/elsewhere")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Keep the test's output quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    canned.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield canned
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def chart() -> Callable[..., Json]:
    """Build a collection Bundle of one patient `p1` and further resources."""

    def build(*resources: Json) -> Json:
        patient = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1950-02-03"}
        return {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": resource} for resource in (patient, *resources)],
        }

    return build


@pytest.fixture
def chart_file(tmp_path: Path, chart: Callable[..., Json]) -> Callable[..., Path]:
    """Write such a Bundle to a file."""

    def write(*resources: Json, name: str = "chart.json") -> Path:
        path = tmp_path / name
        path.write_text(json.dumps(chart(*resources)))
        return path

    return write
