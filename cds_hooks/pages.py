"""The model's own page, as JSON for programs and as HTML for people; both say the same.

Pure functions: the caller brings the model, and the pages need no request, no network and no script.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cache
from typing import Any, Protocol

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined

from cds_hooks.extension import pruned
from cds_hooks.wording import number, readable_unit
from fairness.gate import Claim
from fairness.groups import ATTRIBUTES, attribute_label, label
from fhir_mapping import prefetch
from fhir_mapping.describe import describe
from fhir_mapping.features import FeatureSet
from models.manifest import Manifest, Rule

__all__ = ["Described", "model_document", "model_page", "models_document", "models_page", "templates"]

METRIC_LABELS = {
    "auroc": "Ranking (AUROC)",
    "brier": "Brier score",
    "calibration_intercept": "Calibration intercept",
    "calibration_slope": "Calibration slope",
    "o_e": "Observed to expected",
    "ici": "Mean calibration error (ICI)",
    "selection_rate": "Selected",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "ppv": "Positive predictive value",
    "npv": "Negative predictive value",
    "net_benefit": "Net benefit",
}
# What the page's table shows; the JSON document holds every figure.
PAGE_METRICS = ("auroc", "o_e", "calibration_slope", "brier", "sensitivity", "ppv")
STATE_WORDS = {"insufficient": "too few to count as evidence", "undefined": "cannot be computed"}


class Described(Protocol):
    """What a page needs of a model; `models.runtime.Model` is one."""

    @property
    def manifest(self) -> Manifest: ...

    @property
    def features(self) -> FeatureSet: ...

    @property
    def evaluation(self) -> Any: ...

    @property
    def sha256(self) -> str: ...


def model_document(model: Described, on: date | None = None) -> dict[str, Any]:
    """Everything that is declared and known about a model: manifest, features, evaluation, digests.

    Nothing empty is in it. Feature entries are those of `fhir_mapping.describe`, with examples of the day
    `on`, and what the model's rules make of a feature that is missing; `prefetch` is that of discovery, for
    this model alone. The evaluation is that of evaluation.json with every cell of every group.
    """
    manifest = model.manifest
    declared: dict[str, Any] = msgspec.to_builtins(manifest)
    declared["service"] = manifest.service_id
    digests = {"model": model.sha256, "featureSpec": model.features.sha256, "files": manifest.files}
    return pruned(
        declared
        | {
            "features": _features(model, on),
            "inputs": list(model.features.inputs),
            "prefetch": prefetch.templates([model.features]),
            "evaluation": msgspec.to_builtins(model.evaluation),
            "digests": digests,
        }
    )


def _features(model: Described, on: date | None) -> list[dict[str, Any]]:
    told = describe(model.features) if on is None else describe(model.features, on)
    return [one | dict(_when_lacking(one, model.manifest.rules)) for one in told]


def _when_lacking(told: dict[str, Any], rules: Sequence[Rule]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the first rule says that fires when a feature is missing, when its record cannot be read, or when
    what cannot be read names what is asked for."""
    about = [rule for rule in rules if rule.when.feature == told["name"]]
    absent = [rule for rule in about if rule.when.present is False]
    unclear = [rule for rule in about if rule.when.present is False or rule.when.unreadable is True]
    named = [rule for rule in about if rule.when.named is True]
    for key, found in (("whenMissing", absent), ("whenUnreadable", unclear), ("whenNamed", named)):
        if found:
            not_sent = told["required"] and "resources" in told and key == "whenMissing"
            consequence: dict[str, Any] = {"outcome": found[0].outcome, "reason": found[0].reason}
            yield key, consequence | ({"notSent": 412} if not_sent else {})


def models_document(models: Iterable[Described]) -> dict[str, Any]:
    """The list of served models, in few words each; `models` is always there."""
    return {"models": [_entry(model) for model in models]}


def models_page(models: Iterable[Described]) -> str:
    """The list as HTML."""
    return templates().get_template("models.html").render(models=models_document(models)["models"])


def model_page(model: Described) -> str:
    """One model's page as HTML; every text of a manifest is escaped."""
    document = model_document(model)
    return (
        templates()
        .get_template("model.html")
        .render(
            model=document,
            results=_results(document),
            features=[_row(feature) for feature in document["features"]],
            claims=[_claim(claim) for claim in model.manifest.fairness.claims],
        )
    )


