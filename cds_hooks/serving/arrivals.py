"""Requests that arrive slowly: a deadline for each, and room for those that do not.

A client that sends a byte a second would hold what reads it for as long as it likes, and many such clients
the whole service. Here a request that has not arrived in time is cut off, and so is the oldest that still
arrives when they take up too much room together.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from weakref import WeakSet

__all__ = ["ARRIVALS", "Arrivals"]

_ANSWERED_WITHIN_S = 60.0
_ROOM = 4
"""As many of the longest bodies may wait for their end at once; many more shorter ones."""


class Arrivals:
    """The connections that are being read or answered, each with the time at which it is given up.

    `limit_s` is how long a request may take to arrive, in seconds from the moment at which it is first looked
    for. `longest` is the longest body that is waited for, in bytes. Threads share it.
    """

    def __init__(self, limit_s: float = 10.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit_s = limit_s
        self.longest = 16 * 1024 * 1024
        self._clock = clock
        self._reading: dict[socket.socket, float] = {}
        self._answering: dict[socket.socket, float] = {}
        self._late: WeakSet[socket.socket] = WeakSet()
        self._given_up: WeakSet[socket.socket] = WeakSet()

    @property
    def room(self) -> int:
        """Bytes that all requests together may take up while they arrive, in one process."""
        return _ROOM * self.longest

    def begin(self, connection: socket.socket) -> None:
        """A request begins to arrive; once it does, this changes nothing."""
        if connection not in self._late:
            self._reading.setdefault(connection, self._clock() + self.limit_s)

    def arrived(self, connection: socket.socket | None) -> None:
        """The request is there; from now on its answer is awaited."""
        if connection is not None and self._reading.pop(connection, None) is not None:
            self._answering[connection] = self._clock() + _ANSWERED_WITHIN_S

    def end(self, connection: socket.socket) -> None:
        """The request is answered, or its connection is gone."""
        self._reading.pop(connection, None)
        self._answering.pop(connection, None)

    def is_late(self, connection: socket.socket | None) -> bool:
        """Whether the request was cut off for its slowness."""
        return connection is not None and connection in self._late

    def is_given_up(self, connection: socket.socket | None) -> bool:
        """Whether it was cut off before its time, because there was no room for all that arrived."""
        return connection is not None and connection in self._given_up

    def give_up(self, connection: socket.socket) -> None:
        """Cut off a request before its time."""
        self._given_up.add(connection)
        self._reading.pop(connection, None)
        self._late.add(connection)
        _shut(connection, socket.SHUT_RD)

    def sweep(self) -> None:
        """Cut off what is overdue: a thread that waits for the connection goes on at once.

        Of a slow request only the way in is shut, so that the client can still be told; of a client that does
        not take its answer, both.
        """
        for connection in self._overdue(self._reading):
            self._late.add(connection)
            _shut(connection, socket.SHUT_RD)
        for connection in self._overdue(self._answering):
            _shut(connection, socket.SHUT_RDWR)

    def _overdue(self, due: dict[socket.socket, float]) -> list[socket.socket]:
        now = self._clock()
        over = [connection for connection, end in list(due.items()) if end <= now]
        return [connection for connection in over if due.pop(connection, None) is not None]


def _shut(connection: socket.socket, how: int) -> None:
    with suppress(OSError):  # it is gone already
        connection.shutdown(how)


ARRIVALS = Arrivals()
"""The connections of this process; the web server and the application share it."""
