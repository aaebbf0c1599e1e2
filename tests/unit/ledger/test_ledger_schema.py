"""How the schema comes into being and stays what the program expects."""

from __future__ import annotations

import multiprocessing
import stat
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from ledger_examples import make_call, make_prediction, story_of
from sqlalchemy import Engine, inspect, text

from cds_hooks.ledger import Ledger, LedgerOutdated
from cds_hooks.ledger.schema import METADATA, REVISION, VERSION_TABLE

FORK = multiprocessing.get_context("fork")


TABLES = {"hook_call", "prediction", "feedback", "outcome", "decision", "monitor_run"}


def test_opening_an_empty_database_creates_the_tables(ledger: Ledger, outside: Engine) -> None:
    """After the first open every table and the revision stand in the database."""
    assert set(inspect(outside).get_table_names()) == TABLES | {VERSION_TABLE}


def test_the_migrated_schema_is_the_declared_one(ledger: Ledger, outside: Engine) -> None:
    """Alembic finds no difference between the migrations and the tables that the code writes to."""
    with outside.connect() as connection:
        options = {"version_table": VERSION_TABLE, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, METADATA) == []


def test_opening_again_keeps_what_was_stored(url: str) -> None:
    """A second open of the same database changes nothing."""
    call = make_call()
    shown = make_prediction(call)
    with Ledger.open(url) as first:
        first.record(call, [shown])
    with Ledger.open(url) as second:
        assert story_of(second, shown)["call"]["call_id"] == call.call_id


def test_joins_and_cuts_are_indexed(ledger: Ledger, outside: Engine) -> None:
    """Card, call, time and patient lookups each have an index that starts with their column."""
    found = inspect(outside)
    indexed = {(table, index["column_names"][0]) for table in TABLES for index in found.get_indexes(table)}
    assert indexed == {
        ("hook_call", "received_at"),
        ("hook_call", "patient_key"),
        ("prediction", "call_id"),
        ("prediction", "card_uuid"),
        ("feedback", "card_uuid"),
        ("feedback", "received_at"),
        ("outcome", "patient_key"),
        ("outcome", "output"),
        ("decision", "model"),
        ("monitor_run", "model"),
    }


@pytest.mark.parametrize("workers", [2, 4])
def test_workers_that_start_together_all_open_the_ledger(url: str, workers: int) -> None:
    """Processes that find an empty database at the same moment create the schema once and all succeed."""
    barrier = FORK.Barrier(workers)
    started = [FORK.Process(target=_open_after, args=(barrier, url)) for _ in range(workers)]
    for process in started:
        process.start()
    for process in started:
        process.join(60)
    assert [process.exitcode for process in started] == [0] * workers
    with Ledger(url) as ledger:
        assert ledger.writable()


def _open_after(barrier: Barrier, url: str) -> None:
    barrier.wait(30)
    with Ledger.open(url) as ledger:
        assert ledger.writable()


def test_a_schema_from_a_newer_program_is_left_alone(url: str, outside: Engine) -> None:
    """A database that a newer program has upgraded is refused with a plain instruction."""
    Ledger.open(url).close()
    with outside.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(LedgerOutdated, match="newer than this program"):
        Ledger.open(url)


def test_a_new_sqlite_file_is_for_its_owner_only(sqlite_url: str, tmp_path: Path) -> None:
    """The file that the ledger creates cannot be read by other accounts of the host."""
    with Ledger.open(sqlite_url):
        assert stat.S_IMODE((tmp_path / "ledger.db").stat().st_mode) == 0o600


def test_sqlite_runs_with_the_agreed_settings(sqlite_url: str) -> None:
    """Connections of the ledger use WAL, synchronous NORMAL, foreign keys and a busy timeout."""
    with Ledger.open(sqlite_url) as ledger, ledger._connections.reading() as connection:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        settings = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]
    assert settings == ["wal", 1, 1, 5000]


def test_the_newest_revision_is_the_one_that_a_start_expects() -> None:
    """A migration without its number in the schema would never be applied to a ledger that exists."""
    config = Config()
    config.set_main_option("script_location", "cds_hooks.ledger:migrations")
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION
