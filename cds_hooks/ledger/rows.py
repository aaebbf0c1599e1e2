"""Between entries and rows: JSON as text, moments as text, the feedback digest, and back to plain values.

A card is stored as it was shown, except that a FHIR resource inside a suggested action is reduced to its
type: the clinician saw the label and the description, and the resource names the patient. What its extension
repeats of the other columns is stored once, there, and put back when the row is read. No column keeps a
reference to a patient: it is cut down to its type.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import Row, Table

from cds_hooks.extension import EXTENSION
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
_ELSEWHERE = frozenset(("features", "clearance"))
# At the beginning of a JSON string, or further on in a list of sources as a computed feature has it; up to
# the next source or the end. After a backslash the quote is part of a text, not its beginning. The literal
# word stands first, which is what makes the search quick.
_PATIENT = re.compile(
    rb'Patient/(?:(?<=(?<!\\)"Patient/)|(?<=, Patient/))(?:[^"\\]|\\.)*?(?=, [A-Z][A-Za-z]*/|")'
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
        "features": _unnamed(entry.features),
        "outputs": _json(entry.outputs),
        "applicability": _json(entry.applicability),
        "clearance": _json(entry.clearance),
        "decision": entry.decision,
        "reason": entry.reason,
        "card_uuid": entry.card_uuid,
        "card": None if entry.card is None else _unnamed(_stored(entry.card)),
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
    """Return the part of a joined row that belongs to `table` as plain values, JSON columns decoded and the
    card made whole again."""
    view = {}
    for column in table.columns:
        value = row._mapping[column]
        is_json = value is not None and column.name in _JSON_COLUMNS
        view[column.name] = _decode(value) if is_json else value
    if view.get("card"):
        view["card"] = _whole(view["card"], view["features"], view["clearance"])
    return view


def _json(value: object) -> str:
    return _encode(value).decode()


def _unnamed(value: object) -> str:
    """JSON text in which every reference to a patient is cut down to its type."""
    return _PATIENT.sub(b"Patient", _encode(value)).decode()


def _stored(card: Mapping[str, Any]) -> Mapping[str, Any]:
    """A card without the resources of its suggestions, and without what other columns hold."""
    kept = dict(card)
    suggestions: Sequence[Mapping[str, Any]] | None = card.get("suggestions")
    if suggestions:
        kept["suggestions"] = [_slim_suggestion(suggestion) for suggestion in suggestions]
    told = (card.get("extension") or {}).get(EXTENSION)
    if told:
        slim = {name: value for name, value in told.items() if name not in _ELSEWHERE}
        kept["extension"] = {**card["extension"], EXTENSION: slim}
    return kept


def _whole(
    card: dict[str, Any], features: Sequence[Mapping[str, Any]], clearance: Mapping[str, Any]
) -> dict[str, Any]:
    """A stored card as it was shown, with the features and the gate's word of its row."""
    told = (card.get("extension") or {}).get(EXTENSION)
    if not told or "features" in told:  # without the extension, or stored whole by an earlier version
        return card
    back: dict[str, Any] = {
        "features": [_filled(one) | {"state": one.get("state", "ok")} for one in features]
    }
    if clearance:
        back["clearance"] = _filled(clearance)
    return {**card, "extension": {**card["extension"], EXTENSION: {**told, **back}}}


def _filled(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value not in (None, "", [])}


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
