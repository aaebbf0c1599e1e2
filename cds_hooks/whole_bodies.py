"""Request bodies that are handed on in one piece: gunicorn would put their parts together several times."""

from __future__ import annotations

from typing import Any

from gunicorn.http.body import Body, LengthReader  # type: ignore[import-untyped]  # publishes no types
from gunicorn.http.message import Request  # type: ignore[import-untyped]  # the same
from gunicorn.http.parser import RequestParser  # type: ignore[import-untyped]  # the same

from cds_hooks.incoming import HeldUnreader

__all__ = ["Parser"]


class _WholeBody(Body):  # type: ignore[misc]  # its base publishes no types
    """A body that has arrived. Asked for all of it before any part, it gives it with one copy."""

    def read(self, size: int | None = None) -> bytes:
        """At most `size` bytes, all when it is None."""
        reader = self.reader
        left: int = reader.length
        if not left or self.buf.tell() or (size is not None and 0 <= size < left):
            part: bytes = super().read(size)
            return part
        body: bytes = reader.unreader.taken(left)
        reader.length = 0
        return body


class _Request(Request):  # type: ignore[misc]  # its base publishes no types
    body: Any

    def set_body_reader(self) -> None:
        """Choose how the body is read; called by gunicorn when the head has been read."""
        super().set_body_reader()
        has_come = isinstance(self.unreader, HeldUnreader) and self.unreader.is_whole
        if has_come and type(self.body.reader) is LengthReader:
            self.body = _WholeBody(self.body.reader)


class Parser(RequestParser):  # type: ignore[misc]  # its base publishes no types
    """gunicorn's parser of HTTP/1 requests, with bodies in one piece."""

    mesg_class = _Request
