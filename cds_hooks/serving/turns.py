"""Turns: how many calls a worker has under way, and which one of them is at the desk.

Python computes in one thread at a time. Threads that compute side by side take the interpreter from each
other in the middle of their work, and each finds the processor's caches full of the others' resources: one
after the other, all are done sooner. So of the calls under way one is at the desk, and whoever waits for
somebody else (a FHIR server, a database across the network) steps aside for that long.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock, local

__all__ = ["Turns"]


class Turns:
    """The turns of one worker: `calls` calls may be under way at once, one of them at the desk.

    Threads share it, and each knows what it holds, so that code which may be reached with or without a turn
    can step aside.
    """

    def __init__(self, calls: int) -> None:
        self._calls = BoundedSemaphore(calls)
        self._desk = Lock()
        self._mine = local()

    @property
    def is_mine(self) -> bool:
        """Whether the calling thread has a turn."""
        return getattr(self._mine, "held", False)

    def take(self) -> None:
        """Wait for a turn, and for the desk."""
        self._calls.acquire()
        self._desk.acquire()
        self._mine.held = True

    def give_back(self) -> None:
        """End the turn of the calling thread, if it has one."""
        if self.is_mine:
            self._mine.held = False
            self._desk.release()
            self._calls.release()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Let others have the desk while the calling thread waits for somebody else."""
        if not self.is_mine:
            yield
            return
        self._desk.release()
        try:
            yield
        finally:
            self._desk.acquire()
