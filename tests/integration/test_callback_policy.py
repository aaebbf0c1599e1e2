"""What becomes of a key that is read back: when it is asked for, what a part of it is worth, what is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fhir_stub import CANARY, Reply, Stub, page, running
from hospital import DIABETES, RESPONSE, Hospital, Json, resources

from cds_hooks.callback import Callback, told
from cds_hooks.protocol import HookCall, read_call
from fhir_mapping.server.policy import KeyPolicy, policies
from models.registry import Registry, Service

OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]}


@pytest.fixture
def stub() -> Iterator[Stub]:
    with running() as one:
        yield one


@pytest.fixture
def caller(tmp_path: Path, catalogue: Registry, stub: Stub) -> Iterator[Hospital]:
    opened = Hospital(tmp_path, catalogue, BEDSIDE_FHIR_SERVERS=stub.origin)
    yield opened
    opened.close()


@pytest.fixture
def service(catalogue: Registry) -> Service:
    return catalogue.services[(DIABETES, "patient-view")]


def readable(hospital: Hospital, stub: Stub, patient: str = "maria-lindqvist") -> Json:
    """A patient's request with the right to read the server."""
    access = {"access_token": CANARY, "token_type": "Bearer", "expires_in": 300}
    return {**hospital.request(patient), "fhirServer": stub.base, "fhirAuthorization": access}


def called(body: Json) -> HookCall:
    return read_call(json.dumps(body).encode(), {"patient-view"})


def asked(stub: Stub) -> set[str]:
    """Resource types that the server was asked for."""
    return {call.path.removeprefix("/fhir/").partition("?")[0].partition("/")[0] for call in stub.calls}


def test_what_the_client_failed_to_get_is_read(caller: Hospital, stub: Stub) -> None:
    """An OperationOutcome under a key is no answer: it is read, and the card is that of full prefetch."""
    body = readable(caller, stub)
    (whole,) = caller.post(body).get_json()["cards"]
    stub.on("Observation", Reply(body["prefetch"]["observations"]))
    body["prefetch"]["observations"] = OUTCOME
    (card,) = caller.post(body).get_json()["cards"]
    assert card["summary"] == whole["summary"]
    assert asked(stub) == {"Observation"}


def test_a_key_with_something_else_under_it_is_read(caller: Hospital, stub: Stub) -> None:
    """What is no answer to our search is fetched as if it had failed; the card is that of full prefetch."""
    body = readable(caller, stub)
    (whole,) = caller.post(body).get_json()["cards"]
    stub.on("Observation", Reply(body["prefetch"]["observations"]))
    body["prefetch"]["observations"] = {"resourceType": "Parameters"}
    (card,) = caller.post(body).get_json()["cards"]
    assert card["summary"] == whole["summary"]
    assert asked(stub) == {"Observation"}


def test_what_the_client_knows_to_be_empty_is_not_asked(caller: Hospital, stub: Stub) -> None:
    """A null is an answer."""
    body = readable(caller, stub)
    body["prefetch"]["medicationRequests"] = None
    assert caller.post(body).status_code == 200
    assert stub.calls == []


def test_a_diagnosis_in_half_a_problem_list_counts(caller: Hospital, stub: Stub) -> None:
    """Known diabetes on the first page silences the model, though the second page never came."""
    body = readable(caller, stub, "rosa-delgado-mendez")
    problems = body["prefetch"].pop("conditions")
    stub.on("Condition", Reply({**problems, "link": _next()}), Reply(status=500))
    assert caller.post(body).get_json() == {"cards": []}
    assert [reason for _, _, reason in caller.decisions()] == ["known-diabetes"]


def test_half_a_problem_list_never_says_that_there_is_nothing(caller: Hospital, stub: Stub) -> None:
    """Without diabetes on the first page nobody knows; the model stays silent and the record says why."""
    body = readable(caller, stub)
    problems = body["prefetch"].pop("conditions")
    stub.on("Condition", Reply({**problems, "link": _next()}), Reply(status=500))
    assert caller.post(body).get_json() == {"cards": []}
    assert [reason for _, _, reason in caller.decisions()] == ["required-missing:known_diabetes"]
    assert caller.issues()["fhirServer.conditions"] == "server-error"


@pytest.mark.parametrize(("status", "is_silent"), [(500, True), (503, True), (404, False), (403, False)])
def test_orders_that_were_left_out_and_could_not_be_read_may_be_any(
    status: int, is_silent: bool, caller: Hospital, stub: Stub
) -> None:
    """An empty list of statements does not answer for orders whose search failed; it does where the server
    has no orders to read."""
    body = readable(caller, stub)
    del body["prefetch"]["medicationRequests"]
    stub.on("MedicationRequest", *[Reply(status=status)] * 8)
    assert (caller.post(body).get_json()["cards"] == []) is is_silent
    state = "missing" if is_silent else "none-recorded"
    assert caller.features()["glucose_lowering_drug"]["state"] == state


