"""What a client does not take at once waits beside the thread that wrote it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from cds_hooks.serving.outgoing import Outgoing

ANSWER = bytes(range(256)) * 20_000


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_nothing_that_is_written_waits(ends: tuple[socket.socket, socket.socket]) -> None:
    """Neither what there is room for nor the rest, which goes on in order once the client reads."""
    ours, theirs = ends
    outgoing = Outgoing(ours)
    for at in range(0, len(ANSWER), 100_000):
        outgoing.sendall(ANSWER[at : at + 100_000])
    assert 0 < len(outgoing.left) < len(ANSWER)
    assert not outgoing.go_on()
    found = bytearray()
    while len(found) < len(ANSWER):
        found += theirs.recv(65_536)
        outgoing.go_on()
    assert found == ANSWER
    assert outgoing.go_on()


def test_what_there_is_room_for_is_sent_at_once(ends: tuple[socket.socket, socket.socket]) -> None:
    """Most answers leave nothing behind."""
    ours, theirs = ends
    outgoing = Outgoing(ours)
    assert outgoing.send(b"ab") == 2
    outgoing.sendall(b"cd")
    assert not outgoing.left
    assert theirs.recv(10) == b"abcd"


def test_a_client_that_is_gone_is_an_error(ends: tuple[socket.socket, socket.socket]) -> None:
    """As it is of a socket: gunicorn ends the request."""
    ours, theirs = ends
    outgoing = Outgoing(ours)
    outgoing.sendall(ANSWER)
    theirs.close()
    with pytest.raises(OSError, match=r"\[Errno"):
        outgoing.go_on()
    with pytest.raises(OSError, match=r"\[Errno"):
        Outgoing(ours).sendall(b"ab")
