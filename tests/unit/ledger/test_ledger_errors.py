"""What the ledger says when it cannot do its work, and what it never says."""

from __future__ import annotations

import fcntl
import sqlite3
import traceback
from pathlib import Path
from typing import Any

import pytest
from ledger_examples import make_call, make_feedback, make_prediction
from sqlalchemy import Engine

from cds_hooks.ledger import (
    Ledger,
    LedgerError,
    LedgerLimits,
    LedgerMisconfigured,
    LedgerRefused,
    LedgerUnavailable,
)

CANARY = "canary-7c1f"


def everything_told(error: BaseException) -> str:
    """The error with its whole chain, as a log would show it, plus arguments and attributes."""
    seen: BaseException | None = error
    told: list[str] = []
    while seen is not None:
        told += [str(seen), repr(seen.args), repr(vars(seen))]
        seen = seen.__cause__ or seen.__context__
    return "".join((*told, *traceback.format_exception(error)))


def test_a_refused_row_is_told_without_its_values(ledger: Ledger) -> None:
    """A constraint violation tells its kind; no value of the row is in the error or in its chain."""
    call = make_call(client=CANARY, user_ref=CANARY)
    twin = make_prediction(call, reason=CANARY, features=[{"value": CANARY}])
    ledger.record(call, [twin])
    again = make_call(client=CANARY, user_ref=CANARY)
    clash = make_prediction(again, prediction_id=twin.prediction_id, features=[{"value": CANARY}])
    with pytest.raises(LedgerRefused, match="recording a hook call failed") as refused:
        ledger.record(again, [clash])
    told = everything_told(refused.value)
    assert CANARY not in told
    assert twin.prediction_id not in told


def test_unstorable_text_is_told_without_the_text(ledger: Ledger) -> None:
    """A comment with a lone surrogate is refused without being quoted."""
    with pytest.raises(LedgerRefused) as refused:
        ledger.record_feedback([make_feedback("a-card", user_comment=f"{CANARY} \ud800")])
    assert CANARY not in everything_told(refused.value)


def test_a_missing_table_is_told_without_values(url: str) -> None:
    """A ledger used before its schema exists fails with an error of its own and quotes nothing."""
    call = make_call(client=CANARY)
    with Ledger(url) as unmigrated, pytest.raises(LedgerError) as failed:
        unmigrated.record(call, [make_prediction(call)])
    assert CANARY not in everything_told(failed.value)


@pytest.mark.parametrize(
    "url",
    [
        "not a url",
        "mysql://user:secret@host/ledger",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:ledger.db?uri=true",
        "postgresql+nosuchdriver://user:secret@host/ledger",
    ],
)
def test_an_unusable_url_is_refused_without_its_password(url: str) -> None:
    """A URL that cannot hold a ledger is refused at once, and its secret stays out of the message."""
    with pytest.raises(LedgerMisconfigured) as refused:
        Ledger(url)
    assert "secret" not in everything_told(refused.value)


def test_a_path_in_the_place_of_a_url_is_told_with_an_example() -> None:
    """Who gives the file alone learns how it is written."""
    with pytest.raises(LedgerMisconfigured, match=r"such as sqlite:////var/lib/bedside/ledger\.db"):
        Ledger("/var/lib/bedside/ledger.db")


def test_an_unwritable_directory_is_named(tmp_path: Path) -> None:
    """Opening a ledger where nothing can be written names the directory and why."""
    (tmp_path / "taken").write_text("a file where a directory is needed")
    with pytest.raises(LedgerUnavailable, match=r"cannot be written in .*taken: Not a directory"):
        Ledger.open(f"sqlite:///{tmp_path}/taken/ledger.db")


def test_an_unwritable_directory_is_not_ready(tmp_path: Path) -> None:
    """Readiness is False, and no error, where the ledger cannot be written."""
    with Ledger(f"sqlite:///{tmp_path}/missing/ledger.db") as ledger:
        assert not ledger.writable()


def test_a_ledger_without_schema_is_not_ready(url: str) -> None:
    """A database that was never opened as a ledger is not ready."""
    with Ledger(url) as ledger:
        assert not ledger.writable()


def test_an_open_ledger_is_ready(ledger: Ledger) -> None:
    """A migrated database that takes writes is ready."""
    assert ledger.writable()


def test_a_removed_file_is_not_ready(sqlite_url: str, tmp_path: Path) -> None:
    """A ledger whose file was removed under it is not ready, although its connection still works."""
    with Ledger.open(sqlite_url) as ledger:
        ledger.record(make_call())
        (tmp_path / "ledger.db").unlink()
        assert not ledger.writable()


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    """A file of another kind at the ledger's place is an error, and keeps its content."""
    file = tmp_path / "ledger.db"
    file.write_bytes(CANARY.encode() * 100)
    with pytest.raises(LedgerError, match="opening the ledger failed"):
        Ledger.open(f"sqlite:///{file}")
    assert file.read_bytes() == CANARY.encode() * 100


def test_a_locked_database_is_unavailable(sqlite_url: str, tmp_path: Path) -> None:
    """A database held beyond the busy timeout is unavailable, and not ready until it is free again."""
    with Ledger.open(sqlite_url, LedgerLimits(busy_timeout=0.05)) as ledger:
        other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerUnavailable, match="SQLITE_BUSY"):
            ledger.record(make_call())
        assert not ledger.writable()
        other.execute("ROLLBACK")
        other.close()
        assert ledger.writable()


def test_a_stuck_migration_is_not_waited_for_without_end(sqlite_url: str, tmp_path: Path) -> None:
    """A start that finds the migration lock taken gives up after its limit."""
    with (tmp_path / "ledger.db.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(LedgerUnavailable, match="migration lock"):
            Ledger.open(sqlite_url, LedgerLimits(start_timeout=0.05))


@pytest.mark.parametrize(
    "use",
    [
        lambda ledger: ledger.story("a-card"),
        lambda ledger: ledger.counts(),
        lambda ledger: ledger.reasons("a-call"),
        lambda ledger: ledger.record_feedback([]),
        lambda ledger: ledger.upgrade(),
    ],
)
def test_a_closed_ledger_says_so(ledger: Ledger, use: Any) -> None:
    """A closed ledger refuses to work instead of connecting again."""
    ledger.close()
    with pytest.raises(LedgerUnavailable, match="closed"):
        use(ledger)


def test_a_closed_ledger_is_not_ready(ledger: Ledger) -> None:
    """A closed ledger is not ready, and closing it again does no harm."""
    ledger.close()
    ledger.close()
    assert not ledger.writable()


def test_a_read_only_postgresql_is_not_ready(ledger: Ledger, outside: Engine, url: str) -> None:
    """A standby, or a database switched to read-only, is not ready."""
    if outside.dialect.name != "postgresql":
        return
    with Ledger(url + "%20-cdefault_transaction_read_only%3Don") as standby:
        assert not standby.writable()
