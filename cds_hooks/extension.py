"""The machine-readable half of a card: `org.bedside.prediction`, and the rule that nothing empty is sent."""

from collections.abc import Mapping
from functools import lru_cache
from math import isfinite
from typing import Any

import msgspec

from fairness.gate import Clearance
from fhir_mapping.values import FeatureValue
from models.prediction import Applicability, OutputValue, Prediction

__all__ = ["EXTENSION", "prediction_extension", "pruned"]

EXTENSION = "org.bedside.prediction"
DIGITS = 6


def prediction_extension(
    prediction: Prediction, clearance: Clearance | None, *, scored: bool
) -> dict[str, Any]:
    """Everything behind a card as JSON values, nothing empty; without `score`, `interval` and outputs unless
    `scored`. Not to be changed by the caller: parts are shared with other cards.

    `score` and `interval` are those of the primary output, probabilities in [0, 1] rounded to six digits. The
    clearance's evidence stays: it speaks of groups in the evaluation, not of this patient's score.
    `unchecked` names what would have forbidden the score and could not be told.
    """
    extension: dict[str, Any] = {
        "model": prediction.model,
        "version": prediction.version,
        "features": [_feature(value) for value in prediction.vector],
        "applicability": _applicability(prediction.applicability),
    }
    missing = prediction.vector.missing()
    if missing:
        told = ({"name": value.name, "reason": value.reason} for value in missing)
        extension["missing"] = [pruned(one) for one in told]
    if clearance is not None:
        extension["clearance"] = _clearance(clearance)
    if scored:
        primary = prediction.outputs[0]
        extension["score"] = _rounded(primary.probability)
        extension["interval"] = [_rounded(primary.low), _rounded(primary.high)]
        extension["outputs"] = [_output(output) for output in prediction.outputs]
        if prediction.unchecked:
            extension["unchecked"] = [
                {"name": value.name, "reason": value.reason} for value in prediction.unchecked
            ]
        if prediction.contributions:
            extension["contributions"] = [
                pruned({"name": one.name, "effect": _rounded(one.effect)}) for one in prediction.contributions
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
    told: dict[str, Any] = msgspec.to_builtins(value)  # without what is None
    told["state"] = value.state
    return told if value.known and "" not in told.values() else pruned(told)


@lru_cache(maxsize=1024)
def _applicability(applicability: Applicability) -> dict[str, Any]:
    return pruned(msgspec.structs.asdict(applicability))


@lru_cache(maxsize=1024)
def _clearance(clearance: Clearance) -> dict[str, Any]:
    """The gate's word, the same for all patients of the same groups."""
    return pruned(msgspec.to_builtins(clearance))


def _output(output: OutputValue) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": output.name,
        "label": output.label,
        "probability": _rounded(output.probability),
        "low": _rounded(output.low),
        "high": _rounded(output.high),
    }
    if output.typical is not None:
        told["typical"] = _rounded(output.typical)
    return told if output.label else pruned(told)


def _rounded(figure: float) -> float:
    return round(float(figure), DIGITS)
