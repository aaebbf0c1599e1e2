"""gunicorn's worker with threads, in which slow clients hold none of them.

A request is handed to a thread once it is there; until then its connection waits in the worker's own event
loop, which takes what arrives and knows the deadline. So does an answer that the client does not take at
once, and a connection that is being closed: what the client still sends is thrown away there, and nobody
waits for it.
"""

from __future__ import annotations

import logging
import select
import selectors
import socket
import time
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any

import msgspec
from gunicorn import util  # type: ignore[import-untyped]  # publishes no types
from gunicorn.http import errors  # type: ignore[import-untyped]  # the same
from gunicorn.workers.gthread import TConn  # type: ignore[import-untyped]  # the same

from cds_hooks import outcomes
from cds_hooks.serving.arrivals import ARRIVALS
from cds_hooks.serving.bodies import Parser
from cds_hooks.serving.departures import DepartureWorker
from cds_hooks.serving.incoming import HeldUnreader, Incoming
from cds_hooks.telemetry import log_event

__all__ = ["Worker"]

_WAITS = object()
"""In the place of an answer: the request is not there yet."""

_PATIENCE_S = 0.02
"""How long a thread waits for the rest of a request, or for the next, before the event loop does: most come
in one piece."""

_SPARE = 50
"""Connections that are left when slow ones begin to be given up for new ones."""

# What is no HTTP that can be read, beside 400; what the application itself sends wrongly is left to gunicorn.
_UNREADABLE = {
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
}
_OWN_FAULT = (errors.ConfigurationProblem, errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)


class Worker(DepartureWorker):
    """gunicorn's worker with threads, in which no connection may be slow for ever, or be waited for."""

    sockets: list[Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._incoming: dict[TConn, Incoming] = {}
        self._parked: dict[TConn, None] = {}
        self._parked_bytes = 0

    def set_accept_enabled(self, enabled: bool) -> None:
        """Begin or cease to take connections; called by gunicorn, at a stop too, which would leave those that
        come meanwhile to wait for nobody, and reset them at its end."""
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listener in self.sockets:
                while _is_readable(listener, 0):
                    self.accept(listener)
                listener.close()
            self.sockets = []

    def accept(self, listener: socket.socket) -> None:
        """Take a new connection, in the place of the slowest when there are too many; called by gunicorn."""
        if self.nr_conns >= self.worker_connections - _SPARE:
            if self._parked:
                self._give_up_oldest()
            else:
                self.cut_off_oldest()
        super().accept(listener)

    def handle(self, conn: TConn) -> Any:
        """Read and answer requests; called by gunicorn in a thread.

        A client that asks again at once finds the same thread waiting: the way through the event loop and
        back to a thread would take longer than many an answer.
        """
        while True:
            ARRIVALS.begin(conn.sock)
            incoming = self._incoming.get(conn)
            if incoming is None:
                incoming = self._incoming[conn] = Incoming(ARRIVALS.longest, _left_over(conn))
                if not _arrives(incoming, conn.sock):
                    return _WAITS
            del self._incoming[conn]
            try:
                stays = self._answer(conn, incoming)
            finally:
                ARRIVALS.end(conn.sock)
            stays = self.answered(conn, stays)
            if stays is not True or not self._is_followed(conn):
                return stays

    def _is_followed(self, conn: TConn) -> bool:
        """Whether another request begins to arrive at once, while there are threads enough to wait for it."""
        if not self.alive or self.nr_conns > self.cfg.threads or conn.parser.unreader.buf.getvalue():
            return False
        return _is_readable(conn.sock, _PATIENCE_S)

    def _answer(self, conn: TConn, incoming: Incoming) -> Any:
        if incoming.is_whole:
            ARRIVALS.arrived(conn.sock)
        conn.data_ready = True
        if conn.parser is None:
            conn.parser = Parser(conn.cfg, conn.sock, conn.client)
        conn.init()
        unreader = conn.parser.unreader
        if not isinstance(unreader, HeldUnreader):
            unreader = conn.parser.unreader = HeldUnreader(conn.sock)
        unreader.give(incoming)
        stays = super().handle(conn)
        unreader.settle()
        return stays

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """Answer one request; what is not there as a whole is not waited for, and the connection ends with
        it. Called by gunicorn in a thread."""
        if not conn.parser.unreader.is_whole:
            req.force_close()
        return super().handle_request(req, conn)

    def finish_request(self, conn: TConn, fs: Any) -> None:
        """See to a connection that a thread is done with; called by gunicorn in its event loop."""
        if not fs.cancelled() and fs.exception() is None and fs.result() is _WAITS:
            self._park(conn)
            return
        self._incoming.pop(conn, None)  # left there by a failure
        super().finish_request(conn, fs)

    def _park(self, conn: TConn) -> None:
        self._parked[conn] = None
        self._parked_bytes += self._incoming[conn].size
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._more, conn))
        self._make_room()

    def _more(self, conn: TConn, _: socket.socket) -> None:
        """Something has arrived on a connection that waits."""
        if conn not in self._parked:  # given up in the same round of events
            return
        incoming = self._incoming[conn]
        before = incoming.size
        with suppress(BlockingIOError):
            incoming.take(conn.sock)
        self._parked_bytes += incoming.size - before
        if incoming.is_ready:
            self._take_up(conn)
        else:
            self._make_room()

    def _take_up(self, conn: TConn) -> None:
        self.poller.unregister(conn.sock)
        del self._parked[conn]
        self._parked_bytes -= self._incoming[conn].size
        self.enqueue_req(conn)

    def _make_room(self) -> None:
        while self._parked_bytes > ARRIVALS.room:
            self._give_up_oldest()

    def _give_up_oldest(self) -> None:
        """Answer the request that has been arriving for the longest time as it is."""
        oldest = next(iter(self._parked), None)
        if oldest is not None:
            ARRIVALS.give_up(oldest.sock)
            self._incoming[oldest].is_ready = True
            self._take_up(oldest)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer what cannot be read as HTTP, in an OperationOutcome that quotes nothing of it; called by
        gunicorn."""
        if not isinstance(exc, errors.ParseException) or isinstance(exc, _OWN_FAULT):
            super().handle_error(req, client, addr, exc)
            return
        status = _UNREADABLE.get(type(exc), HTTPStatus.BAD_REQUEST)
        log_event("unreadable", logging.WARNING, status=status.value, error=type(exc).__name__)
        body = msgspec.json.encode(outcomes.of_status(status))
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with suppress(OSError):  # the client is gone already
            util.write_nonblock(client, head.encode("ascii") + body)

    def murder_pending(self) -> None:
        """Cut off what is overdue; called by gunicorn once a second or more often."""
        super().murder_pending()
        ARRIVALS.sweep()


def _left_over(conn: TConn) -> bytes:
    """What came with the request before, of one that follows on the same connection."""
    return bytes(conn.parser.unreader.take_buffered()) if conn.parser is not None else b""


def _arrives(incoming: Incoming, connection: socket.socket) -> bool:
    """Whether a request is there in no time."""
    connection.setblocking(False)
    until = time.monotonic() + _PATIENCE_S
    while not incoming.is_ready:
        left = until - time.monotonic()
        with suppress(BlockingIOError):
            if incoming.is_long and left > 0:
                incoming.take_all(connection, left)
            else:
                incoming.take(connection)
        left = until - time.monotonic()
        if not incoming.is_ready and not (left > 0 and _is_readable(connection, left)):
            return False
    return True


def _is_readable(connection: socket.socket, seconds: float) -> bool:
    waiting = select.poll()
    waiting.register(connection, select.POLLIN)
    return bool(waiting.poll(seconds * 1000))
