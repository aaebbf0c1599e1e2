"""A run on Apache Spark: the same two passes, as functions over pieces and over patients.

A lost worker costs time only: both passes are pure functions of the export, so that what Spark computes again
is equal, and the driver takes each piece's tally and each partition's rows exactly once. Workers read the
export under the driver's path (a shared file system) and need Bedside installed.
"""

import os
import re
import shutil
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from importlib import import_module
from itertools import chain
from pathlib import Path
from socket import create_connection
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from fhir_mapping.bulk.charts import Contested, charts, newest_owner, recency
from fhir_mapping.bulk.errors import BulkError
from fhir_mapping.bulk.export import PIECE_BYTES, Piece, export_files, pieces, without_untouched
from fhir_mapping.bulk.interest import SHARED_KINDS, Interest
from fhir_mapping.bulk.lines import Lines
from fhir_mapping.bulk.repeats import repeated
from fhir_mapping.bulk.scan import Kept, Tally, doubted, note_unread, scan
from fhir_mapping.bulk.spill import digests, identity_digest, partition_of
from fhir_mapping.bulk.tasks import Job, rounds

_JAVA = "17"
_CONNECT_SECONDS = 10.0
_MASTERS = re.compile(
    r"local(\[(\d+|\*)(,\d+)?\])?|local-cluster\[\d+,\d+,\d+\]|yarn|k8s://.+"
    r"|spark://[^\s,/:]+:\d{1,5}(,[^\s,/:]+:\d{1,5})*"
)


class Scanned(msgspec.Struct, array_like=True):
    """The result of the first pass on one piece, beside its lines."""

    number: int
    tally: Tally
    digests: bytes


class SparkOutcome(msgspec.Struct, frozen=True):
    """A finished run: what was met, and its encoded rows by patient."""

    tally: Tally
    left_out: tuple[str, ...]
    encoded: list[tuple[str, bytes]]

    def rows(self, kind: type) -> Iterator[Any]:
        """All rows, decoded as `kind`, in order of patient id."""
        decode: Callable[[bytes], Any] = msgspec.msgpack.Decoder(kind).decode
        for _, row in self.encoded:
            yield decode(row)


def run_on_spark(export: Path, job: Job, master: str, piece_bytes: int = PIECE_BYTES) -> SparkOutcome:
    """Do a job on a Spark master (`spark://host:port`, `local[4]`); raises BulkError for what is no master,
    without Spark or Java, and when the cluster does not answer or gives up."""
    if not _MASTERS.fullmatch(master):
        raise BulkError(
            f"--spark {master}: is no Spark master; write spark://HOST:PORT, local[4] or local[*]"
        )
    _check_that_it_answers(master)
    interest = Interest.of(job.features())
    listed = export_files(export)
    read, left = without_untouched(export, listed, interest.kinds)
    named = {file.kind for file in listed if file.kind is not None}
    context = _context(master)
    try:
        tally, encoded = _run(context, export, job, list(pieces(read, piece_bytes)), named)
    except import_module("py4j.protocol").Py4JJavaError as error:
        kind = error.java_exception.getClass().getName()
        raise BulkError(f"Spark gave up ({kind}); its own log tells why") from None
    finally:
        context.stop()
    return SparkOutcome(tally, tuple(file.name for file in left), encoded)


def _context(master: str) -> Any:
    try:
        pyspark = import_module("pyspark")
    except ImportError:
        raise BulkError("--spark needs pyspark; pip install 'bedside[spark]'") from None
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    # No web page of the job, which would listen on every interface; a user's own setting wins.
    conf = (
        pyspark.SparkConf().setMaster(master).setAppName("bedside").setIfMissing("spark.ui.enabled", "false")
    )
    if _is_here(master):
        for setting in ("spark.driver.bindAddress", "spark.driver.host"):
            conf.setIfMissing(setting, "127.0.0.1")
    try:
        context = pyspark.SparkContext.getOrCreate(conf)
    except Exception as error:  # pyspark raises its own, py4j's and RuntimeError here
        raise BulkError(_no_start(master, error)) from None
    context.setLogLevel("ERROR")
    return context


def _check_that_it_answers(master: str) -> None:
    """Raise BulkError when none of the addresses of a standalone master takes a connection.

    Spark itself would try for minutes, and then say only that the job failed.
    """
    if not master.startswith("spark://"):
        return
    for address in master.removeprefix("spark://").split(","):
        host, _, port = address.partition(":")
        with suppress(OSError, OverflowError), create_connection((host, int(port)), _CONNECT_SECONDS):
            return
    raise BulkError(f"--spark {master}: nothing answers there; start the master, or mend the address")


