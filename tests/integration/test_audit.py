"""`bedside audit`: from a file of predictions to the files of a report."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from cds_hooks.cli.audit import audit
from fairness.audit.batches import ArrowFile
from fairness.audit.duck import DuckFile
from fairness.audit.source import Columns, Source
from fairness.engine import ScoreGrid, tally

N = 3000
EASY = "auroc >= 0.55 by sex"
Table = dict[str, Any]


def people(n: int = N, seed: int = 0) -> Table:
    """Columns of n people with calibrated scores, some with two races and some with none."""
    rng = np.random.default_rng(seed)
    score = rng.beta(2.0, 5.0, n)
    return {
        "id": [f"p{at}" for at in range(n)],
        "score": score,
        "event": (rng.random(n) < score).astype(np.int64),
        "sex": rng.choice(["female", "male"], n).tolist(),
        "race": rng.choice(["asian", "white", "asian|white", "white|asian", ""], n).tolist(),
    }


def parquet(folder: Path, columns: Table, name: str = "predictions.parquet") -> Path:
    """A Parquet file of columns."""
    path = folder / name
    pq.write_table(pa.table(columns), path, row_group_size=700)
    return path


def csv(folder: Path, columns: Table, name: str = "predictions.csv") -> Path:
    """The same as a CSV file."""
    path = folder / name
    rows = zip(*columns.values(), strict=True)
    lines = [",".join(columns), *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def run(path: Path, out: Path, *options: str, groups: Sequence[str] = ("sex",)) -> Result:
    """The command on a file."""
    named = [part for group in groups for part in ("--group", group)]
    start = ["--predictions", str(path), "--score", "score", "--outcome", "event", "--out", str(out)]
    return CliRunner().invoke(audit, [*start, *named, *options])


def report(out: Path) -> Table:
    """What report.json holds."""
    content: Table = json.loads((out / "report.json").read_bytes())
    return content


def group(out: Path, attribute: str, value: str) -> Table:
    """One group of the report."""
    return next(
        row for row in report(out)["groups"] if (row["attribute"], row["value"]) == (attribute, value)
    )


@pytest.mark.parametrize("write", [parquet, csv])
def test_a_file_becomes_a_report(tmp_path: Path, write: Any) -> None:
    """CSV and Parquet give the figures of the same people, in every view."""
    done = run(write(tmp_path, people()), tmp_path / "out", "--threshold", "0.3")
    assert done.exit_code == 0, done.output
    assert {"report.json", "report.csv", "measure-report.json"} <= {
        p.name for p in (tmp_path / "out").iterdir()
    }
    women = np.array(people()["sex"]) == "female"
    row = group(tmp_path / "out", "sex", "female")
    assert (row["n"], row["events"]) == (int(women.sum()), int(people()["event"][women].sum()))


def test_csv_and_parquet_give_the_same_bytes(tmp_path: Path) -> None:
    """The format of the file leaves no trace in the figures."""
    for write in (parquet, csv):
        run(write(tmp_path, people(), f"x.{write.__name__}"), tmp_path / write.__name__, "--title", "t")
    first, second = (report(tmp_path / name) for name in ("parquet", "csv"))
    assert first["groups"] == second["groups"]
    assert first["gaps"] == second["gaps"]


def test_running_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    """Nothing in a report comes from the clock or from chance."""
    path = parquet(tmp_path, people())
    for name in ("a", "b"):
        run(path, tmp_path / name, "--claim", "auroc spread < 0.2 by race", groups=("sex", "race"))
    for view in ("report.json", "report.csv", "measure-report.json"):
        assert (tmp_path / "a" / view).read_bytes() == (tmp_path / "b" / view).read_bytes()


def test_several_values_of_one_person_count_in_each_group(tmp_path: Path) -> None:
    """Values separated by | count in each group, in any order; an empty one is `absent`."""
    run(parquet(tmp_path, people()), tmp_path / "out", groups=("race",))
    race = np.array(people()["race"])
    asian = group(tmp_path / "out", "race", "asian")
    assert asian["n"] == int(np.isin(race, ["asian", "asian|white", "white|asian"]).sum())
    assert group(tmp_path / "out", "race", "absent")["n"] == int((race == "").sum())


def test_lists_count_like_separated_values(tmp_path: Path) -> None:
    """A list column of Parquet gives the report of the separated text."""
    columns = people()
    run(parquet(tmp_path, columns), tmp_path / "text", groups=("race",))
    columns["race"] = [[value for value in text.split("|") if value] or None for text in columns["race"]]
    run(parquet(tmp_path, columns), tmp_path / "list", groups=("race",))
    text, lists = report(tmp_path / "text"), report(tmp_path / "list")
    assert text.pop("data") != lists.pop("data")
    assert text == lists


def entries(kind: str) -> pa.Array:
    """A group column of another type."""
    few = np.arange(400) % 3
    return {
        "whole numbers": pa.array(few),
        "flags": pa.array(few == 0),
        "nulls": pa.array([None if at == 0 else f"g{at}" for at in few.tolist()]),
        "categories": pa.array([f"g{at}" for at in few.tolist()]).dictionary_encode(),
        "lists": pa.array([["a", "b"], ["a"], None, []] * 100),
        "text": pa.array([" a", "b | c", "c|b", ""] * 100),
    }[kind]


@pytest.mark.parametrize("kind", ["whole numbers", "flags", "nulls", "categories", "lists", "text"])
def test_duckdb_pyarrow_and_numpy_count_bit_for_bit_the_same(tmp_path: Path, kind: str) -> None:
    """Counts, sums and moments of the three paths are equal as integers."""
    rng = np.random.default_rng(5)
    score = np.concatenate(
        [rng.beta(1.0, 6.0, 393), [0.0, 1.0, 0.1, 0.3, 2.0**-31, 1.5 * 2.0**-30, 0.1 + 0.2]]
    )
    event = np.arange(400) % 2
    path = parquet(tmp_path, {"score": score, "event": event, "group": entries(kind)})
    source, grid = Source(path, Columns("score", "event", ("group",))), ScoreGrid(thresholds=(0.1, 0.3, 1.0))
    with DuckFile(source) as duck, ArrowFile(source) as arrow:
        in_duckdb, in_pyarrow = duck.tally(grid), arrow.tally(grid)
    assert in_duckdb == in_pyarrow
    ours = tally(event, score, {"group": ["x"] * 400}, grid)
    assert np.array_equal(in_duckdb.sums.sum(axis=0), ours.sums.sum(axis=0))
    assert (in_duckdb.moments.sum(axis=0) == ours.moments.sum(axis=0)).all()


def test_scores_of_single_precision_count_the_same_in_both(tmp_path: Path) -> None:
    """32-bit scores are widened exactly."""
    score = np.random.default_rng(0).random(500).astype(np.float32)
    path = parquet(tmp_path, {"score": score, "event": np.arange(500) % 2, "sex": ["f", "m"] * 250})
    source = Source(path, Columns("score", "event", ("sex",)))
    with DuckFile(source) as duck, ArrowFile(source) as arrow:
        assert duck.tally(ScoreGrid()) == arrow.tally(ScoreGrid())


def test_intersections_are_pairs_of_group_columns(tmp_path: Path) -> None:
    """--intersections adds every pair."""
    run(parquet(tmp_path, people()), tmp_path / "out", "--intersections", groups=("sex", "race"))
    assert {row["attribute"] for row in report(tmp_path / "out")["groups"]} == {
        "overall", "sex", "race", "sex × race",
    }  # fmt: skip


def test_the_gate_opens_for_claims_that_hold(tmp_path: Path) -> None:
    """Exit code 0, outcome pass."""
    done = run(parquet(tmp_path, people()), tmp_path / "out", "--gate", "--claim", EASY)
    assert done.exit_code == 0
    assert report(tmp_path / "out")["outcome"] == "pass"


@pytest.mark.parametrize("claim", ["auroc >= 0.99", "auroc gap < 0.001 by sex"])
def test_the_gate_stays_shut(tmp_path: Path, claim: str) -> None:
    """A claim that fails and one that cannot be decided both give exit code 1, with the report written."""
    done = run(parquet(tmp_path, people()), tmp_path / "out", "--gate", "--claim", claim)
    assert done.exit_code == 1
    assert report(tmp_path / "out")["outcome"] in ("fail", "insufficient evidence")


def test_without_the_gate_a_failed_claim_is_a_finding(tmp_path: Path) -> None:
    """Exit code 0: the audit is done."""
    assert run(parquet(tmp_path, people()), tmp_path / "out", "--claim", "auroc >= 0.99").exit_code == 0


def test_a_group_of_one_keeps_the_gate_shut(tmp_path: Path) -> None:
    """Every claim passes; one person alone in a group keeps the audit from passing."""
    columns = people()
    columns["sex"][0] = "unknown"
    done = run(parquet(tmp_path, columns), tmp_path / "out", "--gate", "--claim", "auroc >= 0.55")
    assert done.exit_code == 1
    assert "pass" not in done.output
    assert group(tmp_path / "out", "sex", "unknown")["n"] is None


def test_a_policy_file_is_judged(tmp_path: Path) -> None:
    """Claims and thresholds of the file count."""
    policy = tmp_path / "policy.yaml"
    policy.write_text(f"claims: ['{EASY}', 'ppv@0.4 >= 0.1']\nthresholds: [0.2]\n", encoding="utf-8")
    done = run(parquet(tmp_path, people()), tmp_path / "out", "--policy", str(policy), "--gate")
    assert done.exit_code == 0
    assert report(tmp_path / "out")["thresholds"] == [0.2, 0.4]


def test_the_gate_needs_a_claim(tmp_path: Path) -> None:
    """A gate without anything to judge is a usage error with its remedy."""
    done = run(parquet(tmp_path, people()), tmp_path / "out", "--gate")
    assert done.exit_code == 2
    assert "--claim" in done.output


def test_a_second_audit_keeps_what_the_first_withheld(tmp_path: Path) -> None:
    """With a release file, a group that has grown by two people is not told again."""
    release, more = tmp_path / "private" / "release.json", people()
    release.parent.mkdir()
    options = ("--release", str(release))
    run(parquet(tmp_path, people()), tmp_path / "first", *options)
    for name, value in (("id", "q1"), ("sex", "female"), ("race", "white")):
        more[name] = [*more[name], value, value]
    more["score"], more["event"] = np.append(more["score"], [0.1, 0.2]), np.append(more["event"], [0, 1])
    assert run(parquet(tmp_path, more), tmp_path / "second", *options).exit_code == 0
    assert group(tmp_path / "first", "sex", "female")["n"] is not None
    assert group(tmp_path / "second", "sex", "female")["n"] is None


def test_the_release_file_is_not_put_beside_the_report(tmp_path: Path) -> None:
    """It holds what the report withholds."""
    done = run(
        parquet(tmp_path, people()), tmp_path / "out", "--release", str(tmp_path / "out" / "release.json")
    )
    assert done.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_a_dose_is_audited_as_a_continuous_outcome(tmp_path: Path) -> None:
    """--continuous gives bias and error per group and no probability."""
    rng = np.random.default_rng(0)
    dose = rng.gamma(4.0, 8.0, 600)
    columns = {"score": dose + 1.0, "event": dose, "sex": ["female", "male"] * 300}
    assert run(parquet(tmp_path, columns), tmp_path / "out", "--continuous").exit_code == 0
    metrics = {
        metric["name"]: metric["value"] for metric in group(tmp_path / "out", "sex", "male")["metrics"]
    }
    assert metrics["bias"] == pytest.approx(1.0)
    assert "auroc" not in metrics


def with_women(women: int) -> Table:
    """1,500 men and so many women; a smaller number of women are among a larger one."""
    columns = people(4000)
    sex = np.array(["male"] * 1500 + ["female"] * 2500)
    kept = np.flatnonzero(np.cumsum(sex == "female") <= women)
    return {name: [column[at] for at in kept] for name, column in (columns | {"sex": sex.tolist()}).items()}


def reported(folder: Path, women: int, *options: str, name: str = "") -> Path:
    """The report.json on 1,500 men and so many women."""
    out = folder / (name or f"of-{women}")
    done = run(parquet(folder, with_women(women), f"{women}.parquet"), out, *options)
    assert done.exit_code == 0, done.output
    return out / "report.json"


def test_no_difference_from_any_earlier_report_is_told(tmp_path: Path) -> None:
    """Three women more than in the oldest report of two, many fewer than in the newest."""
    first, second = reported(tmp_path, 1000), reported(tmp_path, 1400)
    earlier = ("--earlier", str(first), "--earlier", str(second))
    reported(tmp_path, 1003, "--earlier", str(second), name="newest-only")
    reported(tmp_path, 1003, *earlier, name="both")
    assert group(tmp_path / "newest-only", "sex", "female")["n"] == 1003
    assert group(tmp_path / "both", "sex", "female")["n"] is None


def test_a_release_file_remembers_every_report(tmp_path: Path) -> None:
    """As with the reports themselves: the oldest counts as much as the newest."""
    release = tmp_path / "private" / "release.json"
    release.parent.mkdir()
    for women in (1000, 1400, 1003):
        reported(tmp_path, women, "--release", str(release))
    assert group(tmp_path / "of-1400", "sex", "female")["n"] == 1400
    assert group(tmp_path / "of-1003", "sex", "female")["n"] is None


def test_earlier_reports_are_the_looks_of_the_trend(tmp_path: Path) -> None:
    """Oldest first by their dates, in whatever order they are named."""
    first = reported(tmp_path, 1000, "--created", "2026-01-31")
    second = reported(tmp_path, 1400, "--created", "2026-02-28")
    earlier = ("--earlier", str(second), "--earlier", str(first))
    reported(tmp_path, 1900, *earlier, "--created", "2026-03-31")
    page = (tmp_path / "of-1900" / "report.html").read_text(encoding="utf-8")
    assert "Trend over time" in page
    assert page.index("2026-01-31") < page.index("2026-02-28")


@pytest.mark.parametrize(
    ("then", "now", "told"),
    [
        (["--continuous"], [], "on a continuous outcome"),
        (["--model", "risk"], ["--model", "dose"], "on 'risk'"),
    ],
)
def test_an_earlier_report_on_something_else_is_refused(
    tmp_path: Path, then: list[str], now: list[str], told: str
) -> None:
    """Its figures would stand in the trend as if they were this model's."""
    first = reported(tmp_path, 1000, *then, name="first")
    done = run(parquet(tmp_path, people(200)), tmp_path / "out", *now, "--earlier", str(first))
    assert done.exit_code == 2
    assert told in done.output


