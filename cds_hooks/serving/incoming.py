"""A request as it arrives: what is there of it, and whether that is all, without a thread that waits for it.

It is looked at only as far as its end has to be known (RFC 9112, sections 6 and 7). What is no HTTP is handed
on as it is: the web server's own parser then says what is wrong with it.
"""

from __future__ import annotations

import socket
from collections import deque
from contextlib import suppress
from math import ceil
from struct import pack
from typing import Any

from gunicorn.http.unreader import SocketUnreader  # type: ignore[import-untyped]  # publishes no types

__all__ = ["HeldUnreader", "Incoming"]

_END_OF_LINE = b"\r\n"
_END_OF_HEAD = b"\r\n\r\n"
_GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"
# Beyond what gunicorn takes at most, by its own defaults, so that its parser refuses what is there and never
# asks for more: 100 fields of 8,192 bytes after a line, which is shorter than they are.
_LONGEST_LINE = 8192
_LONGEST_HEAD = 102 * 8192
_SMALLEST_CHUNK = 128
"""Bytes of a chunk on average, of the longest body: each costs time, and somebody may send them for that."""
_CHUNKS_AT_LEAST = 10_000
_AT_ONCE = 64 * 1024
_AT_MOST = 1024 * 1024


class Incoming:
    """The bytes of one request, from the first on; `most` is the longest body that is waited for, in bytes.

    `is_ready` once nothing more has to be waited for: the request `is_whole`, or it cannot become so, because
    the client has ended, the body `is_too_long` (of one in chunks, twice the limit with their sizes, or far
    too many of them), or what came is no HTTP. `held` are its first bytes, `rest` the pieces after them: a
    body whose length is known need not be looked at, nor copied together.
    """

    def __init__(self, most: int, begun: bytes = b"") -> None:
        self.held = bytearray()
        self.rest: list[bytes] = []
        self.size = 0
        self.is_ready = self.is_whole = self.is_too_long = False
        self._most = most
        self._looked = 0
        self._body_at = 0
        self._chunks = 0
        self._end: int | None = None
        if begun:
            self._add(begun)

    def take(self, connection: socket.socket) -> None:
        """Take what has arrived on a connection that does not block; raises BlockingIOError when there is
        nothing. A client that waits to be told to go on is told so."""
        self._take(connection, self._wanted())

    def _take(self, connection: socket.socket, size: int, how: int = 0) -> None:
        try:
            data = connection.recv(size, how)
        except BlockingIOError:
            raise
        except OSError:  # it is gone; reading on tells the server so
            data = b""
        if not data:
            self.is_ready = True
            return
        if self._add(data):
            with suppress(OSError):  # it is gone, or will see in vain
                connection.send(_GO_ON)

    def take_all(self, connection: socket.socket, seconds: float) -> None:
        """Take the rest of a long body, waiting so long for it; raises BlockingIOError when nothing comes.

        The operating system puts it together. In steps, each would cost a turn of the interpreter, which a
        thread that computes gives up only after milliseconds.
        """
        left = (self._end or 0) - self.size
        connection.setblocking(True)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(seconds))
        try:
            self._take(connection, left, socket.MSG_WAITALL)
        finally:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(0))
            connection.setblocking(False)

    @property
    def is_long(self) -> bool:
        """Whether much of the body is still to come."""
        return (self._end or 0) - self.size > _AT_ONCE

    def _wanted(self) -> int:
        """Bytes to ask for: more than usual only where they are known to come."""
        left = (self._end or 0) - self.size
        return min(left, _AT_MOST) if left > _AT_ONCE else _AT_ONCE

    def _add(self, data: bytes) -> bool:
        """Whether the client now waits for a word before it sends the body."""
        self.size += len(data)
        if self._end is not None:
            self.rest.append(data)
            self.is_ready = self.is_whole = self.size >= self._end
            return False
        self.held += data
        is_new = not self._body_at and self._read_head()
        if self._body_at and not self.is_ready:
            self._read_body()
        # Who asks before a body that is refused is told that at once.
        return is_new and not self.is_whole and self._was_asked() and not self.is_ready

    def _read_head(self) -> bool:
        """Whether the end of the head is among what came last."""
        held = self.held
        looked, self._looked = self._looked, len(held)
        at = held.find(_END_OF_HEAD, max(0, looked - len(_END_OF_HEAD)))
        if at < 0:
            is_endless = len(held) > _LONGEST_LINE and held.find(_END_OF_LINE, 0, _LONGEST_LINE) < 0
            self.is_ready = is_endless or len(held) > _LONGEST_HEAD or self._is_no_head(looked)
            return False
        self._looked = self._body_at = at + len(_END_OF_HEAD)
        lengths, codings = self._fields(b"content-length"), self._fields(b"transfer-encoding")
        if codings:
            self.is_ready = bool(lengths) or codings[-1].lower() != b"chunked"
        elif lengths:
            length = int(lengths[0]) if lengths[0].isdigit() and len(lengths[0]) < 20 else -1
            self.is_too_long = length > self._most
            self.is_ready = len(lengths) > 1 or length < 0 or self.is_too_long
            self._end = self._body_at + length
        else:
            self._end = self._body_at
        return True

    def _is_no_head(self, looked: int) -> bool:
        """Whether the head has begun, or goes on after `looked` bytes, as none does: a client that speaks TLS
        or ends its lines with LF alone would wait for an answer, and be waited for."""
        held = self.held
        is_odd = held[:1] != b"\r" and not b"!" <= held[:1] <= b"~"
        return is_odd or held.count(b"\n", looked) != held.count(_END_OF_LINE, max(0, looked - 1))

    def _fields(self, name: bytes) -> list[bytes]:
        """Values of a header field, as often as it is there; no name ends in white space (RFC 9112, 5.1)."""
        head = bytes(self.held[: self._body_at])
        if name not in head.lower():
            return []
        lines = head.split(_END_OF_LINE)[1:]
        parts = (line.partition(b":") for line in lines)
        return [value.strip(b" \t") for found, _, value in parts if found.lower() == name]

    def _read_body(self) -> None:
        if self._end is None:
            self._read_chunks()
        if self._end is not None and self.size >= self._end and not self.is_ready:
            self.is_ready = self.is_whole = True

    def _read_chunks(self) -> None:
        """Walk from chunk to chunk; the end is known when the last and the trailers after it are there."""
        held = self.held
        while self._looked <= len(held):
            at = held.find(_END_OF_LINE, self._looked)
            if at < 0:
                self.is_ready = len(held) - self._looked > _LONGEST_LINE
                return
            size = _size(bytes(held[self._looked : at]))
            if size is None or self._is_over(self._looked + size):
                self.is_ready = True
            elif size == 0:
                self._read_trailers(at)
            else:
                self._chunks += 1
                self._looked = at + size + 2 * len(_END_OF_LINE)
                if len(held) >= self._looked and not held.endswith(_END_OF_LINE, 0, self._looked):
                    self.is_ready = True
                continue
            return
        # The data alone is over the limit: nobody reads on.
        self.is_ready = self.is_ready or self._is_over(len(held))

    def _is_over(self, end: int) -> bool:
        most_chunks = max(_CHUNKS_AT_LEAST, self._most // _SMALLEST_CHUNK)
        self.is_too_long = end - self._body_at > 2 * self._most + _LONGEST_LINE or self._chunks > most_chunks
        return self.is_too_long

    def _read_trailers(self, at: int) -> None:
        end = self.held.find(_END_OF_HEAD, at)
        if end >= 0:
            self._end = end + len(_END_OF_HEAD)
        else:
            self.is_ready = len(self.held) - at > _LONGEST_HEAD

    def _was_asked(self) -> bool:
        """Whether the client waits for `100 Continue`; the header is then taken out, so that it is told
        once."""
        head = bytes(self.held[: self._body_at])
        first, *rest = head.removeprefix(_END_OF_LINE).split(_END_OF_LINE)
        asked = [value.lower() for value in self._fields(b"expect")]
        if asked != [b"100-continue"] or not first.endswith(b"HTTP/1.1"):
            return False
        kept = _END_OF_LINE.join(
            (first, *(line for line in rest if line.partition(b":")[0].lower() != b"expect"))
        )
        less = len(head) - len(kept)
        self.held[: self._body_at] = kept
        self.size -= less
        self._body_at -= less
        self._looked -= less
        if self._end is not None:
            self._end -= less
        return True


def _timeval(seconds: float) -> bytes:
    whole = int(seconds)
    return pack("ll", whole, ceil((seconds - whole) * 1_000_000))  # rounded down, it could be 0: for ever


def _size(line: bytes) -> int | None:
    """The size of a chunk by its first line, None where it tells none."""
    digits = line.split(b";", 1)[0].rstrip(b" \t")
    if not digits or len(digits) > 16 or digits.strip(b"0123456789abcdefABCDEF"):
        return None
    return int(digits, 16)


class HeldUnreader(SocketUnreader):  # type: ignore[misc]  # its base publishes no types
    """Gives the server's parser what has arrived, and after that its end: no thread waits for more."""

    def __init__(self, sock: Any) -> None:
        super().__init__(sock)
        self._held = memoryview(b"")
        self._rest: deque[bytes] = deque()
        self.is_whole = True
        self.is_too_long = False

    def give(self, incoming: Incoming) -> None:
        """Take over a request that is ready."""
        self._held = memoryview(incoming.held)
        self._rest.extend(incoming.rest)
        self.is_whole, self.is_too_long = incoming.is_whole, incoming.is_too_long

    def chunk(self, size_hint: int | None = None) -> bytes:
        """The next piece, empty when there is none; called by gunicorn."""
        if not self._held:
            return self._rest.popleft() if self._rest else b""
        size = max(self.mxchunk, size_hint or 0)
        piece, self._held = bytes(self._held[:size]), self._held[size:]
        return piece

    def taken(self, length: int) -> bytes:
        """The next `length` bytes of what has arrived, which must be that much."""
        whole = b"".join((self.take_buffered(), self._held, *self._rest))
        self._held = memoryview(whole)[length:]
        self._rest.clear()
        return whole[:length]

    def settle(self) -> None:
        """Put what is left, the beginning of a next request, where gunicorn looks for it."""
        left = b"".join((self.take_buffered(), self._held, *self._rest))
        self._held = memoryview(b"")
        self._rest.clear()
        self.unread(left)
