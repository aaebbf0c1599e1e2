"""Observations that tell of an analyte outside its codes: in words, under a code whose values cannot be
compared, or as a part of another observation.

Only an analyte that has `names` or `unread` codes in its table is looked for so (HbA1c is one: a model that
speaks where there is none must not pass over one that a laboratory calls by its name alone). Words count only
where no code decides: an entry with any LOINC code is what that code says.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import msgspec

from fhir_mapping.code_index import has_code_in
from fhir_mapping.readers.words import concept_of, texts_of
from fhir_mapping.record import PatientRecord
from fhir_mapping.resources import Observation
from fhir_mapping.terminology.code_systems import meant, names_of
from fhir_mapping.terminology.names import padded, words_of
from fhir_mapping.wire import NamedConcept, decoder

__all__ = ["NAMED_IN_WORDS", "NOT_COMPARABLE", "Elsewhere", "Hints", "Told"]

NAMED_IN_WORDS = "named-in-words"
NOT_COMPARABLE = "not-comparable"

Pairs = frozenset[tuple[str, str]]


class Hints(NamedTuple):
    """What the JSON of an observation holds that may tell of an analyte outside its codes, for a quick look.

    `marks` are bytes in small letters, one of which is in every such observation that is written in plain
    ASCII; `systems` are the names of the code systems of which one code settles what an observation is.
    """

    marks: tuple[bytes, ...]
    systems: frozenset[str]

    def may_be_in(self, raw: bytes) -> bool:
        """Whether JSON may tell of the analyte; letters that are written as escapes may be any."""
        return _any_of(self.marks)(raw.lower()) is not None or b"\\u" in raw or not raw.isascii()

    def is_settled(self, system: str | None, component: bytes | msgspec.Raw) -> bool:
        """Whether an observation with a code of a system is what that code says, and has no parts."""
        return system in self.systems and not bytes(component)

    def beside(self, other: "Hints | None") -> "Hints":
        """Hints of two features: what either asks for, and the systems that settle it for both."""
        if other is None:
            return self
        marks = tuple(sorted({*self.marks, *other.marks}))
        return Hints(marks, self.systems & other.systems)


@cache
def _any_of(marks: tuple[bytes, ...]) -> Callable[[bytes], object]:
    return re.compile(b"|".join(map(re.escape, marks))).search


class Told(NamedTuple):
    """Positions of observations that hold the analyte as a part, and of those that tell of it without a value
    that can be read, with the reason."""

    parts: tuple[int, ...]
    doubts: Mapping[int, str]


class _Part(msgspec.Struct, gc=False):
    code: NamedConcept | None = None


_decode_parts = decoder(list[_Part])


class Elsewhere:
    """What one analyte is called, beside its codes."""

    __slots__ = ("_bare", "_beginnings", "_names", "_systems", "codes", "hints", "names", "unread")

    def __init__(
        self, codes: Iterable[tuple[str, str]], system: str, unread: Iterable[str], names: Iterable[str]
    ) -> None:
        """`codes` are (code, system) of the analyte, a site's own among them; `system` is the one whose codes
        decide, `unread` are codes of it, `names` what the analyte is called in words."""
        self.codes: Pairs = frozenset(codes)
        self._systems = frozenset((system,))
        self.unread: Pairs = frozenset((code, system) for code in unread)
        self._bare = frozenset(code for code, _ in (*self.codes, *self.unread))
        self.names = tuple(sorted(names))
        self._names = frozenset(padded(words_of(name)) for name in self.names)
        self._beginnings = frozenset(name.split()[0] for name in self._names)
        marks = {max(words_of(name), key=len).encode() for name in self.names}
        marks |= {code.lower().encode() for code in self._bare}
        shortest = {mark for mark in marks if not any(one in mark for one in marks if one != mark)}
        self.hints = Hints(tuple(sorted(shortest)), frozenset(names_of(system)))

    def find(self, record: PatientRecord, known: Sequence[int]) -> Told:
        """What a record tells outside of the observations at `known` positions, which carry a code."""
        index = record.codes
        doubts = dict.fromkeys(index.positions(tuple(self.unread)), NOT_COMPARABLE) if self.unread else {}
        for at in index.undecided(self._systems):
            if self._is_named(concept_of(record, at)):
                doubts[at] = NAMED_IN_WORDS
        parts = []
        for at in index.parted:
            told = self._of_parts(record.resources[at])
            if told is None:
                parts.append(at)
            elif told:
                doubts[at] = told
        carried = set(known)
        inside = tuple(at for at in parts if at not in carried)
        carried.update(inside)
        return Told(inside, {at: why for at, why in doubts.items() if at not in carried})

    def _of_parts(self, resource: object) -> str | None:
        """None where one of the components has a code of the analyte, else why they tell of it without a
        value, or nothing."""
        raw = bytes(resource.component) if isinstance(resource, Observation) else b""
        if not self.hints.may_be_in(raw):
            return ""
        try:
            components: list[_Part] = _decode_parts(raw)
        except ValueError:
            return "invalid-resource"
        concepts = [one.code for one in components if one.code is not None]
        pairs = {meant(coding) for concept in concepts for coding in concept.coding or ()}
        if not self.codes.isdisjoint(pairs):
            return None
        if not self.unread.isdisjoint(pairs):
            return NOT_COMPARABLE
        return NAMED_IN_WORDS if any(map(self._may_be_named, concepts)) else ""

    def _may_be_named(self, concept: NamedConcept) -> bool:
        bare = (one.code for one in concept.coding or () if not one.system)
        return not self._bare.isdisjoint(bare) or (
            not has_code_in(concept, self._systems) and self._is_named(concept)
        )

    def _is_named(self, concept: NamedConcept | None) -> bool:
        near = [words for words in map(words_of, texts_of(concept)) if not self._beginnings.isdisjoint(words)]
        return any(name in padded(words) for words in near for name in self._names)
