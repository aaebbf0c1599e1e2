"""Draft orders out of a hook's context: unfinished FHIR, of which only the code or the drug is read.

Clients send drafts without intent or type, with arrays written as objects, and the whole basket when one
order is selected. A draft that cannot be read becomes an issue and the others are kept; one that is
withdrawn, or forbids something, orders nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from fhir_mapping.issues import Issue
from fhir_mapping.payload import decode_raw_bundle, decode_raw_entry, structural
from fhir_mapping.wire import NamedConcept, Reference, decoder

__all__ = ["Draft", "read_draft", "read_drafts"]

Concepts = tuple[NamedConcept, ...]

_WITHDRAWN = frozenset(("cancelled", "revoked", "entered-in-error", "stopped"))
_PATHS = "{path}.entry[{at}].resource"


class Draft(msgspec.Struct, frozen=True):
    """One draft order: its resource type, what is ordered (every concept that says so), and for whom.

    `parts` are the ingredients that a drug by reference names; one without code or words is not told.
    `is_untold`: it orders a drug of which nobody can tell which.
    """

    kind: str = ""
    id: str | None = None
    concepts: tuple[NamedConcept, ...] = ()
    parts: tuple[NamedConcept, ...] = ()
    subject: Reference | None = None
    is_untold: bool = False
    path: str = "draft"

    @property
    def code(self) -> NamedConcept | None:
        """The first concept of what is ordered, or of what that is made of."""
        return next(iter((*self.concepts, *self.parts)), None)


class _Ingredient(msgspec.Struct, rename="camel"):
    item_codeable_concept: NamedConcept | None = None
    is_active: bool | None = None


class _Draft(msgspec.Struct, rename="camel"):
    """What is read of a draft, and of a Medication beside or inside it."""

    resource_type: str = ""
    id: str | None = None
    status: str | None = None
    do_not_perform: bool | None = None
    subject: Reference | None = None
    code: NamedConcept | None = None
    medication_codeable_concept: NamedConcept | None = None
    medication_reference: Reference | None = None
    ingredient: list[_Ingredient] | None = None
    contained: msgspec.Raw = msgspec.Raw()


_decode_draft = decoder(_Draft)
_decode_contained = decoder(list[_Draft])


class _Basket:
    """The drafts of one Bundle, and the Medications that they may refer to."""

    def __init__(self, path: str, issues: list[Issue]) -> None:
        self.path, self.issues = path, issues
        self.orders: list[tuple[int, _Draft]] = []
        self.drugs: dict[str, _Draft] = {}
        self.unread = 0

    def add(self, at: int, draft: _Draft, full_url: str | None) -> None:
        """Keep an order, or a Medication under the names that a reference may use."""
        if draft.resource_type != "Medication":
            self.orders.append((at, draft))
            return
        for name in (f"Medication/{draft.id}" if draft.id else None, full_url):
            if name is not None:
                self.drugs[name] = draft

    def order(self, at: int, draft: _Draft) -> Draft | None:
        """The draft with what it orders; None for one that orders nothing."""
        where = _PATHS.format(path=self.path, at=at)
        if draft.do_not_perform or draft.status in _WITHDRAWN:
            self.issues.append(Issue(where, "not-an-order", "is withdrawn, or says what not to do"))
            return None
        concepts, parts = self._ordered(draft, where)
        is_drug = draft.resource_type.startswith("Medication")
        untold = is_drug and not any(map(_says_something, (*concepts, *parts)))
        if untold:
            self.issues.append(Issue(where, "unresolved-reference", "does not tell which drug is ordered"))
        return Draft(draft.resource_type, draft.id, concepts, parts, draft.subject, untold, where)

    def _ordered(self, draft: _Draft, where: str) -> tuple[Concepts, Concepts]:
        """What a draft orders, and the ingredients of that."""
        own, reference = draft.medication_codeable_concept, draft.medication_reference
        drug = None
        if own is None and reference is not None:
            drug = self._drug(draft, reference.reference or "", where)
        if drug is not None and drug.status == "entered-in-error":
            drug = None
        named = (own, drug.code if drug is not None else None, draft.code)
        parts = [
            one for one in (drug.ingredient if drug is not None else None) or () if one.is_active is not False
        ]
        return (
            tuple(one for one in named if one is not None),
            tuple(one.item_codeable_concept or NamedConcept() for one in parts),
        )

    def _drug(self, draft: _Draft, reference: str, where: str) -> _Draft | None:
        if not reference.startswith("#"):
            return self.drugs.get(reference) or self.drugs.get("/".join(reference.split("/")[-2:]))
        try:
            inside = _decode_contained(draft.contained) if bytes(draft.contained) else []
        except msgspec.MsgspecError as error:
            self.issues.append(structural(error, f"{where}.contained"))
            return None
        return next((found for found in inside if found.id == reference[1:]), None)


def read_drafts(
    bundle: msgspec.Raw, path: str, selections: Sequence[str], issues: list[Issue]
) -> list[Draft]:
    """Orders of a draft Bundle, narrowed to `selections` ("Type/id") when any of them is in it.

    Appends an issue for each entry that cannot be read or orders nothing; one that cannot be read stands as
    a draft that does not tell what it orders. `path` leads to the Bundle.
    """
    basket = _Basket(path, issues)
    for at, draft, full_url in _read_entries(bundle, path, issues):
        if draft is None:
            basket.unread += 1
        else:
            basket.add(at, draft, full_url)
    wanted = set(selections)
    selected = [one for one in basket.orders if f"{one[1].resource_type}/{one[1].id}" in wanted]
    if wanted and not selected:
        issues.append(
            Issue(path, "selection-not-found", "holds none of the selections, so all of it is read")
        )
    found = (basket.order(at, draft) for at, draft in selected or basket.orders)
    unread = [] if selected else [Draft(is_untold=True)] * basket.unread
    return [*(one for one in found if one is not None), *unread]


def _read_entries(
    bundle: msgspec.Raw, path: str, issues: list[Issue]
) -> Iterable[tuple[int, _Draft | None, str | None]]:
    try:
        outline = decode_raw_bundle(bundle)
        if outline.entry is None:
            if outline.resourceType not in ("", "Bundle"):
                yield 0, _decode_draft(bundle), None
            return
    except msgspec.MsgspecError as error:
        issues.append(structural(error, path))
        return
    for at, entry in enumerate(outline.entry):
        try:
            found = decode_raw_entry(entry)
            if bytes(found.resource):
                yield at, _decode_draft(found.resource), found.fullUrl
        except msgspec.MsgspecError as error:
            issues.append(structural(error, _PATHS.format(path=path, at=at)))
            yield at, None, None


def _says_something(concept: NamedConcept) -> bool:
    return bool(concept.text) or any(one.code or one.display for one in concept.coding or ())


def read_draft(raw: bytes) -> Draft:
    """One draft order by itself; raises msgspec.MsgspecError."""
    return _Basket("draft", []).order(0, _decode_draft(raw)) or Draft()
