"""One feature of one model on its whole way, from the manifest to the card, as Markdown for people."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from cds_hooks import cards
from cds_hooks.consultation import clearance_for
from cds_hooks.decision import decide
from cds_hooks.extension import EXTENSION
from cds_hooks.people import groups_of
from fhir_mapping import prefetch
from fhir_mapping.features import FeatureSet
from fhir_mapping.record import PatientRecord
from fhir_mapping.values import FeatureValue
from models.prediction import Prediction
from models.runtime import Model

__all__ = ["trace"]

_CARD = "00000000-0000-4000-8000-000000000000"


def trace(model: Model, feature: str, chart: Mapping[str, Any], moment: datetime) -> str:
    """The way of one feature for the patient of a Bundle at an aware moment.

    Raises KeyError for an unknown feature, and what the mapping raises for a Bundle that is none.
    """
    record = PatientRecord.of_bundle(msgspec.json.encode(chart))
    record.answer(prefetch.KEYS.values())
    vector = model.features.extract(record, moment)
    value, prediction = vector[feature], model.predict(vector)
    steps = [
        ("The manifest defines it", "yaml", _definition(model, feature)),
        ("Discovery asks the EHR for it", "text", _templates(model, feature)),
        ("The EHR sends it", "json", _sent(chart, value)),
        ("The mapping reads it, with where it came from", "json", _json(msgspec.to_builtins(value))),
        ("The model takes it", "text", _column(model, value)),
        ("The prediction says what it did", "text", _effect(prediction, feature)),
        ("The card shows it", "markdown", _shown(model, prediction, record, moment, value)),
    ]
    return "\n\n".join(
        f"{number}. {title}\n\n```{language}\n{text}\n```"
        for number, (title, language, text) in enumerate(steps, start=1)
    )


def _definition(model: Model, feature: str) -> str:
    """The lines of the manifest that define the feature."""
    if model.folder is None:
        return f"# {feature}: this model was not loaded from a folder"
    lines = (model.folder / "model.yaml").read_text(encoding="utf-8").splitlines()
    return "\n".join(_block(lines, feature)) or f"# {feature}"


def _block(lines: list[str], feature: str) -> Iterator[str]:
    within = False
    for line in lines:
        if re.match(r"\s*- name:", line):
            within = line.split("name:", 1)[1].strip() == feature
        elif line and not line.startswith("    "):
            within = False
        if within and line.strip():
            yield line[2:]


def _templates(model: Model, feature: str) -> str:
    specs = [model.features.spec(name) for name in dict.fromkeys(_needed(model, feature))]
    alone = FeatureSet(specs, model.features.site)
    return "\n".join(f"{key}: {query}" for key, query in prefetch.templates([alone]).items())


def _needed(model: Model, feature: str) -> Iterator[str]:
    for name in getattr(model.features.readers[feature], "needs", ()):
        yield from _needed(model, name)
    yield feature


def _sent(chart: Mapping[str, Any], value: FeatureValue) -> str:
    """The resource that the value was read from, without the elements that no feature looks at."""
    wanted = (value.source or "").split(", ")
    for entry in chart.get("entry", ()):
        resource = entry.get("resource", {})
        if f"{resource.get('resourceType')}/{resource.get('id')}" in wanted:
            aside = ("meta", "text", "category", "identifier", "name", "telecom", "address", "performer")
            return _json({name: part for name, part in resource.items() if name not in aside})
    return "(nothing that could be used)"


def _column(model: Model, value: FeatureValue) -> str:
    if value.name not in model.features.inputs:
        return "not an input of the model: a rule, or another feature, asks for it"
    column = model.features.inputs.index(value.name)
    seen = "averaged over people like this one" if math.isnan(value.value) else f"{value.value:g}"
    return f"features[0, {column}] = {seen}"


def _effect(prediction: Prediction, feature: str) -> str:
    if prediction.applicability.status != "inside":
        return f"no score: {prediction.applicability.reason}"
    score = ", ".join(f"{output.name} {output.probability:.3f}" for output in prediction.outputs)
    effect = next((one.effect for one in prediction.contributions if one.name == feature), None)
    told = "no contribution of its own" if effect is None else f"{effect:+.2f} in log odds"
    return f"{feature}: {told} (scores: {score})"


def _shown(
    model: Model, prediction: Prediction, record: PatientRecord, moment: datetime, value: FeatureValue
) -> str:
    clearance = clearance_for(model, groups_of(record, moment))
    if decide(model, prediction, clearance).kind != "card":
        return "(no card with a score for this patient)"
    shown = cards.card(model, prediction, clearance, cards.Links(), _CARD)
    label = model.features.spec(value.name).label
    rows = [line for line in shown["detail"].splitlines() if label in line]
    behind = next(one for one in shown["extension"][EXTENSION]["features"] if one["name"] == value.name)
    return "\n".join((*rows, f'extension["{EXTENSION}"].features: {_line(behind)}'))


def _json(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _line(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=0).decode()
