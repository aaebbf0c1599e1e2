"""When a request is there: whole, or as whole as it will be, in whatever pieces it comes."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from threading import Timer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_hooks.serving.incoming import HeldUnreader, Incoming

MOST = 1000
HEAD = b"POST /x HTTP/1.1\r\nHost: cds\r\n"
WHOLE = {
    "without body": HEAD + b"\r\n",
    "length": HEAD + b"Content-Length: 5\r\n\r\nabcde",
    "no length": HEAD + b"content-length:0\r\n\r\n",
    "chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
    "trailers": HEAD + b"Transfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\nC: d\r\n\r\n",
    "crlf within": HEAD + b"Transfer-Encoding: chunked\r\n\r\nb\r\n0\r\n\r\n0\r\n\r\nx\r\n0\r\n\r\n",
}
HOPELESS = {
    "too long": HEAD + b"Content-Length: 1001\r\n\r\n",
    "no number": HEAD + b"Content-Length: five\r\n\r\n",
    "negative": HEAD + b"Content-Length: -5\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
    "both": HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    "coding": HEAD + b"Transfer-Encoding: gzip\r\n\r\n",
    "no size": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "no end of chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcde\r\n",
    "endless size": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"0" * 9000,
    "endless line": b"GET /" + b"x" * 9000,
    "endless head": HEAD + b"A: b\r\n" * 150_000,
}


def all_of(incoming: Incoming) -> bytes:
    """What is held of a request."""
    found = b"".join((incoming.held, *incoming.rest))
    assert len(found) == incoming.size
    return found


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


@given(st.sampled_from(sorted(WHOLE)), st.lists(st.integers(1, 20), min_size=1))
def test_a_request_is_whole_with_its_last_byte(name: str, sizes: list[int]) -> None:
    """Not before, whatever the pieces; and nothing of it is changed."""
    sent, at, turn = WHOLE[name], 0, 0
    incoming = Incoming(MOST)
    while at < len(sent):
        assert not incoming.is_ready
        piece = sent[at : at + sizes[turn % len(sizes)]]
        incoming._add(piece)
        at, turn = at + len(piece), turn + 1
    assert (incoming.is_ready, incoming.is_whole) == (True, True)
    assert all_of(incoming) == sent


@pytest.mark.parametrize("name", HOPELESS)
def test_what_cannot_become_whole_is_not_waited_for(name: str) -> None:
    """A body over the limit, framing that is none, a head without end: the server's parser has its say."""
    incoming = Incoming(MOST, HOPELESS[name])
    assert (incoming.is_ready, incoming.is_whole) == (True, False)


@given(st.binary(max_size=300))
def test_no_bytes_are_a_failure(sent: bytes) -> None:
    """Whatever is sent is held as it came."""
    for begun in (b"", HEAD, HEAD + b"Transfer-Encoding: chunked\r\n\r\n"):
        incoming = Incoming(MOST, begun)
        incoming._add(sent)
        assert all_of(incoming) == begun + sent


def test_a_client_that_ends_is_not_waited_for(ends: tuple[socket.socket, socket.socket]) -> None:
    """Half a body and the end of the connection is all there will be."""
    ours, theirs = ends
    theirs.sendall(HEAD + b"Content-Length: 5\r\n\r\nab")
    theirs.close()
    incoming = Incoming(MOST)
    incoming.take(ours)
    assert not incoming.is_ready
    incoming.take(ours)
    assert (incoming.is_ready, incoming.is_whole) == (True, False)


def test_a_client_that_asks_is_told_to_go_on_once(ends: tuple[socket.socket, socket.socket]) -> None:
    """The header is gone then, so that nobody tells it again; a body that is there already asks nothing."""
    ours, theirs = ends
    theirs.settimeout(0.2)
    theirs.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
    incoming = Incoming(MOST)
    incoming.take(ours)
    assert theirs.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    theirs.sendall(b"abcde")
    incoming.take(ours)
    assert incoming.is_whole
    assert all_of(incoming) == HEAD + b"Content-Length: 5\r\n\r\nabcde"
    with pytest.raises(TimeoutError):
        theirs.recv(100)


def test_nothing_there_is_told_apart_from_the_end(ends: tuple[socket.socket, socket.socket]) -> None:
    """A connection without news raises BlockingIOError."""
    incoming = Incoming(MOST)
    with pytest.raises(BlockingIOError):
        incoming.take(ends[0])
    assert not incoming.is_ready