def _no_start(master: str, error: Exception) -> str:
    """Why there is no context: Java says nothing at all, or the master was asked in vain."""
    told = f"--spark {master}: Spark does not start ({type(error).__name__})"
    if not isinstance(error, import_module("py4j.protocol").Py4JError):
        found = (
            "" if shutil.which("java") or os.environ.get("JAVA_HOME") else "; there is no java on the PATH"
        )
        return f"{told}; it needs Java {_JAVA} or newer{found}"
    return f"{told}; see whether that master is of the same Spark version"


def _is_here(master: str) -> bool:
    return master.startswith(("local", "spark://127.0.0.1:", "spark://localhost:"))


def _run(
    context: Any, export: Path, job: Job, listed: list[Piece], named: set[str]
) -> tuple[Tally, list[tuple[str, bytes]]]:
    kinds = Interest.of(job.features()).kinds
    scanned, tally, repeats = _scanned(context, export, job, listed)
    tally.kinds |= named
    note_unread(tally, export, kinds)
    lost = doubted(tally, {piece.file.name: piece.file.kind for piece in listed}, kinds)
    whole = msgspec.structs.replace(  # type: ignore[type-var]
        job, answered=tuple(sorted(tally.kinds & kinds)), doubted=tuple(sorted(lost))
    )
    lines = scanned.filter(lambda one: isinstance(one, Kept))
    again = lines.filter(lambda one: one.id is not None and identity_digest(one.kind, one.id) in repeats)
    contested = context.broadcast(newest_owner(again.collect()) if repeats else {})
    drugs = context.broadcast(_newest(lines.filter(lambda one: one.kind in SHARED_KINDS).collect()))
    partitions = max(context.defaultParallelism * 3, len(listed))
    encoded = (
        lines.filter(lambda one: one.kind not in SHARED_KINDS)
        .keyBy(lambda one: one.owner)
        .partitionBy(partitions, lambda owner: partition_of(owner, partitions))
        .values()
        .mapPartitions(_mapper(whole, contested, drugs))
    )
    return tally, sorted(encoded.collect())


def _scanned(context: Any, export: Path, job: Job, listed: list[Piece]) -> tuple[Any, Tally, frozenset[int]]:
    """The first pass as an RDD of lines and of one Scanned for each piece, its tally, repeated digests."""
    storage = import_module("pyspark").StorageLevel.MEMORY_AND_DISK
    spread = context.parallelize(listed, max(1, len(listed)))
    scanned = spread.flatMap(_scanner(export, job)).persist(storage)
    told: list[Scanned] = scanned.filter(lambda one: isinstance(one, Scanned)).collect()
    if sorted(one.number for one in told) != [piece.number for piece in listed]:
        raise BulkError("Spark lost or doubled a piece of the export; nothing was written")
    tally = Tally()
    for one in sorted(told, key=lambda one: one.number):
        tally.add(one.tally)
    with TemporaryDirectory() as folder:
        paths = [Path(folder, str(one.number)) for one in told]
        for path, one in zip(paths, told, strict=True):
            path.write_bytes(one.digests)
        return scanned, tally, frozenset(repeated(paths).tolist())


def _scanner(export: Path, job: Job) -> Callable[[Piece], Iterator[Kept | Scanned]]:
    def scan_piece(piece: Piece) -> Iterator[Kept | Scanned]:
        tally, ids = Tally(), array("q")
        lines = Lines(export, piece, tally.problems)
        for kept in rounds(scan(lines, Interest.of(job.features()), tally)):
            ids.extend(digests(kept))
            yield from kept
        yield Scanned(piece.number, tally, ids.tobytes())

    return scan_piece


def _mapper(job: Job, contested: Any, drugs: Any) -> Callable[[Iterable[Kept]], Iterator[tuple[str, bytes]]]:
    def rows(lines: Iterable[Kept]) -> Iterator[tuple[str, bytes]]:
        encode = msgspec.msgpack.Encoder().encode
        known: Contested = contested.value
        for row in job.rows(charts(lines, known, drugs.value.get)):
            yield row.patient, encode(row)

    return rows


def _newest(found: Iterable[Kept]) -> dict[str, bytes]:
    newest: dict[str, bytes] = {}
    for one in found:
        if one.id is not None:
            newest[one.id] = max(
                chain((one.raw,), (newest[one.id],) if one.id in newest else ()), key=recency
            )
    return newest
