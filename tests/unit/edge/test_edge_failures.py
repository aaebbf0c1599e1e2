"""What is answered when a part of the service fails: never an empty list of cards."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hospital import DIABETES, RESPONSE, Hospital

from cds_hooks import consultation
from cds_hooks.ledger import Ledger, LedgerUnavailable
from models.errors import PredictionError
from models.runtime import Model

SECRET = "canary4711"


@pytest.fixture
def broken_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every model raises with a patient's value in its message."""

    def predict(self: Model, vector: Any, explain: bool = True) -> Any:
        raise PredictionError(SECRET)

    monkeypatch.setattr(Model, "predict", predict)


@pytest.mark.usefixtures("broken_model")
def test_a_model_that_fails_is_a_500_that_names_it(hospital: Hospital) -> None:
    """The clinician's system learns that there is no guidance, not that there is nothing to say."""
    answer = hospital.post(hospital.request("maria-lindqvist"))
    assert answer.status_code == 500
    [issue] = answer.get_json()["issue"]
    assert DIABETES in issue["diagnostics"]


@pytest.mark.usefixtures("broken_model")
def test_a_model_that_fails_is_recorded_and_counted(hospital: Hospital) -> None:
    """The ledger has a failed decision and the metrics the kind of the error."""
    hospital.post(hospital.request("maria-lindqvist"))
    assert hospital.decisions() == [(DIABETES, "failed", "model-failed")]
    assert (
        f'bedside_model_failures_total{{error="PredictionError",model="{DIABETES}"}} 1.0'
        in hospital.metrics()
    )


@pytest.mark.usefixtures("broken_model")
def test_a_failure_is_logged_by_type_and_place_only(
    hospital: Hospital, caplog: pytest.LogCaptureFixture
) -> None:
    """The exception's text may hold a patient's value, so it is not logged; our own places are."""
    caplog.set_level(logging.DEBUG)
    hospital.post(hospital.request("maria-lindqvist"))
    told = [record.bedside for record in caplog.records if record.msg == "model-failed"]  # type: ignore[attr-defined]  # ours
    assert told[0]["error"] == "PredictionError"
    assert told[0]["places"][0].startswith("cds_hooks/consultation.py:")
    assert SECRET not in "".join(f"{record.getMessage()}{record.__dict__}" for record in caplog.records)


def test_a_defect_of_ours_is_a_500_without_words_of_its_own(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is raised outside a model is told by status only."""
    monkeypatch.setattr(consultation.people, "groups_of", mock.Mock(side_effect=RuntimeError(SECRET)))
    answer = hospital.post(hospital.request("maria-lindqvist"))
    assert answer.status_code == 500
    assert answer.get_json()["resourceType"] == "OperationOutcome"
    assert SECRET not in answer.text


def test_cards_that_cannot_be_recorded_are_not_shown(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a ledger the answer is 503, and the metrics count it."""
    monkeypatch.setattr(Ledger, "record", mock.Mock(side_effect=LedgerUnavailable("down")))
    answer = hospital.post(hospital.request("maria-lindqvist"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.get_json()["issue"][0]["code"] == "transient"
    assert 'bedside_ledger_failures_total{part="hook-call"} 1.0' in hospital.metrics()


def test_a_refusal_stays_what_it_is_without_a_ledger(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bad request is told as such even when it cannot be recorded."""
    monkeypatch.setattr(Ledger, "record", mock.Mock(side_effect=LedgerUnavailable("down")))
    assert hospital.post(b"{").status_code == 400


def test_feedback_that_cannot_be_stored_is_503(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    """The EHR is told to send it again."""
    monkeypatch.setattr(Ledger, "record_feedback", mock.Mock(side_effect=LedgerUnavailable("down")))
    report = {"card": "x", "outcome": "overridden", "outcomeTimestamp": "2026-01-01T00:00:00Z"}
    address = f"/cds-services/{DIABETES}/feedback"
    assert hospital.client.post(address, json={"feedback": [report]}).status_code == 503


def test_readiness_names_the_part_that_fails(hospital: Hospital, tmp_path: Path) -> None:
    """A ledger whose file is gone makes the service not ready; it stays alive."""
    assert hospital.client.get("/readyz").status_code == 200
    for file in tmp_path.glob("ledger.db*"):
        file.unlink()
    answer = hospital.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["parts"] == {"models": "ok", "ledger": "unavailable"}
    assert hospital.client.get("/healthz").status_code == 200


def test_a_model_that_is_not_shown_yet_is_recorded_as_silent(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model in shadow runs, and its prediction is kept, but no card leaves."""
    monkeypatch.setattr("models.manifest.Manifest.status", "shadow")
    answer = hospital.post(hospital.request("maria-lindqvist"))
    assert answer.get_json() == {"cards": []}
    assert hospital.decisions() == [(DIABETES, "silent", "shadow")]


def test_the_ledger_keeps_no_patient_s_id(hospital: Hospital, tmp_path: Path) -> None:
    """Neither the context's id nor a reference to the patient is in any row; the digest is."""
    text = json.dumps(hospital.request("maria-lindqvist"))
    for before, after in (('"', '"'), ("Patient/", '"')):
        text = text.replace(f"{before}maria-lindqvist{after}", f"{before}{SECRET}{after}")
    body = json.loads(text)
    answer = hospital.post(body)
    assert answer.get_json()["cards"]
    hospital.ledger.close()
    stored = b"".join(file.read_bytes() for file in tmp_path.glob("ledger.db*"))
    assert DIABETES.encode() in stored
    assert SECRET.encode() not in stored


def test_a_user_who_is_the_patient_is_not_named(hospital: Hospital) -> None:
    """Only clinicians are recorded as users."""
    body = hospital.request("maria-lindqvist")
    body["context"]["userId"] = "Patient/maria-lindqvist"
    card = hospital.post(body).get_json()["cards"][0]
    story = hospital.ledger.story(card["uuid"])
    assert story is not None
    assert story["call"]["user_ref"] is None


def test_the_hooks_of_a_service_are_told_apart(hospital: Hospital) -> None:
    """One id on two hooks answers the hook that is in the body."""
    for hook in ("order-select", "order-sign"):
        assert hospital.post(hospital.request("maria-lindqvist", hook), RESPONSE).status_code == 200
    assert 'hook="order-sign",service="immunotherapy-response",status="200"} 1.0' in hospital.metrics()
