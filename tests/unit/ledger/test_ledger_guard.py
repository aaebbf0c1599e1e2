"""The ledger is append-only for everyone who can reach its database."""

from __future__ import annotations

import pytest
from ledger_examples import make_call, make_feedback, make_prediction
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from cds_hooks.ledger import Ledger

TABLES = ("hook_call", "prediction", "feedback")
COLUMN = {"hook_call": "client", "prediction": "reason", "feedback": "user_comment"}


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    call = make_call()
    shown = make_prediction(call)
    ledger.record(call, [shown])
    ledger.record_feedback([make_feedback(shown.card_uuid)])
    return ledger


@pytest.mark.parametrize("table", TABLES)
def test_a_stored_row_cannot_be_changed(filled: Ledger, outside: Engine, table: str) -> None:
    """UPDATE is refused by the database itself, whoever sends it."""
    with outside.begin() as connection, pytest.raises(IntegrityError, match="append-only"):
        connection.execute(text(f"UPDATE {table} SET {COLUMN[table]} = 'changed'"))


@pytest.mark.parametrize("table", TABLES)
def test_a_stored_row_cannot_be_deleted(filled: Ledger, outside: Engine, table: str) -> None:
    """DELETE is refused by the database itself, whoever sends it."""
    with outside.begin() as connection, pytest.raises(IntegrityError, match="append-only"):
        connection.execute(text(f"DELETE FROM {table}"))


def test_a_stored_row_cannot_be_replaced(sqlite_url: str) -> None:
    """SQLite's INSERT OR REPLACE, a delete in disguise, is refused on the ledger's own connections."""
    with Ledger.open(sqlite_url) as ledger:
        ledger.record_feedback([make_feedback("a-card")])
        with ledger._connections.writing() as connection, pytest.raises(IntegrityError, match="append-only"):
            connection.execute(text("INSERT OR REPLACE INTO feedback SELECT * FROM feedback"))


def test_postgresql_refuses_to_truncate(filled: Ledger, outside: Engine) -> None:
    """TRUNCATE, which fires no row trigger, is refused where the database knows it."""
    if outside.dialect.name != "postgresql":
        return
    with outside.begin() as connection, pytest.raises(IntegrityError, match="append-only"):
        connection.execute(text("TRUNCATE feedback"))
