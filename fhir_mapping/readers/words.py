"""What an entry tells in words, where its codes cannot be compared with those of a feature.

The rule for entries without a code in a code system that the feature lists (words alone, a local code, only
NDC): words that surely name something else (`fhir_mapping.terminology.names`) leave the feature alone; any
others, and none, are doubt: the entry may be a member, and the feature is missing (`not-coded`) unless
another entry answers it. So "Aspirin 81 mg" silences nothing, and "Keytruda", "T2DM" or a bare NDC give no
silent 0. Of drugs it is told apart whether the words hold a member's name (`named-in-words`: "Keytruda" where
checkpoint inhibitors are asked for) or may be anything: a model may take the first for as good as recorded.
An RxNorm product that is in no table here is believed to be another one, unless its words hold a member's
name: "insulin glargine 100 UNT/ML [Lantus]" is doubt under whatever code.
"""

from collections.abc import Iterable

import msgspec

from fhir_mapping.code_index import Drug, has_code_in
from fhir_mapping.record import PatientRecord
from fhir_mapping.spec import Code
from fhir_mapping.terminology.names import Naming, words_of
from fhir_mapping.wire import CodeableConcept, NamedConcept, decoder

__all__ = ["concept_of", "displays_of", "is_another", "names_member", "says_another", "texts_of"]


class _NamedReference(msgspec.Struct, gc=False):
    display: str | None = None


class _Entry(msgspec.Struct, gc=False):
    code: NamedConcept | None = None
    medicationCodeableConcept: NamedConcept | None = None  # noqa: N815 - FHIR's own name
    medicationReference: _NamedReference | None = None  # noqa: N815 - FHIR's own name


_decode_entry = decoder(_Entry)


def displays_of(codes: Iterable[Code]) -> list[tuple[tuple[str, str], str]]:
    """Names that a feature's own codes have, as (code, system) and display."""
    return [((one.code, one.system), one.display) for one in codes if one.display]


def texts_of(concept: CodeableConcept | None) -> list[str]:
    """Every text that a concept holds: its own, and the displays of its codings where they were read."""
    if concept is None:
        return []
    displays = (getattr(coding, "display", None) for coding in concept.coding or ())
    return [text for text in (concept.text, *displays) if text]


def is_another(record: PatientRecord, at: int, naming: Naming, systems: frozenset[str]) -> bool:
    """Whether the words of a condition, procedure or medication entry surely name no member of a list.

    Of a drug by reference the product's words count, and those of each ingredient without a code of
    `systems`.
    """
    drug = record.codes.drugs.get(at)
    if drug is not None:
        return _is_another_drug(drug, naming, systems)
    return says_another([concept_of(record, at)], naming)


def names_member(record: PatientRecord, at: int, naming: Naming) -> bool:
    """Whether the words of an entry hold the name of a member: its own, what it calls the drug that it refers
    to, and those of that drug and its ingredients, where it was sent along."""
    spoken = record.codes.spoken  # several features ask about the same entries
    words = spoken.get(at)
    if words is None:
        words = spoken[at] = tuple(map(words_of, _texts(record, at)))
    return naming.is_named_in(words)


def _texts(record: PatientRecord, at: int) -> list[str]:
    entry, drug = _entry(record, at), record.codes.drugs.get(at)
    concepts = (drug.product, *drug.parts) if drug is not None else (_concept(entry),)
    texts = [text for concept in concepts for text in texts_of(concept)]
    reference = entry.medicationReference if entry is not None else None
    if reference is not None and reference.display:
        texts.append(reference.display)
    return texts


def _entry(record: PatientRecord, at: int) -> _Entry | None:
    try:
        entry: _Entry = _decode_entry(record.raw(at))
    except msgspec.MsgspecError:
        return None
    return entry


def concept_of(record: PatientRecord, at: int) -> NamedConcept | None:
    """What an entry with a code of its own says that it is about, with the words; None where that cannot be
    read."""
    return _concept(_entry(record, at))


def _concept(entry: _Entry | None) -> NamedConcept | None:
    return (entry.medicationCodeableConcept or entry.code) if entry is not None else None


def says_another(concepts: Iterable[CodeableConcept | None], naming: Naming) -> bool:
    """Whether every concept that holds words surely names no member, and one of them does hold some."""
    told = [naming.is_another(texts) for texts in map(texts_of, concepts) if texts]
    return bool(told) and all(told)


def _is_another_drug(drug: Drug, naming: Naming, systems: frozenset[str]) -> bool:
    untold = [part for part in drug.parts if not has_code_in(part, systems)]
    return says_another([drug.product, *untold], naming) and all(map(texts_of, untold))
