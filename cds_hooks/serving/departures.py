"""How connections end in the web server's event loop: after the rest of an answer, and not with a reset.

No thread waits for a client that takes its answer slowly, or for one that still sends when it has been
answered.
"""

from __future__ import annotations

import selectors
import socket
import time
from concurrent.futures import Future
from functools import partial
from typing import Any, NamedTuple

from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]  # publishes no types

from cds_hooks.serving.arrivals import ARRIVALS
from cds_hooks.serving.outgoing import Outgoing

__all__ = ["DepartureWorker", "Sending"]

_TAKEN_WITHIN_S = 60.0
"""How long a client may take for what is left of one answer."""

_LINGER_S = 2.0
_LINGER_BYTES = 4 * 1024 * 1024


class Sending:
    """An answer that the client takes slowly: until when it may, and whether the connection stays then."""

    __slots__ = ("outgoing", "stays", "until")

    def __init__(self, outgoing: Outgoing, stays: bool) -> None:
        self.outgoing = outgoing
        self.stays = stays
        self.until = time.monotonic() + _TAKEN_WITHIN_S


class _Way(NamedTuple):
    """What gunicorn asks of a connection while it answers."""

    sock: Outgoing
    client: Any
    server: Any


class _Leaving:
    """A connection that is being closed: until when, and how much was thrown away of what it still sends."""

    __slots__ = ("thrown", "until")

    def __init__(self) -> None:
        self.until = time.monotonic() + _LINGER_S
        self.thrown = 0


class DepartureWorker(ThreadWorker):  # type: ignore[misc]  # its base publishes no types
    """gunicorn's worker with threads, which hands what is left of an answer to its event loop."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._outgoing: dict[TConn, Outgoing] = {}
        self._sending: dict[TConn, Sending] = {}
        self._leaving: dict[TConn, _Leaving] = {}

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """Answer one request; called by gunicorn in a thread."""
        outgoing = self._outgoing[conn] = Outgoing(conn.sock)
        return super().handle_request(req, _Way(outgoing, conn.client, conn.server))

    def answered(self, conn: TConn, stays: Any) -> Any:
        """What comes after an answer: `stays`, or Sending when some of it could not be sent."""
        outgoing = self._outgoing.pop(conn, None)
        return Sending(outgoing, stays is True) if outgoing is not None and outgoing.left else stays

    def finish_request(self, conn: TConn, fs: Any) -> None:
        """See to a connection that a thread is done with; called by gunicorn in its event loop."""
        result = None if fs.cancelled() or fs.exception() is not None else fs.result()
        if isinstance(result, Sending):
            self._send(conn, result)
        elif result:
            super().finish_request(conn, fs)
        else:
            self._leave(conn)

    def _send(self, conn: TConn, sending: Sending) -> None:
        self._sending[conn] = sending
        conn.sock.setblocking(False)
        self.poller.register(conn.sock, selectors.EVENT_WRITE, partial(self._send_more, conn))
        while sum(len(one.outgoing.left) for one in self._sending.values()) > ARRIVALS.room:
            self.cut_off_oldest()

    def _send_more(self, conn: TConn, _: socket.socket) -> None:
        """A client has taken some of its answer, or is gone."""
        sending = self._sending.get(conn)
        if sending is None:  # cut off in the same round of events
            return
        try:
            is_sent = sending.outgoing.go_on()
        except OSError:
            self._cut_off(conn)
            return
        if is_sent:
            self.poller.unregister(conn.sock)
            del self._sending[conn]
            done: Future[bool] = Future()
            done.set_result(sending.stays)
            self.finish_request(conn, done)

    def cut_off_oldest(self) -> None:
        """End the connection of the client that has been taking its answer for the longest time, if any."""
        oldest = next(iter(self._sending), None)
        if oldest is not None:
            self._cut_off(oldest)

    def _cut_off(self, conn: TConn) -> None:
        del self._sending[conn]
        self.poller.unregister(conn.sock)
        self._close(conn)

    def _leave(self, conn: TConn) -> None:
        """Close a connection after its answer, which a reset would cut short (RFC 9112, section 9.6)."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._throw_away, conn))
        except (OSError, ValueError):  # it is gone already
            self._close(conn)
        else:
            self._leaving[conn] = _Leaving()

    def _throw_away(self, conn: TConn, _: socket.socket) -> None:
        leaving = self._leaving[conn]
        try:
            data = conn.sock.recv(64 * 1024)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        leaving.thrown += len(data)
        if not data or leaving.thrown > _LINGER_BYTES:
            self._end_leave(conn)

    def _end_leave(self, conn: TConn) -> None:
        del self._leaving[conn]
        self.poller.unregister(conn.sock)
        self._close(conn)

    def _close(self, conn: TConn) -> None:
        self._outgoing.pop(conn, None)
        ARRIVALS.end(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def murder_pending(self) -> None:
        """Cut off what is overdue; called by gunicorn once a second or more often."""
        super().murder_pending()
        now = time.monotonic()
        for conn in [one for one, sending in self._sending.items() if sending.until <= now]:
            self._cut_off(conn)
        for conn in [one for one, leaving in self._leaving.items() if leaving.until <= now]:
            self._end_leave(conn)
