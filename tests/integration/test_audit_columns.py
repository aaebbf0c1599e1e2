"""`bedside audit` on columns of every type: what they mean is defined, or told with the remedy."""

from collections.abc import Callable
from csv import writer
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_audit import csv, group, parquet, people, report, run
from test_audit_bad_input import run_with
from test_audit_outcomes import KINDS, followed
from test_audit_outcomes import run as run_kind

ENGINES = ("duckdb", "pyarrow")


def as_text(values: Any) -> pa.Array:
    return pa.array([str(int(one)) for one in values])


OUTCOMES: dict[str, Callable[[Any], Any]] = {
    "flags": lambda y: pa.array(y == 1),
    "small whole numbers": lambda y: pa.array(y.astype(np.int8)),
    "floating-point numbers": lambda y: pa.array(y.astype(np.float32)),
    "text": as_text,
    "text with spaces": lambda y: pa.array([f" {int(one)}.0 " for one in y]),
    "words": lambda y: pa.array(["True" if one else "false" for one in y]),
    "categories": lambda y: as_text(y).dictionary_encode(),
    "categories of numbers": lambda y: pa.array(y).dictionary_encode(),
    "decimals": lambda y: pa.array(y).cast(pa.decimal128(21, 2)),
}


@pytest.mark.parametrize("kind", OUTCOMES)
@pytest.mark.parametrize("engine", ENGINES)
def test_an_outcome_of_any_type_counts_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, kind: str
) -> None:
    """True, 1, 1.0, "1" and "true" are the event."""
    columns = people(400)
    events = int(columns["event"].sum())
    columns["event"] = OUTCOMES[kind](columns["event"])
    assert run_with(engine, monkeypatch, parquet(tmp_path, columns), tmp_path / "out").exit_code == 0
    assert report(tmp_path / "out")["events"] == events


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("values", [
    [date(2020, 1, 1), date(2021, 1, 1)],
    [datetime(2020, 1, 1), datetime(2021, 1, 1, 3)],
    ["2020-01-01", "2021-01-01"],
    ["2020-01-01 10:00:00", None],
])  # fmt: skip
def test_dates_are_no_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, values: list[Any]
) -> None:
    """They point to people, and each would be a group of its own."""
    columns = people(100)
    columns["sex"] = pa.array([values[at % 2] for at in range(100)])
    done = run_with(engine, monkeypatch, parquet(tmp_path, columns), tmp_path / "out")
    assert done.exit_code == 2
    assert "column 'sex': holds dates; put them into bands" in " ".join(done.output.split())


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("column", ["score", "event"])
@pytest.mark.parametrize("values", [
    pa.array([date(2020, 1, 1)] * 100),
    pa.array([[0.5]] * 100),
    pa.array([{"a": 1}] * 100),
    pa.array([b"x"] * 100),
    pa.array(["high"] * 100),
    pa.array(["0,5"] * 100),
])  # fmt: skip
def test_a_column_without_numbers_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, column: str, values: pa.Array
) -> None:
    """Dates, lists, records, bytes and words where numbers are needed."""
    columns = people(100)
    columns[column] = values
    done = run_with(engine, monkeypatch, parquet(tmp_path, columns), tmp_path / "out")
    assert done.exit_code == 2
    assert f"column '{column}'" in done.output
    assert "write" in done.output


@pytest.mark.parametrize("engine", ENGINES)
def test_numbers_as_groups_are_named_without_a_fraction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    """Codes become floating-point numbers as soon as one is missing; they are the same groups."""
    columns = people(400)
    columns["sex"] = [None if at % 4 == 0 else float(at % 4) for at in range(400)]
    run_with(engine, monkeypatch, parquet(tmp_path, columns), tmp_path / "out")
    found = {
        row["value"]: row["n"] for row in report(tmp_path / "out")["groups"] if row["attribute"] == "sex"
    }
    assert found == {"1": 100, "2": 100, "3": 100, "absent": 100}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("write", [parquet, csv])
def test_not_recorded_declined_and_unknown_stay_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, write: Any
) -> None:
    """Three ways of not knowing a group, in the spellings of several systems."""
    spelt = {"absent": ["", "NaN", "NA", " "], "declined": ["declined", "ASKU", "Refused", "asked-declined"],
             "unknown": ["unknown", "UNK", "Unknown", "not known"]}  # fmt: skip
    columns = people(1200)
    columns["sex"] = [spelt[name][at % 4] for at in range(400) for name in spelt]
    run_with(engine, monkeypatch, write(tmp_path, columns), tmp_path / "out")
    rows = [row for row in report(tmp_path / "out")["groups"] if row["attribute"] == "sex"]
    assert {row["value"]: row["n"] for row in rows} == dict.fromkeys(spelt, 400)
    assert len({row["label"] for row in rows}) == 3
    assert "sex: nothing recorded" in report(tmp_path / "out")["unestimable"]


def test_an_answer_counts_more_than_a_refusal_beside_it(tmp_path: Path) -> None:
    """Somebody who is Asian and of whom something else is unknown is Asian."""
    columns = people(400)
    columns["sex"] = ["asian|unknown", "white"] * 200
    run(parquet(tmp_path, columns), tmp_path / "out")
    assert group(tmp_path / "out", "sex", "asian")["n"] == 200
    assert {row["value"] for row in report(tmp_path / "out")["groups"]} == {"all", "asian", "white"}


ROWS = 24
cells = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 3), st.floats(), st.text(max_size=4),
    st.sampled_from(["0", "1", "0.5", "NA", "true", "declined", "a|b", "2020-01-01", "=1+1", "\x00", "é"]),
)  # fmt: skip


def column(entries: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """A column of entries, some of them missing."""
    return st.one_of(*(st.lists(one, min_size=ROWS, max_size=ROWS) for one in (entries, st.none() | entries)))


chances, amounts = column(st.floats(0.0, 1.0)), column(st.floats(-9.0, 9.0))
flags = column(st.booleans()) | column(st.sampled_from([0, 1])) | column(st.sampled_from(["0", "1", "true"]))
grades, times = column(st.sampled_from(["0", "1"])), column(st.floats(0.1, 2.0))
halves = st.just([0.5] * ROWS)
anything = st.one_of(
    amounts,
    flags,
    grades,
    column(st.dates()),
    column(cells.map(lambda one: None if one is None else str(one))),
)
GROUPS = column(st.sampled_from(["f", "m", "m|f", ""])) | anything
# Options, and what columns a to d hold where they are as they should be.
ASKED = {
    "binary": (("--score", "a", "--outcome", "b"), (chances, flags, flags, flags)),
    "survival": (
        ("--score", "a", "--outcome", "b", "--time", "c", "--horizon", "0.5"), (chances, flags, times, flags)
    ),
    "classes": (
        ("--score", "a", "--score", "c", "--outcome", "b", "--classes", "0,1"),
        (halves, grades, halves, flags),
    ),
    "ordinal": (
        ("--score", "a", "--outcome", "b", "--classes", "0,1", "--ordinal"), (grades, grades, flags, flags)
    ),
    "amounts": (("--score", "a", "--outcome", "b", "--continuous"), (amounts, amounts, flags, flags)),
}  # fmt: skip


@st.composite
def files(draw: st.DrawFn) -> tuple[str, dict[str, list[Any]]]:
    """A kind of outcome, and columns of which one at most is not as it should be."""
    kind = draw(st.sampled_from(sorted(ASKED)))
    odd = draw(st.sampled_from(["", "", *"abcd"]))
    columns = {
        name: draw(anything if name == odd else fit) for name, fit in zip("abcd", ASKED[kind][1], strict=True)
    }
    return kind, columns | {"sex": draw(GROUPS)}


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(files(), st.booleans(), st.booleans(), st.sampled_from(ENGINES))
def test_no_column_makes_a_traceback(
    tmp_path: Path, file: tuple[str, dict[str, list[Any]]], is_csv: bool, is_shown: bool, engine: str
) -> None:
    """A report that does not pass, or exit code 2 with the file named: nothing else."""
    kind, columns = file
    write = quoted_csv if is_csv else parquet
    options = (*ASKED[kind][0], *(("--shown", "d") if is_shown else ()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fairness.audit.run.find_spec", lambda name: name == engine or None)
        done = run_kind(write(tmp_path, columns), tmp_path / "out", *options)
    assert done.exit_code in (0, 2), done.exception
    if done.exit_code == 2:
        assert "predictions." in done.output
    else:
        assert report(tmp_path / "out")["outcome"] == "insufficient evidence"


def quoted_csv(folder: Path, columns: dict[str, list[Any]]) -> Path:
    """A CSV file with quotes where they are needed."""
    path = folder / "predictions.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = writer(stream)
        table.writerow(columns)
        table.writerows(zip(*columns.values(), strict=True))
    return path


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("change", [
    lambda columns: columns.update({k: [one[0]] * 120 for k, one in columns.items() if k != "sex"}),
    lambda columns: columns.update(sex=[f"g{at}" for at in range(120)]),
    lambda columns: columns.update(sex=[""] * 120),
])  # fmt: skip
def test_constant_columns_and_groups_of_one_make_a_report_that_does_not_pass(
    tmp_path: Path, kind: str, change: Any
) -> None:
    """One value only, groups of one, and nobody's group known."""
    columns = followed(120)
    change(columns)
    done = run_kind(parquet(tmp_path, columns), tmp_path / "out", *KINDS[kind])
    assert done.exit_code == 0, done.output
    assert report(tmp_path / "out")["outcome"] == "insufficient evidence"


def test_a_chart_of_bands_that_are_empty_or_withheld_is_drawn(tmp_path: Path) -> None:
    """One score is unlike the others: both bands with people in them are withheld."""
    columns = {"score": [0.0] * 23 + [1.0], "event": [0] * 24, "sex": ["f"] * 24}
    assert run(parquet(tmp_path, columns), tmp_path / "out").exit_code == 0
    assert {band["people"] for band in report(tmp_path / "out")["curves"][0]["risk"]} == {0, None}


@pytest.mark.parametrize("options", [(), ("--continuous",)])
def test_groups_that_differ_in_spelling_only_are_told(tmp_path: Path, options: tuple[str, ...]) -> None:
    """They stay groups of their own, and the report says so."""
    columns = people(400)
    columns["sex"] = ["Female", "female", "male", "non-binary"] * 100
    run(parquet(tmp_path, columns), tmp_path / "out", *options)
    told = [one["told"] for one in report(tmp_path / "out")["checks"] if one["name"] == "spelling"]
    assert told == ["sex: Female, female; groups of their own, though spelt alike"]
