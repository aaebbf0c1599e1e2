"""gunicorn's worker with threads, in which slow clients hold none of them.

A request is handed to a thread once it is there; until then its connection waits in the worker's own event
loop, which takes what arrives and knows the deadline. So does an answer that the client does not take at
once, and a connection that is being closed: what the client still sends is thrown away there, and nobody
waits for it.
"""

from __future__ import annotations

import select
import selectors
import socket
import time
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec
from gunicorn import util  # type: ignore[import-untyped]  # publishes no types
from gunicorn.http import errors  # type: ignore[import-untyped]  # the same
from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]  # the same

from cds_hooks import outcomes
from cds_hooks.arrivals import ARRIVALS
from cds_hooks.incoming import HeldUnreader, Incoming
from cds_hooks.outgoing import Outgoing
from cds_hooks.whole_bodies import Parser

__all__ = ["Worker"]

_WAITS = object()
"""In the place of an answer: the request is not there yet."""

_PATIENCE_S = 0.02
"""How long a thread waits for the rest of a request, or for the next, before the event loop does: most come
in one piece."""

_TAKEN_WITHIN_S = 60.0
"""How long a client may take for what is left of one answer."""

_LINGER_S = 2.0
_LINGER_BYTES = 4 * 1024 * 1024
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


class _Sending:
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


class Worker(ThreadWorker):  # type: ignore[misc]  # its base publishes no types
    """gunicorn's worker with threads, in which no connection may be slow for ever, or be waited for."""

    sockets: list[Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._incoming: dict[TConn, Incoming] = {}
        self._parked: dict[TConn, None] = {}
        self._parked_bytes = 0
        self._outgoing: dict[TConn, Outgoing] = {}
        self._sending: dict[TConn, _Sending] = {}
        self._leaving: dict[TConn, _Leaving] = {}

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
            elif self._sending:
                self._cut_off(next(iter(self._sending)))
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
                outgoing = self._outgoing.pop(conn, None)
            if outgoing is not None and outgoing.left:
                return _Sending(outgoing, stays is True)
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
        outgoing = self._outgoing[conn] = Outgoing(conn.sock)
        return super().handle_request(req, _Way(outgoing, conn.client, conn.server))

    def finish_request(self, conn: TConn, fs: Any) -> None:
        """See to a connection that a thread is done with; called by gunicorn in its event loop."""
        result = None if fs.cancelled() or fs.exception() is not None else fs.result()
        if result is _WAITS:
            self._park(conn)
        elif isinstance(result, _Sending):
            self._send(conn, result)
        elif result:
            super().finish_request(conn, fs)
        else:
            self._leave(conn)

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

    def _send(self, conn: TConn, sending: _Sending) -> None:
        self._sending[conn] = sending
        conn.sock.setblocking(False)
        self.poller.register(conn.sock, selectors.EVENT_WRITE, partial(self._send_more, conn))
        while sum(len(one.outgoing.left) for one in self._sending.values()) > ARRIVALS.room:
            self._cut_off(next(iter(self._sending)))

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
            if sending.stays:
                done: Future[bool] = Future()
                done.set_result(True)
                super().finish_request(conn, done)
            else:
                self._leave(conn)

    def _cut_off(self, conn: TConn) -> None:
        """End the connection of a client that does not take its answer."""
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
        self._incoming.pop(conn, None)
        ARRIVALS.end(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer what cannot be read as HTTP, in an OperationOutcome that quotes nothing of it; called by
        gunicorn."""
        if not isinstance(exc, errors.ParseException) or isinstance(exc, _OWN_FAULT):
            super().handle_error(req, client, addr, exc)
            return
        status = _UNREADABLE.get(type(exc), HTTPStatus.BAD_REQUEST)
        self.log.warning("Invalid request: %s", type(exc).__name__)
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
        now = time.monotonic()
        for conn in [one for one, sending in self._sending.items() if sending.until <= now]:
            self._cut_off(conn)
        for conn in [one for one, leaving in self._leaving.items() if leaving.until <= now]:
            self._end_leave(conn)


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
