"""The tasks of a run on local cores: functions of a context and a piece or partition, with files between."""

from array import array
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np

from fhir_mapping.bulk.charts import Chart, Contested, Identity, charts
from fhir_mapping.bulk.export import Piece
from fhir_mapping.bulk.interest import Interest
from fhir_mapping.bulk.leads import Unsettled
from fhir_mapping.bulk.lines import Lines
from fhir_mapping.bulk.marks import Marks, owner_digest
from fhir_mapping.bulk.newest import Newest, scan_newest
from fhir_mapping.bulk.scan import Kept, Tally, scan
from fhir_mapping.bulk.shared import SharedTable
from fhir_mapping.bulk.spill import Spill, identity_digest
from fhir_mapping.bulk.work import PieceDone, WorkFolder, write_whole
from fhir_mapping.features import FeatureSet
from fhir_mapping.times import time_zone

ROUND_BYTES = 8 * 2**20
"""Kept lines that are held in memory before they are spilled."""

SHARED_TABLE = "shared"
REPEATED = "repeated"
CONTESTED = "contested"
ANSWERED = "answered"
DOUBTED = "doubted"
AGAIN = "again"
ONLY = "only"
ASIDE = "aside"
_LENGTH = 4


class Job(Protocol):
    """The work of a run, sent to the processes that do it: `models.cohort.Scoring`, or
    `fhir_mapping.bulk.rows.Extraction`."""

    @property
    def index(self) -> Any: ...

    @property
    def zone(self) -> str: ...

    def features(self) -> FeatureSet: ...

    def rows(self, charts: Iterable[Chart]) -> Iterator[Any]: ...


class Context(msgspec.Struct, frozen=True):
    """What every task of a run needs to know.

    A quick run keeps of many results the newest only, and leaves patients aside for whom that may not be
    enough; their owner digests are the `ONLY` of a second run, which reads all their lines.
    """

    export: Path
    work: Path
    shared: Path
    job: Any
    pieces: int
    partitions: int
    is_quick: bool = False


class Tasks:
    """The tasks of one process; what they share is made once."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.work = WorkFolder(context.work)

    @cached_property
    def _interest(self) -> Interest:
        return Interest.of(self.context.job.features())

    @cached_property
    def _newest(self) -> Newest | None:
        job = self.context.job
        if not self.context.is_quick:
            return None
        return Newest.of(job.features(), job.index, time_zone(job.zone))

    @cached_property
    def _only(self) -> frozenset[int] | None:
        return self.work.owners(ONLY)

    @cached_property
    def _aside(self) -> frozenset[int]:
        return self.work.owners(ASIDE) or frozenset()

    def scan_piece(self, piece: Piece) -> int:
        """First pass on a piece: spill file, digests, tally. Returns the piece's weight."""
        tally, marks = Tally(), Marks()
        lines = Lines(self.context.export, piece, tally.problems)
        with self.work.spill_path(piece.number).open("wb") as file:
            spill = Spill(file, self.context.partitions)
            for kept in rounds(self._scanned(lines, tally, marks)):
                spill.add(kept)
            spill.finish()
        marks.write(self.work.digests_path(piece.number), self.work.owners_path(piece.number))
        self.work.finish_piece(piece.number, PieceDone(tally))
        return piece.weight

    def _scanned(self, lines: Lines, tally: Tally, marks: Marks) -> Iterator[Kept]:
        if self._newest is not None:
            return scan_newest(lines, self._newest, tally, marks)
        kept, only = scan(lines, self._interest, tally), self._only
        if only is not None:
            kept = (one for one in kept if owner_digest(one.owner) in only)
        return marks.taking(kept)

    def repeats(self, partition: int) -> list[Kept]:
        """Lines of a partition whose identities occur more than once in the export."""
        wanted = set(np.fromfile(self.work.path / REPEATED, dtype=np.int64).tolist())
        return [
            one
            for one in self._lines(partition)
            if one.id is not None and identity_digest(one.kind, one.id) in wanted
        ]

    def _lines(self, partition: int) -> Iterator[Kept]:
        return self.work.lines(partition, self.context.partitions, self.context.pieces)

    def map_partition(self, partition: int) -> int:
        """Second pass on a partition: its rows. Returns how many there are."""
        kept = self._lines(partition)
        if self._aside:
            kept = (one for one in kept if owner_digest(one.owner) not in self._aside)
        encoder, blob, rows = msgspec.msgpack.Encoder(), bytearray(), 0
        unsettled = array("q")
        for row in self._job.rows(charts(kept, self._contested, self._shared)):
            if isinstance(row, Unsettled):
                unsettled.append(owner_digest(row.patient))
                continue
            encoded = encoder.encode(row)
            blob += len(encoded).to_bytes(_LENGTH, "little") + encoded
            rows += 1
        if unsettled:
            write_whole(self.work.unsettled_path(partition), unsettled.tobytes())
        write_whole(self.work.rows_path(partition), bytes(blob))
        return rows

    @cached_property
    def _job(self) -> Job:
        answered = tuple(self.work.noted(ANSWERED, list[str]) or ())
        doubted = tuple(self.work.noted(DOUBTED, list[str]) or ())
        job: Job = msgspec.structs.replace(self.context.job, answered=answered, doubted=doubted)
        return job

    @cached_property
    def _shared(self) -> SharedTable:
        return SharedTable(self.context.shared)

    @cached_property
    def _contested(self) -> Contested:
        listed: list[tuple[str, str, str]] = self.work.noted(CONTESTED, list[tuple[str, str, str]]) or []
        found: dict[Identity, str] = {(kind, name): owner for kind, name, owner in listed}
        return found


def rounds(found: Iterable[Kept]) -> Iterator[list[Kept]]:
    """Kept lines in lists of bounded size."""
    held: list[Kept] = []
    size = 0
    for one in found:
        held.append(one)
        size += len(one.raw)
        if size >= ROUND_BYTES:
            yield held
            held, size = [], 0
    if held:
        yield held


def read_rows(path: Path, kind: type) -> Iterator[Any]:
    """Rows of one partition, one at a time."""
    decode: Callable[[bytes], Any] = msgspec.msgpack.Decoder(kind).decode
    with path.open("rb") as file:
        while head := file.read(_LENGTH):
            yield decode(file.read(int.from_bytes(head, "little")))
