"""Half an answer is not "nothing recorded": what could not be read must not look like a healthy chart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hospital import RESPONSE, Hospital, Json, coded, resources

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


def test_the_order_of_another_patient_is_not_this_one_s(hospital: Hospital) -> None:
    """A draft for somebody else gives no card about this patient."""
    body = hospital.request("maria-lindqvist", "order-select")
    for entry in body["context"]["draftOrders"]["entry"]:
        entry["resource"]["subject"] = {"reference": "Patient/another"}
    answer = hospital.post(body, RESPONSE)
    assert not answer.get_json().get("cards")