def test_the_parser_reads_what_is_held_and_then_its_end(ends: tuple[socket.socket, socket.socket]) -> None:
    """In pieces of the size that it asks for; what it leaves is there for the next request. No thread waits
    for the connection."""
    ours, theirs = ends
    unreader = HeldUnreader(ours)
    unreader.give(Incoming(MOST, WHOLE["length"] + b"GET /next"))
    theirs.sendall(b"more")
    assert unreader.read(10) == WHOLE["length"][:10]
    assert unreader.read(len(WHOLE["length"]) - 10) == WHOLE["length"][10:]
    unreader.settle()
    assert unreader.buf.getvalue() == b"GET /next"
    assert unreader.take_buffered() == b"GET /next"
    assert unreader.read(4) == b""


@pytest.mark.parametrize(
    "begun",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"GET / HTTP/1.1\nHost: cds\n\n",
        HEAD + b"A: b\nC: d\r\n",
        b"\n",
    ],
    ids=["tls", "line feeds", "one line feed", "line feed first"],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_what_begins_as_no_head_does_is_not_waited_for(begun: bytes, size: int) -> None:
    """Who speaks TLS to the port, or ends lines with LF alone, is told at once and not after the deadline."""
    incoming = Incoming(MOST)
    for at in range(0, len(begun), size):
        if not incoming.is_ready:
            incoming._add(begun[at : at + size])
    assert (incoming.is_ready, incoming.is_whole) == (True, False)


def test_more_chunks_than_anybody_needs_are_not_walked_to_their_end() -> None:
    """Each of a byte costs more time than it is worth; honest chunks are not near the limit."""
    head = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    most = 16 * 1024 * 1024
    odd = Incoming(most, head + b"1\r\nx\r\n" * 200_000)
    assert (odd.is_ready, odd.is_whole, odd.is_too_long) == (True, False, True)
    honest = Incoming(most, head + b"200\r\n%s\r\n" % (b"x" * 512) * 32_000 + b"0\r\n\r\n")
    assert (honest.is_whole, honest.is_too_long) == (True, False)


@pytest.mark.parametrize("first", [b"", b"\r\n"], ids=["", "after an empty line"])
@pytest.mark.parametrize("spelt", [b"Expect: 100-Continue", b"expect:100-continue\t"])
def test_an_expectation_is_met_however_it_is_spelt(
    ends: tuple[socket.socket, socket.socket], first: bytes, spelt: bytes
) -> None:
    """RFC 9110, section 10.1.1: its value is without case."""
    ours, theirs = ends
    theirs.settimeout(1)
    theirs.sendall(first + HEAD + spelt + b"\r\nContent-Length: 5\r\n\r\n")
    Incoming(MOST).take(ours)
    assert theirs.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_nobody_is_told_to_go_on_with_a_body_that_is_refused(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    """Neither here nor by gunicorn, which no longer sees the header."""
    ours, theirs = ends
    theirs.settimeout(0.2)
    theirs.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: 5000\r\n\r\n")
    incoming = Incoming(MOST)
    incoming.take(ours)
    assert (incoming.is_ready, incoming.is_too_long) == (True, True)
    assert b"Expect" not in all_of(incoming)
    with pytest.raises(TimeoutError):
        theirs.recv(100)


def test_a_field_whose_name_ends_in_white_space_stays_for_the_parser(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    """RFC 9112, section 5.1: it is refused, so nothing may be made of it here."""
    ours, theirs = ends
    sent = HEAD + b"Expect : 100-continue\r\nContent-Length: 5\r\n\r\n"
    theirs.sendall(sent)
    incoming = Incoming(MOST)
    incoming.take(ours)
    assert all_of(incoming) == sent


def test_no_wait_for_a_body_is_without_end(ends: tuple[socket.socket, socket.socket]) -> None:
    """A moment too short for the operating system to count is not for ever."""
    ours, theirs = ends
    theirs.sendall(HEAD + b"Content-Length: 900\r\n\r\n")
    incoming = Incoming(MOST)
    incoming.take(ours)
    late = Timer(2, theirs.sendall, (b"x" * 900,))
    late.start()
    with pytest.raises(BlockingIOError):
        incoming.take_all(ours, 1e-9)
    late.cancel()
