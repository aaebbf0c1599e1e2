"""What the text, displays and codes of one genotype or haplotype say together."""

from fhir_mapping.genomics.agreement import same_pair
from fhir_mapping.genomics.diplotypes import Reading, read_genotype, read_haplotype
from fhir_mapping.genomics.findings import GeneName
from fhir_mapping.genomics.genes import gene
from fhir_mapping.genomics.wire import Observation

_BLOCKING = ("gene-conflict", "indeterminate", "no-call", "ambiguous")
# Of several reasons the one nearest to a pair of alleles is told; codes of variation databases are no reason.
_TELLING = ("one-allele", "presence-only", "no-alleles-named", "several-genes", "not-a-haplotype")


def result_texts(observation: Observation) -> tuple[str, ...]:
    """Everything in the value of an Observation that may name alleles, the text for people first."""
    concept = observation.value_codeable_concept
    codings = list(concept.coding or ()) if concept is not None else []
    spoken = [concept.text if concept is not None else None, observation.value_string]
    spoken += [one.display for one in codings]
    spoken += [one.code for one in codings]
    return tuple(dict.fromkeys(text for text in spoken if text and text.strip()))


def read_texts(
    texts: tuple[str, ...], studied: tuple[GeneName, ...], haplotype: bool = False
) -> tuple[GeneName, Reading, str | None]:
    """Gene, reading and the text that was read, from all texts of a result and the genes it says it studied.

    A text that says "indeterminate", "no call", or leaves several genotypes open is believed over one that
    names a pair; two different pairs are `conflicting-texts`.
    """
    expected = studied[0].symbol if len(studied) == 1 else None
    read = read_haplotype if haplotype else read_genotype
    readings = [(text, read(text, expected)) for text in texts]
    text, reading = _together(readings)
    name = _gene(reading, studied)
    if name is None:
        return GeneName(), Reading(reason="gene-conflict"), text
    if reading.alleles is not None and not name.symbol and not name.hgnc_id:
        return name, Reading(reason="gene-missing" if not studied else "several-genes"), text
    return name, reading, text


def _together(readings: list[tuple[str, Reading]]) -> tuple[str | None, Reading]:
    if not readings:
        return None, Reading(reason="no-value")
    for reason in _BLOCKING:
        for text, reading in readings:
            if reading.reason == reason:
                return text, reading
    named = [(text, reading) for text, reading in readings if reading.alleles is not None]
    if not named:
        ranked = {reason: i for i, reason in enumerate(_TELLING)}
        return min(readings, key=lambda one: ranked.get(one[1].reason or "", len(ranked)))
    first_text, first = named[0]
    for _, other in named:
        if not same_pair(first.alleles or (), other.alleles or ()) or _differ(first.gene, other.gene):
            return first_text, Reading(reason="conflicting-texts")
    return first_text, first


def _differ(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other


def _gene(reading: Reading, studied: tuple[GeneName, ...]) -> GeneName | None:
    """The gene of a reading, which must be one of those studied; None when it is not."""
    if reading.gene is None:
        return studied[0] if len(studied) == 1 else GeneName()
    if studied:
        return next((one for one in studied if one.symbol == reading.gene), None)
    known = gene(reading.gene)
    return GeneName(reading.gene, known.hgnc_id if known else None)