def _entry(model: Described) -> dict[str, Any]:
    manifest = model.manifest
    return pruned(
        {
            "id": manifest.id,
            "version": manifest.version,
            "title": manifest.title,
            "status": manifest.status,
            "description": manifest.description,
            "hooks": list(manifest.hooks),
            "service": manifest.service_id,
            "sha256": model.sha256,
        }
    )


@cache
def templates() -> Environment:
    """The templates of all pages; what a page needs and does not get is an error."""
    environment = Environment(
        loader=PackageLoader("cds_hooks"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "unit": readable_unit}
    return environment


def _results(document: dict[str, Any]) -> list[dict[str, Any]]:
    """One table per dataset and output: a row per group, a cell per metric that the dataset has."""
    evaluation = document.get("evaluation", {})
    cells: Sequence[dict[str, Any]] = evaluation.get("results", ())
    labels = {output["name"]: output["label"] for output in document["outputs"]}
    about = {dataset["name"]: dataset for dataset in evaluation.get("datasets", ())}
    tables = dict.fromkeys((cell["dataset"], cell["output"]) for cell in cells)
    return [
        _table(about.get(dataset, {"name": dataset}), labels.get(output, _words(output)), found)
        for dataset, output in tables
        if (found := [cell for cell in cells if (cell["dataset"], cell["output"]) == (dataset, output)])
    ]


def _table(dataset: dict[str, Any], output: str, cells: Sequence[dict[str, Any]]) -> dict[str, Any]:
    measured = {metric["name"] for cell in cells for metric in cell["metrics"]}
    columns = [name for name in PAGE_METRICS if name in measured]
    rows = [
        {
            "group": _group(cell["attribute"], cell["value"]),
            "n": cell["n"],
            "events": cell["events"],
            "figures": [_figure(cell, name) for name in columns],
        }
        for cell in cells
    ]
    headings = [METRIC_LABELS[name] for name in columns]
    return {"dataset": dataset, "output": output, "headings": headings, "rows": rows}


def _group(attribute: str, value: str) -> str:
    if attribute == "overall":
        return "Everybody"
    if attribute in ATTRIBUTES:
        return f"{attribute_label(attribute)}: {label(attribute, value)}"
    return f"{_words(attribute)}: {_words(value)}"


def _figure(cell: dict[str, Any], name: str) -> dict[str, str]:
    """`0.782 (0.750 to 0.811)` with its state in words; of several thresholds, the first one's figure."""
    metric = next((metric for metric in cell["metrics"] if metric["name"] == name), None)
    if metric is None:
        return {"text": "not computed", "state": ""}
    state = STATE_WORDS.get(metric["state"], "")
    if "value" not in metric:
        return {"text": state or "no value", "state": ""}
    text = f"{metric['value']:.3f}"
    if "low" in metric and "high" in metric:
        text += f" ({metric['low']:.3f} to {metric['high']:.3f})"
    at = f" at {number(metric['threshold'])}" if "threshold" in metric else ""
    return {"text": text + at, "state": state}


def _claim(claim: Claim) -> str:
    """`Observed to expected of every group: 0.8 to 1.25. A group shown to lie outside: caution.`"""
    low, high = claim.limits
    name = METRIC_LABELS.get(claim.metric, claim.metric)
    if math.isinf(high):
        limits = f"at least {number(low)}"
    else:
        limits = f"at most {number(high)}" if math.isinf(low) else f"{number(low)} to {number(high)}"
    return f"{name} of every group: {limits}. When a group is shown to lie outside: {claim.on_fail}."


def _row(feature: dict[str, Any]) -> dict[str, Any]:
    """A feature for the page's table: ranges and codes as text, codes by system."""
    codes = feature.get("codes", []) + feature.get("answers", [])
    for category in feature.get("categories", ()):
        codes = codes + category["codes"]
    by_system: dict[str, list[str]] = {}
    for code in codes:
        by_system.setdefault(code["system"], []).append(code["code"])
    return feature | {
        "codesBySystem": {system: sorted(set(found)) for system, found in by_system.items()},
        "rangeText": _bounds(feature.get("range")),
        "domainText": _bounds(feature.get("domain")),
        "units": list(dict.fromkeys(one["unit"] for one in feature.get("acceptedUnits", ()))),
        "values": [f"{one['label']} = {number(one['value'])}" for one in feature.get("categories", ())],
    }


def _bounds(bounds: Sequence[float] | None) -> str:
    return "" if not bounds else " to ".join(number(end) for end in bounds if math.isfinite(end))


def _words(slug: str) -> str:
    text = slug.replace("_", " ").replace("-", " ")
    return text[:1].upper() + text[1:]
