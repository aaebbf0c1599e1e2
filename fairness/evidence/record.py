"""The evidence record of one version of a model: one plain document from which every view is made.

Built from plain data, without a clock and with sorted keys: the same sources give the same bytes.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from fairness.disclosure import MINIMUM
from fairness.evidence.device import assessed
from fairness.evidence.disclosed import disclosed
from fairness.evidence.errors import EvidenceError
from fairness.evidence.facts import facts
from fairness.evidence.local import found_locally
from fairness.evidence.open_items import open_items
from fairness.evidence.plain import plain_summary
from fairness.evidence.protected import protected_inputs
from fairness.evidence.summary import OUTSIDE, summarised
from fairness.evidence.usage import used
from fairness.evidence.wording import trait_text

FORM = "bedside-evidence-1"
# Kept elsewhere in the document, or no fact about the model.
_MOVED = ("features", "files", "regulatory")


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """What a record is made of, as plain JSON values.

    `manifest` is the whole model.yaml with its defaults, `features` come from `fhir_mapping.describe`,
    `inputs` are the names of the model's inputs, `evaluation` is evaluation.json, `audits` are report.json
    documents, `usage` holds rows of the ledger's counts for this version (None: no ledger was read).
    `digests` maps names to SHA-256, `created` is a date (YYYY-MM-DD) that the caller chooses. Counts below
    `minimum` are withheld, of the evaluation only where its rows are private.
    """

    manifest: Mapping[str, Any]
    features: Sequence[Mapping[str, Any]]
    inputs: Sequence[str]
    digests: Mapping[str, str]
    code_version: str
    evaluation: Mapping[str, Any] | None = None
    audits: Sequence[Mapping[str, Any]] = ()
    usage: Mapping[str, Sequence[Mapping[str, Any]]] | None = None
    created: str | None = None
    minimum: int = MINIMUM


class Record(msgspec.Struct, frozen=True):
    """A record; `document` holds plain JSON values and is not to be changed, `content` is its JSON."""

    document: dict[str, Any]
    content: bytes
    sha256: str

    def encode(self) -> bytes:
        """The record as JSON with sorted keys, indented, ending in a line break."""
        return self.content

    @property
    def open_items(self) -> list[dict[str, str]]:
        """What the record cannot answer."""
        items: list[dict[str, str]] = self.document["open_items"]
        return items


def build(sources: Sources) -> Record:
    """The record; raises EvidenceError for a declaration that cannot stand or an audit of another model."""
    _check(sources)
    document = _declared(sources) | _derived(sources) | _measured(sources)
    document["open_items"] = open_items(document)
    content = msgspec.json.format(msgspec.json.encode(document, order="sorted"), indent=1) + b"\n"
    return Record(document, content, hashlib.sha256(content).hexdigest())


def _declared(sources: Sources) -> dict[str, Any]:
    """What the manifest and the caller say."""
    manifest = sources.manifest
    return {
        "form": FORM,
        "model": manifest["id"],
        "version": manifest["version"],
        "title": manifest["title"],
        "created": sources.created,
        "manifest": {name: part for name, part in manifest.items() if name not in _MOVED},
        "regulatory": dict(manifest["regulatory"]),
        "decisions": _decisions(manifest),
        "digests": dict(sources.digests),
        "software": facts("software"),
    }


def _derived(sources: Sources) -> dict[str, Any]:
    """What follows from the features."""
    features = [dict(one) for one in sources.features]
    protected = protected_inputs(features, sources.inputs, sources.manifest["rules"])
    return {
        "features": features,
        "inputs": list(sources.inputs),
        "protected": protected,
        "traits": {trait["id"]: trait_text(trait) for part in protected.values() for trait in part},
        "device": assessed(sources.manifest, features, sources.inputs),
    }


def _measured(sources: Sources) -> dict[str, Any]:
    """What was measured: evaluation, audits, use; small cells are withheld."""
    manifest, evaluation = sources.manifest, sources.evaluation
    if evaluation is not None:
        is_public = manifest["regulatory"]["evaluation_rows"] == "public"
        evaluation = disclosed(evaluation, is_public, sources.minimum)
    outputs = [output["name"] for output in manifest["outputs"]]
    thresholds = {name: one["at"] for name, one in manifest["card"]["thresholds"].items()}
    code = {"software": "bedside", "version": sources.code_version}
    return {
        "evaluation": evaluation,
        "roles": list(dict.fromkeys(one["role"] for one in (evaluation or {}).get("datasets", ()))),
        "external": _external(evaluation),
        "data_defects": _defects(manifest, evaluation),
        "summary": summarised(evaluation, outputs, thresholds),
        "plain": plain_summary(manifest["regulatory"], manifest, evaluation),
        "local": found_locally(sources.audits),
        "audits": [dict(audit) for audit in sources.audits],
        "usage": None if sources.usage is None else used(sources.usage, sources.minimum),
        "seeds": {} if evaluation is None else {"evaluation": evaluation["seed"]},
        "code": code | {"evaluation": None if evaluation is None else evaluation["code"]},
    }


def _check(sources: Sources) -> None:
    manifest = sources.manifest
    if sources.created is not None:
        try:
            date.fromisoformat(sources.created)
        except ValueError:
            raise EvidenceError("created: must be a date such as 2026-01-31") from None
    for at, audit in enumerate(sources.audits):
        told = audit.get("model"), audit.get("version")
        if told[0] not in (None, manifest["id"]) or told[1] not in (None, manifest["version"]):
            raise EvidenceError(f"audits[{at}]: is of another model or version; give a report of this one")


def _external(evaluation: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    datasets = () if evaluation is None else evaluation["datasets"]
    return [dict(dataset) for dataset in datasets if dataset["role"] == OUTSIDE]


def _defects(manifest: Mapping[str, Any], evaluation: Mapping[str, Any] | None) -> list[str]:
    """Known faults of the data of training and evaluation, each once."""
    told = list(manifest["training"]["defects"])
    for dataset in () if evaluation is None else evaluation["datasets"]:
        told += [defect for defect in dataset["defects"] if defect not in told]
    return told


def _decisions(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What was decided about the model, and why: thresholds, rules, fairness claims, status."""
    card = manifest["card"]
    found = [{"decision": "status", "choice": manifest["status"], "why": None}]
    found += [
        {"decision": f"threshold of {name}", "choice": one["at"], "why": one["why"]}
        for name, one in card["thresholds"].items()
    ]
    found += [
        {"decision": f"rule {rule['reason']}", "choice": rule["outcome"], "why": rule["text"]}
        for rule in manifest["rules"]
    ]
    found += [
        {"decision": f"fairness claim on {claim['metric']}", "choice": claim, "why": None}
        for claim in manifest["fairness"]["claims"]
    ]
    override = manifest["fairness"].get("override")
    if override is not None:
        found.append({"decision": "override of the gate", "choice": override, "why": override["reason"]})
    return found
