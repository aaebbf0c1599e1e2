"""Feedback of CDS Hooks 2.0 as the service sees it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
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
        "outcomeTimestamp": datetime.now(UTC).isoformat(),
    }


@pytest.fixture
def overridden(accepted: Json) -> Json:
    """A report that the card was set aside, with a reason and a remark."""
    reason = {"code": "not-now", "system": "https://bedside.example/fhir/CodeSystem/override-reason"}
    return {
        "card": accepted["card"],
        "outcome": "overridden",
        "overrideReason": {"reason": reason, "userComment": "next visit"},
        "outcomeTimestamp": datetime.now(timezone(timedelta(hours=1))).isoformat(),
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
    moment = datetime.fromisoformat(overridden["outcomeTimestamp"]).astimezone(UTC)
    assert kept["outcome_timestamp"].startswith(moment.isoformat()[:19])


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


@pytest.mark.requirement("cds-hooks_2.0@161")
@pytest.mark.parametrize(("minutes", "status"), [(-100_000, 400), (-6, 400), (-4, 200), (0, 200), (4, 200)])
def test_action_on_a_card_comes_after_the_card(
    minutes: int, status: int, hospital: Hospital, accepted: Json
) -> None:
    """From before the card was issued a report is nonsense, beyond what two clocks may differ by."""
    when = datetime.now(UTC) + timedelta(minutes=minutes)
    answer = send(hospital, {**accepted, "outcomeTimestamp": when.isoformat()})
    assert answer.status_code == status
    assert len(reports_of(hospital, accepted["card"])) == (status == 200)
    if status == 400:
        (issue,) = answer.get_json()["issue"]
        assert issue["expression"] == ["feedback[0].outcomeTimestamp"]
        assert "5 minutes before the card was issued" in issue["diagnostics"]


def test_a_batch_with_one_report_from_before_its_card_is_refused_as_a_whole(
    hospital: Hospital, accepted: Json, overridden: Json
) -> None:
    """The report is named by its place."""
    answer = send(hospital, accepted, {**overridden, "outcomeTimestamp": "2020-01-01T00:00:00Z"})
    assert answer.get_json()["issue"][0]["expression"] == ["feedback[1].outcomeTimestamp"]
    assert reports_of(hospital, accepted["card"]) == []


def test_a_report_on_a_card_of_another_service_is_refused(hospital: Hospital, accepted: Json) -> None:
    """It would count for a model that issued no card."""
    answer = hospital.client.post(
        "/cds-services/immunotherapy-response/feedback", json={"feedback": [accepted]}
    )
    (issue,) = answer.get_json()["issue"]
    assert (answer.status_code, issue["expression"]) == (400, ["feedback[0].card"])
    assert "that service's address" in issue["diagnostics"]
    assert reports_of(hospital, accepted["card"]) == []


def test_a_report_on_a_card_of_which_nothing_is_known_may_be_old(hospital: Hospital, accepted: Json) -> None:
    """Nobody can tell when that card was issued."""
    old = {**accepted, "card": str(uuid4()), "outcomeTimestamp": "2020-01-01T00:00:00Z"}
    assert send(hospital, old).status_code == 200


@pytest.mark.parametrize("body", [{}, {"feedback": []}, {"feedback": {}}, []])
def test_a_body_without_reports_is_400(body: Any, hospital: Hospital) -> None:
    """An object with an array of reports is asked for."""
    assert hospital.client.post(ADDRESS, json=body).status_code == 400


def test_feedback_to_a_service_that_is_not_there_is_404(hospital: Hospital) -> None:
    """The service of the address must exist."""
    assert hospital.client.post("/cds-services/none/feedback", json={"feedback": []}).status_code == 404
