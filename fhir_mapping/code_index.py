"""Which resources carry a code: an index of positions by code system and code.

Medication resources carry the codes of the Medication that they contain or refer to, and of its ingredients;
encounters carry the codes of their class and types.
"""

from collections.abc import Iterator, Sequence
from typing import TypeGuard

import msgspec

from fhir_mapping.resources import Encounter, Medication, Other, Resource, read_resource
from fhir_mapping.terminology.code_systems import DOTTED, canonical, normal_code
from fhir_mapping.wire import CodeableConcept, Coding, Reference, decoder

Positions = dict[str | None, dict[str, list[int]]]

_NONE: dict[str, list[int]] = {}
_CODED = frozenset(
    ("Condition", "MedicationAdministration", "MedicationRequest", "MedicationStatement", "Procedure")
)
_NAMELESS = (None, "")  # systems of codes that nobody says the system of
_LOOSE: frozenset[str | None] = DOTTED.union(_NAMELESS)  # systems whose codes have several spellings


class _Ingredient(msgspec.Struct, gc=False):
    itemCodeableConcept: CodeableConcept | None = None
    itemReference: Reference | None = None
    isActive: bool | None = None


_decode_ingredients = decoder(list[_Ingredient])
_decode_contained = decoder(list[msgspec.Raw])


class CodeIndex:
    """Positions of resources by (system, code), built in one pass.

    `unresolved` are the positions of medication resources whose drug was not sent along, `uncoded` those of
    entries of lists without any code: told in words, or not at all. `untitled` are such observations,
    `itemised` medication resources whose drug says what it is made of.
    """

    __slots__ = (
        "_by_id",
        "_resources",
        "has_illegible",
        "itemised",
        "positions_of",
        "uncoded",
        "unresolved",
        "untitled",
    )

    def __init__(self, resources: Sequence[Resource]) -> None:
        self._resources = resources
        self._by_id: dict[str, Medication | None] | None = None
        self.unresolved: list[int] = []
        self.uncoded: list[int] = []
        self.untitled: list[int] = []
        self.itemised: set[int] = set()
        self.positions_of: Positions = {}
        self._build()
        self.has_illegible = bool(self.uncoded) or any(name in self.positions_of for name in _NAMELESS)

    def _build(self) -> None:
        index = self.positions_of
        for at, resource in enumerate(self._resources):
            concept = resource.code
            if concept is None:
                if not isinstance(resource, Other):  # of a type that somebody reads
                    for other in self._other_concepts(at, resource):
                        self._add(at, other)
                continue
            codings = concept.coding
            if codings is None or len(codings) != 1 or not (code := codings[0].code):
                self._add_codings(at, resource, codings)
                continue
            system = codings[0].system
            by_code = index.get(system)
            if by_code is None:
                by_code = self._system(system)
            seen = by_code.get(code)
            if seen is None:
                by_code[code] = [at]
            else:
                seen.append(at)
        self._dot()

    def _system(self, name: str | None) -> dict[str, list[int]]:
        """Codes of a system that is met under a name for the first time; all names of a system share them."""
        known = self.positions_of
        if name:
            known[name] = known.setdefault(canonical(name), {})
        return known.setdefault(name, {})

    def _dot(self) -> None:
        """Add ICD codes under their usual spelling, where they are written otherwise; what stands without its
        system may be one too."""
        known = self.positions_of
        for name in _LOOSE.intersection(known):
            for system in DOTTED if name in _NAMELESS else (name or "",):
                _add_usual(known[name], system)

    def _add_codings(self, at: int, resource: Resource, codings: Sequence[Coding] | None) -> None:
        """Add a resource that has several codings, or none that can be read."""
        for coding in codings or ():
            if not coding.code:
                self._note_uncoded(at, resource)
                continue
            seen = self._system(coding.system).setdefault(coding.code, [])
            if seen[-1:] != [at]:
                seen.append(at)
        if not codings:
            self._note_uncoded(at, resource)

    def _note_uncoded(self, at: int, resource: Resource) -> None:
        """Remember an entry without a code that a list would have to be sure of."""
        if resource.kind == "Observation" and self.untitled[-1:] != [at]:
            self.untitled.append(at)
        if resource.kind in _CODED and not _is_coded(resource.code) and self.uncoded[-1:] != [at]:
            self.uncoded.append(at)

    def _add(self, at: int, concept: CodeableConcept) -> None:
        for coding in concept.coding or ():
            if coding.code is not None:
                seen = self._system(coding.system).setdefault(coding.code, [])
                if not seen or seen[-1] != at:
                    seen.append(at)

    def _other_concepts(self, at: int, resource: Resource) -> Iterator[CodeableConcept]:
        if isinstance(resource, Encounter):
            if resource.setting is not None:
                yield CodeableConcept([resource.setting])
            yield from resource.types or ()
            return
        reference: Reference | None = getattr(resource, "reference", None)
        if reference is None:
            self._note_uncoded(at, resource)
            return
        drug = self._drug(reference.reference, resource)
        concepts = list(self._drug_concepts(drug, resource)) if drug is not None else []
        if not concepts or None in concepts:
            self.unresolved.append(at)
        elif drug is not None and _ingredients(drug):
            self.itemised.add(at)
        yield from (one for one in concepts if one is not None)

    def _drug_concepts(self, drug: Medication, resource: Resource) -> Iterator[CodeableConcept | None]:
        """What a Medication is and is made of; None for an ingredient that was not sent along."""
        if drug.status == "entered-in-error":
            return
        if _is_coded(drug.code):
            yield drug.code
        for one in _ingredients(drug):
            if _is_coded(one.itemCodeableConcept):
                yield one.itemCodeableConcept
            elif one.itemReference is not None:
                inner = self._drug(one.itemReference.reference, resource)
                yield inner.code if inner is not None and _is_coded(inner.code) else None

    def _drug(self, reference: str | None, resource: Resource) -> Medication | None:
        if not reference:
            return None
        if reference.startswith("#"):
            return next((one for one in _contained(resource) if one.id == reference[1:]), None)
        if self._by_id is None:
            self._by_id = _drugs_by_id(self._resources)
        kind, _, ident = reference.partition("/_history/")[0].rpartition("/")
        if kind and not kind.endswith("Medication"):
            return None
        return self._by_id.get(ident.removeprefix("urn:uuid:"))

    @property
    def has_nameless(self) -> bool:
        """Whether a code stands without its system."""
        return any(name in self.positions_of for name in _NAMELESS)

    def nameless(self, codes: Sequence[tuple[str, str]]) -> list[int]:
        """Positions of the resources that carry one of the codes without its system, in record order."""
        if not self.has_nameless:
            return []
        named = [self.positions_of.get(name, _NONE) for name in _NAMELESS]
        return sorted({at for by_code in named for code, _ in codes for at in by_code.get(code, ())})

    def positions(self, codes: Sequence[tuple[str, str]]) -> list[int]:
        """Positions of the resources that carry one of the (code, system) pairs, without repetition, in
        record order."""
        by_system = self.positions_of
        if len(codes) == 1:
            code, system = codes[0]
            return by_system.get(system, _NONE).get(code) or []
        lists = [
            found for code, system in codes if (found := by_system.get(system, _NONE).get(code)) is not None
        ]
        if len(lists) < 2:
            return lists[0] if lists else []
        return sorted({at for found in lists for at in found})

    def illegible(self, codes: frozenset[str]) -> list[int]:
        """Positions of resources of which nobody can tell whether they carry one of these codes: without any
        code, or with one of these and no system."""
        near = {
            at
            for system in _NAMELESS
            for code, places in self.positions_of.get(system, _NONE).items()
            if code in codes
            for at in places
        }
        return sorted(near.union(self.uncoded))

    def within(self, codes: frozenset[tuple[str, str]], systems: frozenset[str]) -> list[int]:
        """Positions for a large set of (code, system) pairs of these systems, in record order.

        The patient's codes are few, a value set may be long: the shorter side is walked.
        """
        return sorted(
            {
                at
                for system in systems
                for code, positions in self.positions_of.get(system, _NONE).items()
                if (code, system) in codes
                for at in positions
            }
        )


