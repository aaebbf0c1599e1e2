"""Feedback of CDS Hooks 2.0 as the service sees it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from hospital import DIABETES, Hospital, Json
from werkzeug.test import TestResponse

ADDRESS = f"/cds-services/{DIABETES}/feedback"


@pytest.fixture
def accepted(hospital: Hospital) -> Json:
    """A report that the HbA1c order of Maria's card was taken."""
    (card,) = hospital.post(hospital.request("maria-lindqvist")).get_json()["cards"]
    return {
        "card": card["uuid"],
        "outcome": "accepted",
        "acceptedSuggestions": [{"id": card["suggestions"][0]["uuid"]}],
        "outcomeTimestamp": "2026-01-15T09:30:00Z",
    }


@pytest.fixture
def overridden(accepted: Json) -> Json:
    """A report that the card was set aside, with a reason and a remark."""
    reason = {"code": "not-now", "system": "https://bedside.example/fhir/CodeSystem/override-reason"}
    return {
        "card": accepted["card"],
        "outcome": "overridden",
        "overrideReason": {"reason": reason, "userComment": "next visit"},
        "outcomeTimestamp": "2026-01-15T09:31:00+01:00",
    }


def send(hospital: Hospital, *reports: Any) -> TestResponse:
    return hospital.client.post(ADDRESS, json={"feedback": list(reports)})


def reports_of(hospital: Hospital, card: str) -> list[Json]:
    story = hospital.ledger.story(card)
    assert story is not None
    return story["feedback"]


@pytest.mark.requirement(*(f"cds-hooks_2.0@{n}" for n in (148, 150, 151, 152, 153, 154, 155, 158, 162)))
def test_an_accepted_card_is_kept_with_its_suggestion(hospital: Hospital, accepted: Json) -> None:
    """The ledger knows which suggestion of which card was taken."""
    assert send(hospital, accepted).status_code == 200
    (kept,) = reports_of(hospital, accepted["card"])
    assert kept["outcome"] == "accepted"
    assert kept["known_card"]
    assert accepted["acceptedSuggestions"][0]["id"] in str(kept["accepted_suggestions"])


@pytest.mark.requirement(*(f"cds-hooks_2.0@{n}" for n in (156, 159, 160, 161, 165, 166, 167)))
def test_an_overridden_card_is_kept_with_its_reason(hospital: Hospital, overridden: Json) -> None:
    """Reason, remark and moment are kept."""
    assert send(hospital, overridden).status_code == 200
    (kept,) = reports_of(hospital, overridden["card"])
    assert (kept["outcome"], kept["reason_code"], kept["user_comment"]) == (
        "overridden",
        "not-now",
        "next visit",
    )
    assert kept["outcome_timestamp"].startswith("2026-01-15T08:31")


@pytest.mark.requirement("cds-hooks_2.0@160", "cds-hooks_2.0@167")
def test_an_override_needs_no_reason(hospital: Hospital, overridden: Json) -> None:
    """Reason and remark are optional."""
    del overridden["overrideReason"]
    assert send(hospital, overridden).status_code == 200


@pytest.mark.requirement("cds-hooks_2.0@154")
def test_several_reports_come_in_one_body(hospital: Hospital, accepted: Json, overridden: Json) -> None:
    """Each report of an array is kept."""
    send(hospital, accepted, overridden)
    assert {one["outcome"] for one in reports_of(hospital, accepted["card"])} == {"accepted", "overridden"}


def test_a_report_on_an_unknown_card_is_kept_and_flagged(hospital: Hospital, accepted: Json) -> None:
    """It may be ours from before; it never counts for a model."""
    assert send(hospital, {**accepted, "card": str(uuid4())}).status_code == 200
    (row,) = hospital.ledger.counts()["feedback"]
    assert (row["known_card"], row["model"]) == (False, None)


@pytest.mark.requirement(*(f"cds-hooks_2.0@{n}" for n in (155, 156, 157, 158, 161, 162)))
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("card", None),
        ("card", 7),
        ("outcome", None),
        ("outcome", "ignored"),
        ("acceptedSuggestions", None),
        ("acceptedSuggestions", []),
        ("acceptedSuggestions", [{}]),
        ("outcomeTimestamp", None),
        ("outcomeTimestamp", "yesterday"),
        ("outcomeTimestamp", "2026-01-15T09:30:00"),
    ],
)
def test_a_report_that_lacks_something_is_400(
    field: str, value: Any, hospital: Hospital, accepted: Json
) -> None:
    """The report's place is named, and nothing of the body is kept."""
    broken = {name: kept for name, kept in {**accepted, field: value}.items() if kept is not None}
    answer = send(hospital, accepted, broken)
    assert answer.status_code == 400
    assert answer.get_json()["issue"][0]["expression"][0].startswith("feedback[1]")
    assert field in str(answer.get_json())
    assert reports_of(hospital, accepted["card"]) == []


@pytest.mark.parametrize("body", [{}, {"feedback": []}, {"feedback": {}}, []])
def test_a_body_without_reports_is_400(body: Any, hospital: Hospital) -> None:
    """An object with an array of reports is asked for."""
    assert hospital.client.post(ADDRESS, json=body).status_code == 400


def test_feedback_to_a_service_that_is_not_there_is_404(hospital: Hospital) -> None:
    """The service of the address must exist."""
    assert hospital.client.post("/cds-services/none/feedback", json={"feedback": []}).status_code == 404
