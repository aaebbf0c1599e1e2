"""Genotype observations: the pair of alleles that is sent, or that their haplotypes make."""

from datetime import tzinfo

import msgspec

from fhir_mapping.genomics.agreement import newest_first, same_pair
from fhir_mapping.genomics.elements import gene_names, provenance
from fhir_mapping.genomics.findings import DiplotypeCall, GeneName
from fhir_mapping.genomics.haplotypes import (
    Haplotype,
    loose_pairs,
    pair_up,
    read_haplotype_observation,
)
from fhir_mapping.genomics.texts import read_texts, result_texts
from fhir_mapping.genomics.usable import Source


def read_diplotypes(
    genotypes: list[Source], haplotypes: list[Source], zone: tzinfo
) -> tuple[DiplotypeCall, ...]:
    """All genotypes of a patient, newest first; a haplotype of a genotype is no result of its own."""
    known = [read_haplotype_observation(one) for one in haplotypes]
    by_key = {key: one for one in known for key in one.keys}
    calls: list[DiplotypeCall] = []
    used: set[str] = set()
    for source in genotypes:
        members = _members(source, by_key)
        used.update(one.origin.path for one in members)
        calls.append(_call(source, members))
    calls += loose_pairs([one for one in known if one.origin.path not in used])
    return tuple(sorted(calls, key=lambda call: (call.reason is not None, *newest_first(call.origin, zone))))


def _members(source: Source, by_key: dict[str, Haplotype]) -> list[Haplotype]:
    found = (by_key.get(reference) for reference in source.references())
    return list({one.origin.path: one for one in found if one is not None}.values())


def _call(source: Source, members: list[Haplotype]) -> DiplotypeCall:
    origin = provenance(source.found)
    studied, conflict = gene_names(source.elements.concepts("gene"))
    texts = result_texts(source.found.observation)
    reason = source.reason or conflict
    if reason is not None:
        name = studied[0] if len(studied) == 1 else GeneName()
        text, belonging = next(iter(texts), None), tuple(one.origin.source for one in members)
        return DiplotypeCall(name.symbol, name.hgnc_id, None, text, origin, reason, haplotypes=belonging)
    name, reading, text = read_texts(texts, studied)
    call = DiplotypeCall(
        name.symbol, name.hgnc_id, reading.alleles, text, origin, reading.reason, reading.candidates
    )
    return _with_members(call, members, name)


def _with_members(call: DiplotypeCall, members: list[Haplotype], name: GeneName) -> DiplotypeCall:
    """Fill a missing pair in from two haplotypes; a pair that its two haplotypes contradict is a conflict."""
    paired = pair_up(members, name)
    if paired is None:
        return call
    if call.reason in ("no-value", "not-a-genotype"):
        return msgspec.structs.replace(paired, origin=call.origin, text=call.text or paired.text)
    call = msgspec.structs.replace(call, haplotypes=paired.haplotypes)
    contradicted = call.alleles and paired.alleles and not same_pair(call.alleles, paired.alleles)
    return msgspec.structs.replace(call, alleles=None, reason="conflicting-texts") if contradicted else call
