"""Clients that send slowly, or stop in the middle, beside one that is in a hurry."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
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


@pytest.mark.parametrize(
    ("coding", "begun", "status"),
    [
        ("gzip, chunked", "5\r\nab", 400),
        ("chunked", "00000000000000005\r\nab", 400),
        ("chunked", "FFFFFFF\r\nab", 413),
    ],
)
def test_a_body_that_is_not_waited_for_holds_no_thread(
    live: Live, coding: str, begun: str, status: int
) -> None:
    """A framing that cannot be followed, or a chunk over the limit, is answered and not read on for; more of
    them than the server has threads delay nobody."""
    head = HEAD.replace("Content-Length: 1000", f"Transfer-Encoding: {coding}")
    with ExitStack() as crowd:
        connections = [crowd.enter_context(connect(live, head + begun)) for _ in range(100)]
        began = time.monotonic()
        assert live.get("/healthz")
        assert {told(connection)[0] for connection in connections} == {status}
        assert time.monotonic() - began < 1.5


def test_line_feeds_alone_are_told_at_once(live: Live) -> None:
    """A head that ends its lines with LF will never end, so it is no request that is slow."""
    began = time.monotonic()
    with connect(live, "GET /healthz HTTP/1.1\nHost: cds\n\n") as connection:
        assert told(connection)[0] == 400
    assert time.monotonic() - began < 1


def test_the_answer_to_the_slow_ends_the_connection(live: Live) -> None:
    """A 408 says `Connection: close`, as RFC 9110 asks for, and the connection is closed."""
    with connect(live, HEAD + "{") as connection:
        answer = HTTPResponse(connection)
        answer.begin()
        assert (answer.status, answer.getheader("Connection")) == (408, "close")
        answer.read()
        assert connection.recv(1) == b""


@pytest.mark.slow
@pytest.mark.parametrize(
    "begun", ["", "POST /cds-services HTTP/1.1\r\nHo", HEAD], ids=["dumb", "head", "body"]
)
def test_honest_clients_are_answered_beside_hundreds_of_slow_ones(
    live: Live, tmp_path: Path, begun: str
) -> None:
    """Three hundred clients, each a byte now and then: nobody else waits, not even while they are cut off."""
    hospital = Hospital(tmp_path)
    body = hospital.request("maria-lindqvist")
    hospital.close()
    took = []
    with ExitStack() as crowd:
        connections = [crowd.enter_context(connect(live, begun)) for _ in range(300)]
        until = time.monotonic() + 5
        while time.monotonic() < until:
            for connection in connections if begun else ():
                with suppress(OSError):  # cut off by now
                    connection.send(b"a")
            began = time.monotonic()
            assert live.post(f"/cds-services/{DIABETES}", body)["cards"]
            took.append(time.monotonic() - began)
            time.sleep(0.1)
    assert max(took) < 1.5


@pytest.mark.slow
def test_answers_that_are_not_taken_hold_no_thread(live: Live) -> None:
    """More clients than the server has threads ask for page after page and read none: nobody else waits. What
    they read later is whole, and in order."""
    page = f"GET /models/{DIABETES} HTTP/1.1\r\nHost: cds\r\nAccept: text/html\r\n\r\n"
    with ExitStack() as crowd:
        connections = []
        for _ in range(100):
            wire = crowd.enter_context(socket.socket())
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            wire.settimeout(30)
            wire.connect(("127.0.0.1", live.port))
            wire.sendall(page.encode() * 60)
            connections.append(wire)
        time.sleep(12)
        began = time.monotonic()
        assert live.get("/healthz")
        assert time.monotonic() - began < 1
        with connections[0].makefile("rb") as answers:
            for _ in range(60):
                assert answers.readline() == b"HTTP/1.1 200 OK\r\n"
                fields = dict(line.strip().split(b": ", 1) for line in iter(answers.readline, b"\r\n"))
                assert answers.read(int(fields[b"Content-Length"])).endswith((b"</html>", b"</html>\n"))


def test_the_oldest_makes_room_when_slow_bodies_take_up_too_much(tmp_path: Path) -> None:
    """Of bodies that stop shortly before their end, only as many are held as there is room for."""
    server = Live(tmp_path, BEDSIDE_WORKERS="1", BEDSIDE_MAX_BODY_MB="1", BEDSIDE_READ_TIMEOUT="60")
    try:
        server.wait()
        head = HEAD.replace("1000", "1000000") + "{"
        with ExitStack() as crowd:
            connections = []
            for _ in range(6):
                connections.append(crowd.enter_context(connect(server, head + " " * 900_000)))
                time.sleep(0.2)
            status, outcome = told(connections[0])
            (issue,) = outcome["issue"]  # type: ignore[misc]
            assert (status, issue["code"]) == (503, "throttled")
            assert "Too many requests were arriving" in issue["diagnostics"]
            connections[-1].settimeout(0.5)
            with pytest.raises(TimeoutError):
                connections[-1].recv(1)
    finally:
        server.close()


def test_a_request_that_is_arriving_when_the_server_stops_is_answered(tmp_path: Path) -> None:
    """A stop waits for what has begun, and takes nothing new."""
    hospital = Hospital(tmp_path)
    body = json.dumps(hospital.request("maria-lindqvist")).encode()
    hospital.close()
    server = Live(tmp_path, BEDSIDE_WORKERS="1")
    try:
        server.wait()
        head = HEAD.replace("1000", str(len(body)))
        with connect(server, head) as connection:
            connection.sendall(body[:100])
            time.sleep(0.3)
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            connection.sendall(body[100:200])
            time.sleep(0.3)
            connection.sendall(body[200:])
            status, answer = told(connection)
        assert (status, bool(answer["cards"])) == (200, True)
        assert server.process.wait(20) == 0
    finally:
        server.close()


def test_a_server_that_stops_takes_no_new_connection(tmp_path: Path) -> None:
    """Whoever comes while it finishes what has begun is refused at once, and goes elsewhere."""
    server = Live(tmp_path, BEDSIDE_WORKERS="1", BEDSIDE_READ_TIMEOUT="5")
    try:
        server.wait()
        with connect(server, HEAD) as connection:
            time.sleep(0.3)
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.7)
            with pytest.raises(ConnectionRefusedError):
                connect(server, "")
            assert told(connection)[0] == 408
    finally:
        server.close()


def test_connections_that_wait_when_the_server_stops_are_answered(tmp_path: Path) -> None:
    """A busy worker has not taken them yet, but their clients are connected."""
    server = Live(tmp_path, BEDSIDE_WORKERS="1")
    try:
        server.wait()
        worker = json.loads(server.get("/told-for-the-test"))["pid"]
        os.kill(worker, signal.SIGSTOP)
        with ExitStack() as crowd:
            ask = "GET /healthz HTTP/1.1\r\nHost: cds\r\n\r\n"
            connections = [crowd.enter_context(connect(server, ask)) for _ in range(8)]
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            os.kill(worker, signal.SIGCONT)
            assert [told(connection)[0] for connection in connections] == [200] * 8
        assert server.process.wait(20) == 0
    finally:
        server.close()


def test_requests_that_follow_each_other_at_once_are_all_answered(live: Live) -> None:
    """Several requests in one piece, and one whose last byte comes later, in their order."""
    one = b"GET /healthz HTTP/1.1\r\nHost: cds\r\n\r\n"
    with connect(live, (one * 3)[:-1].decode()) as connection:
        time.sleep(0.2)
        connection.sendall(one[-1:])
        answers = b""
        while answers.count(b"HTTP/1.1 200 OK") < 3 or not answers.endswith(b"}"):
            answers += connection.recv(4096)


def test_the_slow_leave_nothing_behind(live: Live) -> None:
    """No defect is logged and no thread is lost: the next call is answered."""
    with connect(live, HEAD + "{") as connection:
        assert told(connection)[0] == 408
    assert live.get("/healthz")
    assert "defect" not in live.log()
    assert "Traceback" not in live.log()
