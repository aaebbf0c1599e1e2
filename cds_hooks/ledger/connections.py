"""Connections to the ledger's database, safe for threads and across a fork.

SQLite allows one writer per file. Threads of one process queue for a lock of ours, which is fair and costs a
microsecond; processes queue in `BEGIN IMMEDIATE` with a busy timeout. PostgreSQL needs neither.

A server that loads the application and then forks (gunicorn with `preload_app`) must not carry an open
SQLite connection into its children: the child would inherit the file locks that the library remembers and
could corrupt the file. So just before each `os.fork` the writer is waited for and the pool closed, and the
child starts with an empty pool; both sides connect anew when they next need to. A read that another thread
has under way while the process forks is the one case that this cannot cover.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any
from weakref import WeakSet

from sqlalchemy import URL, Connection, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from cds_hooks.ledger.errors import LedgerMisconfigured, LedgerUnavailable

__all__ = ["Connections", "LedgerLimits"]


@dataclass(frozen=True, slots=True)
class LedgerLimits:
    """How long to wait, in seconds: for a turn to write, a connection, another process's migration."""

    busy_timeout: float = 5.0
    connect_timeout: float = 5.0
    start_timeout: float = 30.0


class Connections:
    """The connections of one ledger. Nothing is opened before the first use."""

    def __init__(self, url: str, limits: LedgerLimits) -> None:
        """Raise LedgerMisconfigured unless the URL is a SQLite file or PostgreSQL with its driver."""
        self.limits = limits
        self.url = _checked_url(url)
        self.dialect = self.url.get_backend_name()
        self._turn = Lock() if self.dialect == "sqlite" else None
        try:
            self.engine = create_engine(self.url, hide_parameters=True, **self._engine_options())
        except (ImportError, NoSuchModuleError):
            raise LedgerMisconfigured(f"no driver is installed for {self.url.drivername}") from None
        if self.dialect == "sqlite":
            event.listen(self.engine, "connect", self._prepare_sqlite)
        _open_connections.add(self)

    @property
    def sqlite_file(self) -> Path | None:
        """The database file, None for PostgreSQL."""
        return Path(self.url.database or "") if self.dialect == "sqlite" else None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection inside a transaction that reads one snapshot."""
        with self.engine.begin() as connection:
            self._begin(connection, "BEGIN")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection inside a transaction that may write: committed at the end, rolled back on error.

        Raises LedgerUnavailable when other threads keep the turn longer than the busy timeout.
        """
        if self._turn is None:
            with self.engine.begin() as connection:
                yield connection
            return
        if not self._turn.acquire(timeout=self.limits.busy_timeout):
            raise LedgerUnavailable("other threads have been writing for longer than the busy timeout")
        try:
            with self.engine.begin() as connection:
                self._begin(connection, "BEGIN IMMEDIATE")
                yield connection
        finally:
            self._turn.release()

    def release(self) -> None:
        """Close the idle connections; the next use opens new ones."""
        self.engine.dispose()

    def before_fork(self) -> None:
        """Let the running write finish, hold back the next, and close what a child must not inherit."""
        if self._turn is not None:
            self._turn.acquire()
        self.engine.dispose()

    def after_fork(self, *, child: bool) -> None:
        """Let writes start again; a child drops whatever is left in the pool without closing it."""
        if child:
            self.engine.dispose(close=False)
        if self._turn is not None:
            self._turn.release()

    def _engine_options(self) -> dict[str, Any]:
        if self.dialect == "sqlite":
            # Without a level the driver leaves BEGIN to us: a writer queues before its first statement.
            driver = {"isolation_level": None, "timeout": self.limits.busy_timeout}
            # Named parameters let both databases take the same rows as dicts.
            return {
                "connect_args": driver,
                "paramstyle": "named",
                "pool_timeout": self.limits.connect_timeout,
            }
        options: dict[str, Any] = {"pool_pre_ping": True, "pool_timeout": self.limits.connect_timeout}
        if "psycopg" in self.url.get_dialect().driver:
            options["connect_args"] = {"connect_timeout": max(1, round(self.limits.connect_timeout))}
        return options

    def _begin(self, connection: Connection, statement: str) -> None:
        if self.dialect == "sqlite":
            # Straight to the driver: through SQLAlchemy this word would cost as much as an insert.
            connection.connection.cursor().execute(statement)

    def _prepare_sqlite(self, connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {round(self.limits.busy_timeout * 1000)}")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        # Makes INSERT OR REPLACE fire the trigger that refuses a DELETE.
        cursor.execute("PRAGMA recursive_triggers = ON")
        cursor.close()


def _checked_url(url: str) -> URL:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, ValueError):
        raise LedgerMisconfigured(
            "the ledger's URL is not a database URL such as sqlite:////var/lib/bedside/ledger.db"
        ) from None
    if backend not in ("sqlite", "postgresql"):
        raise LedgerMisconfigured(f"the ledger needs SQLite or PostgreSQL, not {backend}")
    if backend == "sqlite" and _is_not_a_plain_file(parsed):
        raise LedgerMisconfigured("the ledger's SQLite URL must name a file: sqlite:////path/to/ledger.db")
    return parsed


def _is_not_a_plain_file(url: URL) -> bool:
    database = url.database or ""
    return database in ("", ":memory:") or database.startswith("file:") or "uri" in url.query


_open_connections: WeakSet[Connections] = WeakSet()
_forking: list[Connections] = []
_one_fork = Lock()


def _before_fork() -> None:
    _one_fork.acquire()
    _forking[:] = list(_open_connections)
    for connections in _forking:
        connections.before_fork()


def _after_fork(*, child: bool) -> None:
    for connections in _forking:
        connections.after_fork(child=child)
    _forking.clear()
    _one_fork.release()


os.register_at_fork(
    before=_before_fork,
    after_in_parent=lambda: _after_fork(child=False),
    after_in_child=lambda: _after_fork(child=True),
)
