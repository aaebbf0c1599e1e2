"""Request bodies that are read in one piece.

gunicorn reads a body as it comes, and puts the parts together several times. Every part costs a turn of the
interpreter, which a thread that computes gives up only after milliseconds. Here the operating system waits
for the whole of a body whose length is known.
"""

from __future__ import annotations

import socket
from typing import Any

from gunicorn.http.body import Body, LengthReader  # type: ignore[import-untyped]  # publishes no types
from gunicorn.http.message import Request  # type: ignore[import-untyped]  # the same
from gunicorn.http.parser import RequestParser  # type: ignore[import-untyped]  # the same
from gunicorn.http.unreader import SocketUnreader  # type: ignore[import-untyped]  # the same

__all__ = ["Parser"]


class _WholeBody(Body):  # type: ignore[misc]  # its base publishes no types
    """A body of known length. Asked for all of it before any part, it waits for all of it in one call."""

    def read(self, size: int | None = None) -> bytes:
        """At most `size` bytes, all when it is None; fewer where the client ends early. Raises OSError."""
        reader = self.reader
        left: int = reader.length
        if self.buf.tell() or (size is not None and 0 <= size < left):
            part: bytes = super().read(size)
            return part
        try:
            body = _received(reader.unreader, left)
        except Exception:
            self.failed = True
            raise
        reader.length = 0
        return body


class _Request(Request):  # type: ignore[misc]  # its base publishes no types
    body: Any

    def set_body_reader(self) -> None:
        """Choose how the body is read; called by gunicorn when the head has been read."""
        super().set_body_reader()
        is_told = type(self.body.reader) is LengthReader
        if is_told and type(self.unreader) is SocketUnreader and type(self.unreader.sock) is socket.socket:
            self.body = _WholeBody(self.body.reader)


class Parser(RequestParser):  # type: ignore[misc]  # its base publishes no types
    """gunicorn's parser of HTTP/1 requests, with bodies in one piece."""

    mesg_class = _Request


def _received(unreader: Any, length: int) -> bytes:
    """The next `length` bytes of a connection, or what there is before its end."""
    held: bytes = unreader.take_buffered()
    if len(held) > length:
        unreader.unread(held[length:])
        held = held[:length]
    parts, left = [held], length - len(held)
    while left and (part := unreader.sock.recv(left, socket.MSG_WAITALL)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
