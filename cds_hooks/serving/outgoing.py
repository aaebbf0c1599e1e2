"""An answer as it leaves: what a client does not take at once waits for it here, and not in a thread."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

__all__ = ["Outgoing"]


class Outgoing:
    """The way out of one connection while one request is answered; gunicorn writes to it as to a socket.

    Nothing that is written waits. `left` is what the operating system had no room for, in order; `go_on`
    tries again.
    """

    __slots__ = ("connection", "left")

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.left = bytearray()

    def sendall(self, data: bytes) -> None:
        """Send what can be sent at once, and keep the rest; raises OSError when the client is gone."""
        sent = 0
        if not self.left:
            with suppress(BlockingIOError):
                sent = self.connection.send(data, socket.MSG_DONTWAIT)
        if sent < len(data):
            self.left += memoryview(data)[sent:]

    def send(self, data: bytes) -> int:
        """The same; called by gunicorn for `100 Continue`."""
        self.sendall(data)
        return len(data)

    def go_on(self) -> bool:
        """Send more of what is left; whether that was all. Raises OSError when the client is gone."""
        with suppress(BlockingIOError):
            sent = self.connection.send(self.left, socket.MSG_DONTWAIT)
            del self.left[:sent]
        return not self.left

    def __getattr__(self, name: str) -> Any:
        """Whatever else gunicorn asks of a socket."""
        return getattr(self.connection, name)
