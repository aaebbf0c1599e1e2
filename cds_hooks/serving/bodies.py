"""Request bodies that are handed on in one piece: gunicorn would put their parts together several times."""

from __future__ import annotations

from typing import Any

from gunicorn.http.body import Body, LengthReader  # type: ignore[import-untyped]  # publishes no types
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]  # the same
from gunicorn.http.message import Request  # type: ignore[import-untyped]  # the same
from gunicorn.http.parser import RequestParser  # type: ignore[import-untyped]  # the same

from cds_hooks.serving.incoming import HeldUnreader

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
        if not isinstance(self.unreader, HeldUnreader):
            return
        if self.unreader.is_whole and type(self.body.reader) is LengthReader:
            self.body = _WholeBody(self.body.reader)
        self.body.is_too_long = self.unreader.is_too_long


class Parser(RequestParser):  # type: ignore[misc]  # its base publishes no types
    """gunicorn's parser of HTTP/1 requests, with bodies in one piece."""

    mesg_class = _Request

    def finish_body(self, deadline: float | None = None, max_bytes: int | None = None) -> bool:
        """Throw away what was not read of a body that is there, however long; False when it cannot be, and
        the connection has to end. Called by gunicorn, which would end it after 64 KiB."""
        body = getattr(self.mesg, "body", None)
        if body is None or body.failed or not self.unreader.is_whole:
            return bool(super().finish_body(deadline, max_bytes))
        try:
            body.read()
        except (ParseException, OSError):  # no chunks, or not all of them
            return False
        return True
