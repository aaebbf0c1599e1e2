"""Where a request ends: what waits for it and the web server's parser agree, whatever is sent.

The parser alone, with all bytes at hand, is the measure: bytes that it counts to one request are never
answered as another's.
"""

from __future__ import annotations

from typing import NamedTuple

from gunicorn.config import Config  # type: ignore[import-untyped]  # publishes no types
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]  # the same
from gunicorn.http.parser import RequestParser  # type: ignore[import-untyped]  # the same
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cds_hooks.serving.bodies import Parser
from cds_hooks.serving.incoming import HeldUnreader, Incoming

MOST = 60
CLIENT = ("192.0.2.1", 5000)


class Seen(NamedTuple):
    """A request as the application sees it; `body` None when it cannot be read to its end."""

    method: str
    uri: str
    body: bytes | None


class NoSocket:
    """In the place of a connection from which nobody may read."""

    def recv(self, size: int) -> bytes:
        raise AssertionError(f"{size} bytes were waited for")


def seen(request: object) -> Seen:
    body: bytes | None
    try:
        body = request.body.read()  # type: ignore[attr-defined]
        length = dict(request.headers).get("CONTENT-LENGTH")  # type: ignore[attr-defined]
        body = None if length is not None and len(body) < int(length) else body
    except (ParseException, OSError):
        body = None
    return Seen(request.method, request.uri, body)  # type: ignore[attr-defined]


def by_the_parser(sent: bytes) -> list[Seen]:
    """What gunicorn's own parser makes of it."""
    found = []
    try:
        for request in RequestParser(Config(), iter([sent]), CLIENT):
            found.append(seen(request))
            if found[-1].body is None:
                break
    except (ParseException, OSError):
        pass
    return found


def by_the_worker(sent: bytes, sizes: list[int], reads: list[bool]) -> list[Seen]:
    """What the worker's way makes of it, in pieces, of which the application reads some bodies."""
    parser, found = Parser(Config(), iter([]), CLIENT), []
    unreader = parser.unreader = HeldUnreader(NoSocket())
    at = turn = 0
    try:
        while True:
            incoming = Incoming(MOST, bytes(unreader.take_buffered()))
            while not incoming.is_ready and at < len(sent):
                piece = sent[at : at + sizes[turn % len(sizes)]]
                incoming._add(piece)
                at, turn = at + len(piece), turn + 1
            unreader.give(incoming)
            request = next(parser)
            if not incoming.is_whole:
                request.force_close()
            if incoming.is_whole and not reads[len(found) % len(reads)]:
                found.append(Seen(request.method, request.uri, b"not read"))
            else:
                found.append(seen(request))
            if request.should_close() or not parser.finish_body():
                return found
            unreader.settle()
    except (ParseException, OSError, StopIteration):
        return found


LINES = st.sampled_from(
    [
        *(b"GET /a HTTP/1.1", b"POST /b HTTP/1.1", b"HEAD /c HTTP/1.1", b"POST /d HTTP/1.0", b""),
        *(b"OPTIONS * HTTP/1.1", b"POST /e HTTP/1.9", b"GET http://h/f HTTP/1.1", b"PUT /g:1 HTTP/1.1"),
    ]
)
FIELDS = st.sampled_from(
    [
        *(b"Content-Length: %d" % length for length in (0, 1, 5, 26, 59, 60, 61)),
        *(
            b"Content-Length:%s" % odd
            for odd in (b"+5", b"0x5", b"5, 5", b"", b"-1", b"\xb2", b"05", b" 5\t")
        ),
        *(b"Content-Length : 5", b" Content-Length: 5", b"Content_Length: 5", b"content-length: 5\x0b"),
        *(b"Transfer-Encoding: %s" % coding for coding in (b"chunked", b"Chunked", b"gzip, chunked", b"x")),
        *(
            b"Transfer-Encoding: identity",
            b"Transfer-Encoding: chunked, identity",
            b"Transfer-Encoding: \x0bchunked",
        ),
        *(
            b"Transfer-Encoding : chunked",
            b"transfer-encoding:\tchunked ",
            b"X: y",
            b" folded",
            b"X:\ry",
            b"X\n",
        ),
        *(b"Expect: 100-continue", b"expect:100-Continue", b"Expect: x", b"Connection: close", b"Host: h"),
        *(b"Connection: keep-alive", b"X: \0", b"no colon", b": empty"),
    ]
)
BODIES = st.sampled_from(
    [
        *(b"", b"abcde", b"0\r\n\r\n", b"5\r\nabcde\r\n0\r\n\r\n", b"5;x=y\r\nabcde\r\n0\r\nA: b\r\n\r\n"),
        *(b"5 \r\nabcde\r\n0\r\n\r\n", b"5\r\nabcdeX\r\n0\r\n\r\n", b"0\r\nContent-Length: 5\r\n\r\n"),
        *(b"00000000000000005\r\nabcde\r\n0\r\n\r\n", b"FFFFFFFF\r\n", b"+5\r\nabcde\r\n0\r\n\r\n"),
        *(b"5\nabcde\r\n0\r\n\r\n", b"GET /smuggled HTTP/1.1\r\n\r\n", b"0;\r\n\r\n", b"0\r\n\n", b"\r\n"),
    ]
)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """What nearly is a request."""
    fields = draw(st.lists(FIELDS, max_size=3))
    head = b"".join(line + b"\r\n" for line in (draw(LINES), *fields))
    return head + b"\r\n" + draw(BODIES)


STREAMS = st.lists(st.one_of(requests(), st.binary(max_size=8)), min_size=1, max_size=4).map(b"".join)


@settings(max_examples=600)
@given(STREAMS, st.lists(st.integers(1, 80), min_size=1, max_size=5), st.lists(st.booleans(), min_size=1))
@example(b"POST /b HTTP/1.1\r\nContent-Length: 5\r\n\r\nabcdeGET /a HTTP/1.1\r\n\r\n", [1], [False])
@example(b"POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1F\r\nab", [1], [True])
def test_no_bytes_of_a_request_are_answered_as_anothers(
    sent: bytes, sizes: list[int], reads: list[bool]
) -> None:
    """The worker sees what the parser sees, in the same order, or ends the connection before that; a body
    that it hands on is the parser's to the byte. Nothing waits for a connection on the way."""
    measure = by_the_parser(sent)
    found = by_the_worker(sent, sizes, reads)
    assert len(found) <= len(measure)
    for ours, theirs in zip(found, measure, strict=False):
        assert (ours.method, ours.uri) == (theirs.method, theirs.uri)
        assert ours.body in (theirs.body, None, b"not read")


def test_a_long_body_that_nobody_read_does_not_end_the_connection() -> None:
    """It is there, so it is thrown away, also where gunicorn would rather close."""
    parser = Parser(Config(), iter([]), CLIENT)
    unreader = parser.unreader = HeldUnreader(NoSocket())
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (100_000, b"x" * 100_000)
    for field, body in ((b"Content-Length: 100000", b"x" * 100_000), (b"Transfer-Encoding: chunked", chunks)):
        incoming = Incoming(200_000, b"POST /nobody HTTP/1.1\r\n" + field + b"\r\n\r\n" + body + b"GET")
        assert incoming.is_whole
        unreader.give(incoming)
        next(parser)
        assert parser.finish_body(deadline=1e12)
        unreader.settle()
        assert unreader.take_buffered() == b"GET"
