"""Draft orders in the forms in which people keep them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cds_hooks.ehr.bundle_file import patient_bundle
from cds_hooks.ehr.drafts import draft_orders, drafts_in, read_drafts, with_medications
from cds_hooks.ehr.errors import UnusableFile

Json = dict[str, Any]


def order(kind: str = "MedicationRequest", **members: Any) -> Json:
    return {"resourceType": kind, "status": "draft"} | members


@pytest.mark.parametrize(
    "document",
    [
        order(),
        order("ServiceRequest"),
        [order(), order("ServiceRequest")],
        {"resourceType": "Bundle", "entry": [{"resource": order()}]},
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": order(id="a")}]},
    ],
)
def test_every_form_gives_orders_with_id_and_subject(tmp_path: Path, document: Any) -> None:
    """A single order, an array and a Bundle each give orders that have an id and the patient."""
    path = tmp_path / "draft.json"
    path.write_text(json.dumps(document))
    drafts = read_drafts(path, "p1")
    assert all(found["id"] for found in drafts)
    assert {found["subject"]["reference"] for found in drafts} == {"Patient/p1"}


def test_given_id_and_subject_stay() -> None:
    """A draft keeps the id and the subject that it has."""
    given = order(id="mine", subject={"reference": "Patient/p2"})
    assert draft_orders(given, "p1", name="x") == [given]


def test_new_ids_avoid_those_in_use() -> None:
    """An id made up for one draft is never that of another."""
    drafts = draft_orders([order(), order(id="draft-1"), order()], "p1", name="x")
    assert [found["id"] for found in drafts] == ["draft-2", "draft-1", "draft-3"]


def test_nutrition_order_names_its_patient() -> None:
    """A NutritionOrder has the element patient where other orders have subject."""
    assert draft_orders(order("NutritionOrder"), "p1", name="x")[0]["patient"] == {"reference": "Patient/p1"}


def test_medication_beside_the_order_is_kept() -> None:
    """A Medication that an order refers to stays in the drafts, without a subject."""
    drafts = draft_orders([order(), {"resourceType": "Medication", "id": "m"}], "p1", name="x")
    assert drafts[1] == {"resourceType": "Medication", "id": "m"}


def test_document_can_serve_two_patients() -> None:
    """The same draft document gives each patient a draft of their own."""
    document = {"resourceType": "Bundle", "entry": [{"resource": order()}]}
    subjects = [draft_orders(document, who, name="x")[0]["subject"]["reference"] for who in ("p1", "p2")]
    assert subjects == ["Patient/p1", "Patient/p2"]


@pytest.mark.parametrize(
    "document", [{"resourceType": "Patient", "id": "SMITH"}, [], [{"resourceType": "Group"}]]
)
def test_file_without_order_is_refused(document: Any) -> None:
    """A file that holds no order says which resources are orders."""
    with pytest.raises(UnusableFile, match=r"holds no order; use one of .*MedicationRequest"):
        draft_orders(document, "p1", name="x")


@pytest.mark.parametrize("document", ["SMITH", 5, None, ["SMITH"], {"name": "SMITH"}, [order(), {}]])
def test_what_is_no_resource_is_refused_by_position(document: Any) -> None:
    """A document that is no FHIR names the item, not its content."""
    with pytest.raises(UnusableFile, match=r"item \d is no FHIR resource"):
        draft_orders(document, "p1", name="x")


def test_own_drafts_are_the_patients_unsigned_orders(chart: Callable[..., Json]) -> None:
    """Of the chart's orders those count that are drafts and of this patient."""
    mine = {"subject": {"reference": "Patient/p1"}}
    bundle = patient_bundle(
        chart(
            order(id="1", **mine),
            order("ServiceRequest", id="2", **mine),
            order(id="3"),
            order(id="4", **mine) | {"status": "active"},
            order(id="5", subject={"reference": "Patient/p2"}),
            order("Task", id="6", **mine),
        ),
        name="x",
    )
    assert [found["id"] for found in drafts_in(bundle)] == ["1", "2", "3"]


def transaction(*resources: tuple[str, Json]) -> Any:
    """A transaction Bundle as people export it: `urn:uuid:` names and no ids."""
    entries = [
        {"fullUrl": url, "resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}
        for url, resource in resources
    ]
    return patient_bundle({"resourceType": "Bundle", "type": "transaction", "entry": entries}, name="x")


PERSON = ("urn:uuid:0a000000-0000-4000-8000-000000000001", {"resourceType": "Patient"})
DRUG = ("urn:uuid:0a000000-0000-4000-8000-000000000002", {"resourceType": "Medication", "status": "active"})


def test_the_drug_that_a_draft_names_by_reference_comes_along() -> None:
    """The chart's Medication stands beside the order, since the service cannot look it up."""
    drafted = order(subject={"reference": PERSON[0]}, medicationReference={"reference": DRUG[0]})
    bundle = transaction(PERSON, DRUG, ("urn:uuid:0a000000-0000-4000-8000-000000000003", drafted))
    sent = with_medications(drafts_in(bundle), bundle)
    assert [found["resourceType"] for found in sent] == ["MedicationRequest", "Medication"]
    assert sent[0]["medicationReference"]["reference"] == f"Medication/{sent[1]['id']}"


def test_a_draft_file_may_name_entries_of_the_chart_by_their_uuid() -> None:
    """Patient and drug are found in a draft that was kept apart from the transaction."""
    drafted = order(subject={"reference": PERSON[0]}, medicationReference={"reference": DRUG[0]})
    bundle = transaction(PERSON, DRUG)
    sent = with_medications(draft_orders(drafted, bundle.patient_id, name="x"), bundle)
    assert sent[0]["subject"]["reference"] == f"Patient/{bundle.patient_id}"
    assert [found["resourceType"] for found in sent] == ["MedicationRequest", "Medication"]
    assert drafted["subject"]["reference"] == PERSON[0]


def test_a_drug_that_stands_beside_its_order_already_comes_once() -> None:
    """The draft's own Medication is kept, and one that is nowhere changes nothing."""
    drug = {"resourceType": "Medication", "id": DRUG[0].removeprefix("urn:uuid:")}
    drafted = order(medicationReference={"reference": f"Medication/{drug['id']}"})
    bundle = transaction(PERSON, DRUG)
    assert len(with_medications(draft_orders([drafted, drug], bundle.patient_id, name="x"), bundle)) == 2
    elsewhere = order(medicationReference={"reference": "Medication/nowhere"})
    assert len(with_medications(draft_orders(elsewhere, bundle.patient_id, name="x"), bundle)) == 1
