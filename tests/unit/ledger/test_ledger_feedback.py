"""Feedback: kept once, never changed, joined to its card."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_examples import make_call, make_feedback, make_prediction, story_of

from cds_hooks.ledger import Ledger, LedgerRefused

REASON = {"code": "not-indicated", "system": "https://bedside.example/override", "display": "Not indicated"}
DISTINCT: tuple[dict[str, Any], ...] = (
    {},
    {"accepted_suggestions": ["statin", "lipids"]},
    {"accepted_suggestions": []},
    {"outcome": "overridden", "accepted_suggestions": []},
    {"outcome": "overridden", "accepted_suggestions": [], "override_reason": REASON},
    {"outcome": "overridden", "accepted_suggestions": [], "user_comment": "seen last week"},
)


@pytest.fixture
def card(ledger: Ledger) -> str:
    """The uuid of a card that was shown."""
    call = make_call()
    shown = make_prediction(call)
    ledger.record(call, [shown])
    assert shown.card_uuid is not None
    return shown.card_uuid


def test_feedback_joins_the_story_of_its_card(ledger: Ledger, card: str) -> None:
    """An override with reason and comment is told in the card's story."""
    entry = make_feedback(
        card, outcome="overridden", accepted_suggestions=[], override_reason=REASON, user_comment="known"
    )
    assert ledger.record_feedback([entry]) == ["stored"]
    story = ledger.story(card)
    assert story is not None
    (told,) = story["feedback"]
    assert told["outcome"] == "overridden"
    assert (told["reason_code"], told["reason_display"]) == ("not-indicated", "Not indicated")
    assert told["user_comment"] == "known"
    assert told["outcome_timestamp"] == "2026-03-01T12:01:00.250Z"
    assert told["known_card"] is True


def test_the_same_report_again_is_a_duplicate(ledger: Ledger, card: str) -> None:
    """A client that sends a report twice, at whatever time, leaves one row."""
    entry = make_feedback(card)
    later = make_feedback(card, received_at=entry.received_at + timedelta(days=1))
    assert ledger.record_feedback([entry]) == ["stored"]
    assert ledger.record_feedback([later, entry]) == ["duplicate", "duplicate"]


def test_the_order_of_suggestions_makes_no_new_report(ledger: Ledger, card: str) -> None:
    """Accepted suggestions are a set: naming them in another order is the same report."""
    ledger.record_feedback([make_feedback(card, accepted_suggestions=["a", "b"])])
    again = make_feedback(card, accepted_suggestions=["b", "a", "b"])
    assert ledger.record_feedback([again]) == ["duplicate"]


def test_a_second_opinion_is_kept_beside_the_first(ledger: Ledger, card: str) -> None:
    """A card accepted first and overridden later has both reports, in the order of arrival."""
    first = make_feedback(card)
    second = make_feedback(
        card,
        outcome="overridden",
        accepted_suggestions=[],
        received_at=first.received_at + timedelta(seconds=1),
    )
    ledger.record_feedback([second, first])
    story = ledger.story(card)
    assert story is not None
    assert [told["outcome"] for told in story["feedback"]] == ["accepted", "overridden"]


def test_feedback_on_an_unknown_card_is_stored_and_flagged(ledger: Ledger) -> None:
    """A report on a card that we do not know is kept, flagged, and counted apart."""
    unknown = make_feedback("a card of another service")
    assert ledger.record_feedback([unknown]) == ["unknown-card"]
    assert ledger.record_feedback([unknown]) == ["duplicate"]
    (row,) = ledger.counts()["feedback"]
    assert (row["known_card"], row["model"], row["n"]) == (False, None, 1)


def test_feedback_is_counted_per_model_and_override_reason(ledger: Ledger, card: str) -> None:
    """Summaries tell reports and distinct cards per model, outcome and coded reason."""
    override = {"outcome": "overridden", "accepted_suggestions": [], "override_reason": REASON}
    minutes = [timedelta(minutes=minute) for minute in range(3)]
    entries = [make_feedback(card)]
    entries += [
        make_feedback(card, **override, outcome_timestamp=entries[0].outcome_timestamp + m) for m in minutes
    ]
    ledger.record_feedback(entries)
    rows = ledger.counts()["feedback"]
    told = [(row["model"], row["outcome"], row["reason_code"], row["n"], row["cards"]) for row in rows]
    assert told == [
        ("prevent-cvd", "accepted", None, 1, 1),
        ("prevent-cvd", "overridden", "not-indicated", 3, 1),
    ]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(st.lists(st.integers(0, len(DISTINCT) - 1), max_size=6), max_size=5),
)
def test_each_distinct_report_is_stored_exactly_once(ledger: Ledger, batches: list[list[int]]) -> None:
    """Whatever the order, the batching and the repetition, each distinct report is stored once."""
    call = make_call()
    shown = make_prediction(call)
    ledger.record(call, [shown])
    receipts = [
        receipt
        for batch in batches
        for receipt in ledger.record_feedback([make_feedback(shown.card_uuid, **DISTINCT[i]) for i in batch])
    ]
    distinct = {i for batch in batches for i in batch}
    story = story_of(ledger, shown)
    assert len(story["feedback"]) == receipts.count("stored") == len(distinct)
    assert receipts.count("duplicate") == len(receipts) - len(distinct)


def test_an_empty_batch_stores_nothing(ledger: Ledger) -> None:
    """A feedback request without reports is answered with an empty list."""
    assert ledger.record_feedback([]) == []


def test_a_batch_is_stored_whole_or_not_at_all(ledger: Ledger, card: str) -> None:
    """When one report cannot be stored, none of its batch is."""
    broken = make_feedback("a-card", service_id=None)
    with pytest.raises(LedgerRefused, match="recording feedback failed"):
        ledger.record_feedback([make_feedback(card), broken])
    assert ledger.counts()["feedback"] == []
