"""A service that reads what the prefetch lacks from the EHR's FHIR server, against one on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fhir_stub import CANARY, Reply, Stub, running
from hospital import Hospital

from models.registry import Registry


@pytest.fixture
def stub() -> Iterator[Stub]:
    with running() as one:
        yield one


@pytest.fixture
def caller(tmp_path: Path, catalogue: Registry, stub: Stub) -> Iterator[Hospital]:
    opened = Hospital(tmp_path, catalogue, BEDSIDE_FHIR_SERVERS=stub.origin)
    yield opened
    opened.close()


def without_observations(hospital: Hospital, stub: Stub) -> tuple[dict[str, Any], dict[str, Any]]:
    """Maria's request with the observations left out, and these observations."""
    body = hospital.request("maria-lindqvist")
    observations = body["prefetch"].pop("observations")
    body["fhirServer"] = stub.base
    body["fhirAuthorization"] = {
        "access_token": CANARY,
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "patient/*.read",
        "subject": "b",
    }
    return body, observations


def test_what_the_prefetch_lacks_is_read_from_the_server(caller: Hospital, stub: Stub) -> None:
    """The card is the same as with a full prefetch, and the server saw the token of the call."""
    whole = caller.post(caller.request("maria-lindqvist")).get_json()["cards"][0]
    body, observations = without_observations(caller, stub)
    stub.on("Observation", Reply(json.dumps(observations).encode()))
    card = caller.post(body).get_json()["cards"][0]
    score = "org.bedside.prediction"
    assert card["extension"][score]["score"] == whole["extension"][score]["score"]
    assert stub.calls[0].headers["Authorization"] == f"Bearer {CANARY}"


def test_a_server_that_is_not_listed_is_never_called(tmp_path: Path, catalogue: Registry, stub: Stub) -> None:
    """Without the setting nobody is called, whatever the request names."""
    hospital = Hospital(tmp_path, catalogue)
    body, _ = without_observations(hospital, stub)
    assert hospital.post(body).status_code == 200
    assert stub.calls == []
    hospital.close()


def test_required_data_that_cannot_be_read_is_a_412(caller: Hospital, stub: Stub) -> None:
    """A server that refuses the token leaves required data missing; the answer names it, not the token."""
    body, _ = without_observations(caller, stub)
    del body["prefetch"]["conditions"]
    stub.on("Condition", Reply(b"{}", status=401))
    stub.on("Observation", Reply(b"{}", status=401))
    answer = caller.post(body)
    assert answer.status_code == 412
    assert "conditions" in answer.text
    assert CANARY not in answer.text


def test_no_chart_is_read_for_an_order_that_no_model_has_a_part_in(caller: Hospital, stub: Stub) -> None:
    """A drug that is no checkpoint inhibitor needs no chart: nobody is called, and there is no card."""
    lisinopril = {"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "314076"}
    order = {
        "resourceType": "MedicationRequest",
        "id": "d1",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": "Patient/maria-lindqvist"},
        "medicationCodeableConcept": {"coding": [lisinopril]},
    }
    body, _ = without_observations(caller, stub)
    drafts = {"resourceType": "Bundle", "entry": [{"resource": order}]}
    body |= {"hook": "order-sign", "context": body["context"] | {"draftOrders": drafts}, "prefetch": {}}
    answer = caller.post(body, "immunotherapy-response")
    assert (answer.status_code, answer.get_json(), stub.calls) == (200, {"cards": []}, [])
