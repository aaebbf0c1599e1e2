"""Threads, processes and forks on one ledger."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread

from ledger_examples import make_call, make_prediction
from sqlalchemy import Engine, func, select

from cds_hooks.ledger import HookCallEntry, Ledger, LedgerLimits
from cds_hooks.ledger.schema import hook_call, prediction

FORK = multiprocessing.get_context("fork")
PATIENT = LedgerLimits(busy_timeout=30.0, connect_timeout=30.0)
THREADS, EACH = 4, 25


def record_many(ledger: Ledger, count: int) -> None:
    for _ in range(count):
        call = make_call()
        ledger.record(call, [make_prediction(call)])


def in_child(work: Callable[[], None]) -> multiprocessing.process.BaseProcess:
    process = FORK.Process(target=work)
    process.start()
    return process


def succeeded(processes: Sequence[multiprocessing.process.BaseProcess]) -> bool:
    for process in processes:
        process.join(60)
    return all(process.exitcode == 0 for process in processes)


def stored(outside: Engine) -> tuple[int, int]:
    with outside.connect() as connection:
        calls = connection.scalar(select(func.count()).select_from(hook_call))
        predictions = connection.scalar(select(func.count()).select_from(prediction))
    return calls or 0, predictions or 0


def test_threads_and_processes_lose_nothing(url: str, outside: Engine) -> None:
    """Two processes of four threads each write at once and every row arrives."""
    Ledger.open(url).close()

    def work() -> None:
        with Ledger.open(url, PATIENT) as ledger, ThreadPoolExecutor(THREADS) as threads:
            args = (ledger, EACH)
            for written in [threads.submit(record_many, *args) for _ in range(THREADS)]:
                written.result()

    assert succeeded([in_child(work), in_child(work)])
    assert stored(outside) == (2 * THREADS * EACH, 2 * THREADS * EACH)


def test_a_ledger_opened_before_the_fork_serves_in_every_worker(url: str, outside: Engine) -> None:
    """A preloading server opens and uses the ledger, forks, and parent and workers all go on writing."""
    with Ledger.open(url, PATIENT) as ledger:
        record_many(ledger, 5)

        def work() -> None:
            record_many(ledger, 20)

        workers = [in_child(work), in_child(work)]
        record_many(ledger, 5)
        assert succeeded(workers)
    assert stored(outside) == (50, 50)


def test_no_open_database_file_crosses_a_fork(sqlite_url: str, tmp_path: Path) -> None:
    """A child starts without any descriptor of the ledger's file, so it inherits none of its locks."""
    with Ledger.open(sqlite_url) as ledger:
        ledger.record(make_call())
        assert ledger_descriptors(tmp_path)

        def work() -> None:
            assert not ledger_descriptors(tmp_path)

        assert succeeded([in_child(work)])


def ledger_descriptors(directory: Path) -> list[str]:
    """What this process has open in `directory`."""
    links = (f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd"))
    targets = [os.readlink(link) for link in links if os.path.lexists(link)]
    return [target for target in targets if target.startswith(str(directory))]


def test_forking_while_threads_write_harms_nobody(sqlite_url: str, tmp_path: Path) -> None:
    """Forks in the middle of writes leave a sound file that holds every row of parent and children."""
    written: list[HookCallEntry] = []
    stop = Event()
    with Ledger.open(sqlite_url, PATIENT) as ledger:

        def write_on() -> None:
            while not stop.is_set():
                call = make_call()
                ledger.record(call)
                written.append(call)

        writers = [Thread(target=write_on) for _ in range(2)]
        for writer in writers:
            writer.start()

        def work() -> None:
            record_many(ledger, 5)

        finished = all(succeeded([in_child(work)]) for _ in range(5))
        stop.set()
        for writer in writers:
            writer.join(60)
    assert finished
    other = sqlite3.connect(tmp_path / "ledger.db")
    assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert other.execute("SELECT count(*) FROM hook_call").fetchone() == (len(written) + 25,)
    other.close()
