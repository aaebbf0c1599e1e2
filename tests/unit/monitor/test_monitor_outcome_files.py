"""Files of outcomes: three forms, idempotent, and errors that never quote a value."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from monitor_cases import NOW, OUTPUT, SECRET, START, key_of, predict
from pyarrow import parquet

from cds_hooks.ledger import Ledger
from cds_hooks.monitor.outcome_files import BadFile, Imported, import_outcomes
from cds_hooks.patient_key import PatientKey

ROW = {"patient": "one", "outcome": "1", "date": "2026-01-20"}


def write(path: Path, *rows: dict[str, Any]) -> Path:
    """Write rows in the form that the file's name asks for."""
    if path.suffix == ".csv":
        columns = list(rows[0])
        lines = [",".join(columns), *(",".join(str(row.get(name, "")) for name in columns) for row in rows)]
        path.write_text("\n".join(lines), encoding="utf-8")
    elif path.suffix == ".parquet":
        parquet.write_table(pyarrow.Table.from_pylist(list(rows)), path)
    else:
        path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def imported(path: Path, ledger: Ledger, output: str | None = OUTPUT) -> Imported:
    """Import a file under the tests' key."""
    return import_outcomes(path, ledger, PatientKey(SECRET), NOW, output)


@pytest.mark.parametrize("form", ["csv", "ndjson", "jsonl", "parquet"])
def test_every_form_is_read_and_a_second_import_adds_nothing(
    ledger: Ledger, tmp_path: Path, form: str
) -> None:
    """The outcome is stored under the patient's key, once."""
    predict(ledger, "one")
    path = write(tmp_path / f"outcomes.{form}", ROW)
    assert [imported(path, ledger).receipts for _ in range(2)] == [{"stored": 1}, {"duplicate": 1}]
    (row,) = ledger.outcomes(OUTPUT, NOW)
    assert (row["patient_key"], row["value"], row["observed_at"]) == (
        key_of("one"),
        1,
        "2026-01-20T00:00:00.000Z",
    )


def test_a_card_may_stand_for_the_patient(ledger: Ledger, tmp_path: Path) -> None:
    """A card's uuid, in capitals too, finds its patient."""
    shown = predict(ledger, "one")
    path = write(
        tmp_path / "a.csv", {"card": str(shown.card_uuid).upper(), "outcome": 0, "date": "2026-01-20"}
    )
    assert imported(path, ledger).receipts == {"stored": 1}


def test_dates_of_parquet_are_taken_as_they_are(ledger: Ledger, tmp_path: Path) -> None:
    """A timestamp column with a zone is converted to UTC."""
    predict(ledger, "one")
    moment = datetime(2026, 1, 20, 23, tzinfo=UTC).astimezone()
    imported(write(tmp_path / "a.parquet", ROW | {"outcome": 1, "date": moment}), ledger)
    assert [row["observed_at"] for row in ledger.outcomes(OUTPUT, NOW)] == ["2026-01-20T23:00:00.000Z"]


@pytest.mark.parametrize(
    ("zone", "moment"),
    [("America/New_York", "2026-01-20T05:00:00.000Z"), ("Pacific/Auckland", "2026-01-19T11:00:00.000Z")],
)
def test_a_date_is_a_day_of_the_site(ledger: Ledger, tmp_path: Path, zone: str, moment: str) -> None:
    """So an outcome of the day after an evening's prediction does not lie before it."""
    predict(ledger, "one")
    path = write(tmp_path / "a.csv", ROW | {"outcome": 1, "date": "2026-01-20"})
    import_outcomes(path, ledger, PatientKey(SECRET), NOW, OUTPUT, zone=ZoneInfo(zone))
    assert [row["observed_at"] for row in ledger.outcomes(OUTPUT, NOW)] == [moment]


def test_a_reference_is_the_same_patient_as_its_id(ledger: Ledger, tmp_path: Path) -> None:
    """`Patient/one` is one."""
    predict(ledger, "one")
    assert imported(write(tmp_path / "a.csv", ROW | {"patient": "Patient/one"}), ledger).receipts == {
        "stored": 1
    }


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"patient": ""}, "patient"),
        ({"card": "c0ffee00-0000-4000-8000-000000000000"}, "patient"),
        ({"patient": "", "card": "not-a-uuid"}, "card"),
        ({"outcome": "maybe"}, "outcome"),
        ({"outcome": ""}, "outcome"),
        ({"date": "yesterday"}, "date"),
        ({"date": (NOW + timedelta(days=3)).isoformat()}, "date"),
        ({"date": "0001-01-01T00:00:00+14:00"}, "date"),
    ],
)
def test_a_row_that_does_not_fit_is_told_by_number_and_column(
    ledger: Ledger, tmp_path: Path, changes: dict[str, str], column: str
) -> None:
    """The other rows are stored, and no value is quoted."""
    predict(ledger, "one")
    done = imported(write(tmp_path / "a.ndjson", ROW, ROW | changes), ledger)
    assert (done.receipts, done.refused) == ({"stored": 1}, 1)
    (trouble,) = done.troubles
    assert (trouble.row, trouble.column) == (2, column)
    assert not any(value and value in trouble.told for value in changes.values())


def test_without_an_output_there_is_no_outcome(ledger: Ledger, tmp_path: Path) -> None:
    """Neither a column nor an option: every row is left out."""
    assert imported(write(tmp_path / "a.csv", ROW), ledger, None).troubles[0].column == "output"


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.xlsx", b""), ("a.csv", b"name,score\n1,2\n"), ("a.csv", b"\xff\xfe\x00"), ("a.parquet", b"PAR1"),
     ("a.csv", b"")],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_so(
    ledger: Ledger, tmp_path: Path, name: str, content: bytes
) -> None:
    """An unknown form, missing columns, bytes that are no text: one error with the remedy."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadFile):
        imported(tmp_path / name, ledger)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=5))
def test_no_line_breaks_the_import(ledger: Ledger, tmp_path: Path, lines: list[bytes]) -> None:
    """Whatever a line holds, the import ends and counts it."""
    path = tmp_path / "any.ndjson"
    path.write_bytes(b"\n".join(lines))
    done = imported(path, ledger)
    assert done.refused + sum(done.receipts.values()) == len(
        [one for one in b"\n".join(lines).split(b"\n") if one.strip()]
    )


def test_patients_are_not_in_the_database(url: str, ledger: Ledger, tmp_path: Path) -> None:
    """The id of the file is nowhere in what is stored."""
    predict(ledger, "maria-lindqvist", START)
    imported(write(tmp_path / "a.csv", ROW | {"patient": "maria-lindqvist"}), ledger)
    assert "maria" not in str(list(ledger.outcomes(OUTPUT, NOW)))
