"""Brings the stored schema up to date when the ledger opens, once, however many processes start together.

The migrations are a package beside this module, so an installed wheel carries them. SQLite starters queue
for a lock file beside the database, because switching a new file to WAL does not wait for others; PostgreSQL
starters queue for an advisory lock. Whoever comes second finds nothing left to do.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from sqlalchemy import Connection, inspect

from cds_hooks.ledger.connections import Connections
from cds_hooks.ledger.errors import LedgerOutdated, LedgerUnavailable
from cds_hooks.ledger.schema import REVISION, VERSION_TABLE

__all__ = ["migrate"]

_MIGRATIONS = "cds_hooks.ledger:migrations"
_ADVISORY_LOCK = 0x62656473696465  # "bedside" in ASCII
_POLL_SECONDS = 0.02
_OWNER_ONLY = 0o600

# Alembic's context is one global of the process.
_one_thread = Lock()


def migrate(connections: Connections) -> None:
    """Create or upgrade the schema in one transaction.

    Raises LedgerUnavailable when the database cannot be created, written or locked in time, LedgerOutdated
    when a newer program has upgraded it already.
    """
    file = connections.sqlite_file
    if file is None:
        with _one_thread, connections.writing() as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
            _upgrade(connection)
        return
    with _one_thread, _file_lock(file, connections.limits.start_timeout):
        _create_privately(file)
        _switch_to_wal(connections)
        with connections.writing() as connection:
            _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    if _is_current(connection):
        return
    # Alembic takes most of a second to import, which a start that finds nothing to do should not pay.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", _MIGRATIONS)
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError:
        raise LedgerOutdated("the ledger's schema is newer than this program; update Bedside first") from None


def _is_current(connection: Connection) -> bool:
    if not inspect(connection).has_table(VERSION_TABLE):
        return False
    found = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalars().all()  # noqa: S608 - a constant
    return found == [REVISION]


@contextmanager
def _file_lock(file: Path, timeout: float) -> Iterator[None]:
    with _telling_the_path(file):
        handle = os.open(f"{file}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
    try:
        _wait_for(handle, timeout)
        yield
    finally:
        os.close(handle)


def _wait_for(handle: int, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise LedgerUnavailable("another process keeps the migration lock") from None
            time.sleep(_POLL_SECONDS)
        else:
            return


def _create_privately(file: Path) -> None:
    """Create the file for its owner only; what is there already keeps the rights that it was given."""
    with _telling_the_path(file):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY))


def _switch_to_wal(connections: Connections) -> None:
    connection = connections.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        mode = cursor.fetchone()
        cursor.close()
    finally:
        connection.close()
    if mode is None or mode[0] != "wal":
        raise LedgerUnavailable("the ledger's file system does not support write-ahead logging")


@contextmanager
def _telling_the_path(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise LedgerUnavailable(f"the ledger cannot be written in {file.parent}: {reason}") from None