def test_half_of_the_results_is_none(caller: Hospital, stub: Stub) -> None:
    """The newest result may be on the page that lacks, so no result of the others is used."""
    body = readable(caller, stub)
    results = body["prefetch"].pop("observations")
    stub.on("Observation", Reply({**results, "link": _next()}), Reply(status=500))
    assert caller.post(body).get_json() == {"cards": []}
    assert not caller.features()["bmi"].get("value")


def test_policies_follow_from_the_features(catalogue: Registry) -> None:
    """Presence alone bears a part, the newest value and a category do not; what a model needs is required."""
    diabetes = policies([catalogue.models[DIABETES].features])
    assert diabetes["patient"] == KeyPolicy(True, "fail")
    assert diabetes["conditions"] == KeyPolicy(True, "omit")
    assert diabetes["observations"] == KeyPolicy(False, "fail")
    assert diabetes["medicationRequests"] == KeyPolicy(False, "omit")
    both = [catalogue.models[name].features for name in (DIABETES, RESPONSE)]
    assert policies(both)["conditions"].partial == "fail"


@pytest.mark.parametrize(
    ("status", "words"), [(401, "refused the access token (401)"), (403, "does not grant this read (403)")]
)
def test_the_ehr_is_told_what_to_mend(
    status: int, words: str, caller: Hospital, stub: Stub, service: Service
) -> None:
    """A refused token and a missing scope are told in a sentence that names the key, and holds no secret."""
    body = readable(caller, stub)
    del body["prefetch"]["conditions"]
    stub.on("Condition", Reply(OUTCOME, status=status))
    call = called(body)
    Callback([stub.origin]).complete(call, service)
    (sentence,) = told(call)
    assert sentence.startswith("`conditions` is needed")
    assert words in sentence
    assert CANARY not in sentence


def test_a_token_that_is_none_is_told(caller: Hospital, stub: Stub, service: Service) -> None:
    """A token with white space is an issue of its own, and nobody is called."""
    body = readable(caller, stub)
    del body["prefetch"]["conditions"]
    body["fhirAuthorization"]["access_token"] = f"{CANARY} {CANARY}"
    call = called(body)
    Callback([stub.origin]).complete(call, service)
    assert [(issue.path, issue.code) for issue in call.issues] == [
        ("fhirAuthorization.access_token", "structure")
    ]
    assert stub.calls == []


def test_the_call_s_own_time_counts(caller: Hospital, stub: Stub, service: Service) -> None:
    """A call that has taken its time before reading asks nobody."""
    body = readable(caller, stub)
    del body["prefetch"]["conditions"]
    call = called(body)
    Callback([stub.origin]).complete(call, service, spent_s=60)
    assert [issue.code for issue in call.issues] == ["deadline"]
    assert stub.calls == []


def _next() -> list[dict[str, Any]]:
    return page(following="Condition?page=2")["link"]


def by_reference(body: Json) -> dict[str, Json]:
    """Turn a request's orders into ones that name their drug by reference; the drugs by id."""
    drugs = {}
    for number, order in enumerate(resources(body, "medicationRequests")):
        code = order.pop("medicationCodeableConcept")
        order["medicationReference"] = {"reference": f"Medication/drug-{number}"}
        drugs[f"drug-{number}"] = {"resourceType": "Medication", "id": f"drug-{number}", "code": code}
    return drugs


def test_drugs_named_by_reference_are_read(caller: Hospital, stub: Stub) -> None:
    """Orders that only refer to their drugs count as if they named them, and one search gets all drugs."""
    body = readable(caller, stub, "rosa-delgado-mendez")
    caller.post(body)
    named = caller.features()["glucose_lowering_drug"]
    drugs = by_reference(body)
    stub.on("Medication", Reply(page(*({"resource": drug} for drug in drugs.values()))))
    caller.post(body)
    assert caller.features()["glucose_lowering_drug"] == named
    assert named["value"] == 1
    (call,) = stub.calls
    assert call.path.startswith(f"/fhir/Medication?_id={','.join(drugs)}&")


def test_a_drug_of_another_server_is_not_asked_for(caller: Hospital, stub: Stub) -> None:
    """An absolute reference is not cut down to an id, which may be another drug here."""
    body = readable(caller, stub, "rosa-delgado-mendez")
    by_reference(body)
    for order in resources(body, "medicationRequests"):
        order["medicationReference"]["reference"] = "https://elsewhere.example/fhir/Medication/1"
    caller.post(body)
    assert stub.calls == []


def test_drugs_that_were_sent_along_are_not_asked_for(caller: Hospital, stub: Stub) -> None:
    """Under whichever key the drugs came, nobody is called for them."""
    body = readable(caller, stub, "rosa-delgado-mendez")
    drugs = by_reference(body)
    body["prefetch"]["drugs"] = page(*({"resource": drug} for drug in drugs.values()))
    assert caller.post(body).status_code == 200
    assert stub.calls == []
