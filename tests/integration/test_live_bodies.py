"""Bodies as proxies and EHRs send them, over a real socket: in chunks, cut, compressed, announced."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterable, Iterator
from http.client import HTTPResponse
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hospital import DIABETES, Hospital
from live_server import Live

MEGABYTE = 1024 * 1024
LIMIT = 2 * MEGABYTE
HEAD = (
    f"POST /cds-services/{DIABETES} HTTP/1.1\r\nHost: cds\r\nContent-Type: application/json\r\n"
    "Connection: close\r\n"
)
CHUNKED = f"{HEAD}Transfer-Encoding: chunked\r\n"


class Told(NamedTuple):
    """An answer: status, headers in lower case, decoded body."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def text(self) -> str:
        """What the OperationOutcome says."""
        assert self.body["resourceType"] == "OperationOutcome"
        issue = self.body["issue"][0]
        return f"{issue['code']}: {issue['diagnostics']}"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server that takes bodies of two megabytes."""
    server = Live(tmp_path_factory.mktemp("live"), BEDSIDE_MAX_BODY_MB="2")
    try:
        server.wait()
        yield server
    finally:
        server.close()


@pytest.fixture
def body(tmp_path: Path) -> Iterator[bytes]:
    """A request that gets a card."""
    hospital = Hospital(tmp_path)
    yield json.dumps(hospital.request("maria-lindqvist")).encode()
    hospital.close()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ("GET /cds-services?token=CANARY HTTP/CANARY\r\n\r\n", 400),
        ("CANARY\r\n\r\n", 400),
        (f"{HEAD}CANARY CANARY: 1\r\n\r\n", 400),
        (f"{HEAD}Content-Length: CANARY\r\n\r\n", 400),
        (f"{HEAD}Expect: CANARY\r\n\r\n", 417),
        (f"{HEAD}X-Long: {'CANARY' * 2000}\r\n\r\n", 431),
        (f"GET /{'CANARY' * 2000} HTTP/1.1\r\n\r\n", 414),
    ],
)
def test_what_is_no_http_is_an_outcome_that_quotes_nothing(live: Live, sent: str, status: int) -> None:
    """Also the web server's own refusals are OperationOutcomes, and hold nothing of the request."""
    with socket.create_connection(("127.0.0.1", live.port), timeout=10) as connection:
        connection.sendall(sent.encode())
        answer = HTTPResponse(connection)
        answer.begin()
        told = answer.read()
    assert (answer.status, json.loads(told)["resourceType"]) == (status, "OperationOutcome")
    assert b"CANARY" not in told


def test_what_is_no_http_is_logged_by_its_kind(live: Live) -> None:
    """Whoever runs the service sees what clients get wrong, and nothing of what they sent."""
    with socket.create_connection(("127.0.0.1", live.port), timeout=10) as connection:
        connection.sendall(f"{HEAD}Content-Length: CANARY\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 400")
    told = [line for line in live.log().splitlines() if '"unreadable"' in line]
    assert json.loads(told[-1]).items() >= {"status": 400, "error": "InvalidHeader"}.items()
    assert "CANARY" not in live.log()


def send(live: Live, head: str, parts: Iterable[bytes], *, is_cut: bool = False) -> Told:
    """Send a head and parts; `is_cut` then closes the sending side."""
    with socket.create_connection(("127.0.0.1", live.port), timeout=30) as wire:
        wire.sendall(f"{head}\r\n".encode())
        try:
            for part in parts:
                wire.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            pass  # answered before everything was sent
        if is_cut:
            wire.shutdown(socket.SHUT_WR)
        return told(wire)


def told(wire: socket.socket) -> Told:
    answer = HTTPResponse(wire)
    answer.begin()
    content = answer.read()
    headers = {name.lower(): value for name, value in answer.getheaders()}
    return Told(answer.status, headers, json.loads(content) if content else None)


def chunks(content: bytes, size: int = 60_000) -> Iterator[bytes]:
    """The content as chunks with the last, empty one."""
    for start in range(0, len(content), size):
        part = content[start : start + size]
        yield b"%x\r\n%s\r\n" % (len(part), part)
    yield b"0\r\n\r\n"


def padded(body: bytes, length: int) -> bytes:
    """The body with spaces after it, which JSON allows."""
    return body + b" " * (length - len(body))


@pytest.mark.parametrize("size", [7, 60_000])
def test_a_body_in_chunks_gets_its_card(live: Live, body: bytes, size: int) -> None:
    """The length need not be told beforehand."""
    answer = send(live, CHUNKED, chunks(body, size))
    assert (answer.status, len(answer.body["cards"])) == (200, 1)


