"""Haplotypes, and the genotypes that two of them make."""

import msgspec

from fhir_mapping.genomics.alleles import Allele
from fhir_mapping.genomics.diplotypes import Reading
from fhir_mapping.genomics.elements import gene_names, provenance
from fhir_mapping.genomics.findings import DiplotypeCall, GeneName, Provenance
from fhir_mapping.genomics.genes import gene
from fhir_mapping.genomics.texts import read_texts, result_texts
from fhir_mapping.genomics.usable import Source


class Haplotype(msgspec.Struct, frozen=True):
    """One haplotype observation; `genes` are those of its components."""

    texts: tuple[str, ...]
    genes: tuple[GeneName, ...]
    origin: Provenance
    keys: tuple[str, ...]
    reason: str | None

    def read(self, expected: GeneName | None = None) -> tuple[GeneName, Reading]:
        """Gene and allele, or why there is none; `expected` is the gene of the genotype it is in."""
        studied = self.genes or ((expected,) if expected and expected.symbol else ())
        if self.reason is not None:
            return studied[0] if len(studied) == 1 else GeneName(), Reading(reason=self.reason)
        name, reading, _ = read_texts(self.texts, studied, haplotype=True)
        return name, reading


def read_haplotype_observation(source: Source) -> Haplotype:
    """The haplotype of an Observation with code 84414-2."""
    genes, conflict = gene_names(source.elements.concepts("gene"))
    return Haplotype(
        result_texts(source.found.observation),
        genes,
        provenance(source.found),
        source.found.keys,
        source.reason or conflict,
    )


def pair_up(haplotypes: list[Haplotype], expected: GeneName | None = None) -> DiplotypeCall | None:
    """The genotype that the haplotypes of one result make.

    None without haplotypes. One haplotype alone is `one-allele`: a pair is never completed with a reference
    or with the same allele again.
    """
    if not haplotypes:
        return None
    ordered = sorted(haplotypes, key=lambda one: (one.origin.source, one.origin.path))
    readings = [one.read(expected) for one in ordered]
    names = {name for name, _ in readings}
    alleles = tuple(reading.alleles[0] for _, reading in readings if reading.alleles)
    name = names.pop() if len(names) == 1 else GeneName()
    reason = _reason([reading for _, reading in readings], alleles, name, bool(names))
    return DiplotypeCall(
        name.symbol,
        name.hgnc_id,
        alleles if reason is None else None,
        "; ".join(text for one in ordered for text in one.texts[:1]) or None,
        ordered[0].origin,
        reason,
        (alleles,) if reason == "one-allele" else (),
        tuple(one.origin.source for one in ordered),
    )


def _reason(
    readings: list[Reading], alleles: tuple[Allele, ...], name: GeneName, several: bool
) -> str | None:
    if several:
        return "gene-conflict"
    if len(readings) == 1 and readings[0].reason:
        return readings[0].reason
    if len(alleles) < len(readings):
        return "haplotype-unreadable"
    if len(alleles) > 2:
        return "too-many-haplotypes"
    known = gene(name.symbol or "")
    if len(alleles) == 1 and not (known is not None and known.may_be_single):
        return "one-allele"
    return None


def loose_pairs(haplotypes: list[Haplotype]) -> list[DiplotypeCall]:
    """Genotypes of the haplotypes that no genotype refers to.

    Two haplotypes belong together when they are of one gene, date, time of issue and specimen, so that a test
    repeated on another day does not look like the second chromosome.
    """
    groups: dict[tuple[object, ...], list[Haplotype]] = {}
    for one in haplotypes:
        name, _ = one.read()
        about: object = name if name != GeneName() else one.origin.source
        same = (about, one.reason, one.origin.date, one.origin.issued, one.origin.specimen)
        groups.setdefault(same, []).append(one)
    return [call for group in groups.values() if (call := pair_up(group)) is not None]
