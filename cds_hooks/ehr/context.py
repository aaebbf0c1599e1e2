"""The context that an EHR sends with each hook (CDS Hooks library: patient-view, order-*, encounter-*)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cds_hooks.ehr.bundle_file import PatientBundle
from cds_hooks.ehr.dates import range_of
from cds_hooks.ehr.drafts import ORDER_SUBJECT, with_medications
from cds_hooks.ehr.errors import CannotPlay
from cds_hooks.ehr.json_file import Resource

__all__ = ["HOOKS", "HookKind", "build_context", "hook_kind"]

_OPEN_ENCOUNTER = ("arrived", "triaged", "in-progress", "onleave")


@dataclass(frozen=True, slots=True)
class HookKind:
    """What a hook's context needs beyond the user and the patient."""

    needs_encounter: bool = False
    needs_drafts: bool = False
    tells_selections: bool = False


HOOKS: Mapping[str, HookKind] = {
    "patient-view": HookKind(),
    "order-select": HookKind(needs_drafts=True, tells_selections=True),
    "order-sign": HookKind(needs_drafts=True),
    "encounter-start": HookKind(needs_encounter=True),
    "encounter-discharge": HookKind(needs_encounter=True),
}


def hook_kind(hook: str) -> HookKind:
    """Return what a hook needs; raises CannotPlay that lists the hooks when it is none of them."""
    if hook not in HOOKS:
        raise CannotPlay(f"{hook!r} is no hook that can be played; choose one of {', '.join(HOOKS)}")
    return HOOKS[hook]


def build_context(
    hook: str, bundle: PatientBundle, user_id: str, drafts: Sequence[Resource]
) -> dict[str, Any]:
    """Return the context of a hook for the Bundle's patient; `drafts` counts for the order hooks only.

    The encounter is the patient's open one, else the latest. Raises CannotPlay when the hook is unknown or
    needs an encounter or drafts that are not there.
    """
    kind = hook_kind(hook)
    context: dict[str, Any] = {"userId": user_id, "patientId": bundle.patient_id}
    encounter = _encounter(bundle)
    if encounter is not None:
        context["encounterId"] = encounter["id"]
    elif kind.needs_encounter:
        raise CannotPlay(f"{hook} needs an Encounter of the patient in the Bundle")
    if kind.needs_drafts:
        context |= _ordering(hook, kind, with_medications(drafts, bundle))
    return context


def _ordering(hook: str, kind: HookKind, drafts: Sequence[Resource]) -> dict[str, Any]:
    if not drafts:
        raise CannotPlay(
            f"{hook} needs draft orders: give a file with --draft, or a MedicationRequest or ServiceRequest "
            "of status draft in the patient's Bundle"
        )
    orders = [found for found in drafts if found["resourceType"] in ORDER_SUBJECT]
    context: dict[str, Any] = {}
    if kind.tells_selections:
        context["selections"] = [f"{found['resourceType']}/{found['id']}" for found in orders]
    context["draftOrders"] = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": found} for found in drafts],
    }
    return context


def _encounter(bundle: PatientBundle) -> Resource | None:
    """Return the patient's encounter: an open one before a finished one, then the one that began last."""
    patient = {"reference": f"Patient/{bundle.patient_id}"}
    encounters = [
        found
        for found in bundle.of_type("Encounter")
        if isinstance(found.get("subject"), dict) and patient.items() <= found["subject"].items()
    ]
    return max(encounters, key=_recency, default=None)


def _recency(encounter: Resource) -> tuple[bool, datetime]:
    period = range_of(encounter.get("period"))
    began = period.low if period else datetime.min.replace(tzinfo=UTC)
    return encounter.get("status") in _OPEN_ENCOUNTER, began
