"""Feedback at the edge: stored once, and refused with the element that does not fit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hospital import DIABETES, Hospital

from cds_hooks.errors import BadRequest
from cds_hooks.feedback import read_feedback

NOW = datetime(2026, 11, 24, tzinfo=UTC)
REPORT: dict[str, Any] = {
    "card": "9368d37b-283f-44a0-93ea-547cebab93ed",
    "outcome": "overridden",
    "outcomeTimestamp": "2026-11-24T10:05:31.123Z",
}
ADDRESS = f"/cds-services/{DIABETES}/feedback"


def test_a_report_that_is_sent_again_is_stored_once(hospital: Hospital) -> None:
    """A client may repeat a whole batch; both answers are 200 without a body."""
    for _ in range(2):
        answer = hospital.client.post(ADDRESS, json={"feedback": [REPORT]})
        assert (answer.status_code, answer.data) == (200, b"")
    assert [row["n"] for row in hospital.ledger.counts()["feedback"]] == [1]
    told = f'{{outcome="{REPORT["outcome"]}",receipt="duplicate",service="{DIABETES}"}} 1.0'
    assert f"bedside_feedback_total{told}" in hospital.metrics()


@pytest.mark.parametrize(
    ("changed", "expression"),
    [
        ({"card": ""}, "feedback[0].card"),
        ({"card": "x" * 256}, "feedback[0].card"),
        ({"outcome": "ignored"}, "feedback[0].outcome"),
        ({"outcome": None}, "feedback[0].outcome"),
        ({"outcome": "accepted"}, "feedback[0].acceptedSuggestions"),
        ({"outcome": "accepted", "acceptedSuggestions": []}, "feedback[0].acceptedSuggestions"),
        ({"outcome": "accepted", "acceptedSuggestions": [{}]}, "feedback[0].acceptedSuggestions[0].id"),
        ({"outcomeTimestamp": "yesterday"}, "feedback[0].outcomeTimestamp"),
        ({"outcomeTimestamp": "2026-11-24T10:05:31"}, "feedback[0].outcomeTimestamp"),
        ({"outcomeTimestamp": "0001-01-01T00:00:00+14:00"}, "feedback[0].outcomeTimestamp"),
        ({"overrideReason": {"reason": {"code": "x"}}}, "feedback[0].overrideReason.reason.system"),
    ],
)
def test_what_does_not_fit_is_named_and_not_quoted(
    hospital: Hospital, changed: dict[str, Any], expression: str
) -> None:
    """400 with the element's path, and without its value."""
    answer = hospital.client.post(ADDRESS, json={"feedback": [REPORT | changed]})
    [issue] = answer.get_json()["issue"]
    assert answer.status_code == 400
    assert issue["expression"] == [expression]
    assert "yesterday" not in answer.text
    assert "ignored" not in answer.text


@pytest.mark.parametrize("time", ["yesterday", "2026-11-24", "2026-11-24T10:05:31", 5])
def test_a_time_that_is_none_is_told_with_the_form_that_is_wanted(time: object) -> None:
    """A day, or a time without its offset, does not say when the action was taken."""
    with pytest.raises(BadRequest, match="with an offset, such as 2026-01-31T09:30:00Z"):
        read_feedback(msgspec.json.encode({"feedback": [REPORT | {"outcomeTimestamp": time}]}), DIABETES, NOW)


@pytest.mark.parametrize("name", ["card", "outcome", "outcomeTimestamp"])
def test_an_element_that_is_missing_is_named(hospital: Hospital, name: str) -> None:
    """By its own path, in the words of the hooks."""
    report = {key: value for key, value in REPORT.items() if key != name}
    answer = hospital.client.post(ADDRESS, json={"feedback": [report]})
    (issue,) = answer.get_json()["issue"]
    assert (answer.status_code, issue["code"]) == (400, "required")
    assert (issue["diagnostics"], issue["expression"]) == (f"{name} is missing.", [f"feedback[0].{name}"])


def test_one_bad_report_leaves_none_of_the_batch_stored(hospital: Hospital) -> None:
    """A batch is all or nothing, so that the client can send it again as a whole."""
    hospital.client.post(ADDRESS, json={"feedback": [REPORT, REPORT | {"outcome": "ignored"}]})
    assert hospital.ledger.counts()["feedback"] == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"feedback": []}', b'{"feedback": 7}', b"[" * 50_000])
def test_a_body_without_reports_is_refused(body: bytes) -> None:
    """Anything but an object with reports is a bad request."""
    with pytest.raises(BadRequest):
        read_feedback(body, DIABETES, NOW)


def report_of(when: datetime) -> bytes:
    """A body with one report of a time."""
    return msgspec.json.encode({"feedback": [REPORT | {"outcomeTimestamp": when.isoformat()}]})


@pytest.mark.parametrize("ahead", [timedelta(minutes=6), timedelta(days=26_700)])
def test_an_action_that_lies_ahead_is_refused(ahead: timedelta) -> None:
    """outcomeTimestamp is when action was taken; what was taken in 2099 would spoil every count by time."""
    with pytest.raises(BadRequest) as refused:
        read_feedback(report_of(NOW + ahead), DIABETES, NOW)
    assert refused.value.expression == "feedback[0].outcomeTimestamp"
    assert "when action was taken" in str(refused.value)
    assert "clock" in str(refused.value)


@pytest.mark.parametrize("ahead", [timedelta(minutes=4), timedelta(0), timedelta(days=-400)])
def test_a_clock_that_is_a_little_fast_is_no_reason_to_refuse(ahead: timedelta) -> None:
    """Clocks of client and service differ; and feedback may come late."""
    (entry,) = read_feedback(report_of(NOW + ahead), DIABETES, NOW)
    assert entry.outcome_timestamp == NOW + ahead


def test_the_future_is_refused_at_the_edge_too(hospital: Hospital) -> None:
    """A report of 2099 is answered with 400 that names the field, and is not stored."""
    late = REPORT | {"outcomeTimestamp": "2099-01-01T00:00:00Z"}
    answer = hospital.client.post(ADDRESS, json={"feedback": [late]})
    [issue] = answer.get_json()["issue"]
    assert (answer.status_code, issue["expression"]) == (400, ["feedback[0].outcomeTimestamp"])
    assert hospital.ledger.counts()["feedback"] == []