def _add_usual(codes: dict[str, list[int]], system: str) -> None:
    for code, places in list(codes.items()):
        usual = normal_code(system, code)
        if usual != code:
            codes[usual] = sorted({*codes.get(usual, ()), *places})


def _drugs_by_id(resources: Sequence[Resource]) -> dict[str, Medication | None]:
    """Medications by id; None for an id of two different ones, of which nobody can tell which is meant."""
    found: dict[str, Medication | None] = {}
    for one in resources:
        if isinstance(one, Medication) and one.id is not None:
            found[one.id] = one if found.get(one.id, one) == one else None
    return found


def _ingredients(drug: Medication) -> list[_Ingredient]:
    raw = bytes(drug.ingredient)
    try:
        return [one for one in _decode_ingredients(raw) if one.isActive is not False] if raw else []
    except msgspec.MsgspecError:
        return []


def _is_coded(concept: CodeableConcept | None) -> TypeGuard[CodeableConcept]:
    return concept is not None and any(coding.code for coding in concept.coding or ())


def _contained(resource: Resource) -> Iterator[Medication]:
    raw = bytes(getattr(resource, "contained", b""))
    try:
        inside = [read_resource(one) for one in _decode_contained(raw)] if raw else []
    except msgspec.MsgspecError:
        return
    for one in inside:
        if isinstance(one, Medication):
            yield one
