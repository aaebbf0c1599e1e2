"""Sockets of one fetch, so that whatever still hangs in a call when the deadline comes can be let go.

A timeout bounds one read from a socket, not the call: a server that sends a byte of a header now and then
would hold a thread for hours.
"""

import socket
import threading
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class Sockets:
    """The open sockets of one fetch; used from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._ended = False

    def add(self, one: socket.socket) -> None:
        """Note a socket that was opened; after `end` it is shut at once."""
        with self._lock:
            self._open.append(one)
            ended = self._ended
        if ended:
            _shut(one)

    def end(self) -> None:
        """Shut all sockets: reads that wait on them end."""
        with self._lock:
            self._ended = True
            waiting, self._open = self._open, []
        for one in waiting:
            _shut(one)

    def pools(self) -> dict[str, Any]:
        """urllib3 connection pools by URL scheme whose connections note their sockets here."""
        sockets = self

        class Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                sockets.add(self.sock)

        class Secure(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                if self.sock is not None:
                    sockets.add(self.sock)

        return {
            "http": type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": Plain}),
            "https": type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": Secure}),
        }


def _shut(one: socket.socket) -> None:
    try:
        # The plain socket's method: TLS's own would pull the connection from under the thread that reads.
        socket.socket.shutdown(one, socket.SHUT_RDWR)
    except OSError:
        return
