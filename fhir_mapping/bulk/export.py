"""Files of a Bulk Data export, and the pieces in which they are read."""

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec

from fhir_mapping.bulk.errors import BulkError
from fhir_mapping.wire import decoder

PIECE_BYTES = 16 * 2**20
"""Bytes of a plain file that are read as one unit of work; a packed file is one unit."""

SUFFIXES = (".ndjson", ".ndjson.gz")
_GROWTH = 12  # a typical ratio for FHIR JSON, to foresee how much a packed file holds
_GZIP = b"\x1f\x8b"
# Names of files that hold data in another form than an export has, or a part of it.
_DATA = re.compile(r"\.(?:nd)?jsonl?(?:\.|\Z)|\.(?:gz|zip|bz2|xz|zst|7z|tar|part|tmp)\Z", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z]+")


class ExportFile(msgspec.Struct, frozen=True):
    """One file of the export; `name` is its path below the export's folder, `kind` the type it is named
    after, `is_packed` whether it is gzip, whatever its name says."""

    name: str
    kind: str | None
    size: int
    mtime_ns: int
    is_packed: bool = False

    @property
    def foreseen(self) -> int:
        """Bytes of JSON that the file holds, as a guess for a packed one."""
        return self.size * _GROWTH if self.is_packed else self.size


class Piece(msgspec.Struct, frozen=True):
    """Lines of one file that begin at offsets in [start, end); `end` is None for the whole of a packed
    file."""

    number: int
    file: ExportFile
    start: int = 0
    end: int | None = None

    @property
    def weight(self) -> int:
        """Bytes on disk, for the progress of a run."""
        return self.file.size if self.end is None else self.end - self.start


class _Head(msgspec.Struct, gc=False):
    kind: str = msgspec.field(name="resourceType", default="")


_decode_head = decoder(_Head)


def export_files(folder: Path) -> list[ExportFile]:
    """All NDJSON files of an export in order of their names, those in folders inside it too.

    Raises BulkError when there is none.
    """
    found = [path for path in folder.rglob("*.ndjson*") if path.name.endswith(SUFFIXES) and path.is_file()]
    if not found:
        raise BulkError(f"{folder}: holds no .ndjson or .ndjson.gz file; name the folder of a bulk export")
    listed = []
    for path in sorted(found):
        told = path.stat()
        name = path.relative_to(folder).as_posix()
        listed.append(ExportFile(name, kind_of(path.name), told.st_size, told.st_mtime_ns, is_packed(path)))
    return listed


def is_packed(path: Path) -> bool:
    """Whether a file is gzip: by its first bytes, and by its name where it has none or cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(len(_GZIP))
    except OSError:
        head = b""
    return head == _GZIP if head else path.name.endswith(".gz")


def unread(folder: Path, kinds: frozenset[str]) -> list[tuple[str, str]]:
    """Files that may hold resources of some types and are read by nobody, with the type each is named after:
    JSON that is not NDJSON, archives, downloads that broke off."""
    found: list[tuple[str, str]] = []
    for path in sorted(folder.rglob("*")):
        kind = kind_of(path.name)
        if kind in kinds and not path.name.endswith(SUFFIXES) and path.is_file() and _DATA.search(path.name):
            found.append((path.relative_to(folder).as_posix(), kind or ""))
    return found


@cache
def resource_types() -> frozenset[str]:
    """Every resource type of FHIR R4."""
    listed = (files("fhir_mapping") / "data" / "resource-types.txt").read_text(encoding="ascii")
    return frozenset(line for line in listed.splitlines() if not line.startswith("#"))


def kind_of(name: str) -> str | None:
    """The FHIR type that a file is named after (`Observation.000.ndjson`, `2-Patient.ndjson.gz`), or None."""
    words = {word for word in _WORD.findall(name) if word in resource_types()}
    return words.pop() if len(words) == 1 else None


def without_untouched(
    folder: Path, listed: Iterable[ExportFile], kinds: frozenset[str]
) -> tuple[list[ExportFile], list[ExportFile]]:
    """Files to read, and files left out because they hold a type that nothing reads.

    A file is left out only when its name and its first resource agree on that type: an export keeps one type
    to a file.
    """
    read: list[ExportFile] = []
    left: list[ExportFile] = []
    for file in listed:
        is_foreign = file.kind is not None and file.kind not in kinds
        (left if is_foreign and _first_kind(folder, file) == file.kind else read).append(file)
    return read, left


def _first_kind(folder: Path, file: ExportFile) -> str | None:
    try:
        with (gzip.open if file.is_packed else open)(folder / file.name, "rb") as lines:
            head: _Head = _decode_head(lines.readline(PIECE_BYTES))
    except (OSError, EOFError, zlib.error, msgspec.MsgspecError):
        return None
    return head.kind


def pieces(listed: Iterable[ExportFile], size: int = PIECE_BYTES) -> Iterator[Piece]:
    """The units of work of the first pass, numbered."""
    number = 0
    for file in listed:
        if file.is_packed:
            yield Piece(number, file)
            number += 1
            continue
        for start in range(0, file.size, size):
            yield Piece(number, file, start, min(start + size, file.size))
            number += 1
