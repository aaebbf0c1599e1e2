"""Lines of a piece of a file; what cannot be read ends the piece, never the run."""

import gzip
import io
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, cast

import msgspec

from fhir_mapping.bulk.export import Piece, is_packed

LONGEST_LINE = 64 * 2**20
"""Bytes of the longest line that is taken for a resource."""

BLOCK_BYTES = 2**16
"""Bytes that are read at a time: few enough to stay in a core's own cache while they are looked at."""

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
        self._begin = self._end = 0

    def __iter__(self) -> Iterator[bytes]:
        for block in self.blocks():
            yield from self.singly(lines_of(block))

    def blocks(self) -> Iterator[bytes]:
        """The same lines, many at a time."""
        piece = self._piece
        try:
            with open_unpacked(self._path, piece.file.is_packed) as opened:
                try:
                    yield from self._blocks(opened)
                except (OSError, EOFError, zlib.error):
                    self._problems.append(Problem(piece.file.name, opened.tell(), "unreadable"))
        except OSError:
            self._problems.append(Problem(piece.file.name, piece.start, "unreadable"))

    def singly(self, lines: Sequence[bytes], only: Iterable[int] | None = None) -> Iterator[bytes]:
        """The lines of the block that was given last one by one, or those at some places, so that `note` can
        tell where each is."""
        ends = list(accumulate(map(len, lines), initial=self._begin))
        for at in range(len(lines)) if only is None else only:
            self._end = ends[at + 1]
            yield lines[at]

    def note(self, code: str, line: bytes) -> None:
        """Say what is wrong with the line that was given last."""
        self._problems.append(Problem(self._piece.file.name, self._end - len(line), code))

    def _blocks(self, opened: io.BufferedReader) -> Iterator[bytes]:
        begin, end = self._piece.start, self._piece.end
        if begin:
            opened.seek(begin - 1)
            begin += _skip_line(opened) - 1
        parts: list[bytes] = []  # what was read of a line whose end was not
        held, size = 0, min(BLOCK_BYTES, LONGEST_LINE)
        while end is None or begin < end:
            got = opened.read1(size)
            cut = got.rfind(b"\n") + 1
            if got and not cut:
                parts.append(got)
                held += len(got)
                if held >= LONGEST_LINE:
                    self._too_long(begin)
                    begin += held + _skip_line(opened)
                    parts, held = [], 0
                continue
            block = b"".join((*parts, memoryview(got)[:cut]))
            parts, held = [got[cut:]], len(got) - cut
            if len(block) > size and (first := block.find(b"\n") + 1) > LONGEST_LINE:
                self._too_long(begin)
                begin, block = begin + first, block[first:]
                if end is not None and begin >= end:
                    return
            if has_mark := begin == 0 and block.startswith(_BOM):
                begin, block = len(_BOM), block.removeprefix(_BOM)
            if end is not None and begin + len(block) > end:
                block = block[: block.find(b"\n", max(0, end - begin - 1)) + 1 or None]
            self._begin = begin
            begin += len(block)
            if block or has_mark:
                yield block
            if not got:
                return

    def _too_long(self, offset: int) -> None:
        self._problems.append(Problem(self._piece.file.name, offset, "too-long"))


def lines_of(block: bytes) -> list[bytes]:
    """Lines of a block, each with its end. Other than `splitlines`, a carriage return ends none."""
    return io.BytesIO(block).readlines() or [block]


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
