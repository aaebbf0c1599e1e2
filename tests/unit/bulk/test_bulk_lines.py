"""Lines of pieces of files."""

from __future__ import annotations

import gzip
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_mapping.bulk import lines
from fhir_mapping.bulk.export import export_files, pieces
from fhir_mapping.bulk.lines import Lines, Problem, line_number

# Without line ends, byte order marks and the beginning of gzip.
LINE = st.binary(max_size=30).map(lambda line: line.translate(bytes.maketrans(b"\n\xef\x1f", b" ef")))


def read(folder: Path, size: int) -> tuple[list[bytes], list[Problem]]:
    """All lines of all pieces of the files of a folder."""
    problems: list[Problem] = []
    found = [line for piece in pieces(export_files(folder), size) for line in Lines(folder, piece, problems)]
    return found, problems


@given(st.lists(LINE, max_size=20), st.integers(1, 40), st.sampled_from([b"\n", b"\r\n"]), st.booleans())
def test_each_line_is_read_once_whatever_the_pieces(
    content: list[bytes], size: int, end: bytes, ends: bool
) -> None:
    """Pieces of any size give every line exactly once, in order."""
    data = end.join(content) + (end if ends and content else b"")
    with TemporaryDirectory() as home:
        folder = Path(home)
        (folder / "Patient.ndjson").write_bytes(data)
        found, problems = read(folder, size)
    assert problems == []
    assert b"".join(found) == data
    assert all(line.find(b"\n") in (-1, len(line) - 1) for line in found)


@given(st.lists(LINE, min_size=1, max_size=9), st.integers(1, 30), st.booleans())
def test_a_note_tells_where_the_line_begins(content: list[bytes], size: int, is_packed: bool) -> None:
    """A problem of any line of any piece has the offset and the number of that line."""
    data = b"\n".join([*content, b"", b""])
    name = "Patient.ndjson.gz" if is_packed else "Patient.ndjson"
    noted: list[tuple[int, bytes]] = []
    with TemporaryDirectory() as home:
        folder = Path(home)
        (folder / name).write_bytes(gzip.compress(data) if is_packed else data)
        for piece in pieces(export_files(folder), size):
            problems: list[Problem] = []
            lines = Lines(folder, piece, problems)
            for line in lines:
                lines.note("not-json", line)
                noted.append((problems[-1].offset, line))
        numbers = [line_number(folder, name, offset) for offset, _ in noted]
    assert all(data[offset : offset + len(line)] == line for offset, line in noted)
    assert numbers == list(range(1, len(noted) + 1))


def test_a_packed_file_gives_its_lines(tmp_path: Path) -> None:
    """Lines of a gzip file of two members are those of the text."""
    (tmp_path / "Patient.ndjson.gz").write_bytes(gzip.compress(b"one\ntwo\n") + gzip.compress(b"three\n"))
    assert read(tmp_path, 4) == ([b"one\n", b"two\n", b"three\n"], [])


def test_a_cut_packed_file_gives_what_is_left_and_says_where_it_ends(tmp_path: Path) -> None:
    """Of a gzip file that breaks off the first lines are read; the problem names the place."""
    text = b"".join(b"%d %s\n" % (number, b"x" * 50) for number in range(100_000))
    packed = gzip.compress(text, 0)
    (tmp_path / "Patient.ndjson.gz").write_bytes(packed[: len(packed) // 2])
    found, problems = read(tmp_path, 100)
    assert found
    assert [one.code for one in problems] == ["unreadable"]
    assert line_number(tmp_path, "Patient.ndjson.gz", problems[0].offset) == len(found) + 1


def test_a_file_that_is_no_gzip_is_a_problem(tmp_path: Path) -> None:
    """What begins as gzip and is none is reported at line 1."""
    (tmp_path / "Patient.ndjson.gz").write_bytes(b"\x1f\x8b{}\n")
    assert read(tmp_path, 100) == ([], [Problem("Patient.ndjson.gz", 0, "unreadable")])


def test_a_mark_of_byte_order_is_left_out(tmp_path: Path) -> None:
    """A byte order mark before the first line does not belong to it."""
    (tmp_path / "Patient.ndjson").write_bytes(b"\xef\xbb\xbf{}\n")
    assert read(tmp_path, 100)[0] == [b"{}\n"]


def test_a_line_without_end_is_a_problem_and_the_next_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line above the limit is reported and not held in memory."""
    monkeypatch.setattr(lines, "LONGEST_LINE", 10)
    (tmp_path / "Patient.ndjson").write_bytes(b"x" * 35 + b"\nshort\n")
    assert read(tmp_path, 100) == ([b"short\n"], [Problem("Patient.ndjson", 0, "too-long")])


def test_line_numbers_begin_with_one(tmp_path: Path) -> None:
    """The line that holds offset 0 is line 1; after a line end counts the next."""
    (tmp_path / "a.ndjson").write_bytes(b"ab\ncd\nef\n")
    assert [line_number(tmp_path, "a.ndjson", offset) for offset in (0, 3, 6)] == [1, 2, 3]
