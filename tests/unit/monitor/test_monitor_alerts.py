"""Where alerts go, and what they say."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from cds_hooks.errors import SettingsError
from cds_hooks.monitor.alerts import ALERTS_FILE, Alert, check_address, send, tell_alerts

ALERT = Alert(at="2026-06-01T00:00:00.000Z", model="m", version="1", kind="drift", attribute="sex",
              value="female", metric="age", text="Female: input age has shifted.")  # fmt: skip


class Receiver(BaseHTTPRequestHandler):
    """Keeps what is posted and answers with the server's status."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append((self.path, json.loads(body)))  # type: ignore[attr-defined]
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def receiver(status: int = 204) -> Iterator[HTTPServer]:
    """A server on loopback."""
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    server.posted, server.status = [], status  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def address(server: HTTPServer) -> str:
    """Where the server listens."""
    return f"http://127.0.0.1:{server.server_port}/alerts"


def test_alerts_are_posted_as_an_array() -> None:
    """The receiver gets every field of every alert."""
    with receiver() as server:
        assert send([ALERT, ALERT], address(server)) is None
        ((path, body),) = server.posted  # type: ignore[attr-defined]
    assert path == "/alerts"
    assert [one["text"] for one in body] == [ALERT.text, ALERT.text]


@pytest.mark.parametrize("status", [302, 307, 500])
def test_other_answers_are_told_and_not_followed(status: int) -> None:
    """A redirect is an answer like any other: nothing is posted elsewhere."""
    with receiver(status) as server:
        assert send([ALERT], address(server)) == f"the webhook answered {status}"
        assert len(server.posted) == 1  # type: ignore[attr-defined]


def test_nobody_there_is_told() -> None:
    """A closed port is a sentence, not an exception."""
    with receiver() as server:
        gone = address(server)
    assert "cannot be reached" in (send([ALERT], gone) or "")


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x", "http://localhost/x", "http://[::1]:80/x"])
def test_this_machine_is_allowed(url: str) -> None:
    """Loopback needs no permission."""
    assert check_address(url, ()) == url


@pytest.mark.parametrize(
    "url",
    ["https://alerts.example.org/x", "ftp://127.0.0.1/x", "http://127.0.0.1@evil.example/x", "http:///x",
     "http://127.0.0.1:port/x", "http://127.0.0.1.evil.example/x", "file:///etc/passwd"],
)  # fmt: skip
def test_other_addresses_need_an_allowed_origin(url: str) -> None:
    """Neither another host nor another scheme passes, nor one that only looks like loopback."""
    with pytest.raises(SettingsError, match="--webhook"):
        check_address(url, ("https://other.example.org",))


def test_an_allowed_origin_is_the_whole_origin() -> None:
    """Scheme, host and port must be the same."""
    allowed = ("https://alerts.example.org:8443",)
    assert check_address("https://alerts.example.org:8443/x", allowed)
    with pytest.raises(SettingsError):
        check_address("https://alerts.example.org/x", allowed)


def test_alerts_are_lines_in_a_file_and_on_a_stream(tmp_path: Path) -> None:
    """A second run adds to the file."""
    stream = io.StringIO()
    for _ in range(2):
        tell_alerts([ALERT], tmp_path / "new", stream)
    assert len(stream.getvalue().splitlines()) == 2
    assert (tmp_path / "new" / ALERTS_FILE).read_text() == stream.getvalue()


def test_without_alerts_there_is_no_file(tmp_path: Path) -> None:
    """Silence leaves nothing behind."""
    tell_alerts([], tmp_path, io.StringIO())
    assert list(tmp_path.iterdir()) == []
