"""Half an answer is not "nothing recorded": what could not be read must not look like a healthy chart."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hospital import RESPONSE, Hospital, Json, coded, resources

from cds_hooks.protocol import read_call

DIABETES_CODE, HBA1C_CODE = "44054006", "4548-4"


@pytest.fixture
def diabetic(hospital: Hospital) -> Json:
    """Rosa's request with the problem list as the only sign of her diabetes."""
    body = hospital.request("rosa-delgado-mendez")
    for key in ("medicationRequests", "medicationStatements", "medicationAdministrations"):
        body["prefetch"][key] = None
    results = body["prefetch"]["observations"]
    known = coded(body, "observations", HBA1C_CODE)
    results["entry"] = [entry for entry in results["entry"] if entry["resource"] not in known]
    return body


def test_known_diabetes_is_silence(hospital: Hospital, diabetic: Json) -> None:
    """The problem list alone is enough to keep silent."""
    assert hospital.post(diabetic).get_json() == {"cards": []}
    assert [reason for _, _, reason in hospital.decisions()] == ["known-diabetes"]


ODD: dict[str, Callable[[Json], Any]] = {
    "a date that is none": lambda one: one.__setitem__("recordedDate", "yesterday"),
    "a category that is a number": lambda one: one.__setitem__("category", 7),
    "an onset that is a number": lambda one: one.__setitem__("onsetDateTime", 7),
}


@pytest.mark.parametrize("name", ODD)
def test_a_diagnosis_with_an_odd_element_does_not_vanish(
    name: str, hospital: Hospital, diabetic: Json
) -> None:
    """No card speaks of undiagnosed diabetes when the diagnosis is there but cannot be used."""
    ODD[name](coded(diabetic, "conditions", DIABETES_CODE)[0])
    assert hospital.post(diabetic).get_json() == {"cards": []}


def test_half_a_problem_list_is_not_the_whole_one(hospital: Hospital) -> None:
    """A next page that was not sent is noted."""
    body = hospital.request("maria-lindqvist")
    body["prefetch"]["conditions"]["link"] = [{"relation": "next", "url": "https://fhir.example.org/2"}]
    answer = hospital.post(body)
    assert answer.status_code == 412 or hospital.issues()


def test_a_problem_list_of_somebody_else_is_none(hospital: Hospital) -> None:
    """Conditions of another patient do not answer the question for this one."""
    body = hospital.request("maria-lindqvist")
    for found in resources(body, "conditions"):
        found["subject"] = {"reference": "Patient/another"}
    answer = hospital.post(body)
    assert answer.status_code == 412 or hospital.issues()


def test_results_in_place_of_problems_are_no_problem_list(hospital: Hospital) -> None:
    """A key with resources of another type has not been answered."""
    body = hospital.request("maria-lindqvist")
    body["prefetch"]["conditions"] = body["prefetch"]["observations"]
    assert hospital.post(body).status_code == 412


PARAMETERS = {"resourceType": "Parameters", "parameter": [{"name": "x", "valueString": "secret"}]}
BASIC = {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Basic", "code": {}}}]}


@pytest.mark.parametrize(
    ("key", "sent", "told"),
    [
        ("medicationRequests", PARAMETERS, "Parameters where a Bundle of MedicationRequest"),
        ("medicationRequests", BASIC, "a Bundle of Basic where a Bundle of MedicationRequest"),
        ("medicationRequests", {"resourceType": "MedicationRequest"}, "MedicationRequest where a Bundle of"),
        ("observations", "the first of it", "Observation where a Bundle of Observation"),
        ("conditions", PARAMETERS, "Parameters where a Bundle of Condition"),
        ("patient", PARAMETERS, "Parameters where Patient"),
    ],
)
def test_what_is_no_answer_to_a_search_is_told_and_concludes_nothing(
    key: str, sent: Any, told: str, hospital: Hospital
) -> None:
    """The issue names key, type found and type expected; the key has failed, and is not merely absent."""
    body = hospital.request("maria-lindqvist")
    sent = body["prefetch"][key]["entry"][0]["resource"] if isinstance(sent, str) else sent
    body["prefetch"][key] = sent
    call = read_call(json.dumps(body).encode(), {"patient-view"})
    assert [(one.path, one.code) for one in call.issues] == [(f"prefetch.{key}", "other-type")]
    assert told in call.issues[0].message
    assert "secret" not in call.issues[0].message
    answer = hospital.post(body)
    assert hospital.issues()[f"prefetch.{key}"] == "other-type"
    if key in ("conditions", "patient"):
        assert answer.status_code == 412
        assert told in answer.text
    else:
        assert answer.get_json() == {"cards": []}


def test_a_single_result_is_not_taken_for_the_newest(hospital: Hospital) -> None:
    """One Observation in the place of the list may be an old one; its value is not used."""
    body = hospital.request("maria-lindqvist")
    (waist,) = coded(body, "observations", "8280-0")
    body["prefetch"]["observations"] = waist
    hospital.post(body)
    found = hospital.features()["waist"]
    assert (found["state"], found["reason"]) == ("missing", "incomplete")


def test_a_diagnosis_sent_alone_still_counts(hospital: Hospital, diabetic: Json) -> None:
    """Known diabetes is known, though the rest of the problem list was not sent."""
    diabetic["prefetch"]["conditions"] = coded(diabetic, "conditions", DIABETES_CODE)[0]
    assert hospital.post(diabetic).get_json() == {"cards": []}
    assert [reason for _, _, reason in hospital.decisions()] == ["known-diabetes"]


IN_ORDER: dict[str, Callable[[Json], Any]] = {
    "a patient in a Bundle": lambda sent: sent.__setitem__(
        "patient", {"resourceType": "Bundle", "entry": [{"resource": sent["patient"]}]}
    ),
    "included resources": lambda sent: sent["conditions"]["entry"].append({"resource": PARAMETERS}),
    "a remark of the server": lambda sent: sent.__setitem__(
        "medicationRequests",
        {
            "resourceType": "Bundle",
            "entry": [
                {"resource": {"resourceType": "OperationOutcome", "issue": [{"severity": "information"}]}}
            ],
        },
    ),
    "a key of the client's own": lambda sent: sent.__setitem__("flags", PARAMETERS),
}


@pytest.mark.parametrize("name", IN_ORDER)
def test_what_answers_a_search_is_in_order(name: str, hospital: Hospital) -> None:
    """Beside what was asked for a Bundle may hold other things, and keys that are not ours anything."""
    body = hospital.request("maria-lindqvist")
    IN_ORDER[name](body["prefetch"])
    assert len(hospital.post(body).get_json()["cards"]) == 1
    assert "other-type" not in hospital.issues().values()


def test_the_order_of_another_patient_is_not_this_one_s(hospital: Hospital) -> None:
    """A draft for somebody else gives no card about this patient."""
    body = hospital.request("maria-lindqvist", "order-select")
    for entry in body["context"]["draftOrders"]["entry"]:
        entry["resource"]["subject"] = {"reference": "Patient/another"}
    answer = hospital.post(body, RESPONSE)
    assert not answer.get_json().get("cards")
