"""The ONNX graph against the numpy model."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from models.training.design import Floats
from models.training.ensemble import Ensemble
from models.training.graph import build, write_model


def run(ensemble: Ensemble, rows: Floats) -> tuple[Floats, Floats]:
    """Probability and interval of the exported graph."""
    content = build(ensemble).SerializeToString()
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    probability, interval = session.run(None, {"features": rows.astype(np.float32)})
    return probability, interval


@pytest.mark.parametrize("ordered", [True, False])
def test_graph_equals_the_numpy_model(ensemble: Ensemble, complete_rows: Floats, ordered: bool) -> None:
    """Probability and interval agree to 1e-5, with and without the cap between outputs."""
    model = dataclasses.replace(ensemble, recipe=dataclasses.replace(ensemble.recipe, ordered=ordered))
    rows = complete_rows.astype(np.float32).astype(float)
    probability, interval = run(model, rows)
    np.testing.assert_allclose(probability, model.probability(rows), atol=1e-5)
    np.testing.assert_allclose(interval, model.interval(rows), atol=1e-5)


@pytest.mark.parametrize("members", [7, 20, 41, 60, 100])
def test_quantiles_agree_for_any_number_of_members(ensemble: Ensemble, members: int) -> None:
    """The interval is the linear quantile of numpy for small, whole and fractional positions."""
    rng = np.random.default_rng(members)
    model = dataclasses.replace(
        ensemble,
        recipe=dataclasses.replace(ensemble.recipe, members=members),
        weights=rng.normal(0, 0.01, (2, members, ensemble.design.width)),
        intercepts=rng.normal(0, 1, (2, members)),
    )
    rows = np.array([[40.0, 80.0, 1.0, 2.0]])
    np.testing.assert_allclose(run(model, rows)[1], model.interval(rows), atol=1e-5)


def test_batch_equals_row_by_row(ensemble: Ensemble, complete_rows: Floats) -> None:
    """A row has the same probability alone and in company."""
    together, _ = run(ensemble, complete_rows[:20])
    alone = np.concatenate([run(ensemble, complete_rows[i : i + 1])[0] for i in range(20)])
    np.testing.assert_allclose(together, alone, atol=1e-6)


@pytest.mark.parametrize("column", range(4))
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_gives_nan(
    ensemble: Ensemble, complete_rows: Floats, column: int, value: float
) -> None:
    """A missing or infinite input is never scored as if it were a number; its neighbours are."""
    rows = complete_rows[:2].copy()
    rows[0, column] = value
    probability, interval = run(ensemble, rows)
    assert np.isnan(probability[0]).all()
    assert np.isnan(interval[0]).all()
    assert np.isfinite(probability[1]).all()


def test_file_is_plain_small_and_repeatable(ensemble: Ensemble, tmp_path: Path) -> None:
    """Two exports are the same bytes, below 300 kB, in the default operator domain only."""
    for name in ("one", "two"):
        write_model(ensemble, tmp_path / name, {"bedside.version": "1", "bedside.model": "m"})
    content = (tmp_path / "one").read_bytes()
    assert content == (tmp_path / "two").read_bytes()
    assert len(content) < 300_000
    assert {node.domain for node in build(ensemble).graph.node} == {""}
