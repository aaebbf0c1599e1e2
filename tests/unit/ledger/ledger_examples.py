"""Entries to write into a ledger, each with made-up values that a test may change by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from cds_hooks.ledger import FeedbackEntry, HookCallEntry, Ledger, PredictionEntry, Story

NOON = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)


def make_call(**changes: Any) -> HookCallEntry:
    """A patient-view call that was answered with 200."""
    entry: dict[str, Any] = {
        "call_id": str(uuid4()),
        "received_at": NOON,
        "service_id": "prevent-cvd",
        "hook": "patient-view",
        "hook_instance": str(uuid4()),
        "client": "https://ehr.example",
        "patient_key": "0f" * 32,
        "user_ref": "Practitioner/7",
        "encounter_ref": "Encounter/9",
        "status": 200,
        "duration_ms": 4.25,
        "issues": [{"path": "prefetch.observations.entry[3]", "code": "unknown-unit"}],
    }
    return HookCallEntry(**(entry | changes))


def make_prediction(call: HookCallEntry, **changes: Any) -> PredictionEntry:
    """A prediction of `call` that was shown as a card."""
    card_uuid = str(uuid4())
    entry: dict[str, Any] = {
        "prediction_id": str(uuid4()),
        "call_id": call.call_id,
        "model": "prevent-cvd",
        "version": "1.0.0",
        "model_sha256": "a1" * 32,
        "feature_spec_sha256": "b2" * 32,
        "features": [{"name": "sbp", "value": 131.0, "unit": "mm[Hg]", "missing": None}],
        "outputs": [{"name": "cvd_10y", "probability": 0.12, "low": 0.1, "high": 0.15}],
        "applicability": {"state": "inside"},
        "clearance": {"verdict": "serve"},
        "decision": "card",
        "reason": None,
        "card_uuid": card_uuid,
        "card": {"uuid": card_uuid, "summary": "10-year risk 12 %", "indicator": "info"},
        "group_values": {"sex": "female", "race": None},
    }
    return PredictionEntry(**(entry | changes))


def make_silent(call: HookCallEntry, **changes: Any) -> PredictionEntry:
    """A prediction of `call` that was not shown."""
    silent = {"decision": "silent", "reason": "below-threshold", "card_uuid": None, "card": None}
    return make_prediction(call, **(silent | changes))


def make_feedback(card_uuid: str | None, **changes: Any) -> FeedbackEntry:
    """A report that the card's one suggestion was accepted."""
    entry: dict[str, Any] = {
        "card_uuid": card_uuid,
        "service_id": "prevent-cvd",
        "outcome": "accepted",
        "accepted_suggestions": ["statin"],
        "override_reason": None,
        "user_comment": None,
        "outcome_timestamp": NOON + timedelta(minutes=1),
        "received_at": NOON + timedelta(minutes=2),
    }
    return FeedbackEntry(**(entry | changes))


def story_of(ledger: Ledger, shown: PredictionEntry) -> Story:
    """The story of a card that must be in the ledger."""
    assert shown.card_uuid is not None
    story = ledger.story(shown.card_uuid)
    assert story is not None
    return story
