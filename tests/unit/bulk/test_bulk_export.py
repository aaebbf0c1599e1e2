"""Files of an export."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from fhir_mapping.bulk.errors import BulkError
from fhir_mapping.bulk.export import export_files, kind_of, pieces, without_untouched


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
