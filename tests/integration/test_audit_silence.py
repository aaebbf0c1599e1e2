"""`bedside audit` on people without a score, without an outcome, and without a card."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_audit import csv, group, parquet, people, report, run
from test_audit_bad_input import run_with


def silent(n: int = 3000) -> dict[str, Any]:
    """A third of the women have no score; every fiftieth man no outcome; cards go with scores above 0.2."""
    columns = people(n)
    score, event = columns["score"].astype(object), columns["event"].astype(object)
    women = np.array(columns["sex"]) == "female"
    at = np.arange(n)
    columns["card"] = np.asarray(columns["score"] > 0.2)
    score[women & (at % 3 == 0)] = None
    event[~women & (at % 50 == 0)] = None
    columns["score"], columns["event"] = score.tolist(), event.tolist()
    return columns


def written(folder: Path, columns: dict[str, Any]) -> Path:
    """As CSV, with empty cells for what is not there."""
    return csv(
        folder, {name: ["" if one is None else one for one in column] for name, column in columns.items()}
    )


def rate(out: Path, value: str, name: str) -> float | None:
    """A share of silence of one sex."""
    found: float | None = next(
        one["value"] for one in group(out, "sex", value)["metrics"] if one["name"] == name
    )
    return found


@pytest.mark.parametrize("write", [parquet, written])
@pytest.mark.parametrize("engine", ["duckdb", "pyarrow"])
def test_rows_without_a_score_are_a_share_of_each_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, write: Any
) -> None:
    """The share counts everybody; people and events count those with a score and an outcome."""
    columns, out = silent(), tmp_path / "out"
    assert run_with(engine, monkeypatch, write(tmp_path, columns), out).exit_code == 0
    women = np.array(columns["sex"]) == "female"
    lacking = np.array([one is None for one in columns["score"]])
    assert rate(out, "female", "abstained_rate") == pytest.approx(lacking[women].mean())
    assert rate(out, "male", "abstained_rate") == 0.0
    assert group(out, "sex", "female")["n"] == int((women & ~lacking).sum())


def test_rows_without_an_outcome_are_told_apart_from_those_without_a_score(tmp_path: Path) -> None:
    """An outcome that is not known yet is no abstention."""
    columns = silent()
    run(parquet(tmp_path, columns), tmp_path / "out")
    men = np.array(columns["sex"]) == "male"
    unknown = np.array([one is None for one in columns["event"]])
    assert rate(tmp_path / "out", "male", "unmatured_rate") == pytest.approx(unknown[men].mean())
    assert [one["count"] for one in report(tmp_path / "out")["checks"] if one["name"] == "no outcome"] == [
        int(unknown.sum())
    ]


def test_people_who_were_shown_no_card_are_a_share_of_each_group(tmp_path: Path) -> None:
    """--shown counts everybody, with or without a score."""
    columns = silent()
    run(parquet(tmp_path, columns), tmp_path / "out", "--shown", "card")
    women = np.array(columns["sex"]) == "female"
    assert rate(tmp_path / "out", "female", "no_card_rate") == pytest.approx((~columns["card"][women]).mean())


def test_three_people_without_a_score_are_not_told(tmp_path: Path) -> None:
    """Neither their share nor any count that would give them away; the figures of the others stay."""
    columns = people()
    columns["score"] = [None, None, None, *columns["score"].tolist()[3:]]
    run(parquet(tmp_path, columns), tmp_path / "out")
    content = report(tmp_path / "out")
    assert next(one["count"] for one in content["checks"] if one["name"] == "no score") is None
    assert content["n"] == len(columns["sex"]) - 3
    everybody = {one["name"]: one["state"] for one in content["groups"][0]["metrics"]}
    assert everybody["abstained_rate"] == "masked"
    assert everybody["auroc"] == "ok"


@pytest.mark.parametrize("engine", ["duckdb", "pyarrow"])
def test_a_group_that_never_got_a_score_keeps_the_gate_shut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    """It stands in the report with nobody in its figures, and the audit does not pass."""
    columns = people()
    columns["sex"][:60] = ["unknown"] * 60
    columns["score"] = [None] * 60 + columns["score"].tolist()[60:]
    path, out = parquet(tmp_path, columns), tmp_path / "out"
    done = run_with(engine, monkeypatch, path, out, "--gate", "--claim", "auroc >= 0.55")
    assert done.exit_code == 1
    assert "cannot be estimated: sex: unknown" in done.output
    assert rate(out, "unknown", "abstained_rate") == 1.0
    assert group(out, "sex", "unknown")["n"] == 0


def test_a_file_without_a_single_score_is_refused(tmp_path: Path) -> None:
    """Nothing can be audited where the model never answered; the column is named."""
    columns = people(100)
    columns["score"] = [float("nan")] * 100
    done = run(parquet(tmp_path, columns), tmp_path / "out")
    assert done.exit_code == 2
    assert "column 'score': no row has an entry" in done.output


def test_scores_and_outcomes_of_different_people_are_refused(tmp_path: Path) -> None:
    """No row has both."""
    columns = people(100)
    columns["score"] = [0.2 if at < 50 else None for at in range(100)]
    columns["event"] = [None if at < 50 else 1 for at in range(100)]
    done = run(parquet(tmp_path, columns), tmp_path / "out")
    assert done.exit_code == 2
    assert "no row has both" in done.output


def test_a_card_that_is_neither_shown_nor_not_is_refused(tmp_path: Path) -> None:
    """A missing entry is no answer to whether a card was shown."""
    columns = people(100)
    columns["card"] = [None, *[True] * 99]
    done = run(parquet(tmp_path, columns), tmp_path / "out", "--shown", "card")
    assert done.exit_code == 2
    assert "column 'card': 1 row without an entry" in done.output


def test_who_got_no_answer_stands_in_the_summary_and_in_a_section(tmp_path: Path) -> None:
    """A committee reads it in words."""
    run(parquet(tmp_path, silent()), tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "got no score from the model" in page
    assert "Who got no answer" in page


@pytest.mark.parametrize(("claim", "outcome"), [
    ("abstained_rate <= 0.4 by sex", "pass"),
    ("abstained_rate <= 0.2 by sex", "fail"),
    ("abstained_rate gap < 0.1 by sex", "fail"),
    ("unmatured_rate gap < 0.1 by sex", "pass"),
    ("no_card_rate spread < 0.1 by sex", "pass"),
])  # fmt: skip
def test_claims_on_silence_are_judged(tmp_path: Path, claim: str, outcome: str) -> None:
    """Levels, gaps and spreads of the shares of those who got no answer."""
    path, out = parquet(tmp_path, silent()), tmp_path / "out"
    done = run(path, out, "--shown", "card", "--claim", claim, "--gate")
    assert done.exit_code == (0 if outcome == "pass" else 1), done.output
    assert report(out)["outcome"] == outcome


@pytest.mark.parametrize("options", [(), ("--continuous",)])
def test_a_claim_on_silence_holds_where_everybody_got_an_answer(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    """Nobody without a score is a share of 0, and not a figure that is missing."""
    claim = ("--claim", "abstained_rate <= 0.01 by sex")
    assert run(parquet(tmp_path, people()), tmp_path / "out", *claim, *options).exit_code == 0
    assert report(tmp_path / "out")["outcome"] == "pass"


def test_a_claim_on_cards_needs_their_column(tmp_path: Path) -> None:
    """The remedy is the option."""
    done = run(parquet(tmp_path, people(100)), tmp_path / "out", "--claim", "no_card_rate <= 0.5")
    assert done.exit_code == 2
    assert "--shown COL" in done.output


def test_a_group_that_gets_no_answer_more_often_is_beyond_chance(tmp_path: Path) -> None:
    """Without a claim, the gap is set against chance like any other."""
    run(parquet(tmp_path, silent()), tmp_path / "out")
    found = {row["metric"]: row["outcome"] for row in report(tmp_path / "out")["verdicts"]}
    assert found["abstained_rate"] == "beyond chance"
    gaps = {(gap["value"], gap["metric"]): gap["gap"] for gap in report(tmp_path / "out")["gaps"]}
    assert gaps["female", "abstained_rate"] == pytest.approx(1 / 3, abs=0.03)
