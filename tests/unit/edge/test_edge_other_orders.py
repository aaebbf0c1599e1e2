"""Orders that a model has nothing to say about: silence with its reason, whatever else was not sent."""

from __future__ import annotations

from typing import Any

import pytest
from hospital import RESPONSE, Hospital, Json

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
LISINOPRIL, PEMBROLIZUMAB = "314076", "1547545"


def drafted(*orders: Json, hook: str = "order-sign", **more: Any) -> Json:
    """A call with these drafts and no prefetch."""
    whole = [
        {"resourceType": "MedicationRequest", "id": f"d{n}", "status": "draft", "intent": "order"} | order
        for n, order in enumerate(orders)
    ]
    bundle = {"resourceType": "Bundle", "entry": [{"resource": order} for order in whole]}
    context = {"patientId": "p1", "userId": "Practitioner/1", "draftOrders": bundle}
    if hook == "order-select":
        context["selections"] = ["MedicationRequest/d0"]
    return {
        "hook": hook,
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": context,
        **more,
    }


def drug(code: str) -> Json:
    """An order of a drug for the patient of the call."""
    coding = {"system": RXNORM, "code": code}
    return {"subject": {"reference": "Patient/p1"}, "medicationCodeableConcept": {"coding": [coding]}}


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
@pytest.mark.parametrize("more", [{}, {"prefetch": {}}, {"prefetch": {"patient": None}}])
def test_another_drug_is_met_with_silence_whatever_is_missing(
    hospital: Hospital, hook: str, more: Json
) -> None:
    """No EHR is asked for a chart because somebody orders a drug for blood pressure."""
    answer = hospital.post(drafted(drug(LISINOPRIL), hook=hook, **more), RESPONSE)
    assert (answer.status_code, answer.get_json()) == (200, {"cards": []})
    assert hospital.decisions() == [(RESPONSE, "silent", "no-checkpoint-inhibitor")]


def test_an_order_that_tells_no_drug_is_met_with_silence_too(hospital: Hospital) -> None:
    """Nothing that could be sent besides would tell which drug it is."""
    answer = hospital.post(drafted({"subject": {"reference": "Patient/p1"}}), RESPONSE)
    assert (answer.status_code, answer.get_json()) == (200, {"cards": []})
    assert hospital.decisions() == [(RESPONSE, "silent", "drug-not-told")]


def test_a_checkpoint_inhibitor_without_a_chart_is_a_request_that_lacks_data(hospital: Hospital) -> None:
    """Where there would be something to say, the answer still names what is needed."""
    answer = hospital.post(drafted(drug(PEMBROLIZUMAB)), RESPONSE)
    assert answer.status_code == 412
    assert "conditions" in answer.text


def test_a_drug_beside_a_checkpoint_inhibitor_is_not_enough_for_silence(hospital: Hospital) -> None:
    """All drafts are read before anything is concluded."""
    answer = hospital.post(drafted(drug(LISINOPRIL), drug(PEMBROLIZUMAB)), RESPONSE)
    assert answer.status_code == 412
