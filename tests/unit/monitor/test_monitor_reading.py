"""What the columns of an audit say of a prediction in the ledger."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from monitor_cases import MODEL, NOW, OUTPUT, START, predict

from cds_hooks.ledger import FeedbackEntry, Ledger
from cds_hooks.monitor.reading import days, read_watched
from fairness.monitor.watch import Watched

SILENT = {"decision": "silent", "reason": "below-threshold", "card_uuid": None, "card": None}


def read(ledger: Ledger) -> Watched:
    """Everything of the diabetes model."""
    return read_watched(ledger, MODEL, "1.0.0", OUTPUT, ("age", "bmi"), NOW)


@pytest.mark.parametrize(
    ("changes", "raised"),
    [
        ({}, set()),
        (SILENT, {"no_card"}),
        (SILENT | {"reason": "shadow"}, set()),
        (
            SILENT | {"decision": "failed", "reason": "model-failed", "applicability": {}},
            {"no_card", "abstained"},
        ),
        (SILENT | {"reason": "known", "applicability": {"status": "silent"}}, {"no_card", "abstained"}),
        ({"decision": "outside", "reason": "withheld"}, {"abstained"}),
        ({"decision": "outside", "reason": "old", "applicability": {"status": "outside"}}, {"abstained"}),
        ({"features": [{"name": "age", "state": "missing"}]}, {"missing_input"}),
        ({"features": [{"name": "other", "state": "missing"}]}, set()),
    ],
)
def test_silence_is_told_by_kind(ledger: Ledger, changes: dict[str, Any], raised: set[str]) -> None:
    """No card, no answer and missing inputs are told apart; the silence of the shadow is none of them."""
    predict(ledger, "one", **({"features": [{"name": "age", "value": 1.0}]} | changes))
    assert {name for name, column in read(ledger).flags.items() if column[0]} == raised


def test_a_missing_input_is_nan(ledger: Ledger) -> None:
    """Neither an assumed nor a false 0 stands for a value that is not known."""
    predict(ledger, "one")
    inputs = read(ledger).inputs
    assert (inputs["age"][0], np.isnan(inputs["bmi"][0])) == (50.0, True)


def test_a_prediction_without_a_score_is_nan(ledger: Ledger) -> None:
    """An output that is not there has no probability."""
    predict(ledger, "one", p=None)
    assert np.isnan(read(ledger).scored.p[0])


def test_the_last_word_on_a_card_counts(ledger: Ledger) -> None:
    """Of two reports on one card the later one is the clinician's action."""
    shown = predict(ledger, "one", user="Practitioner/7")
    for minute, outcome in enumerate(("overridden", "accepted")):
        at = START.replace(minute=minute)
        ledger.record_feedback(
            [
                FeedbackEntry(
                    card_uuid=str(shown.card_uuid), service_id=MODEL, outcome=outcome,  # type: ignore[arg-type]
                    accepted_suggestions=(), override_reason=None, user_comment=None,
                    outcome_timestamp=at, received_at=at,
                )
            ]
        )  # fmt: skip
    watched = read(ledger)
    assert (watched.actions, watched.clinicians) == (["accepted"], ["Practitioner/7"])


def test_groups_are_those_recorded_with_the_prediction(ledger: Ledger) -> None:
    """Lists and single words both become answers; nothing recorded stays nothing."""
    predict(ledger, "one", group_values={"sex": "female", "race": ["asian", "white"], "ethnicity": None})
    assert read(ledger).groups == [{"sex": ("female",), "race": ("asian", "white"), "ethnicity": ()}]


def test_predictions_after_the_moment_are_not_read(ledger: Ledger) -> None:
    """An audit as of a day sees nothing later."""
    predict(ledger, "one", NOW)
    watched = read_watched(ledger, MODEL, "1.0.0", OUTPUT, (), START)
    assert watched.scored.patients == []


def test_days_of_text_and_moment_agree() -> None:
    """The ledger's text and the datetime are one number."""
    assert days("2026-01-01T09:00:00.000Z") == days(START)
