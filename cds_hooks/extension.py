"""The machine-readable half of a card: `org.bedside.prediction`, and the rule that nothing empty is sent."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

import msgspec

from fairness.gate import Clearance
from fhir_mapping.values import FeatureValue
from models.prediction import OutputValue, Prediction

__all__ = ["EXTENSION", "prediction_extension", "pruned"]

EXTENSION = "org.bedside.prediction"
DIGITS = 6


def prediction_extension(
    prediction: Prediction, clearance: Clearance | None, *, scored: bool
) -> dict[str, Any]:
    """Everything behind a card as JSON values; without `score`, `interval` and outputs unless `scored`.

    `score` and `interval` are those of the primary output, probabilities in [0, 1] rounded to six digits. The
    clearance's evidence stays: it speaks of groups in the evaluation, not of this patient's score.
    """
    extension: dict[str, Any] = {
        "model": prediction.model,
        "version": prediction.version,
        "features": [_feature(value) for value in prediction.vector],
        "missing": [{"name": value.name, "reason": value.reason} for value in prediction.vector.missing()],
        "applicability": msgspec.structs.asdict(prediction.applicability),
    }
    if clearance is not None:
        evidence = msgspec.to_builtins(clearance.evidence)
        extension["clearance"] = {"action": clearance.action, "line": clearance.line, "evidence": evidence}
    if scored:
        primary = prediction.outputs[0]
        extension["score"] = _rounded(primary.probability)
        extension["interval"] = [_rounded(primary.low), _rounded(primary.high)]
        extension["outputs"] = [_output(output) for output in prediction.outputs]
        extension["contributions"] = [
            {"name": one.name, "effect": _rounded(one.effect)} for one in prediction.contributions
        ]
    return extension


def pruned(node: Mapping[str, Any]) -> dict[str, Any]:
    """A copy without nulls, NaN, infinities and empty strings, arrays and objects, at any depth.

    0 and false stay.
    """
    found: dict[str, Any] = {}
    for name, value in node.items():
        kind = type(value)  # a card has hundreds of leaves: the usual ones are judged here, without a call
        if kind is str:
            if value:
                found[name] = value
        elif kind is float:
            if isfinite(value):
                found[name] = value
        elif value is not None and (kept := _kept(value)) is not None:
            found[name] = kept
    return found


def _kept(value: Any) -> Any:
    """The value pruned, None when nothing is left of it."""
    kind = type(value)  # isinstance() of an ABC is slow
    if kind is dict:
        return pruned(value) or None
    if kind is str:
        return value or None
    if kind is float:
        return value if isfinite(value) else None
    if kind is list or kind is tuple:
        return [kept for item in value if (kept := _kept(item)) is not None] or None
    return (pruned(value) or None) if isinstance(value, Mapping) else value


def _feature(value: FeatureValue) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(value)
    return told | {"state": value.state}


def _output(output: OutputValue) -> dict[str, Any]:
    typical = None if output.typical is None else _rounded(output.typical)
    return {
        "name": output.name,
        "label": output.label,
        "probability": _rounded(output.probability),
        "low": _rounded(output.low),
        "high": _rounded(output.high),
        "typical": typical,
    }


def _rounded(figure: float) -> float:
    return round(float(figure), DIGITS)