def test_an_earlier_report_that_is_none_is_refused(tmp_path: Path) -> None:
    """The file is named, and what to name instead."""
    path = tmp_path / "other.json"
    path.write_text("{}", encoding="utf-8")
    done = run(parquet(tmp_path, people(200)), tmp_path / "out", "--earlier", str(path))
    assert done.exit_code == 2
    assert "--earlier other.json: not a report.json" in done.output


def test_the_report_holds_the_digest_of_the_file(tmp_path: Path) -> None:
    """SHA-256, in every view that is read by people or programs."""
    path = parquet(tmp_path, people(200))
    run(path, tmp_path / "out")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert report(tmp_path / "out")["data"] == [{"name": path.name, "sha256": digest}]
    for view in ("report.html", "report.csv"):
        assert digest in (tmp_path / "out" / view).read_text(encoding="utf-8")


def test_a_release_is_for_its_owner_alone_and_comes_before_the_report(tmp_path: Path) -> None:
    """It holds what is withheld; and no report goes out that is not remembered."""
    path, release = parquet(tmp_path, people(400)), tmp_path / "release.json"
    assert run(path, tmp_path / "out", "--release", str(release)).exit_code == 0
    assert release.stat().st_mode & 0o077 == 0
    nowhere = tmp_path / "nowhere" / "release.json"
    done = run(path, tmp_path / "other", "--release", str(nowhere))
    assert done.exit_code == 2
    assert f"{nowhere}: cannot be written" in done.output
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("memory", ["--earlier", "--release"])
def test_another_threshold_does_not_tell_how_few_lie_between(tmp_path: Path, memory: str) -> None:
    """Whoever is selected at 0.33 in one report and not at 0.331 in the next: a difference of two reports."""
    columns = people()
    few = sum(0.33 <= score < 0.331 for score in columns["score"])
    assert 0 < few < 11
    path, release = parquet(tmp_path, columns), tmp_path / "release.json"
    kept = {"--release": ("--release", str(release)), "--earlier": ()}[memory]
    run(path, tmp_path / "first", "--threshold", "0.33", *kept)
    known = kept or ("--earlier", str(tmp_path / "first" / "report.json"))
    run(path, tmp_path / "second", "--threshold", "0.331", *known)
    alone = ("first", 0.33), ("second", 0.331)
    first, second = (_selected(tmp_path / name / "report.json", at) for name, at in alone)
    assert first is not None
    assert second is None
    told = json.loads((tmp_path / "second" / "report.json").read_text())
    assert told["thresholds"] == [0.33, 0.331]
    assert [one["told"] for one in told["checks"] if one["name"] == "thresholds"] == [
        "0.33: told by an earlier report on these people, and therefore here too"
    ]


def _selected(path: Path, threshold: float) -> float | None:
    everybody = json.loads(path.read_text())["groups"][0]["metrics"]
    return next(
        one["value"] for one in everybody if (one["name"], one["threshold"]) == ("selection_rate", threshold)
    )
