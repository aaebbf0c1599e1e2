"""What a card with a score says about the checks that could not be made."""

from __future__ import annotations

from hospital import EXTENSION, RESPONSE, Hospital

MEDICATIONS = ("medicationRequests", "medicationStatements", "medicationAdministrations")


def test_a_card_says_that_no_medication_list_was_sent(hospital: Hospital) -> None:
    """Whoever takes glucose-lowering drugs gets no score; without any list of drugs the card says so."""
    body = hospital.request("maria-lindqvist")
    (whole,) = hospital.post(body).get_json()["cards"]
    for key in MEDICATIONS:
        del body["prefetch"][key]
    (card,) = hospital.post(body).get_json()["cards"]
    told = "- Not checked: Glucose-lowering drug (the record did not include it).\n"
    assert told in card["detail"]
    assert "Not checked" not in whole["detail"]
    behind = [one["extension"][EXTENSION].get("unchecked") for one in (whole, card)]
    assert behind == [None, [{"name": "glucose_lowering_drug", "reason": "not-provided"}]]


def test_chemotherapy_in_words_is_not_known_and_not_none_recorded(hospital: Hospital) -> None:
    """An empty list of procedures does not answer for a drug of the chart that may be chemotherapy."""
    body = hospital.request("maria-lindqvist", "order-sign")
    statement = {
        "resourceType": "MedicationStatement",
        "id": "in-words",
        "status": "completed",
        "subject": {"reference": "Patient/maria-lindqvist"},
        "medicationCodeableConcept": {"text": "Paclitaxel weekly x 12"},
        "effectiveDateTime": "2026-01-05",
    }
    body["prefetch"]["medicationRequests"] = None
    body["prefetch"]["medicationStatements"] = {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{"resource": statement}],
    }
    (card,) = hospital.post(body, RESPONSE).get_json()["cards"]
    assert "Earlier systemic cancer treatment (an entry without a code" in card["detail"]
    assert "none recorded" not in card["detail"]


def test_a_card_says_that_an_earlier_drug_in_words_was_not_checked(hospital: Hospital) -> None:
    """Words that name no drug may mean a checkpoint inhibitor, which is told beside the score."""
    body = hospital.request("maria-lindqvist", "order-sign")
    statement = {
        "resourceType": "MedicationStatement",
        "id": "in-words",
        "status": "active",
        "subject": {"reference": "Patient/maria-lindqvist"},
        "medicationCodeableConcept": {"text": "Study drug, arm B"},
        "effectiveDateTime": "2026-01-05",
    }
    body["prefetch"]["medicationStatements"] = {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{"resource": statement}],
    }
    (card,) = hospital.post(body, RESPONSE).get_json()["cards"]
    assert "Not checked: Immune checkpoint inhibitor on record (an entry without a code" in card["detail"]
