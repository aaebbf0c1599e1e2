"""The ledger itself: what was asked, answered and shown, and what clinicians said of it, under one card uuid.

Every operation takes a connection from the pool of its own process, so a ledger opened before a server forks
its workers serves in all of them (see `cds_hooks.ledger.connections`). Threads may share one ledger.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, Self

from sqlalchemy import Connection, bindparam, exists, insert, inspect, select, text
from sqlalchemy.dialects import postgresql, sqlite

from cds_hooks.ledger import queries
from cds_hooks.ledger.connections import Connections, LedgerLimits
from cds_hooks.ledger.entries import FeedbackEntry, HookCallEntry, PredictionEntry
from cds_hooks.ledger.errors import LedgerError, LedgerMissing, LedgerUnavailable
from cds_hooks.ledger.follow_up import FollowUp
from cds_hooks.ledger.migrate import migrate
from cds_hooks.ledger.queries import Counts, Reason, Story
from cds_hooks.ledger.rows import call_row, feedback_row, prediction_row
from cds_hooks.ledger.schema import VERSION_TABLE, feedback, hook_call, prediction
from cds_hooks.ledger.translation import telling_no_values

__all__ = ["FeedbackReceipt", "Ledger"]

FeedbackReceipt = Literal["stored", "duplicate", "unknown-card"]

_SCHEMA_REVISION = text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608 - a constant of ours


def _insert_feedback(dialect: str) -> Any:
    """Build the statement that stores a report, drops a repeated one and tells if its card is known."""
    into = sqlite.insert(feedback) if dialect == "sqlite" else postgresql.insert(feedback)
    is_known = exists(select(prediction.c.card_uuid).where(prediction.c.card_uuid == bindparam("card_uuid")))
    columns: dict[str, Any] = {
        column.name: bindparam(column.name) for column in feedback.c if column.name != "known_card"
    }
    stored = into.values(**columns, known_card=is_known)
    return stored.on_conflict_do_nothing(index_elements=["digest"]).returning(feedback.c.known_card)


class Ledger(FollowUp):
    """An append-only record of hook calls, predictions and feedback in SQLite or PostgreSQL.

    What comes after the card (outcomes, decisions, runs of the monitor) is in `FollowUp`.

    Every method raises LedgerUnavailable when the database cannot be reached or written, LedgerRefused when
    it refuses a row, and never tells a stored value in an error.
    """

    def __init__(self, url: str, limits: LedgerLimits | None = None) -> None:
        """Prepare a ledger without touching the database; raises LedgerMisconfigured for a bad `url`."""
        self._connections = Connections(url, limits or LedgerLimits())
        dialect = self._connections.engine.dialect
        self._insert_call = str(insert(hook_call).compile(dialect=dialect))
        self._insert_prediction = str(insert(prediction).compile(dialect=dialect))
        self._insert_feedback = _insert_feedback(self._connections.dialect)
        self._closed = False

    @property
    def is_remote(self) -> bool:
        """Whether a write waits for another server."""
        return self._connections.sqlite_file is None

    @classmethod
    def open(cls, url: str, limits: LedgerLimits | None = None) -> Self:
        """Return a ledger whose schema is up to date; safe when several processes start together.

        No connection stays open afterwards, so the caller may fork. Raises LedgerMisconfigured,
        LedgerUnavailable or LedgerOutdated.
        """
        ledger = cls(url, limits)
        ledger.upgrade()
        return ledger

    @classmethod
    def existing(cls, url: str, limits: LedgerLimits | None = None) -> Self:
        """Like `open`, for one that somebody else has made: a mistyped address makes no new ledger.

        Raises LedgerMissing, and what `open` raises.
        """
        ledger = cls(url, limits)
        ledger.require()
        ledger.upgrade()
        return ledger

    @telling_no_values("opening the ledger")
    def require(self) -> None:
        """Raise LedgerMissing unless there is a ledger; nothing is made or changed."""
        self._check_open()
        file = self._connections.sqlite_file
        is_there = file is None or file.is_file()
        if is_there:
            with self._connections.reading() as connection:
                is_there = inspect(connection).has_table(VERSION_TABLE)
        if not is_there:
            where = file or self._connections.url.render_as_string()
            raise LedgerMissing(
                f"there is no ledger at {where}; mend the address, or let bedside serve make it"
            )

    @telling_no_values("opening the ledger")
    def upgrade(self) -> None:
        """Create the schema or bring it up to date."""
        self._check_open()
        try:
            migrate(self._connections)
        finally:
            self._connections.release()

    @telling_no_values("recording a hook call")
    def record(self, call: HookCallEntry, predictions: Sequence[PredictionEntry] = ()) -> None:
        """Store a call and its predictions in one transaction: all of it or nothing.

        Raises ValueError when a prediction names another call, TypeError for a value that JSON cannot hold.
        """
        self._check_open()
        if any(made.call_id != call.call_id for made in predictions):
            raise ValueError("a prediction belongs to another call")
        asked = call_row(call)
        made_rows = [prediction_row(made, position) for position, made in enumerate(predictions)]
        with self._connections.writing() as connection:
            connection.exec_driver_sql(self._insert_call, asked)
            if made_rows:
                connection.exec_driver_sql(self._insert_prediction, made_rows)

    @telling_no_values("recording feedback")
    def record_feedback(self, entries: Sequence[FeedbackEntry]) -> list[FeedbackReceipt]:
        """Store the reports that are new, in one transaction, and return what became of each, in order.

        "duplicate": an equal report is stored already, nothing was added. "unknown-card": stored and
        flagged, because no prediction has that card.
        """
        self._check_open()
        rows = [feedback_row(entry) for entry in entries]
        with self._connections.writing() as connection:
            return [self._store_feedback(connection, row) for row in rows]

    def writable(self) -> bool:
        """Tell whether a write would succeed now: the schema is there and a write transaction can begin."""
        try:
            self._probe()
        except LedgerError:
            return False
        return True

    @telling_no_values("reading the story of a card")
    def story(self, card_uuid: str) -> Story | None:
        """Return call, prediction and feedback of a card; None when no card with this uuid was recorded."""
        self._check_open()
        with self._connections.reading() as connection:
            return queries.story(connection, card_uuid)

    @telling_no_values("reading when cards were issued")
    def issued(self, card_uuids: Collection[str]) -> dict[str, queries.Issued]:
        """Return who issued each card and when (UTC-aware), without cards that are not known."""
        self._check_open()
        with self._connections.reading() as connection:
            return queries.issued(connection, card_uuids)

    @telling_no_values("reading the reasons of a call")
    def reasons(self, call_id: str) -> list[Reason] | None:
        """Return decision and reason per model in the order of the call; None for an unknown call."""
        self._check_open()
        with self._connections.reading() as connection:
            return queries.reasons(connection, call_id)

    @telling_no_values("counting")
    def counts(self, since: datetime | None = None) -> Counts:
        """Count calls, decisions and feedback received at or after `since` (UTC-aware; all when None)."""
        self._check_open()
        with self._connections.reading() as connection:
            return queries.counts(connection, since)

    def close(self) -> None:
        """Close the connections; every later call but `writable` and `close` raises LedgerUnavailable."""
        self._closed = True
        self._connections.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._closed:
            raise LedgerUnavailable("the ledger is closed")

    def _store_feedback(self, connection: Connection, row: dict[str, object]) -> FeedbackReceipt:
        is_known = connection.execute(self._insert_feedback, row).scalar_one_or_none()
        if is_known is None:
            return "duplicate"
        return "stored" if is_known else "unknown-card"

    @telling_no_values("probing the ledger")
    def _probe(self) -> None:
        self._check_open()
        file = self._connections.sqlite_file
        # A connection to a removed file goes on working, into nowhere.
        if file is not None and not file.exists():
            raise LedgerUnavailable("the ledger's file is gone")
        with self._connections.writing() as connection:
            connection.execute(_SCHEMA_REVISION).scalar_one()
            if file is None and connection.scalar(text("SHOW transaction_read_only")) == "on":
                raise LedgerUnavailable("the database is read-only")
