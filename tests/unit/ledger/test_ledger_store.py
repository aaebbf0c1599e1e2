"""What is recorded under one card, and what can be asked of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from ledger_examples import make_call, make_prediction, make_silent, story_of
from sqlalchemy import Engine, func, select

from cds_hooks.ledger import Ledger, LedgerRefused
from cds_hooks.ledger.schema import hook_call, prediction


def rows_in(outside: Engine, table: Any) -> int:
    with outside.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_a_card_tells_its_story(ledger: Ledger) -> None:
    """Call and prediction come back under the card's uuid, equal to what was told."""
    call = make_call()
    shown = make_prediction(call)
    ledger.record(call, [shown])
    story = story_of(ledger, shown)
    told = msgspec.to_builtins(call) | {"received_at": "2026-03-01T12:00:00.250Z"}
    assert story["call"] == told
    assert story["prediction"] == msgspec.to_builtins(shown) | {"position": 0}
    assert story["feedback"] == []


def test_an_unknown_card_has_no_story(ledger: Ledger) -> None:
    """A card that was never shown gives None, not an empty story."""
    assert ledger.story("6f1c3d6e-2c1b-4f0a-9a63-0d7c1a2b3c4d") is None


def test_the_story_of_one_card_leaves_the_others_out(ledger: Ledger) -> None:
    """Two cards of one call have one story each."""
    call = make_call()
    first, second = make_prediction(call), make_prediction(call, model="kfre")
    ledger.record(call, [first, second])
    story = story_of(ledger, second)
    assert story["prediction"]["prediction_id"] == second.prediction_id


def test_undefined_numbers_stay_undefined(ledger: Ledger) -> None:
    """NaN in a feature comes back as null, never as 0."""
    call = make_call()
    shown = make_prediction(call, features=[{"name": "sbp", "value": float("nan")}])
    ledger.record(call, [shown])
    story = story_of(ledger, shown)
    assert story["prediction"]["features"] == [{"name": "sbp", "value": None}]


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("Patient/123", "Patient"),
        ("Observation/k, Patient/123, Patient/123", "Observation/k, Patient, Patient"),
        ("Patient/123, Observation/k", "Patient, Observation/k"),
        ('Patient/1"2, 3', "Patient"),
    ],
)
def test_no_source_keeps_the_patient(ledger: Ledger, source: str, kept: str) -> None:
    """A reference to a patient is cut down to its type, also among the sources of a computed feature."""
    call = make_call()
    shown = make_prediction(call, features=[{"name": "egfr", "value": 61.0, "source": source}])
    ledger.record(call, [shown])
    assert story_of(ledger, shown)["prediction"]["features"][0]["source"] == kept


def test_a_suggested_resource_is_reduced_to_its_type(ledger: Ledger) -> None:
    """The stored card keeps what the clinician read and drops the FHIR resource, which names the patient."""
    action = {"type": "create", "description": "Order a lipid panel"}
    resource = {"resourceType": "ServiceRequest", "subject": {"reference": "Patient/123"}}
    suggestions = [{"label": "Lipid panel", "uuid": "s1", "actions": [action | {"resource": resource}]}]
    call = make_call()
    plain = make_prediction(call)
    shown = make_prediction(call, card={**(plain.card or {}), "suggestions": suggestions})
    ledger.record(call, [shown])
    story = story_of(ledger, shown)
    kept = story["prediction"]["card"]["suggestions"][0]["actions"]
    assert kept == [action | {"resource": {"resourceType": "ServiceRequest"}}]


def test_an_issue_is_stored_without_anything_but_path_and_code(ledger: Ledger) -> None:
    """What else an issue carries, such as the offending value, never reaches the database."""
    call = make_call(issues=[{"path": "prefetch.a", "code": "bad-date", "value": "1961-02-03"}])
    shown = make_prediction(call)
    ledger.record(call, [shown])
    story = story_of(ledger, shown)
    assert story["call"]["issues"] == [{"path": "prefetch.a", "code": "bad-date"}]


def test_a_failing_prediction_takes_the_call_with_it(ledger: Ledger, outside: Engine) -> None:
    """When the second prediction is refused, neither the call nor the first prediction stays."""
    call = make_call()
    first = make_prediction(call)
    twin = make_prediction(call, prediction_id=first.prediction_id)
    with pytest.raises(LedgerRefused):
        ledger.record(call, [first, twin])
    assert (rows_in(outside, hook_call), rows_in(outside, prediction)) == (0, 0)


def test_a_value_that_json_cannot_hold_stores_nothing(ledger: Ledger, outside: Engine) -> None:
    """A feature of a foreign type is refused before the transaction begins."""
    call = make_call()
    with pytest.raises(TypeError):
        ledger.record(call, [make_prediction(call, features=[{"value": object()}])])
    assert rows_in(outside, hook_call) == 0


def test_a_prediction_of_another_call_is_refused(ledger: Ledger) -> None:
    """A prediction cannot be filed under a call that it does not name."""
    with pytest.raises(ValueError, match="another call"):
        ledger.record(make_call(), [make_prediction(make_call())])


def test_a_card_belongs_to_one_prediction(ledger: Ledger) -> None:
    """A card uuid that is already taken is refused, so feedback can never count for two models."""
    call = make_call()
    first = make_prediction(call)
    with pytest.raises(LedgerRefused):
        ledger.record(call, [first, make_prediction(call, card_uuid=first.card_uuid)])


def test_reasons_tell_what_became_of_each_model(ledger: Ledger) -> None:
    """Decision and reason come back per model, in the order in which the models were asked."""
    call = make_call()
    silent, shown = make_silent(call, model="kfre"), make_prediction(call)
    ledger.record(call, [silent, shown])
    told = ledger.reasons(call.call_id) or []
    assert [(reason["model"], reason["decision"], reason["reason"]) for reason in told] == [
        ("kfre", "silent", "below-threshold"),
        ("prevent-cvd", "card", None),
    ]


def test_a_call_without_models_differs_from_an_unknown_call(ledger: Ledger) -> None:
    """A recorded call without predictions has no reasons; an unknown call has no answer."""
    call = make_call()
    ledger.record(call)
    assert ledger.reasons(call.call_id) == []
    assert ledger.reasons(make_call().call_id) is None


def test_counts_sum_decisions_per_service_and_model(ledger: Ledger) -> None:
    """Decisions are counted per service, model, version and reason, calls per service and status."""
    for _ in range(2):
        call = make_call()
        ledger.record(call, [make_prediction(call), make_silent(call, model="kfre", version="2.0.0")])
    ledger.record(make_call(status=500))
    counts = ledger.counts()
    assert [(row["status"], row["n"]) for row in counts["calls"]] == [(200, 2), (500, 1)]
    assert [tuple(row.values()) for row in counts["decisions"]] == [
        ("prevent-cvd", "kfre", "2.0.0", "silent", "below-threshold", 2),
        ("prevent-cvd", "prevent-cvd", "1.0.0", "card", None, 2),
    ]


def test_counts_start_where_they_are_told(ledger: Ledger) -> None:
    """Only what was received at or after the given moment is counted."""
    old = make_call()
    young = make_call(received_at=old.received_at + timedelta(hours=1))
    ledger.record(old)
    ledger.record(young)
    assert ledger.counts(since=young.received_at)["calls"][0]["n"] == 1


def test_counts_refuse_a_naive_start(ledger: Ledger) -> None:
    """A start without a zone raises ValueError instead of guessing one."""
    with pytest.raises(ValueError, match="since must carry a time zone"):
        ledger.counts(since=make_call().received_at.replace(tzinfo=None))
