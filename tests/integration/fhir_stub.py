"""A FHIR server on the loopback that answers as a test tells it to, and records what it was asked."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CANARY = "canary-5f1d-token"
PATIENT = "pat-canary-77"


@dataclass
class Reply:
    """What the stub sends: `body` as JSON unless it is bytes; with `bare` the bytes alone, without HTTP.

    `wait_s` waits before all, `head_drip_s` before each of ten extra headers, `drip_s` before each part of
    the body; `length` is a false Content-Length.
    """

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    wait_s: float = 0.0
    drip_s: float = 0.0
    head_drip_s: float = 0.0
    bare: bool = False

    @property
    def content(self) -> bytes:
        """The body as bytes."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass
class Call:
    """A call that the stub received."""

    path: str
    headers: dict[str, str]


@dataclass
class Stub:
    """A running stub: `replies` holds for each path (without query) what is sent, the last reply for good."""

    port: int = 0
    replies: dict[str, list[Reply]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    decide: Callable[[str], Reply | None] = lambda _: None
    scheme: str = "http"
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def base(self) -> str:
        """Base URL of the FHIR server."""
        return f"{self.origin}/fhir"

    def on(self, path: str, *replies: Reply) -> None:
        """Answer GETs of a path below the base with these replies, one after the other."""
        self.replies[f"/fhir/{path}"] = list(replies)

    def answer(self, path: str, headers: dict[str, str]) -> Reply:
        """Record a call and choose its reply."""
        with self.lock:
            self.calls.append(Call(path, headers))
            chosen = self.decide(path)
            if chosen is not None:
                return chosen
            left = self.replies.get(path.partition("?")[0], [Reply(status=404)])
            return left.pop(0) if len(left) > 1 else left[0]


def _handler(stub: Stub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:  # the name that http.server calls
            reply = stub.answer(self.path, dict(self.headers))
            time.sleep(reply.wait_s)
            if reply.bare:
                self.close_connection = True
                self.wfile.write(reply.content)
                return
            self.send_response(reply.status)
            for number in range(10 if reply.head_drip_s else 0):
                self.send_header(f"X-Drip-{number}", "drip")
                self.flush_headers()
                time.sleep(reply.head_drip_s)
            for name, value in {"Content-Type": "application/fhir+json", **reply.headers}.items():
                self.send_header(name, value)
            length = len(reply.content) if reply.length is None else reply.length
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.send_body(reply)
            self.close_connection = length != len(reply.content)

        def send_body(self, reply: Reply) -> None:
            """Send the body, in small parts when it drips; a client that hangs up is no fault of the stub."""
            step = 8 if reply.drip_s else max(1, len(reply.content))
            try:
                for start in range(0, len(reply.content), step):
                    time.sleep(reply.drip_s)
                    self.wfile.write(reply.content[start : start + step])
            except OSError:
                return

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:
                return

    return Handler


@contextmanager
def running(tls: ssl.SSLContext | None = None) -> Iterator[Stub]:
    """A stub on a free port, stopped at the end; with `tls` it speaks https."""
    stub = Stub(scheme="http" if tls is None else "https")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(stub))
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.daemon_threads = True
    server.block_on_close = False
    stub.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def observation(number: int, **other: Any) -> dict[str, Any]:
    """An Observation with further elements, as a Bundle entry."""
    return {"resource": {"resourceType": "Observation", "id": f"o{number}", "status": "final", **other}}


def page(*entries: dict[str, Any], following: str | None = None, **other: Any) -> dict[str, Any]:
    """A page of a search, with a next link when another page follows."""
    links = [] if following is None else [{"relation": "next", "url": following}]
    return {"resourceType": "Bundle", "type": "searchset", "entry": list(entries), "link": links, **other}
