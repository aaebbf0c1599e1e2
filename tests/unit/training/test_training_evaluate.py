"""The evaluation record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from models.training.crossval import Scenario
from models.training.evaluate import Dataset, Evaluation, tables

RNG = np.random.default_rng(4)
OUTCOME = (RNG.random(400) < 0.3).astype(float)
PROBABILITY = np.clip(0.3 + 0.2 * (OUTCOME - 0.3) + RNG.normal(0, 0.15, 400), 0.01, 0.99)
SEX = ["female" if i % 2 else "male" for i in range(400)]


def written(path: Path) -> dict[str, Any]:
    """The record of one output with a comparator and a scenario, as read back."""
    evaluation = Evaluation("m", "1.0.0", 3, {"out": [0.3]})
    data = Dataset("cv", "cross-validation", 400, "invented", "here")
    y, p = OUTCOME[:, None], PROBABILITY[:, None]
    evaluation.add_results(data, y, p, {"sex": SEX})
    evaluation.add_missing(data, y, [Scenario(("x",)), Scenario(("x", "y"), 0.3)], np.stack([p, p]))
    evaluation.add_score_comparator(
        data, "out", OUTCOME, 10 * PROBABILITY - 4, "points", "there", PROBABILITY
    )
    evaluation.add_rule_comparator(data, "out", OUTCOME, PROBABILITY >= 0.3, "rule", "there")
    evaluation.write(path, "models/catalog/m/training.py")
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def metric(record: dict[str, Any], name: str) -> dict[str, Any]:
    """One metric of a record."""
    found: dict[str, Any] = next(m for m in record["metrics"] if m["name"] == name)
    return found


def test_cells_hold_everybody_and_each_group(tmp_path: Path) -> None:
    """There is one cell overall and one per value of each attribute, with their own figures."""
    content = written(tmp_path / "e.json")
    cells = {cell["value"]: cell for cell in content["results"]}
    assert {value: cell["n"] for value, cell in cells.items()} == {"all": 400, "female": 200, "male": 200}
    assert metric(cells["all"], "auroc")["value"] == pytest.approx(
        roc_auc_score(OUTCOME, PROBABILITY), abs=1e-6
    )


def test_a_points_score_is_judged_by_its_ranking_only(tmp_path: Path) -> None:
    """Points of any range keep their AUROC, make no claim on calibration and differ by 0 from themselves."""
    points = written(tmp_path / "e.json")["comparators"][0]
    assert metric(points, "auroc")["value"] == pytest.approx(roc_auc_score(OUTCOME, PROBABILITY), abs=1e-6)
    assert metric(points, "auroc_difference")["value"] == pytest.approx(0, abs=1e-6)
    assert {m["name"] for m in points["metrics"]} == {"auroc", "auroc_difference"}


def test_a_rule_has_the_rates_of_its_table(tmp_path: Path) -> None:
    """A yes-or-no rule keeps sensitivity and its kin, computed from the two-by-two table."""
    rule = written(tmp_path / "e.json")["comparators"][1]
    expected = (PROBABILITY[OUTCOME == 1] >= 0.3).mean()
    assert metric(rule, "sensitivity")["value"] == pytest.approx(expected, abs=1e-6)


def test_scenarios_say_what_is_missing(tmp_path: Path) -> None:
    """A removed input is named; inputs lost at random are one label with the share."""
    missing = [record["missing"] for record in written(tmp_path / "e.json")["missing_inputs"]]
    assert missing == [["x"], ["random-30-percent"]]


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    """The file depends on the data alone."""
    written(tmp_path / "one")
    written(tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_tables_print_every_record(tmp_path: Path) -> None:
    """The printed table has a heading and one line per record of the file."""
    content = written(tmp_path / "e.json")
    records = sum(len(content[kind]) for kind in ("results", "missing_inputs", "comparators"))
    assert len(tables(content).splitlines()) == 1 + records
