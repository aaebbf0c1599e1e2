"""When results for one gene agree, which of them is told, and whether a patient carries an allele."""

from datetime import UTC, datetime, tzinfo

import msgspec

from fhir_mapping.genomics.alleles import Allele, Part, parse_allele
from fhir_mapping.genomics.findings import DiplotypeCall, GenomicFindings, Provenance
from fhir_mapping.genomics.genes import gene as gene_of
from fhir_mapping.times import DateError, bounds

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STATUS_ORDER = {"corrected": 0, "amended": 1, "final": 2}


class GeneResult(msgspec.Struct, frozen=True):
    """What all results say about one gene.

    `alleles` and `call` are those of the newest usable result; `alleles` is None with a reason when there is
    none, or when usable results disagree (`conflicting-calls`). `calls` holds every result, newest first.
    """

    gene: str
    alleles: tuple[Allele, ...] | None
    reason: str | None
    call: DiplotypeCall | None
    calls: tuple[DiplotypeCall, ...]


def result_for(findings: GenomicFindings, gene: str) -> GeneResult:
    """The genotype of a gene by symbol; nothing recorded is `not-recorded`, never a reference genotype."""
    calls = tuple(call for call in findings.diplotypes if call.gene == gene)
    usable = [call for call in calls if call.reason is None]
    if not usable:
        reason = calls[0].reason if calls else "not-recorded"
        return GeneResult(gene, None, reason, calls[0] if calls else None, calls)
    newest = usable[0]
    if all(same_pair(newest.alleles or (), call.alleles or ()) for call in usable):
        return GeneResult(gene, newest.alleles, None, newest, calls)
    return GeneResult(gene, None, "conflicting-calls", newest, calls)


def carries(call: DiplotypeCall, allele: str) -> bool | None:
    """Whether a result has an allele, such as `*57:01` of HLA-B, on either chromosome.

    None when the result cannot tell: it has no alleles, is typed to fewer fields than asked for, or leaves
    genotypes open that differ in this. Raises ValueError when `allele` is no allele name of the gene.
    """
    wanted = parse_allele(allele, gene_of(call.gene or ""))
    if wanted is None:
        raise ValueError(f"`{allele}` is no allele name of {call.gene}")
    pairs = [call.alleles] if call.alleles else call.candidates if call.reason == "ambiguous" else ()
    told = {_pair_carries(pair, wanted.parts[0]) for pair in pairs}
    return told.pop() if len(told) == 1 else None


def _pair_carries(pair: tuple[Allele, ...], wanted: Part) -> bool | None:
    told = [_part_is(part, wanted) for allele in pair for part in allele.parts]
    return True if True in told else None if None in told else False


def _part_is(part: Part, wanted: Part) -> bool | None:
    if part.name == wanted.name or part.name.startswith(f"{wanted.name}:"):
        return True
    return None if wanted.name.startswith(f"{part.name}:") else False


def same_pair(one: tuple[Allele, ...], other: tuple[Allele, ...]) -> bool:
    """Whether two genotypes can be the same, whichever chromosome is named first."""
    if len(one) != len(other):
        return False
    return all(map(agree, one, other)) or all(map(agree, one, reversed(other)))


def agree(one: Allele, other: Allele) -> bool:
    """Whether two names can mean the same allele: one may be given in more detail than the other."""
    return len(one.parts) == len(other.parts) and all(map(_parts_agree, one.parts, other.parts))


def _parts_agree(one: Part, other: Part) -> bool:
    shorter, longer = sorted((one.name, other.name), key=len)
    names = shorter == longer or longer.startswith(f"{shorter}:")
    detail = not one.suballele or not other.suballele or one.suballele == other.suballele
    return names and detail and one.copies == other.copies


def newest_first(origin: Provenance, zone: tzinfo) -> tuple[object, ...]:
    """Sort key: accepted status, later date, later issue, corrections before what they correct, then source.

    A partial date counts from its first moment in `zone`, an unreadable one as none, so that no result is
    made newer than it is; the key does not depend on the order in which results were read.
    """
    rank = _STATUS_ORDER.get(origin.status or "", 3)
    return (
        rank == 3,
        -_seconds(origin.date, zone),
        -_seconds(origin.issued, zone),
        rank,
        origin.source,
        origin.path,
    )


def _seconds(date: str | None, zone: tzinfo) -> float:
    try:
        return (bounds(date, zone)[0] - _EPOCH).total_seconds() if date else float("-inf")
    except DateError:
        return float("-inf")
