"""Gathers the evidence record of a model from the registry and the ledger, as plain data."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec

from cds_hooks.ledger import Counts, Ledger
from fairness.evidence.record import Record, Sources, build
from fairness.evidence.shown import shown_bundle
from fhir_mapping.describe import describe
from models.manifest import MANIFEST
from models.runtime import Model

__all__ = ["gather", "shown"]

_NOT_INSTALLED = "source"
_REFERENCE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64}")


def gather(
    model: Model,
    ledger: Ledger | None = None,
    *,
    audits: Sequence[Mapping[str, Any]] = (),
    created: str | None = None,
) -> Record:
    """The record of a loaded model. `audits` are report.json documents, `created` is a date (YYYY-MM-DD).

    Without a ledger the record says that no use is on record. Raises EvidenceError for a declaration that
    cannot stand or an audit of another model, LedgerError when the ledger cannot be read.
    """
    manifest = model.manifest
    return build(
        Sources(
            manifest=msgspec.to_builtins(manifest),
            features=msgspec.to_builtins(describe(model.features)),
            inputs=model.features.inputs,
            evaluation=msgspec.to_builtins(model.evaluation),
            digests=_digests(model),
            code_version=_software_version(),
            audits=audits,
            usage=None if ledger is None else _of_model(ledger.counts(), manifest.id, manifest.version),
            created=created,
        )
    )


def _digests(model: Model) -> dict[str, str]:
    """SHA-256 of the folder's files, the feature specification, and the manifest where it can be read."""
    found = {**model.manifest.files, "feature_spec": model.features.sha256}
    if model.folder is not None:
        with suppress(OSError):
            found[MANIFEST] = hashlib.sha256((model.folder / MANIFEST).read_bytes()).hexdigest()
    return found


def _of_model(counts: Counts, model: str, version: str) -> dict[str, list[dict[str, Any]]]:
    """Rows of decisions and feedback about one version of a model."""
    return {
        part: [row for row in rows if (row["model"], row["version"]) == (model, version)]
        for part, rows in (("decisions", counts["decisions"]), ("feedback", counts["feedback"]))
    }


def _software_version() -> str:
    try:
        return version("bedside")
    except PackageNotFoundError:
        return _NOT_INSTALLED


def shown(ledger: Ledger, model_id: str, card_uuid: str, subject: str) -> dict[str, Any] | None:
    """A recorded card as an AI Transparency bundle (FHIR R4); None when the model showed no score on it.

    `subject` is a reference to the patient, which the caller has to know: the ledger does not.
    """
    story = ledger.story(card_uuid)
    told = None if story is None else story["prediction"]
    if story is None or told is None or told["model"] != model_id or not told["outputs"]:
        return None
    return shown_bundle(
        told["model"],
        told["version"],
        card_uuid,
        told["outputs"],
        subject=subject,
        occurred=story["call"]["received_at"],
        sources=[one["source"] for one in told["features"] if _REFERENCE.fullmatch(one.get("source") or "")],
    )
