"""Which resources carry a code: an index of positions by code system and code.

Medication resources carry the codes of the Medication that they contain or refer to, and of its ingredients;
encounters carry the codes of their class and types.
"""

from collections.abc import Iterator, Sequence

import msgspec

from fhir_mapping.resources import Encounter, Medication, Resource, read_resource
from fhir_mapping.wire import CodeableConcept, Reference, decoder

Positions = dict[str | None, dict[str, list[int]]]

_NONE: dict[str, list[int]] = {}


class _Ingredient(msgspec.Struct, gc=False):
    itemCodeableConcept: CodeableConcept | None = None


_decode_ingredients = decoder(list[_Ingredient])
_decode_contained = decoder(list[msgspec.Raw])


class CodeIndex:
    """Positions of resources by (system, code), built in one pass.

    `unresolved` are the positions of medication resources whose drug was not sent along.
    """

    __slots__ = ("_by_id", "_resources", "positions_of", "unresolved")

    def __init__(self, resources: Sequence[Resource]) -> None:
        self._resources = resources
        self._by_id: dict[str, Medication] | None = None
        self.unresolved: list[int] = []
        self.positions_of: Positions = {}
        self._build()

    def _build(self) -> None:
        index = self.positions_of
        for at, resource in enumerate(self._resources):
            concept = resource.code
            if concept is None:
                for other in self._other_concepts(at, resource):
                    self._add(at, other)
                continue
            for coding in concept.coding or ():
                code = coding.code
                if code is None:
                    continue
                system = index.get(coding.system)
                if system is None:
                    system = index[coding.system] = {}
                seen = system.get(code)
                if seen is None:
                    system[code] = [at]
                elif seen[-1] != at:
                    seen.append(at)

    def _add(self, at: int, concept: CodeableConcept) -> None:
        for coding in concept.coding or ():
            if coding.code is not None:
                seen = self.positions_of.setdefault(coding.system, {}).setdefault(coding.code, [])
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
            return
        drug = self._drug(reference.reference, resource)
        concepts = list(_drug_concepts(drug)) if drug is not None else []
        if not concepts:
            self.unresolved.append(at)
        yield from concepts

    def _drug(self, reference: str | None, resource: Resource) -> Medication | None:
        if not reference:
            return None
        if reference.startswith("#"):
            return next((one for one in _contained(resource) if one.id == reference[1:]), None)
        if self._by_id is None:
            self._by_id = {
                one.id: one for one in self._resources if isinstance(one, Medication) and one.id is not None
            }
        return self._by_id.get(reference.rsplit("/", 1)[-1].removeprefix("urn:uuid:"))

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


def _drug_concepts(drug: Medication) -> Iterator[CodeableConcept]:
    if drug.code is not None and drug.code.coding:
        yield drug.code
    raw = bytes(drug.ingredient)
    try:
        ingredients = _decode_ingredients(raw) if raw else []
    except msgspec.MsgspecError:
        return
    for one in ingredients:
        if one.itemCodeableConcept is not None and one.itemCodeableConcept.coding:
            yield one.itemCodeableConcept


def _contained(resource: Resource) -> Iterator[Medication]:
    raw = bytes(getattr(resource, "contained", b""))
    try:
        inside = [read_resource(one) for one in _decode_contained(raw)] if raw else []
    except msgspec.MsgspecError:
        return
    for one in inside:
        if isinstance(one, Medication):
            yield one
