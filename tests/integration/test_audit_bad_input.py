"""`bedside audit` on files and options that cannot be audited: exit code 2, file, column and remedy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_audit import csv, group, parquet, people, report, run

Change = Callable[[dict[str, Any]], None]


def with_score(value: float | None) -> Change:
    """One score is another."""

    def change(columns: dict[str, Any]) -> None:
        columns["score"] = [value, *columns["score"].tolist()[1:]]

    return change


def with_outcome(value: float | None) -> Change:
    """One outcome is another."""

    def change(columns: dict[str, Any]) -> None:
        columns["event"] = [value, *columns["event"].tolist()[1:]]

    return change


def without(column: str) -> Change:
    """A column is not there."""

    def change(columns: dict[str, Any]) -> None:
        del columns[column]

    return change


@pytest.mark.parametrize(("change", "column", "remedy"), [
    (without("score"), "'score'", "there are"),
    (without("event"), "'event'", "there are"),
    (without("sex"), "'sex'", "there are"),
    (with_score(1.5), "'score'", "probabilities"),
    (with_score(-0.1), "'score'", "probabilities"),
    (with_score(float("inf")), "'score'", "probabilities"),
    (with_outcome(2), "'event'", "1 for people"),
    (with_outcome(0.5), "'event'", "1 for people"),
])  # fmt: skip
@pytest.mark.parametrize("engine", ["duckdb", "pyarrow"])
def test_a_bad_column_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, change: Change, column: str, remedy: str
) -> None:
    """File, column and remedy, the same whoever reads the file."""
    columns = people(200)
    change(columns)
    done = run_with(engine, monkeypatch, parquet(tmp_path, columns), tmp_path / "out")
    assert done.exit_code == 2
    told = " ".join(done.output.split())
    assert "predictions.parquet" in told
    assert column in told
    assert remedy in told
    assert not (tmp_path / "out").exists()


def run_with(engine: str, monkeypatch: pytest.MonkeyPatch, path: Path, out: Path, *options: str) -> Any:
    """The command where only one engine is installed."""
    import fairness.audit.run as reading

    monkeypatch.setattr(reading, "find_spec", lambda name: name == engine or None)
    return run(path, out, *options)


@pytest.mark.parametrize("engine", ["duckdb", "pyarrow"])
def test_text_in_place_of_numbers_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    """A CSV file with a word among the scores."""
    columns = people(50)
    columns["score"] = ["high", *columns["score"].tolist()[1:]]
    done = run_with(engine, monkeypatch, csv(tmp_path, columns), tmp_path / "out")
    assert done.exit_code == 2
    assert "column 'score'" in done.output
    assert "high" not in done.output


@pytest.mark.parametrize("engine", ["duckdb", "pyarrow"])
@pytest.mark.parametrize("write", [parquet, csv])
def test_a_file_without_rows_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, write: Any
) -> None:
    """A header alone is no audit."""
    done = run_with(engine, monkeypatch, write(tmp_path, people(0)), tmp_path / "out")
    assert done.exit_code == 2
    assert "no rows" in done.output


@pytest.mark.parametrize("name", ["predictions.parquet", "predictions.csv"])
@pytest.mark.parametrize("engine", ["duckdb", "pyarrow"])
@pytest.mark.parametrize("content", [b"", b"PAR1 broken", b"\xff\xfe\x00\x81,\n\x00"])
def test_a_file_that_is_something_else_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, name: str, content: bytes
) -> None:
    """Empty and broken files are an error and no traceback."""
    path = tmp_path / name
    path.write_bytes(content)
    done = run_with(engine, monkeypatch, path, tmp_path / "out")
    assert done.exit_code == 2
    assert name in done.output


def test_a_ragged_file_does_not_show_its_lines(tmp_path: Path) -> None:
    """The message of a broken CSV file holds nothing of its content."""
    path = tmp_path / "predictions.csv"
    path.write_text("score,event,sex\n0.1,1,female\n0.2,0,male,Jane Doe,1950\n", encoding="utf-8")
    done = run(path, tmp_path / "out")
    assert done.exit_code == 2
    assert "Jane" not in done.output


def test_another_kind_of_file_is_named(tmp_path: Path) -> None:
    """Neither CSV nor Parquet by its name."""
    path = tmp_path / "predictions.xlsx"
    path.write_bytes(b"x")
    done = run(path, tmp_path / "out")
    assert done.exit_code == 2
    assert ".parquet" in done.output


def test_repeated_patients_are_refused(tmp_path: Path) -> None:
    """With a patient column, a patient with two rows is an error; without one, the report says so."""
    columns = people(200)
    columns["id"][1] = columns["id"][0]
    path = parquet(tmp_path, columns)
    done = run(path, tmp_path / "out", "--patient", "id")
    assert done.exit_code == 2
    assert "1 patients with more than one row" in done.output
    assert run(path, tmp_path / "unchecked").exit_code == 0
    assert "not checked" in report(tmp_path / "unchecked")["checks"][0]["told"]


@pytest.mark.parametrize("engine", ["duckdb", "pyarrow"])
def test_rows_without_a_patient_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    """A patient column has to tell every row apart."""
    columns = people(200)
    columns["id"][3] = None
    done = run_with(engine, monkeypatch, parquet(tmp_path, columns), tmp_path / "out", "--patient", "id")
    assert done.exit_code == 2
    assert "'id'" in done.output


def test_every_patient_once_is_reported(tmp_path: Path) -> None:
    """The check that was made stands in the report."""
    run(parquet(tmp_path, people(200)), tmp_path / "out", "--patient", "id")
    assert report(tmp_path / "out")["checks"][0]["count"] == 0


def test_measurements_are_no_groups(tmp_path: Path) -> None:
    """A column with hundreds of values has to be put into bands first."""
    columns = people(300)
    columns["sex"] = np.linspace(20.0, 80.0, 300)
    done = run(parquet(tmp_path, columns), tmp_path / "out")
    assert done.exit_code == 2
    assert "bands" in done.output


@pytest.mark.parametrize(("claim", "named"), [
    ("f2@0.2 >= 0.3", "f2"),
    ("sharpness >= 0.3", "sharpness"),
    ("auroc >= 0.3 by language", "language"),
    ("auroc around 0.3", "not understood"),
])  # fmt: skip
def test_a_claim_that_cannot_be_judged_is_named(tmp_path: Path, claim: str, named: str) -> None:
    """An unknown metric, an unknown attribute and an unknown form."""
    done = run(parquet(tmp_path, people(200)), tmp_path / "out", "--claim", claim)
    assert done.exit_code == 2
    assert named in done.output


@pytest.mark.parametrize("change", [
    lambda columns: columns.update(event=np.zeros(200)),
    lambda columns: columns.update(event=np.ones(200)),
    lambda columns: columns.update(score=np.full(200, 0.3)),
    lambda columns: columns.update(sex=[""] * 200),
    lambda columns: columns.update(sex=[f"g{at}" for at in range(200)]),
])  # fmt: skip
def test_data_that_say_little_make_a_report_that_does_not_pass(tmp_path: Path, change: Change) -> None:
    """One class only, constant scores, no group recorded, groups of one."""
    columns = people(200)
    change(columns)
    done = run(parquet(tmp_path, columns), tmp_path / "out", "--gate", "--claim", "auroc >= 0.1 by sex",
               "--threshold", "0.2")  # fmt: skip
    assert done.exit_code == 1, done.output
    assert report(tmp_path / "out")["outcome"] == "insufficient evidence"


def test_a_group_that_nobody_recorded_is_absent(tmp_path: Path) -> None:
    """Missing values are a group of their own."""
    columns = people(200)
    columns["sex"] = [""] * 200
    run(parquet(tmp_path, columns), tmp_path / "out")
    assert group(tmp_path / "out", "sex", "absent")["n"] == 200


def test_a_release_file_that_is_none_is_refused(tmp_path: Path) -> None:
    """A file that no audit wrote is an error, and no report is written."""
    release = tmp_path / "release.json"
    release.write_text("{}", encoding="utf-8")
    done = run(parquet(tmp_path, people(200)), tmp_path / "out", "--release", str(release))
    assert done.exit_code == 2
    assert "release" in done.output
