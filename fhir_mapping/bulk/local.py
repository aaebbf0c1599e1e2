"""A run on the cores of this machine: both passes over processes, every result kept in the work folder."""

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from heapq import merge
from multiprocessing import get_context, parent_process
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from fhir_mapping.bulk.charts import newest_owner
from fhir_mapping.bulk.errors import BulkError
from fhir_mapping.bulk.export import Piece, export_files, pieces, resource_types, unread, without_untouched
from fhir_mapping.bulk.interest import Interest
from fhir_mapping.bulk.marks import holds_any, owners_of
from fhir_mapping.bulk.newest import Newest
from fhir_mapping.bulk.repeats import repeated
from fhir_mapping.bulk.scan import Tally, doubted, note_unread
from fhir_mapping.bulk.shared import write_shared
from fhir_mapping.bulk.tasks import (
    AGAIN,
    ANSWERED,
    ASIDE,
    CONTESTED,
    DOUBTED,
    ONLY,
    REPEATED,
    SHARED_TABLE,
    Context,
    Job,
    Tasks,
    read_rows,
)
from fhir_mapping.bulk.work import Plan, WorkFolder, write_whole
from fhir_mapping.times import time_zone

_PARTITION_BYTES = 16 * 2**20
_FEWEST = 16

Progress = Callable[[str, int, int], None]
"""Called with the name of a pass, the work that is done and the work that there is."""

Each = Callable[[str, Iterable[Any]], Iterator[Any]]


