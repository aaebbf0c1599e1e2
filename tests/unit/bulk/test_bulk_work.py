"""The work folder of a run."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fhir_mapping.bulk.errors import BulkError
from fhir_mapping.bulk.export import ExportFile
from fhir_mapping.bulk.scan import Tally
from fhir_mapping.bulk.work import PieceDone, Plan, WorkFolder

FILE = ExportFile("Patient.ndjson", "Patient", 10, 123)
PLAN = Plan({"model": "m", "index time": "2021"}, (FILE,), 16, 100)


def test_a_finished_piece_is_found_again(tmp_path: Path) -> None:
    """What was noted of a piece is read back; of another there is nothing."""
    done = PieceDone(Tally(read=4, kinds={"Patient"}))
    WorkFolder.begin(tmp_path / "work", PLAN).finish_piece(7, done)
    again = WorkFolder.go_on(tmp_path / "work", PLAN)
    assert again.piece(7) == done
    assert again.piece(8) is None


def test_the_folder_is_its_owners_only(tmp_path: Path) -> None:
    """Nobody else may look into the folder, which holds patient data."""
    WorkFolder.begin(tmp_path / "work", PLAN)
    assert (tmp_path / "work").stat().st_mode & 0o077 == 0


def test_a_folder_of_an_unfinished_run_is_not_overwritten(tmp_path: Path) -> None:
    """A second run that does not ask to go on is refused, with the remedy."""
    WorkFolder.begin(tmp_path / "work", PLAN)
    with pytest.raises(BulkError, match="--resume"):
        WorkFolder.begin(tmp_path / "work", PLAN)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"purpose": {"model": "n", "index time": "2021"}}, "model"),
        ({"purpose": {"model": "m", "index time": "2022"}}, "index time"),
        ({"files": (msgspec.structs.replace(FILE, size=11),)}, r"file Patient\.ndjson"),
        ({"files": (msgspec.structs.replace(FILE, mtime_ns=124),)}, r"file Patient\.ndjson"),
        ({"files": (FILE, msgspec.structs.replace(FILE, name="b.ndjson"))}, r"file b\.ndjson"),
        ({"unread": ("Condition.json",)}, r"file Condition\.json"),
        ({"piece_bytes": 99}, "cut up"),
    ],
)
def test_a_changed_run_does_not_go_on(tmp_path: Path, change: dict[str, object], told: str) -> None:
    """Another model, index time or file since the run began is refused by name."""
    WorkFolder.begin(tmp_path / "work", PLAN)
    with pytest.raises(BulkError, match=told):
        WorkFolder.go_on(tmp_path / "work", msgspec.structs.replace(PLAN, **change))


def test_there_must_be_a_run_to_go_on_with(tmp_path: Path) -> None:
    """Going on where nothing was begun is refused."""
    with pytest.raises(BulkError, match="no unfinished run"):
        WorkFolder.go_on(tmp_path / "work", PLAN)
