"""Draft orders in the forms in which people keep them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cds_hooks.ehr.bundle_file import patient_bundle
from cds_hooks.ehr.drafts import draft_orders, drafts_in, read_drafts
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
