"""The fairness policy inside a manifest: what is read from it, and errors that name the field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from monitor_cases import model_folder, model_with

from models.errors import ManifestError
from models.loader import load_model


def test_a_plan_is_read_from_the_manifest(tmp_path: Path) -> None:
    """Windows, claims and consequences of the `monitor` block arrive as declared."""
    claim = {"kind": "gap", "metric": "sensitivity", "threshold": 0.04, "attributes": ["sex"], "margin": 0.1}
    model = model_with(tmp_path, monitor={"window_days": 60, "claims": [claim], "on_fail": "withhold"})
    plan = model.manifest.fairness.monitor
    assert plan is not None
    assert (plan.window_days, plan.on_fail, plan.claims[0].metric) == (60, "withhold", "sensitivity")


def test_a_manifest_without_a_plan_is_as_before(tmp_path: Path) -> None:
    """Nothing has to be declared."""
    assert model_with(tmp_path).manifest.fairness.monitor is None


@pytest.mark.parametrize(
    ("fairness", "field"),
    [
        ({"claims": [{"metric": "f1", "at_least": 0.5}]}, "fairness.claims[0]"),
        ({"override": {"action": "serve", "owner": "A", "reason": "b"}}, "fairness.override"),
        ({"monitor": {"windowdays": 60}}, "fairness.monitor"),
        ({"monitor": {"attributes": ["sex"]}}, "fairness.monitor"),
    ],
)
def test_a_mistake_is_told_with_its_field(tmp_path: Path, fairness: dict[str, Any], field: str) -> None:
    """Unknown metric, missing end, misspelt field, claim on an attribute that is not watched."""
    with pytest.raises(ManifestError) as raised:
        load_model(model_folder(tmp_path, **fairness))
    assert raised.value.field == field
