"""Clients that send slowly, or stop in the middle, beside one that is in a hurry."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPResponse
from pathlib import Path

import pytest
from hospital import DIABETES, Hospital
from live_server import Live

SLOW = 24
"""More than all turns of the server below, and than all threads it once had."""

HEAD = (
    f"POST /cds-services/{DIABETES} HTTP/1.1\r\nHost: cds\r\nContent-Type: application/json\r\n"
    "Content-Length: 1000\r\n\r\n"
)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server of one process with two turns, in which a request must arrive within two seconds."""
    folder = tmp_path_factory.mktemp("slow")
    server = Live(folder, BEDSIDE_WORKERS="1", BEDSIDE_THREADS="2", BEDSIDE_READ_TIMEOUT="2")
    try:
        server.wait()
        yield server
    finally:
        server.close()


def connect(live: Live, sent: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", live.port), timeout=15)
    connection.sendall(sent.encode())
    return connection


def told(connection: socket.socket) -> tuple[int, dict[str, object]]:
    answer = HTTPResponse(connection)
    answer.begin()
    return answer.status, json.loads(answer.read())


def test_a_body_that_stops_is_a_timeout(live: Live) -> None:
    """The client learns that it was too slow, and what to do."""
    with connect(live, HEAD + '{"hook"') as connection:
        status, outcome = told(connection)
    (issue,) = outcome["issue"]  # type: ignore[misc]
    assert (status, issue["code"]) == (408, "timeout")
    assert "within 2 seconds" in issue["diagnostics"]
    assert "BEDSIDE_READ_TIMEOUT" in issue["diagnostics"]


def test_a_body_that_drips_is_a_timeout(live: Live) -> None:
    """A byte now and then does not buy more time."""
    began = time.monotonic()
    with connect(live, HEAD) as connection:
        connection.settimeout(0.2)
        while time.monotonic() < began + 12:
            try:
                connection.sendall(b" ")
                status = connection.recv(64).split()[1]
                break
            except TimeoutError:
                continue
    assert status == b"408"
    assert time.monotonic() - began < 8


def test_a_head_that_stops_is_cut_off(live: Live) -> None:
    """Without the end of its headers there is no request to answer."""
    with connect(live, "POST /cds-services HTTP/1.1\r\nHost") as connection:
        assert connection.recv(64) in (b"", b"HTTP/1.1 400 Bad Request\r\n")


def test_a_client_in_a_hurry_does_not_wait_for_the_slow(live: Live, tmp_path: Path) -> None:
    """Far more stalled bodies than turns, and a card comes before the first of them times out."""
    hospital = Hospital(tmp_path)
    body = hospital.request("maria-lindqvist")
    hospital.close()
    with ExitStack() as stalled:
        connections = [stalled.enter_context(connect(live, HEAD + "{")) for _ in range(SLOW)]
        began = time.monotonic()
        assert live.post(f"/cds-services/{DIABETES}", body)["cards"]
        assert time.monotonic() - began < 1.5
        assert {told(connection)[0] for connection in connections} == {408}


def test_the_slow_leave_nothing_behind(live: Live) -> None:
    """No defect is logged and no thread is lost: the next call is answered."""
    with connect(live, HEAD + "{") as connection:
        assert told(connection)[0] == 408
    assert live.get("/healthz")
    assert "defect" not in live.log()
    assert "Traceback" not in live.log()
