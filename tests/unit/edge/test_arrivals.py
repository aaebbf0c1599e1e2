"""Deadlines of requests that arrive, and of answers that nobody takes."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from cds_hooks.serving.arrivals import Arrivals


class Clock:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def arrivals(clock: Clock) -> Arrivals:
    return Arrivals(5.0, clock)


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    theirs.settimeout(1)
    ours.settimeout(1)
    with ours, theirs:
        yield ours, theirs


def test_only_the_way_in_of_a_late_request_is_shut(
    arrivals: Arrivals, clock: Clock, ends: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = ends
    arrivals.begin(ours)
    clock.now += 5
    arrivals.sweep()
    assert arrivals.is_late(ours)
    assert ours.recv(1) == b""
    ours.sendall(b"x")
    assert theirs.recv(1) == b"x"


def test_a_request_within_its_time_is_left_alone(
    arrivals: Arrivals, clock: Clock, ends: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = ends
    arrivals.begin(ours)
    clock.now += 4.9
    arrivals.sweep()
    theirs.sendall(b"x")
    assert ours.recv(1) == b"x"
    assert not arrivals.is_late(ours)


def test_what_has_arrived_is_never_late(
    arrivals: Arrivals, clock: Clock, ends: tuple[socket.socket, socket.socket]
) -> None:
    ours, _ = ends
    arrivals.begin(ours)
    arrivals.arrived(ours)
    clock.now += 59
    arrivals.sweep()
    assert not arrivals.is_late(ours)


def test_an_answer_that_nobody_takes_is_given_up(
    arrivals: Arrivals, clock: Clock, ends: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = ends
    arrivals.begin(ours)
    arrivals.arrived(ours)
    clock.now += 60
    arrivals.sweep()
    assert theirs.recv(1) == b""
    with pytest.raises(BrokenPipeError):
        ours.sendall(b"x")


def test_a_connection_that_has_ended_is_forgotten(
    arrivals: Arrivals, clock: Clock, ends: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = ends
    arrivals.begin(ours)
    arrivals.end(ours)
    clock.now += 500
    arrivals.sweep()
    theirs.sendall(b"x")
    assert ours.recv(1) == b"x"


def test_a_connection_closed_meanwhile_is_no_error(
    arrivals: Arrivals, clock: Clock, ends: tuple[socket.socket, socket.socket]
) -> None:
    ours, _ = ends
    arrivals.begin(ours)
    ours.close()
    clock.now += 5
    arrivals.sweep()
    assert arrivals.is_late(ours)


def test_a_server_that_tells_no_connection_has_no_late_ones(arrivals: Arrivals) -> None:
    arrivals.arrived(None)
    assert not arrivals.is_late(None)
