"""Draft orders out of a hook's context: unfinished FHIR, of which only the code or the drug is read.

Clients send drafts without intent or type, with arrays written as objects, and the whole basket when one
order is selected. A draft that cannot be read becomes an issue and the others are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from fhir_mapping.issues import Issue
from fhir_mapping.payload import decode_raw_bundle, entry_resource, structural
from fhir_mapping.wire import CodeableConcept, Reference, decoder

__all__ = ["Draft", "read_draft", "read_drafts"]


class Draft(msgspec.Struct, frozen=True):
    """One draft order: its resource type, what is ordered, and for whom."""

    kind: str = ""
    id: str | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None


class _Draft(msgspec.Struct, rename="camel"):
    """What is read of a draft, and of a Medication beside or inside it."""

    resource_type: str = ""
    id: str | None = None
    subject: Reference | None = None
    code: CodeableConcept | None = None
    medication_codeable_concept: CodeableConcept | None = None
    medication_reference: Reference | None = None
    contained: msgspec.Raw = msgspec.Raw()


_decode_draft = decoder(_Draft)
_decode_contained = decoder(list[_Draft])


def read_drafts(
    bundle: msgspec.Raw, path: str, selections: Sequence[str], issues: list[Issue]
) -> list[Draft]:
    """Orders of a draft Bundle, narrowed to `selections` ("Type/id") when any of them is in it.

    Appends an issue for each entry that cannot be read; `path` leads to the Bundle.
    """
    found = list(_read_entries(bundle, path, issues))
    beside = {f"Medication/{draft.id}": draft for draft in found if draft.resource_type == "Medication"}
    orders = [draft for draft in found if draft.resource_type != "Medication"]
    wanted = set(selections)
    selected = [draft for draft in orders if f"{draft.resource_type}/{draft.id}" in wanted]
    if wanted and not selected:
        issues.append(
            Issue(path, "selection-not-found", "holds none of the selections, so all of it is read")
        )
    return [_order(draft, beside, issues, path) for draft in selected or orders]


def _read_entries(bundle: msgspec.Raw, path: str, issues: list[Issue]) -> Iterable[_Draft]:
    try:
        outline = decode_raw_bundle(bundle)
        if outline.entry is None:
            if outline.resourceType not in ("", "Bundle"):
                yield _decode_draft(bundle)
            return
    except msgspec.MsgspecError as error:
        issues.append(structural(error, path))
        return
    for position, entry in enumerate(outline.entry):
        try:
            resource = entry_resource(entry)
            if resource is not None:
                yield _decode_draft(resource)
        except msgspec.MsgspecError as error:
            issues.append(structural(error, f"{path}.entry[{position}].resource"))


def _order(draft: _Draft, beside: dict[str, _Draft], issues: list[Issue], path: str) -> Draft:
    concept = draft.medication_codeable_concept
    if concept is None and draft.medication_reference is not None:
        concept = _referenced(draft, draft.medication_reference.reference or "", beside, issues, path)
    return Draft(draft.resource_type, draft.id, concept or draft.code, draft.subject)


def _referenced(
    draft: _Draft, reference: str, beside: dict[str, _Draft], issues: list[Issue], path: str
) -> CodeableConcept | None:
    if not reference.startswith("#"):
        found = beside.get("/".join(reference.split("/")[-2:]))
        return found.code if found else None
    try:
        inside = _decode_contained(draft.contained) if bytes(draft.contained) else []
    except msgspec.MsgspecError as error:
        issues.append(structural(error, f"{path}.entry.resource.contained"))
        return None
    return next((found.code for found in inside if found.id == reference[1:]), None)


def read_draft(raw: bytes) -> Draft:
    """One draft order by itself; raises msgspec.MsgspecError."""
    return _order(_decode_draft(raw), {}, [], "draft")
