"""A terminology server on the loopback that expands a value set by pages, and records what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SNOMED = "http://snomed.info/sct"
URL = "https://hospital.example.org/fhir/ValueSet/heart-failure"


@dataclass
class Asked:
    """One request: method, query, Parameters of a POST, headers."""

    method: str
    query: dict[str, str]
    parameters: dict[str, Any]
    headers: dict[str, str]


@dataclass
class TerminologyStub:
    """What the server holds and how it behaves.

    `pages` is false for a server that ignores offset and count; `most` is what it sends at once; `total`
    replaces the true one, `has_total` is false for none; `reply` answers instead of an expansion: (status,
    headers, body).
    """

    codes: list[dict[str, Any]] = field(default_factory=list)
    pages: bool = True
    most: int = 1000
    has_total: bool = True
    total: int | None = None
    extension: list[dict[str, str]] = field(default_factory=list)
    reply: tuple[int, dict[str, str], bytes] | None = None
    asked: list[Asked] = field(default_factory=list)
    port: int = 0

    @property
    def base(self) -> str:
        """Base URL of the server."""
        return f"http://127.0.0.1:{self.port}/fhir"

    def expansion(self, offset: int, count: int) -> bytes:
        """One page of the value set."""
        shown = self.codes[offset : offset + min(count, self.most)] if self.pages else self.codes
        expansion: dict[str, Any] = {"timestamp": "2026-11-24T00:00:00Z", "contains": shown}
        if self.has_total:
            expansion["total"] = len(self.codes) if self.total is None else self.total
        if self.pages:
            expansion["offset"] = offset
        if self.extension:
            expansion["extension"] = self.extension
        return json.dumps(
            {
                "resourceType": "ValueSet",
                "id": "heart-failure",
                "url": URL,
                "version": "2026-09",
                "title": "Heart failure",
                "status": "active",
                "expansion": expansion,
            }
        ).encode()


def snomed(count: int) -> list[dict[str, Any]]:
    """Entries of an expansion, as many as asked for."""
    return [{"system": SNOMED, "code": str(84114007 + i), "display": f"Term {i}"} for i in range(count)]


@contextmanager
def running(stub: TerminologyStub) -> Iterator[TerminologyStub]:
    """Run the stub until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(stub))
    stub.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(stub: TerminologyStub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:  # the name that http.server calls
            query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
            self.answer(query, {}, int(query.get("offset", 0)), int(query.get("count", 1000)))

        def do_POST(self) -> None:  # the name that http.server calls
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            given = {one["name"]: one for one in body["parameter"]}
            self.answer({}, given, given["offset"]["valueInteger"], given["count"]["valueInteger"])

        def answer(self, query: dict[str, str], given: dict[str, Any], offset: int, count: int) -> None:
            """Record the request and send the reply."""
            stub.asked.append(Asked(self.command, query, given, dict(self.headers)))
            status, headers, body = stub.reply or (200, {}, stub.expansion(offset, count))
            self.send_response(status)
            for name, value in {"Content-Type": "application/fhir+json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Handler
