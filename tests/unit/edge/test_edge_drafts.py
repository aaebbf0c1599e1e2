"""Draft orders: unfinished, oddly shaped, and read for their drug only."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from fhir_mapping.drafts import Draft, read_drafts
from fhir_mapping.issues import Issue

DRUG = {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "1597582"}]}


def order(id: str, **elements: Any) -> dict[str, Any]:
    return {"resourceType": "MedicationRequest", "id": id, **elements}


def drafts(*entries: Any, selections: tuple[str, ...] = ()) -> tuple[list[Draft], list[str]]:
    """Orders of a Bundle with these entries, and the kinds of the issues."""
    issues: list[Issue] = []
    bundle = {"resourceType": "Bundle", "entry": [{"resource": entry} for entry in entries]}
    found = read_drafts(msgspec.Raw(json.dumps(bundle).encode()), "context.draftOrders", selections, issues)
    return found, [issue.code for issue in issues]


def code(found: Draft) -> str | None:
    concept = found.code
    return concept.coding[0].code if concept and concept.coding else None


def test_arrays_written_as_objects_do_no_harm() -> None:
    """A client that writes category as an object and leaves intent out is understood."""
    found, issues = drafts(order("1", medicationCodeableConcept=DRUG, category={"text": "x"}, dosage=7))
    assert (code(found[0]), issues) == ("1597582", [])


def test_a_draft_without_a_drug_yet_is_kept() -> None:
    """Before a drug is chosen there is an order all the same, of which nobody can tell what it orders."""
    found, issues = drafts(order("1"))
    assert (code(found[0]), found[0].is_untold, issues) == (None, True, ["unresolved-reference"])


def test_the_selected_drafts_count() -> None:
    """Of several drafts the one that is being chosen is read."""
    found, _ = drafts(order("1"), order("2"), selections=("MedicationRequest/2",))
    assert [one.id for one in found] == ["2"]


def test_selections_that_point_nowhere_leave_all_drafts_and_an_issue() -> None:
    """A client that numbers its drafts differently still gets advice, and the ledger tells."""
    both = [order(ident, medicationCodeableConcept=DRUG) for ident in ("1", "2")]
    found, issues = drafts(*both, selections=("MedicationRequest/9",))
    assert [one.id for one in found] == ["1", "2"]
    assert issues == ["selection-not-found"]


def test_the_drug_may_be_contained() -> None:
    """A reference into the order itself is followed."""
    inside = {"resourceType": "Medication", "id": "m", "code": DRUG}
    found, _ = drafts(order("1", medicationReference={"reference": "#m"}, contained=[inside]))
    assert code(found[0]) == "1597582"


def test_the_drug_may_stand_beside_the_order() -> None:
    """A Medication of the same Bundle is no order, but gives the drug."""
    beside = {"resourceType": "Medication", "id": "m", "code": DRUG}
    found, _ = drafts(order("1", medicationReference={"reference": "http://x/Medication/m"}), beside)
    assert [code(one) for one in found] == ["1597582"]


def test_a_drug_that_cannot_be_read_is_an_issue() -> None:
    """Contained resources of a wrong shape cost the drug only."""
    odd = order("1", medicationReference={"reference": "#m"}, contained="x")
    found, issues = drafts(odd, order("2", medicationCodeableConcept=DRUG))
    assert [one.id for one in found] == ["1", "2"]
    assert issues == ["structure", "unresolved-reference"]


def test_one_odd_draft_costs_itself_only() -> None:
    """An entry of a wrong type is an issue, and an order that nobody can read; the others are read."""
    found, issues = drafts(7, order("2", medicationCodeableConcept=DRUG))
    assert [(code(one), one.is_untold) for one in found] == [("1597582", False), (None, True)]
    assert issues == ["structure"]


def test_a_single_order_is_taken_for_a_bundle_of_one() -> None:
    """Some clients send the order itself."""
    issues: list[Issue] = []
    raw = msgspec.Raw(json.dumps(order("1", medicationCodeableConcept=DRUG)).encode())
    assert [code(one) for one in read_drafts(raw, "context.draftOrders", (), issues)] == ["1597582"]


@pytest.mark.parametrize(
    "withdrawn", [{"status": "cancelled"}, {"status": "entered-in-error"}, {"doNotPerform": True}]
)
def test_a_draft_that_orders_nothing_is_left_out(withdrawn: Any) -> None:
    """A withdrawn draft, or one that says what not to do, is no order of its drug."""
    found, issues = drafts(order("1", medicationCodeableConcept=DRUG, **withdrawn))
    assert (found, issues) == ([], ["not-an-order"])


def test_the_ingredient_of_a_product_is_the_drug() -> None:
    """A Medication that is told by its ingredients, and by the URL of its entry, is found."""
    inside = {"resourceType": "Medication", "id": "m", "ingredient": [{"itemCodeableConcept": DRUG}]}
    found, _ = drafts(order("1", medicationReference={"reference": "#m"}, contained=[inside]))
    assert code(found[0]) == "1597582"
