"""Draft orders: unsigned requests out of a file or out of the patient's own Bundle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import count
from pathlib import Path
from typing import Any

from cds_hooks.ehr.bundle_file import PatientBundle, resources_of_bundle
from cds_hooks.ehr.errors import UnusableFile
from cds_hooks.ehr.json_file import Resource, read_json
from cds_hooks.ehr.references import make_relative, references

__all__ = ["ORDER_SUBJECT", "draft_orders", "drafts_in", "read_drafts", "with_medications"]

ORDER_SUBJECT: Mapping[str, str] = {
    "DeviceRequest": "subject",
    "MedicationRequest": "subject",
    "NutritionOrder": "patient",
    "ServiceRequest": "subject",
    "VisionPrescription": "patient",
}
"""The orders of the hooks order-select and order-sign, and the element of each that names the patient."""

_DRAFTED_IN_CHART = ("MedicationRequest", "ServiceRequest")


def read_drafts(path: Path, patient_id: str) -> list[Resource]:
    """Read draft orders for a patient from a file; raises UnusableFile."""
    return draft_orders(read_json(path), patient_id, name=str(path))


def draft_orders(document: Any, patient_id: str, *, name: str) -> list[Resource]:
    """Return the drafts of a Bundle, of one order or of an array of orders, made ready for a hook.

    A draft without an id gets one, a draft without a subject gets the patient. Other resources of a Bundle,
    such as the Medication that an order refers to, stay beside the orders. `name` stands for the document in
    errors. Raises UnusableFile when it holds no order.
    """
    resources = _resources(document, name)
    if not any(found["resourceType"] in ORDER_SUBJECT for found in resources):
        raise UnusableFile(name, f"holds no order; use one of {', '.join(ORDER_SUBJECT)}")
    taken = {found["id"] for found in resources if isinstance(found.get("id"), str)}
    free_ids = (candidate for n in count(1) if (candidate := f"draft-{n}") not in taken)
    return [_prepared(found, free_ids, patient_id) for found in resources]


def drafts_in(bundle: PatientBundle) -> list[Resource]:
    """Return the patient's own orders that are still drafts."""
    patient = f"Patient/{bundle.patient_id}"
    return [
        found
        for found in bundle.resources
        if found["resourceType"] in _DRAFTED_IN_CHART
        and found.get("status") == "draft"
        and _subject(found) in (None, patient)
    ]


def with_medications(drafts: Sequence[Resource], bundle: PatientBundle) -> list[Resource]:
    """Return the drafts, and after them the Medications of the chart that they name by reference.

    A service sees the context and not the chart, so that without them nobody could tell the drug. What a
    draft names by the `urn:uuid:` of an entry of the chart becomes `Type/id`, its patient too.
    """
    by_urn = {
        f"urn:uuid:{found['id']}": f"{found['resourceType']}/{found['id']}" for found in bundle.resources
    }
    sent = deepcopy(list(drafts))
    for draft in sent:
        make_relative(draft, by_urn)
    beside = {f"{found['resourceType']}/{found['id']}" for found in sent}
    named = {reference for draft in sent for reference in references(draft)} - beside
    return [*sent, *(one for one in bundle.of_type("Medication") if f"Medication/{one['id']}" in named)]


def _resources(document: Any, name: str) -> list[Resource]:
    if isinstance(document, dict) and document.get("resourceType") == "Bundle":
        return resources_of_bundle(document, name=name)
    resources = document if isinstance(document, list) else [document]
    for position, found in enumerate(resources, start=1):
        if not isinstance(found, dict) or not isinstance(found.get("resourceType"), str):
            raise UnusableFile(name, f"item {position} is no FHIR resource")
    return resources


def _prepared(draft: Resource, free_ids: Iterator[str], patient_id: str) -> Resource:
    prepared = dict(draft)
    if not isinstance(prepared.get("id"), str) or not prepared["id"]:
        prepared["id"] = next(free_ids)
    element = ORDER_SUBJECT.get(prepared["resourceType"])
    if element and not prepared.get(element):
        prepared[element] = {"reference": f"Patient/{patient_id}"}
    return prepared


def _subject(order: Resource) -> str | None:
    subject = order.get("subject")
    reference = subject.get("reference") if isinstance(subject, dict) else None
    return reference if isinstance(reference, str) else None
