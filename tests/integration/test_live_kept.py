"""Connections that are kept for further requests, as EHRs and proxies do, over a real socket."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from fhir_stub import CANARY, Reply, Stub, running
from hospital import DIABETES, Hospital, Json
from live_server import Live

WITHIN_S = 1.5
"""Less than the deadline of a call that reads from a FHIR server."""
LATER_S = 0.2
"""Longer than a thread waits for the next request of a connection."""


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[Hospital]:
    """Makes the requests."""
    opened = Hospital(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def body(hospital: Hospital) -> Json:
    """A request that gets a card."""
    return hospital.request("maria-lindqvist")


@pytest.fixture(scope="module")
def slow_server() -> Iterator[Stub]:
    """An EHR's FHIR server."""
    with running() as stub:
        yield stub


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, slow_server: Stub) -> Iterator[Live]:
    """A server of one process that may call back."""
    folder = tmp_path_factory.mktemp("kept")
    server = Live(folder, BEDSIDE_WORKERS="1", BEDSIDE_FHIR_SERVERS=slow_server.origin)
    try:
        server.wait()
        yield server
    finally:
        server.close()


def written(document: Json) -> bytes:
    """The request as it goes over the wire."""
    content = json.dumps(document).encode()
    head = (
        f"POST /cds-services/{DIABETES} HTTP/1.1\r\nHost: cds\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def cards_of(wire: socket.socket) -> int:
    """How many cards the next answer of a connection holds."""
    answer = HTTPResponse(wire)
    answer.begin()
    return len(json.loads(answer.read())["cards"])


def dial(live: Live) -> socket.socket:
    return socket.create_connection(("127.0.0.1", live.port), timeout=15)


@pytest.mark.parametrize("pause", [0.0, LATER_S])
def test_a_connection_is_good_for_many_requests(live: Live, body: Json, pause: float) -> None:
    """At once or later, each is answered on the same connection."""
    connection = HTTPConnection("127.0.0.1", live.port, timeout=15)
    connection.connect()
    opened, told = connection.sock, []
    for _ in range(4):
        connection.request(
            "POST", f"/cds-services/{DIABETES}", json.dumps(body), {"Content-Type": "application/json"}
        )
        answer = connection.getresponse()
        told.append((answer.status, len(json.loads(answer.read())["cards"]), connection.sock is opened))
        time.sleep(pause)
    connection.close()
    assert told == [(200, 1, True)] * 4


def test_requests_that_are_sent_together_are_answered_in_turn(live: Live, body: Json) -> None:
    """What follows a body belongs to the next request, also where both come in one packet."""
    with dial(live) as wire:
        wire.sendall(written(body) + written(body) + written(body))
        assert [cards_of(wire) for _ in range(3)] == [1, 1, 1]


def test_a_body_in_many_packets_is_read_to_its_end(live: Live, body: Json) -> None:
    """However it is cut up on its way."""
    sent = written(body)
    with dial(live) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(sent), 1500):
            wire.sendall(sent[start : start + 1500])
            time.sleep(0.002)
        assert cards_of(wire) == 1


def test_a_body_longer_than_the_buffers_of_the_connection_is_read(live: Live, body: Json) -> None:
    """Ten megabytes, most of them white space."""
    content = json.dumps(body).encode().ljust(10 * 2**20)
    head = written({}).partition(b"Content-Length")[0] + b"Content-Length: %d\r\n\r\n" % len(content)
    with dial(live) as wire:
        wire.sendall(head + content)
        assert cards_of(wire) == 1


def test_a_call_that_waits_for_a_fhir_server_holds_up_nobody(
    live: Live, body: Json, slow_server: Stub
) -> None:
    """While one chart is being read, another patient's card comes; the server answers only then."""
    waiting = json.loads(json.dumps(body))
    reply = Reply(json.dumps(waiting["prefetch"].pop("observations")).encode())
    waiting |= {"fhirServer": slow_server.base, "fhirAuthorization": authorization()}
    is_asked, may_answer, in_time = Event(), Event(), []

    def decide(path: str) -> Reply:
        is_asked.set()
        in_time.append(may_answer.wait(WITHIN_S))
        return reply

    slow_server.decide = decide
    with ThreadPoolExecutor(1) as other:
        slow = other.submit(live.post, f"/cds-services/{DIABETES}", waiting)
        assert is_asked.wait(5)
        assert live.post(f"/cds-services/{DIABETES}", body)["cards"]
        may_answer.set()
        assert slow.result()["cards"]
    assert all(in_time)


def authorization() -> dict[str, Any]:
    return {
        "access_token": CANARY,
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "patient/*.read",
        "subject": "b",
    }


def test_a_kept_connection_does_not_hold_up_the_end(live: Live, body: Json) -> None:
    """Told to stop, the service stops, though a client keeps its connection open. The last test here."""
    with dial(live) as wire:
        wire.sendall(written(body))
        assert cards_of(wire) == 1
        began = time.monotonic()
        assert live.stop() == 0
        assert time.monotonic() - began < 8
