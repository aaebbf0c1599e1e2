"""Variant observations (69548-6): which change in which gene, whether it is there, and how much of it."""

import math

from fhir_mapping.genomics.codes import codes
from fhir_mapping.genomics.elements import Elements, answer_word, gene_names, provenance
from fhir_mapping.genomics.findings import VariantCall
from fhir_mapping.genomics.usable import Source
from fhir_mapping.genomics.wire import Concept

_UNUSABLE = {"indeterminate": "indeterminate", "no-call": "no-call"}


def read_variant(source: Source) -> VariantCall:
    """The variant of an Observation; a presence that is not stated is `no-value`, never absence."""
    elements = source.elements
    genes, conflict = gene_names(elements.concepts("gene"))
    presence, reason = _presence(source)
    return VariantCall(
        genes=genes,
        presence=presence,
        origin=provenance(source.found),
        reason=source.reason or conflict or reason,
        c_hgvs=elements.text("c_hgvs"),
        p_hgvs=elements.text("p_hgvs"),
        g_hgvs=elements.text("g_hgvs"),
        transcript=elements.text("transcript"),
        reference_sequence=elements.text("reference_sequence"),
        position=_position(elements),
        ref_allele=elements.text("ref_allele"),
        alt_allele=elements.text("alt_allele"),
        dbsnp=_identifier(elements, "dbsnp"),
        clinvar=_identifier(elements, "clinvar"),
        variation=elements.coded("variation"),
        allelic_state=elements.coded("allelic_state", "allelic_state"),
        source_class=elements.coded("source_class", "source_class"),
        change_type=elements.coded("change_type"),
        significance=elements.coded("significance", "significance"),
        cytogenetic_location=elements.text("cytogenetic_location"),
        iscn=elements.text("iscn"),
        allele_frequency=elements.number("allele_frequency", 0.0, 1.0),
        copy_number=elements.number("copy_number", 0.0, math.inf),
    )


def _presence(source: Source) -> tuple[str | None, str | None]:
    observation = source.found.observation
    concept = observation.value_codeable_concept
    if concept is None and observation.value_string:
        concept = Concept(text=observation.value_string)
    if concept is None:
        return None, "no-value"
    word = answer_word(concept, "presence")
    return word, _UNUSABLE.get(word) if word else "answer-not-listed"


def _position(elements: Elements) -> tuple[float | None, float | None] | None:
    span = elements.range("position")
    if span is None:
        return None
    return span.low.value if span.low else None, span.high.value if span.high else None


def _identifier(elements: Elements, system: str) -> str | None:
    """The code of a variation database: in a component of its own, or in the one for discrete variants."""
    for concept in (*elements.concepts("variation"), *elements.concepts(system)):
        for one in concept.coding or ():
            if codes().is_system(system, one.system) and one.code:
                return one.code
    return elements.text(system)
