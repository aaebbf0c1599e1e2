"""What the ledger is told: one entry per hook call, per prediction and per feedback report.

An entry checks itself when it is made and raises ValueError naming the field, never its value. Three rules
keep identity out of the ledger: the patient is a keyed digest, a user who is the patient is not named, and
an issue tells where and what kind, not which value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NotRequired, TypedDict

from msgspec import Struct

from cds_hooks.ledger.times import utc_text

__all__ = [
    "CARD_ID_LENGTH",
    "PATIENT_KEY_LENGTH",
    "Decision",
    "FeedbackEntry",
    "HookCallEntry",
    "Issue",
    "Outcome",
    "OverrideReason",
    "PredictionEntry",
    "Told",
]

Told = Struct | Mapping[str, Any]
"""What becomes a JSON object."""

Decision = Literal["card", "silent", "outside", "failed"]
Outcome = Literal["accepted", "overridden"]

PATIENT_KEY_LENGTH = 128
CARD_ID_LENGTH = 255

# Version 7; rows of earlier days have version 4.
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_KEYED_DIGEST = re.compile(rf"[0-9a-f]{{32,{PATIENT_KEY_LENGTH}}}")
_DECISIONS = frozenset(("card", "silent", "outside", "failed"))
_OUTCOMES = frozenset(("accepted", "overridden"))


class Issue(TypedDict):
    """One thing that was wrong with a call: where (a path into the request) and what kind (a slug)."""

    path: str
    code: str


class OverrideReason(TypedDict):
    """The Coding that a clinician chose for not following a card."""

    code: str
    system: str
    display: NotRequired[str]


class HookCallEntry(Struct, frozen=True, kw_only=True):
    """One hook call as it was answered.

    `call_id` is a lower-case uuid, `received_at` has a zone, `status` is the HTTP status of the answer,
    `duration_ms` is finite and not negative. `client` is the issuer of a verified token or
    "unauthenticated". `patient_key` is a keyed digest in lower-case hex (32 to 128 digits), None for a call
    refused before its context was read.
    """

    call_id: str
    received_at: datetime
    service_id: str
    hook: str
    hook_instance: str | None
    client: str
    patient_key: str | None
    user_ref: str | None
    encounter_ref: str | None
    status: int
    duration_ms: float
    issues: Sequence[Issue] = ()

    def __post_init__(self) -> None:
        _require_uuid(self.call_id, "call_id")
        utc_text(self.received_at, "received_at")
        if self.patient_key is not None and not _KEYED_DIGEST.fullmatch(self.patient_key):
            raise ValueError("patient_key must be a keyed digest in lower-case hex, never an identifier")
        if self.user_ref is not None and "Patient/" in self.user_ref:
            raise ValueError("user_ref must not name a patient; leave it None when the patient is the user")
        if not (math.isfinite(self.duration_ms) and self.duration_ms >= 0):
            raise ValueError("duration_ms must be finite and not negative")


class PredictionEntry(Struct, frozen=True, kw_only=True):
    """What one model said in one call, and what became of it.

    `features`, `outputs`, `applicability`, `clearance` and `group_values` are JSON values or structs that
    become some; NaN is kept as null, and a reference to the patient as "Patient".
    `decision` is "card" (shown with a score), "silent", "outside" (the model does not apply) or "failed";
    every decision but "card" has a `reason` slug. `card` is the card as shown and comes with its `card_uuid`,
    or neither.
    """

    prediction_id: str
    call_id: str
    model: str
    version: str
    model_sha256: str
    feature_spec_sha256: str
    features: Sequence[Told]
    outputs: Sequence[Told]
    applicability: Told
    clearance: Told
    decision: Decision
    reason: str | None
    card_uuid: str | None
    card: Mapping[str, Any] | None
    group_values: Mapping[str, Any]

    def __post_init__(self) -> None:
        _require_uuid(self.prediction_id, "prediction_id")
        if self.decision not in _DECISIONS:
            raise ValueError(f"decision must be one of {', '.join(sorted(_DECISIONS))}")
        if (self.card_uuid is None) != (self.card is None):
            raise ValueError("card and card_uuid come together or not at all")
        if self.card_uuid is not None:
            _require_uuid(self.card_uuid, "card_uuid")
        if self.decision == "card" and self.card_uuid is None:
            raise ValueError('the decision "card" needs the card')
        if self.decision != "card" and not self.reason:
            raise ValueError("a decision other than card needs its reason")


class FeedbackEntry(Struct, frozen=True, kw_only=True):
    """What one feedback report says of one card (CDS Hooks 2.0, "Feedback").

    `card_uuid` is whatever the client sent, at most 255 characters; `outcome_timestamp` is the client's
    clock, `received_at` ours, both with a zone.
    """

    card_uuid: str
    service_id: str
    outcome: Outcome
    accepted_suggestions: Sequence[str]
    override_reason: OverrideReason | None
    user_comment: str | None
    outcome_timestamp: datetime
    received_at: datetime

    def __post_init__(self) -> None:
        if not 0 < len(self.card_uuid) <= CARD_ID_LENGTH:
            raise ValueError(f"card_uuid must have 1 to {CARD_ID_LENGTH} characters")
        if self.outcome not in _OUTCOMES:
            raise ValueError("outcome must be accepted or overridden")
        utc_text(self.outcome_timestamp, "outcome_timestamp")
        utc_text(self.received_at, "received_at")


def _require_uuid(value: str, field: str) -> None:
    if not _UUID.fullmatch(value):
        raise ValueError(f"{field} must be a lower-case uuid")