class Outcome(NamedTuple):
    """A finished run: what was met, and where its rows are."""

    tally: Tally
    left_out: tuple[str, ...]
    parts: tuple[Path, ...]

    def rows(self, kind: type) -> Iterator[Any]:
        """All rows, decoded as `kind`, in order of patient id, read as they are asked for."""
        return merge(*(read_rows(part, kind) for part in self.parts), key=attrgetter("patient"))


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def plan_of(export: Path, purpose: dict[str, str], piece_bytes: int) -> Plan:
    """The plan of a run over an export; raises BulkError when the export holds no file."""
    listed = export_files(export)
    foreseen = sum(file.foreseen for file in listed)
    partitions = max(_FEWEST, -(-foreseen // _PARTITION_BYTES))
    aside = tuple(name for name, _ in unread(export, resource_types()))
    return Plan(purpose, tuple(listed), partitions, piece_bytes, aside)


def run(export: Path, work: WorkFolder, plan: Plan, job: Job, processes: int, progress: Progress) -> Outcome:
    """Do what is not done yet; raises BulkError when a process is killed, after which the run can go on."""
    features = job.features()
    kinds = Interest.of(features).kinds
    read, left = without_untouched(export, plan.files, kinds)
    listed = list(pieces(read, plan.piece_bytes))
    is_quick = Newest.of(features, job.index, time_zone(job.zone)) is not None
    shared = work.path / SHARED_TABLE
    context = Context(export, work.path, shared, job, len(listed), plan.partitions, is_quick)
    with _executor(context, processes) as each:
        tally = _scanned(work, listed, each, progress)
        note_unread(tally, export, kinds)
        named = {file.kind for file in plan.files if file.kind is not None}
        work.note(ANSWERED, sorted((tally.kinds | named) & kinds))
        work.note(DOUBTED, sorted(doubted(tally, {file.name: file.kind for file in plan.files}, kinds)))
        _shared_table(work, listed, plan.partitions)
        aside = _aside(work, listed) if is_quick else set()
        if not is_quick:
            _contested(work, listed, plan.partitions, each)
        parts = _mapped(work, plan.partitions, each, progress)
    for partition in range(plan.partitions):
        aside |= work.owners(work.unsettled_path(partition).name) or set()
    if aside:
        parts += _again(context, work, listed, aside, processes, progress)
    return Outcome(tally, tuple(file.name for file in left), parts)


def _aside(work: WorkFolder, listed: Iterable[Piece]) -> set[int]:
    """Patients who have a resource whose id occurs again: which version counts cannot be told from the newest
    values."""
    numbers = [piece.number for piece in listed]
    again = repeated([work.digests_path(number) for number in numbers])
    files = ((work.digests_path(number), work.owners_path(number)) for number in numbers)
    aside = owners_of(again, files) if len(again) else set()
    work.note_owners(ASIDE, aside)
    return aside


def _again(
    context: Context,
    whole: WorkFolder,
    listed: list[Piece],
    only: set[int],
    processes: int,
    progress: Progress,
) -> tuple[Path, ...]:
    """Rows of some patients from all their lines, where the newest values were not enough."""
    work = whole.within(AGAIN)
    work.note_owners(ONLY, only)
    work.note(ANSWERED, whole.noted(ANSWERED, list[str]))
    work.note(DOUBTED, whole.noted(DOUBTED, list[str]))
    theirs = [piece for piece in listed if holds_any(whole.owners_path(piece.number), only)]
    theirs = [msgspec.structs.replace(piece, number=number) for number, piece in enumerate(theirs)]
    again = msgspec.structs.replace(context, work=work.path, pieces=len(theirs), is_quick=False)
    with _executor(again, processes) as each:
        _scanned(work, theirs, each, progress)
        _contested(work, theirs, context.partitions, each)
        return _mapped(work, context.partitions, each, progress)


def _scanned(work: WorkFolder, listed: list[Piece], each: Each, progress: Progress) -> Tally:
    total = sum(piece.weight for piece in listed)
    waiting = [piece for piece in listed if work.piece(piece.number) is None]
    done = total - sum(piece.weight for piece in waiting)
    progress("read", done, total)
    for weight in each("scan_piece", waiting):
        done += weight
        progress("read", done, total)
    tally = Tally()
    for piece in listed:
        finished = work.piece(piece.number)
        if finished is not None:
            tally.add(finished.tally)
    return tally


def _shared_table(work: WorkFolder, listed: list[Piece], partitions: int) -> None:
    write_shared(work.path / SHARED_TABLE, work.lines(partitions, partitions, len(listed)))


def _contested(work: WorkFolder, listed: list[Piece], partitions: int, each: Each) -> None:
    """Which resources the export gives to several patients, and to whom each belongs."""
    if work.noted(CONTESTED, list[Any]) is not None:
        return
    again = repeated([work.digests_path(piece.number) for piece in listed])
    write_whole(work.path / REPEATED, again.tobytes())
    lines = (one for part in each("repeats", range(partitions)) for one in part) if len(again) else ()
    found = sorted((kind, name, owner) for (kind, name), owner in newest_owner(lines).items())
    work.note(CONTESTED, found)


def _mapped(work: WorkFolder, partitions: int, each: Each, progress: Progress) -> tuple[Path, ...]:
    paths = tuple(work.rows_path(partition) for partition in range(partitions))
    waiting = [partition for partition in range(partitions) if not paths[partition].exists()]
    done = partitions - len(waiting)
    progress("map", done, partitions)
    for _ in each("map_partition", waiting):
        done += 1
        progress("map", done, partitions)
    return paths


_tasks: Tasks | None = None


def _begin(context: Context) -> None:
    global _tasks  # the one thing that a process of the pool keeps between its tasks
    _tasks = Tasks(context)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A process of the pool that outlives a killed run would hold memory and patient data for nobody."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(task: str, argument: Any) -> Any:
    return getattr(_tasks, task)(argument)


def _method() -> Any:
    # A fork starts in no time; beside other threads it could inherit a lock that nobody opens again.
    can_fork = sys.platform == "linux" and threading.active_count() == 1
    return get_context("fork" if can_fork else "spawn")


@contextmanager
def _executor(context: Context, processes: int) -> Iterator[Each]:
    """Runs a task on each argument, results as they come; in this process when there is only one."""
    if processes == 1:
        tasks = Tasks(context)
        yield lambda task, arguments: map(getattr(tasks, task), arguments)
        return
    with ProcessPoolExecutor(processes, _method(), _begin, (context,)) as pool:

        def each(task: str, arguments: Iterable[Any]) -> Iterator[Any]:
            try:
                for future in as_completed([pool.submit(_do, task, one) for one in arguments]):
                    yield future.result()
            except BrokenProcessPool:
                raise BulkError("a process was killed; free some memory and go on with --resume") from None

        yield each
