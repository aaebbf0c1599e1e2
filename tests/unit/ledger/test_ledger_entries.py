"""What an entry refuses before it can reach the database."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from ledger_examples import make_call, make_feedback, make_prediction

NAIVE = datetime(2026, 3, 1, 12)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("received_at", NAIVE),
        ("call_id", "call-1"),
        ("call_id", "6F1C3D6E-2C1B-4F0A-9A63-0D7C1A2B3C4D"),
        ("call_id", "6f1c3d6e-2c1b-1f0a-9a63-0d7c1a2b3c4d"),
        ("patient_key", "Patient/123"),
        ("patient_key", "6f1c3d6e-2c1b-4f0a-9a63-0d7c1a2b3c4d"),
        ("user_ref", "Patient/123"),
        ("user_ref", "https://ehr.example/fhir/Patient/123"),
        ("duration_ms", float("nan")),
        ("duration_ms", -1.0),
    ],
)
def test_a_hook_call_names_the_field_that_breaks_a_rule(field: str, value: Any) -> None:
    """A call with a naive time, a bad id, an identifying reference or an impossible duration is refused."""
    with pytest.raises(ValueError, match=rf"^{field} ") as refused:
        make_call(**{field: value})
    assert str(value) not in str(refused.value)


def test_a_call_refused_before_its_context_has_no_patient_key() -> None:
    """A call that was turned away before its patient was known can be recorded without a key."""
    assert make_call(patient_key=None, status=401).patient_key is None


@pytest.mark.parametrize(
    "changes",
    [
        {"prediction_id": "1"},
        {"decision": "shown"},
        {"card": None},
        {"card_uuid": None},
        {"card_uuid": "card-1"},
        {"card_uuid": None, "card": None},
        {"decision": "silent"},
        {"decision": "outside", "reason": ""},
    ],
)
def test_a_prediction_is_whole_or_refused(changes: dict[str, Any]) -> None:
    """A prediction with an unknown decision, half a card, or silence without a reason is refused."""
    with pytest.raises(ValueError, match=r"must|come together|needs"):
        make_prediction(make_call(), **changes)


def test_an_explained_card_outside_the_domain_is_allowed() -> None:
    """A model that does not apply may show a card that says so, with its reason."""
    entry = make_prediction(make_call(), decision="outside", reason="age-above-domain")
    assert entry.card is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"card_uuid": ""},
        {"card_uuid": "x" * 256},
        {"outcome": "ignored"},
        {"outcome_timestamp": NAIVE},
        {"received_at": NAIVE},
    ],
)
def test_feedback_breaking_a_rule_is_refused(changes: dict[str, Any]) -> None:
    """Feedback without a usable card id, with an unknown outcome or a naive time is refused."""
    with pytest.raises(ValueError, match=r"card_uuid|outcome|zone"):
        make_feedback(**({"card_uuid": "a-card"} | changes))


@pytest.mark.parametrize("field", ["status", "patient_key"])
def test_entries_cannot_be_changed(field: str) -> None:
    """An entry is frozen: what was told is what is stored."""
    with pytest.raises(AttributeError):
        setattr(make_call(), field, None)
