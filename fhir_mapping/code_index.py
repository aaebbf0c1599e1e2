"""Which resources carry a code: an index of positions by code system and code.

Medication resources carry the codes of the Medication that they contain or refer to, and of its ingredients;
encounters carry the codes of their class and types.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeGuard

import msgspec

from fhir_mapping.resources import NOTHING, Encounter, Medication, Observation, Other, Resource, read_resource
from fhir_mapping.terminology.code_systems import DOTTED, canonical, normal_code
from fhir_mapping.wire import CodeableConcept, Coding, NamedConcept, Reference, decoder

Positions = dict[str | None, dict[str, list[int]]]

_NONE: dict[str, list[int]] = {}
_NAMELESS = (None, "")  # systems of codes that nobody says the system of
_LOOSE: frozenset[str | None] = DOTTED.union(_NAMELESS)  # systems whose codes have several spellings


class _Ingredient(msgspec.Struct, gc=False):
    itemCodeableConcept: NamedConcept | None = None
    itemReference: Reference | None = None
    isActive: bool | None = None


_decode_ingredients = decoder(list[_Ingredient])
_decode_contained = decoder(list[msgspec.Raw])


class Drug(NamedTuple):
    """The Medication that a medication resource contains or refers to: what it is, and what it is made of."""

    product: NamedConcept | None
    parts: tuple[NamedConcept, ...]

    def is_coded_in(self, systems: frozenset[str]) -> bool:
        """Whether the product has a code of one of the systems (canonical URLs), or each of its parts has."""
        if has_code_in(self.product, systems):
            return True
        return bool(self.parts) and all(has_code_in(part, systems) for part in self.parts)


class CodeIndex:
    """Positions of resources by (system, code), built in one pass.

    `spoken` remembers the words of entries by position, for `fhir_mapping.readers.words`.
    `unresolved` are the positions of medication resources whose drug was not sent along or says nothing,
    `drugs` the drugs of the others that have theirs in a Medication, by position. `untitled` are observations
    without a code; `has_nameless` says that a code stands without its system.
    """

    __slots__ = (
        "_beyond",
        "_by_id",
        "_entries",
        "_parted",
        "_resources",
        "drugs",
        "has_nameless",
        "positions_of",
        "spoken",
        "unresolved",
        "untitled",
    )

    def __init__(self, resources: Sequence[Resource]) -> None:
        self._resources = resources
        self._by_id: dict[str, Medication | None] | None = None
        self._entries: dict[str, list[int]] | None = None
        self._beyond: dict[tuple[tuple[str, ...], frozenset[str]], Sequence[int]] = {}
        self.unresolved: list[int] = []
        self.untitled: list[int] = []
        self.drugs: dict[int, Drug] = {}
        self.positions_of: Positions = {}
        self._build()
        self.has_nameless = any(name in self.positions_of for name in _NAMELESS)
        self._parted: list[int] | None = None
        self.spoken: dict[int, tuple[tuple[str, ...], ...]] = {}

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
                self._note_untitled(at, resource)
                continue
            seen = self._system(coding.system).setdefault(coding.code, [])
            if seen[-1:] != [at]:
                seen.append(at)
        if not codings:
            self._note_untitled(at, resource)

    def _note_untitled(self, at: int, resource: Resource) -> None:
        if resource.kind == "Observation" and self.untitled[-1:] != [at]:
            self.untitled.append(at)

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
            self._note_untitled(at, resource)
            return
        drug = self._resolved(reference, resource)
        if drug is None:
            self.unresolved.append(at)
            return
        self.drugs[at] = drug
        yield from (one for one in (drug.product, *drug.parts) if one is not None)

    def _resolved(self, reference: Reference, resource: Resource) -> Drug | None:
        """The drug that a reference leads to; None where it, or one of its ingredients, was not sent along,
        is withdrawn, or says nothing."""
        drug = self._drug(reference.reference, resource)
        if drug is None or drug.status == "entered-in-error":
            return None
        parts = [self._part(one, resource) for one in _ingredients(drug)]
        told = [one for one in parts if one is not None]
        if len(told) < len(parts) or not any(map(_says_something, (drug.code, *told))):
            return None
        return Drug(drug.code, tuple(told))

    def _part(self, ingredient: _Ingredient, resource: Resource) -> NamedConcept | None:
        if _says_something(ingredient.itemCodeableConcept) or ingredient.itemReference is None:
            return ingredient.itemCodeableConcept
        inner = self._drug(ingredient.itemReference.reference, resource)
        return inner.code if inner is not None and _says_something(inner.code) else None

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

    def nameless(self, codes: Sequence[tuple[str, str]]) -> list[int]:
        """Positions of the resources that carry one of the codes without its system, in record order."""
        if not self.has_nameless:
            return []
        named = [self.positions_of.get(name, _NONE) for name in _NAMELESS]
        return sorted({at for by_code in named for code, _ in codes for at in by_code.get(code, ())})

    def nameless_among(self, codes: frozenset[str]) -> set[int]:
        """The same for a large set of codes without their systems, as positions in no order."""
        named = [self.positions_of.get(name, _NONE) for name in _NAMELESS]
        return {at for by_code in named for code, places in by_code.items() if code in codes for at in places}

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

    def beyond(self, kinds: tuple[str, ...], systems: frozenset[str]) -> Sequence[int]:
        """Positions of the entries of these types that have no code in any of the systems (canonical URLs):
        told in words, under a local code, or not at all. Those of an unresolved drug are not among them."""
        found = self._beyond.get((kinds, systems))
        if found is None:
            found = self._beyond[kinds, systems] = self._find_beyond(kinds, systems)
        return found

    def undecided(self, systems: frozenset[str]) -> list[int]:
        """Positions of the observations that have no code in any of the systems (canonical URLs), in record
        order."""
        found = set(self.untitled)
        for name, by_code in self.positions_of.items():
            if not name or canonical(name) not in systems:
                found.update(at for places in by_code.values() for at in places)
        resources = self._resources
        return sorted(
            at
            for at in found
            if type(one := resources[at]) is Observation and not has_code_in(one.code, systems)
        )

    @property
    def parted(self) -> list[int]:
        """Positions of the observations that have components, in record order."""
        if self._parted is None:
            self._parted = [
                at
                for at, one in enumerate(self._resources)
                if type(one) is Observation and one.component is not NOTHING and bytes(one.component)
            ]
        return self._parted

    def _find_beyond(self, kinds: tuple[str, ...], systems: frozenset[str]) -> Sequence[int]:
        if self._entries is None:
            self._entries = {}
            for at, resource in enumerate(self._resources):
                if type(resource) is not Observation:
                    self._entries.setdefault(resource.kind, []).append(at)
        entries = [at for kind in kinds for at in self._entries.get(kind, ())]
        left = [at for at in entries if not self._is_coded_in(at, systems)]
        return sorted(set(left).difference(self.unresolved)) if left else ()

    def _is_coded_in(self, at: int, systems: frozenset[str]) -> bool:
        concept = self._resources[at].code
        if concept is None:
            return at in self.drugs and self.drugs[at].is_coded_in(systems)
        codings = concept.coding
        if codings and codings[0].system in systems and codings[0].code:
            return True
        return has_code_in(concept, systems)

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


def has_code_in(concept: CodeableConcept | None, systems: frozenset[str]) -> bool:
    """Whether a concept has a code in one of these code systems (canonical URLs), whatever it is."""
    codings = (concept.coding if concept is not None else None) or ()
    return any(one.code and one.system and canonical(one.system) in systems for one in codings)


def _says_something(concept: NamedConcept | None) -> TypeGuard[NamedConcept]:
    if concept is None:
        return False
    return bool(concept.text) or any(one.code or one.display for one in concept.coding or ())


def _contained(resource: Resource) -> Iterator[Medication]:
    raw = bytes(getattr(resource, "contained", b""))
    try:
        inside: list[msgspec.Raw] = _decode_contained(raw) if raw else []
    except msgspec.MsgspecError:
        return
    for one in inside:
        with suppress(msgspec.MsgspecError):
            if isinstance(found := read_resource(one), Medication):
                yield found
