"""One at a time: a lock that every process on the same ledger sees and that dies with its holder.

SQLite: a lock on a file beside the database. PostgreSQL: an advisory lock of a connection, so that it also
holds between hosts. Neither has to be cleaned up after a crash.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from sqlalchemy import text

from cds_hooks.ledger.connections import Connections
from cds_hooks.ledger.errors import LedgerUnavailable

__all__ = ["exclusively"]

_OWNER_ONLY = 0o600


@contextmanager
def exclusively(connections: Connections, name: str) -> Iterator[bool]:
    """Try to take the lock `name` without waiting; True when it was free, False when somebody holds it."""
    file = connections.sqlite_file
    number = sha256(name.encode()).digest()[:7]
    held = _file(file, number.hex()) if file is not None else _advisory(connections, number)
    with held as is_free:
        yield is_free


@contextmanager
def _file(database: Path, name: str) -> Iterator[bool]:
    try:
        handle = os.open(f"{database}.{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
    except OSError as error:
        raise LedgerUnavailable(f"the lock beside the ledger cannot be made ({error.strerror})") from None
    try:
        yield _is_locked(handle)
    finally:
        os.close(handle)


def _is_locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _advisory(connections: Connections, number: bytes) -> Iterator[bool]:
    key = int.from_bytes(number, "big")
    # The transaction only keeps the connection; the lock goes with it when it ends, however it ends.
    with connections.engine.begin() as connection:
        statement = text("SELECT pg_try_advisory_xact_lock(:key)")
        yield bool(connection.execute(statement, {"key": key}).scalar_one())
