"""Between entries and rows: JSON as text, moments as text, the feedback digest, and back to plain values.

A card is stored as it was shown, except that a FHIR resource inside a suggested action is reduced to its
type: the clinician saw the label and the description, and the resource names the patient.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import Row, Table

from cds_hooks.ledger.entries import FeedbackEntry, HookCallEntry, PredictionEntry
from cds_hooks.ledger.times import utc_text

__all__ = ["call_row", "feedback_digest", "feedback_row", "prediction_row", "row_view"]

_JSON_COLUMNS = frozenset(
    (
        "issues",
        "features",
        "outputs",
        "applicability",
        "clearance",
        "card",
        "group_values",
        "accepted_suggestions",
    )
)
_encode = msgspec.json.Encoder().encode
_encode_sorted = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder().decode


def call_row(entry: HookCallEntry) -> dict[str, object]:
    """Return the `hook_call` row of an entry; only path and code of each issue are kept."""
    issues = [{"path": issue["path"], "code": issue["code"]} for issue in entry.issues]
    return {
        "call_id": entry.call_id,
        "received_at": utc_text(entry.received_at, "received_at"),
        "service_id": entry.service_id,
        "hook": entry.hook,
        "hook_instance": entry.hook_instance,
        "client": entry.client,
        "patient_key": entry.patient_key,
        "user_ref": entry.user_ref,
        "encounter_ref": entry.encounter_ref,
        "status": entry.status,
        "duration_ms": entry.duration_ms,
        "issues": _json(issues),
    }


def prediction_row(entry: PredictionEntry, position: int) -> dict[str, object]:
    """Return the `prediction` row of an entry; `position` is its place in the call, from 0."""
    return {
        "prediction_id": entry.prediction_id,
        "call_id": entry.call_id,
        "position": position,
        "model": entry.model,
        "version": entry.version,
        "model_sha256": entry.model_sha256,
        "feature_spec_sha256": entry.feature_spec_sha256,
        "features": _json(entry.features),
        "outputs": _json(entry.outputs),
        "applicability": _json(entry.applicability),
        "clearance": _json(entry.clearance),
        "decision": entry.decision,
        "reason": entry.reason,
        "card_uuid": entry.card_uuid,
        "card": None if entry.card is None else _json(_without_resources(entry.card)),
        "group_values": _json(entry.group_values),
    }


def feedback_row(entry: FeedbackEntry) -> dict[str, object]:
    """Return the `feedback` row of an entry, without `known_card`, which only the database can tell."""
    reason: Mapping[str, Any] = entry.override_reason or {}
    return {
        "digest": feedback_digest(entry),
        "card_uuid": entry.card_uuid,
        "service_id": entry.service_id,
        "outcome": entry.outcome,
        "accepted_suggestions": _json(entry.accepted_suggestions),
        "reason_system": reason.get("system"),
        "reason_code": reason.get("code"),
        "reason_display": reason.get("display"),
        "user_comment": entry.user_comment,
        "outcome_timestamp": utc_text(entry.outcome_timestamp, "outcome_timestamp"),
        "received_at": utc_text(entry.received_at, "received_at"),
    }


def feedback_digest(entry: FeedbackEntry) -> str:
    """Return the SHA-256 (hex) by which a repeated report is recognised.

    It covers card, outcome, suggestions (as a set), reason, comment and the client's timestamp to the
    millisecond; not when or under which service the report arrived.
    """
    told = (
        entry.card_uuid,
        entry.outcome,
        sorted(set(entry.accepted_suggestions)),
        entry.override_reason,
        entry.user_comment,
        utc_text(entry.outcome_timestamp, "outcome_timestamp"),
    )
    return sha256(_encode_sorted(told)).hexdigest()


def row_view(row: Row[Any], table: Table) -> dict[str, Any]:
    """Return the part of a joined row that belongs to `table` as plain values, JSON columns decoded."""
    view = {}
    for column in table.columns:
        value = row._mapping[column]
        is_json = value is not None and column.name in _JSON_COLUMNS
        view[column.name] = _decode(value) if is_json else value
    return view


def _json(value: object) -> str:
    return _encode(value).decode()


def _without_resources(card: Mapping[str, Any]) -> Mapping[str, Any]:
    suggestions: Sequence[Mapping[str, Any]] | None = card.get("suggestions")
    if not suggestions:
        return card
    return {**card, "suggestions": [_slim_suggestion(suggestion) for suggestion in suggestions]}


def _slim_suggestion(suggestion: Mapping[str, Any]) -> Mapping[str, Any]:
    if "actions" not in suggestion:
        return suggestion
    return {**suggestion, "actions": [_slim_action(action) for action in suggestion["actions"]]}


def _slim_action(action: Mapping[str, Any]) -> Mapping[str, Any]:
    if "resource" not in action:
        return action
    resource = action["resource"]
    resource_type = resource.get("resourceType") if isinstance(resource, Mapping) else None
    return {**action, "resource": {"resourceType": resource_type}}
