"""Records of the two models of the catalogue, and of one made up for a test."""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from fairness.evidence.record import Record, Sources, build
from fairness.report.model import GroupRow, MetricRow, Report, VerdictRow
from fhir_mapping.describe import describe
from models.loader import load_model

CATALOG = Path(__file__).parents[3] / "models" / "catalog"
DIABETES, RESPONSE = "type2-diabetes-risk", "immunotherapy-response"
MODELS = (DIABETES, RESPONSE)
CREATED = "2026-11-24"


@cache
def _sources(model_id: str) -> dict[str, Any]:
    model = load_model(CATALOG / model_id)
    return {
        "manifest": msgspec.to_builtins(model.manifest),
        "features": msgspec.to_builtins(describe(model.features)),
        "inputs": list(model.features.inputs),
        "evaluation": msgspec.to_builtins(model.evaluation),
        "digests": {**model.manifest.files, "feature_spec": model.features.sha256},
        "code_version": "0.1.0",
        "created": CREATED,
    }


def sources(model_id: str = DIABETES, **changed: Any) -> dict[str, Any]:
    """What a record of a catalogue model is made of; a copy, to be changed at will."""
    return copy.deepcopy(_sources(model_id)) | changed


def record(model_id: str = DIABETES, **changed: Any) -> Record:
    """The record of a catalogue model."""
    return build(Sources(**sources(model_id, **changed)))


def declared(model_id: str = DIABETES, **regulatory: Any) -> Record:
    """The record of a catalogue model whose `regulatory` block has other parts."""
    told = sources(model_id)
    told["manifest"]["regulatory"] |= regulatory
    return build(Sources(**told))


def audit(model_id: str = DIABETES, **changed: Any) -> dict[str, Any]:
    """A report.json of one group of 400 people, with one claim that fails; `changed` replaces fields."""
    auroc = MetricRow(name="auroc", threshold=None, value=0.71234, low=0.65, high=0.77, state="ok")
    masked = MetricRow(name="brier", threshold=None, value=None, low=None, high=None, state="masked")
    everybody = GroupRow(
        attribute="overall", value="all", members=(), label="Everybody", n=400, events=41, state="ok",
        why=None, metrics=(auroc, masked),
    )  # fmt: skip
    verdict = VerdictRow(
        kind="level", claim="Observed to expected between 0.8 and 1.25", metric="o_e", threshold=None,
        attribute="sex", value="male", label="Men", outcome="fail", estimate=1.61, low=1.3, high=2.0,
        p_pass=None, p_fail=0.01, p_adjusted=0.02, expected_gap=None, gap_95=None, state="ok", why=None,
        needed=None,
    )  # fmt: skip
    report = Report(
        title="Audit at one clinic", source="predictions.csv", model=model_id, version="1.0.0",
        created="2026-11-20", kind="binary", n=400, events=41, thresholds=(), level=0.95, minimum_cell=11,
        alpha=0.05, adjustment="holm", outcome="fail", groups=(everybody,), gaps=(), verdicts=(verdict,),
        curves=(), needed=(), unestimable=("sex unknown",), left_out=(), checks=(), notes=(),
    )  # fmt: skip
    told: dict[str, Any] = msgspec.to_builtins(report)
    return told | changed
