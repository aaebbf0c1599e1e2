"""Lines of a piece of a file; what cannot be read ends the piece, never the run."""

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

import msgspec

from fhir_mapping.bulk.export import Piece, is_packed

LONGEST_LINE = 64 * 2**20
"""Bytes of the longest line that is taken for a resource."""

_BUFFER = 2**18
_BOM = b"\xef\xbb\xbf"


class Problem(msgspec.Struct, frozen=True):
    """A line or file that could not be read: file, offset of the line in the unpacked file, and a word.

    Words: `not-json`, `no-type`, `no-patient`, `other-type` (than the file's), `no-such-type` (a Bundle, or
    no type of FHIR's), `too-long`, `unreadable` (the file from there on), `no-ndjson` (a file that is none).
    """

    file: str
    offset: int
    code: str


class Lines:
    """Every line that begins in a piece, with its end, once; `problems` takes what is wrong with them."""

    def __init__(self, folder: Path, piece: Piece, problems: list[Problem]) -> None:
        self.kind = piece.file.kind
        self._path = folder / piece.file.name
        self._piece = piece
        self._problems = problems
        self._opened: io.BufferedReader

    def __iter__(self) -> Iterator[bytes]:
        piece = self._piece
        try:
            with open_unpacked(self._path, piece.file.is_packed) as self._opened:
                try:
                    yield from self._from(piece.start, piece.end)
                except (OSError, EOFError, zlib.error):
                    self.note("unreadable")
        except OSError:
            self._problems.append(Problem(piece.file.name, piece.start, "unreadable"))

    def note(self, code: str, line: bytes = b"") -> None:
        """Say what is wrong with the line that was given last."""
        self._problems.append(Problem(self._piece.file.name, self._opened.tell() - len(line), code))

    def _from(self, start: int, end: int | None) -> Iterator[bytes]:
        opened = self._opened
        if start:
            opened.seek(start - 1)
            start += _skip_line(opened) - 1
        left = sys.maxsize if end is None else end - start
        is_first = start == 0
        for line in iter(partial(opened.readline, LONGEST_LINE), b"") if left > 0 else ():
            size = len(line)
            if size == LONGEST_LINE and line[-1:] != b"\n":
                self.note("too-long", line)
                size += _skip_line(opened)
            elif is_first:
                yield line.removeprefix(_BOM)
            else:
                yield line
            is_first = False
            left -= size
            if left <= 0:
                return


class _Unpacked(io.RawIOBase):
    """A packed file's content that gives all it has before it says that the file breaks off."""

    def __init__(self, path: Path) -> None:
        self._file = gzip.GzipFile(path)
        self._size = path.stat().st_size
        self._at = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        content = self._file.read1(len(buffer))
        if not content and not self._size:
            raise EOFError("a packed file has a head, however little it holds")
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)

    def tell(self) -> int:
        return self._at

    def close(self) -> None:
        self._file.close()
        super().close()


def open_unpacked(path: Path, packed: bool) -> io.BufferedReader:
    """A buffered reader of the file's JSON; raises OSError."""
    if packed:
        return io.BufferedReader(_Unpacked(path), _BUFFER)
    return cast(io.BufferedReader, path.open("rb", buffering=_BUFFER))


def _skip_line(opened: io.BufferedReader) -> int:
    skipped = 0
    while chunk := opened.readline(_BUFFER):
        skipped += len(chunk)
        if chunk.endswith(b"\n"):
            break
    return skipped


def line_number(folder: Path, name: str, offset: int) -> int:
    """Number of the line (from 1) that holds an offset of the unpacked file; 0 when the file is gone."""
    seen = 1
    try:
        with open_unpacked(folder / name, is_packed(folder / name)) as opened:
            while offset > 0:
                block = opened.read1(min(_BUFFER, offset))
                if not block:
                    break
                seen += block.count(b"\n")
                offset -= len(block)
    except FileNotFoundError:
        return 0
    except (OSError, EOFError, zlib.error):
        return seen
    return seen