def test_a_body_in_chunks_may_be_as_long_as_the_limit(live: Live, body: bytes) -> None:
    """To the byte."""
    assert send(live, CHUNKED, chunks(padded(body, LIMIT))).status == 200


@pytest.mark.parametrize("over", [1, 60_000, 3 * MEGABYTE])
def test_a_body_in_chunks_over_the_limit_is_413(live: Live, body: bytes, over: int) -> None:
    """One byte too many is told as such, not as JSON that breaks off."""
    answer = send(live, CHUNKED, chunks(padded(body, LIMIT + over)))
    assert (answer.status, answer.text) == (
        413,
        "too-long: The body is over the limit of 2 MB; send only the listed prefetch.",
    )


def test_feedback_in_chunks_over_the_limit_is_413(live: Live) -> None:
    """The limit holds for feedback too."""
    head = CHUNKED.replace(DIABETES, f"{DIABETES}/feedback")
    assert send(live, head, chunks(padded(b"{}", LIMIT + 1))).status == 413


def test_a_told_length_over_the_limit_is_413_before_the_body_is_sent(live: Live) -> None:
    """The head alone is answered."""
    answer = send(live, f"{HEAD}Content-Length: {LIMIT + 1}\r\n", [])
    assert (answer.status, answer.text.partition(":")[0]) == (413, "too-long")


@pytest.mark.parametrize("where", ["in a chunk", "between chunks", "in a size", "before the end"])
def test_a_body_in_chunks_that_is_cut_is_400(live: Live, body: bytes, where: str) -> None:
    """The connection ends early, wherever that is: the answer says that, not that the JSON is wrong."""
    whole = b"".join(chunks(body, 1000))
    ends = {"in a chunk": 700, "between chunks": 1007, "in a size": 1008, "before the end": len(whole) - 5}
    answer = send(live, CHUNKED, [whole[: ends[where]]], is_cut=True)
    assert (answer.status, answer.text) == (400, "incomplete: The body could not be read to its end.")


def test_a_told_length_that_is_cut_is_400(live: Live, body: bytes) -> None:
    """The same sentence as for chunks."""
    answer = send(live, f"{HEAD}Content-Length: {len(body)}\r\n", [body[:-10]], is_cut=True)
    assert (answer.status, answer.text) == (400, "incomplete: The body could not be read to its end.")


@pytest.mark.parametrize("size", [b"zz", b"-1", b""])
def test_a_chunk_without_a_size_is_400(live: Live, size: bytes) -> None:
    """What is no chunk is a broken body, and no failure of the service."""
    answer = send(live, CHUNKED, [size + b"\r\n{}\r\n0\r\n\r\n"])
    assert (answer.status, answer.text) == (400, "incomplete: The body could not be read to its end.")


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "deflate", "br", "identity, gzip"])
def test_a_compressed_body_is_415_with_what_is_accepted(live: Live, body: bytes, coding: str) -> None:
    """Compressed requests are not read: the answer says so in words and in Accept-Encoding (RFC 9110)."""
    packed = gzip.compress(body)
    answer = send(live, f"{HEAD}Content-Encoding: {coding}\r\nContent-Length: {len(packed)}\r\n", [packed])
    assert (answer.status, answer.headers["accept-encoding"]) == (415, "identity")
    assert answer.text == "not-supported: Send the body without Content-Encoding."


def test_a_client_that_waits_is_told_to_go_on(live: Live, body: bytes) -> None:
    """Expect: 100-continue is answered with 100 before the body, and with the card after it."""
    with socket.create_connection(("127.0.0.1", live.port), timeout=30) as wire:
        head = f"{HEAD}Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
        wire.sendall(head.encode())
        assert wire.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.sendall(body)
        answer = told(wire)
    assert (answer.status, len(answer.body["cards"])) == (200, 1)


def test_another_expectation_is_417(live: Live, body: bytes) -> None:
    """What cannot be met is refused, as RFC 9110 asks for."""
    head = f"{HEAD}Content-Length: {len(body)}\r\nExpect: the-unexpected\r\n"
    with socket.create_connection(("127.0.0.1", live.port), timeout=30) as wire:
        wire.sendall(f"{head}\r\n".encode() + body)
        assert wire.recv(1000).startswith(b"HTTP/1.1 417 ")


def test_after_all_this_the_service_still_answers(live: Live, body: bytes) -> None:
    """No worker was lost to any of it."""
    assert send(live, f"{HEAD}Content-Length: {len(body)}\r\n", [body]).status == 200
    assert "WORKER TIMEOUT" not in live.log()
