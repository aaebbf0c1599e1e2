"""Files of an export."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from fhir_mapping.bulk.errors import BulkError
from fhir_mapping.bulk.export import export_files, kind_of, pieces, unread, without_untouched
from fhir_mapping.bulk.lines import Lines, Problem


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Observation.ndjson", "Observation"),
        ("Observation.000.ndjson.gz", "Observation"),
        ("2-MedicationRequest.ndjson", "MedicationRequest"),
        ("export_Patient_7.ndjson", "Patient"),
        ("observation.ndjson", None),
        ("Patient-Observation.ndjson", None),
        ("part-0001.ndjson", None),
    ],
)
def test_a_file_is_named_after_one_type_or_none(name: str, kind: str | None) -> None:
    """The type is the one FHIR type in the name."""
    assert kind_of(name) == kind


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    """An export without NDJSON is an error that names the folder and the remedy."""
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(BulkError, match=r"holds no \.ndjson"):
        export_files(tmp_path)


def test_files_are_listed_by_name_in_any_folder(tmp_path: Path) -> None:
    """Order does not depend on the file system."""
    for name in ("b/Patient.ndjson", "a/Patient.ndjson.gz", "Condition.ndjson"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert [file.name for file in export_files(tmp_path)] == [
        "Condition.ndjson",
        "a/Patient.ndjson.gz",
        "b/Patient.ndjson",
    ]


def test_pieces_cover_a_plain_file_and_leave_a_packed_one_whole(tmp_path: Path) -> None:
    """A plain file is cut at equal distances; a packed one has one piece."""
    (tmp_path / "Condition.ndjson").write_bytes(b"x" * 25)
    (tmp_path / "Patient.ndjson.gz").write_bytes(gzip.compress(b"x" * 25))
    found = list(pieces(export_files(tmp_path), 10))
    assert [(piece.start, piece.end) for piece in found] == [(0, 10), (10, 20), (20, 25), (0, None)]
    assert [piece.number for piece in found] == [0, 1, 2, 3]


def test_a_type_that_nobody_reads_is_left_out_only_when_its_lines_are_of_it(tmp_path: Path) -> None:
    """A Claim file with an Observation at its head is read all the same."""
    (tmp_path / "Claim.ndjson").write_bytes(b'{"resourceType": "Claim"}\n')
    (tmp_path / "Claim.1.ndjson").write_bytes(b'{"resourceType": "Observation"}\n')
    (tmp_path / "Claim.2.ndjson.gz").write_bytes(b"no gzip")
    read, left = without_untouched(tmp_path, export_files(tmp_path), frozenset({"Observation"}))
    assert [file.name for file in left] == ["Claim.ndjson"]
    assert len(read) == 2


@pytest.mark.parametrize("name", ["Patient.ndjson", "Patient.ndjson.gz"])
@pytest.mark.parametrize("is_gzip", [True, False])
def test_a_file_is_packed_by_its_content_not_by_its_name(name: str, is_gzip: bool, tmp_path: Path) -> None:
    """A server's gzip under a plain name, and plain lines under a packed one, are read as what they are."""
    line = b'{"resourceType":"Patient","id":"p"}\n'
    (tmp_path / name).write_bytes(gzip.compress(line) if is_gzip else line)
    (file,) = export_files(tmp_path)
    assert file.is_packed is is_gzip
    problems: list[Problem] = []
    assert list(Lines(tmp_path, next(pieces([file])), problems)) == [line]
    assert problems == []


def test_a_packed_file_of_no_bytes_broke_off(tmp_path: Path) -> None:
    """An empty download is no empty list; a plain file of no bytes, and a packed one of no lines, are."""
    (tmp_path / "Condition.ndjson").touch()
    (tmp_path / "Observation.ndjson.gz").write_bytes(gzip.compress(b""))
    (tmp_path / "Patient.ndjson.gz").touch()
    problems: list[Problem] = []
    for piece in pieces(export_files(tmp_path)):
        assert list(Lines(tmp_path, piece, problems)) == []
    assert [(one.file, one.code) for one in problems] == [("Patient.ndjson.gz", "unreadable")]


def test_data_in_another_form_is_noticed(tmp_path: Path) -> None:
    """JSON that is not NDJSON, archives and parts of downloads named after a type; no tables, no notes."""
    names = ("Patient.json", "a/Patient.ndjson.zip", "Patient.NDJSON", "Patient.ndjson.part")
    for name in (*names, "Claim.json", "Patient.csv", "Patient.ndjson", "README.json", "Patient.parquet"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"{}")
    assert unread(tmp_path, frozenset({"Patient"})) == [(name, "Patient") for name in sorted(names)]
