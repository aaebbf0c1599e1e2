"""Which requirements of CDS Hooks 2.0 the tests hold, and which they leave out on purpose."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import yaml

HERE = Path(__file__).parent


@pytest.fixture
def table(data_folder: Path) -> dict[str, dict[str, str]]:
    """The numbered requirements by name."""
    path = data_folder / "cds_hooks" / "requirements_cds_hooks_2.0.csv"
    with path.open(encoding="utf-8", newline="") as rows:
        return {f"cds-hooks_2.0@{row['id']}": row for row in csv.DictReader(rows)}


@pytest.fixture
def held(request: pytest.FixtureRequest) -> set[str]:
    """The requirements that the collected tests name."""
    marks = [mark for item in request.session.items for mark in item.iter_markers("requirement")]
    return {name for mark in marks for name in mark.args}


@pytest.fixture
def whole_folder(request: pytest.FixtureRequest) -> None:
    """Skip unless every module of this folder is collected."""
    collected = {item.path.name for item in request.session.items}
    if not {path.name for path in HERE.glob("test_*.py")} <= collected:
        pytest.skip("Only a run of the whole folder can tell which requirements are held.")


def unheld() -> set[str]:
    """The requirements that are left out, each with a reason in unheld.yaml."""
    listed = yaml.safe_load((HERE / "unheld.yaml").read_text(encoding="utf-8"))["unheld"]
    assert all(isinstance(reason, str) for reason in listed.values())
    return {f"cds-hooks_2.0@{number}" for number in listed}


def test_every_requirement_named_by_a_test_exists(held: set[str], table: dict[str, dict[str, str]]) -> None:
    """No test claims a number that the numbered requirements do not have."""
    assert (held | unheld()) - table.keys() == set()


@pytest.mark.usefixtures("whole_folder")
def test_every_duty_of_a_service_is_held_or_left_out_with_a_reason(
    held: set[str], table: dict[str, dict[str, str]]
) -> None:
    """Each SHALL and SHALL NOT on services has a test, or a sentence that says why not."""
    duties = {
        name
        for name, row in table.items()
        if "Service" in row["actor"] and row["conformance"] in ("SHALL", "SHALL NOT")
    }
    assert duties - held - unheld() == set()


@pytest.mark.usefixtures("whole_folder")
def test_nothing_is_both_held_and_left_out(held: set[str]) -> None:
    """A requirement that got its test is taken off the list."""
    assert held & unheld() == set()
