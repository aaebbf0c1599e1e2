"""Features of a gene's genotype: how often an allele is there, whether it is, and the genotype itself."""

from typing import Any

from fhir_mapping.errors import SpecError
from fhir_mapping.genomics import (
    Allele,
    GeneResult,
    agree,
    parse_allele,
    read_genotype,
    result_for,
    write_genotype,
)
from fhir_mapping.genomics.genes import Gene
from fhir_mapping.readers.genomic_results import GENOTYPES, GenomicReader, known_gene
from fhir_mapping.readers.matching import Match, is_allele
from fhir_mapping.record import PatientRecord
from fhir_mapping.spec_genomics import AlleleCarried, AlleleCount, Diplotype
from fhir_mapping.times import IndexTime
from fhir_mapping.values import FeatureValue

Pair = tuple[Allele, ...]
_SHOWN = 3


class GenotypeReader(GenomicReader):
    """A feature of one gene's genotype."""

    __slots__ = ("gene",)

    def __init__(self, spec: Any) -> None:
        """Raises SpecError for a gene that is not in the table."""
        super().__init__(spec, GENOTYPES)
        self.gene = known_gene(spec.gene)

    def read(self, record: PatientRecord, index: IndexTime) -> FeatureValue:
        """The feature at an index time. An ambiguous result counts when all it leaves open say the same."""
        findings, refused = self.results(record, index)
        trouble = self.trouble(record, refused)
        if trouble is not None:
            return trouble
        result = result_for(findings, self.gene.symbol)
        if result.call is None:
            return self.unrecorded(record, refused)
        pairs = _pairs(result)
        told = {self.value_of(pair) for pair in pairs}
        value = told.pop() if len(told) == 1 else result.reason or "ambiguous"
        if _is_contradicted(result):
            value = "conflicting-calls"
        if isinstance(value, str):
            return self.of_parts(result) or self.refused(record, value, *(one.origin for one in result.calls))
        written = [write_genotype(self.gene.symbol, pair) for pair in pairs[:_SHOWN]]
        return self.found(value, result.call.origin, " or ".join(written))

    def of_parts(self, result: GeneResult) -> FeatureValue | None:
        """What can be told although no pair of alleles is known; None when that is nothing."""
        return None

    def value_of(self, pair: Pair) -> float | str:
        """The feature's value for a genotype, or the reason why there is none."""
        raise NotImplementedError

    def told(self) -> dict[str, Any]:
        """What a third party needs to know to send this."""
        return {"gene": {"symbol": self.gene.symbol, "hgnc": self.gene.hgnc_id}}


class AlleleCountReader(GenotypeReader):
    """Compiled form of an `allele_count` feature."""

    unit = "1"
    __slots__ = ("match", "wanted")

    def __init__(self, spec: AlleleCount) -> None:
        """Raises SpecError for a gene or an allele name that is none."""
        super().__init__(spec)
        if not spec.alleles:
            raise SpecError("must name at least one allele", "alleles")
        self.match: Match = spec.match
        self.wanted = [
            _allele(text, self.gene, spec.match, "alleles", at) for at, text in enumerate(spec.alleles)
        ]

    def value_of(self, pair: Pair) -> float | str:
        """On how many of the chromosomes one of the alleles lies."""
        told = [_is_one_of(allele, self.wanted, self.match) for allele in pair]
        return "typing-too-coarse" if None in told else float(told.count(True))

    def told(self) -> dict[str, Any]:
        """What a third party needs to know to send this."""
        return super().told() | {"alleles": list(self.spec.alleles), "match": self.match, "value": "count"}


class AlleleCarriedReader(GenotypeReader):
    """Compiled form of an `allele_carried` feature."""

    __slots__ = ("wanted",)

    def __init__(self, spec: AlleleCarried) -> None:
        """Raises SpecError for a gene or an allele name that is none."""
        super().__init__(spec)
        self.wanted = _allele(spec.allele, self.gene, "core", "allele")

    def value_of(self, pair: Pair) -> float | str:
        """1 when one of the chromosomes has the allele."""
        told = [is_allele(allele, self.wanted, "core") for allele in pair]
        if True in told:
            return 1.0
        return "typing-too-coarse" if None in told else 0.0

    def of_parts(self, result: GeneResult) -> FeatureValue | None:
        """One chromosome's allele is enough when it is the wanted one, as long as no result contradicts."""
        if any(call.reason is None for call in result.calls):
            return None
        for call in result.calls:
            alone = call.candidates[0] if call.reason == "one-allele" and call.candidates else ()
            if any(is_allele(allele, self.wanted, "core") for allele in alone):
                return self.found(1.0, call.origin, write_genotype(self.gene.symbol, alone))
        return None

    def told(self) -> dict[str, Any]:
        """What a third party needs to know to send this."""
        return super().told() | {"alleles": [self.spec.allele], "value": "any"}


class DiplotypeReader(GenotypeReader):
    """Compiled form of a `diplotype` feature."""

    __slots__ = ("values",)

    def __init__(self, spec: Diplotype) -> None:
        """Raises SpecError for a gene or a genotype that is none, and for one that stands twice."""
        super().__init__(spec)
        self.values: dict[tuple[str, ...], float] = {}
        for text, value in spec.values.items():
            pair = read_genotype(text, self.gene.symbol).alleles
            if pair is None:
                raise SpecError(f"`{text}` is no genotype of {self.gene.symbol}", "values", text)
            if _key(pair) in self.values:
                raise SpecError(f"`{text}` stands there twice", "values", text)
            self.values[_key(pair)] = value

    def value_of(self, pair: Pair) -> float | str:
        """The number of the genotype, 1 where none are declared."""
        return self.values.get(_key(pair), "answer-not-listed") if self.values else 1.0

    def told(self) -> dict[str, Any]:
        """What a third party needs to know to send this."""
        return super().told() | {"values": self.spec.values, "value": "genotype"}


def _pairs(result: GeneResult) -> tuple[Pair, ...]:
    """The genotype, or those that an ambiguous result leaves open."""
    if result.alleles is not None:
        return (result.alleles,)
    is_open = result.call is not None and result.reason == "ambiguous"
    return result.call.candidates if is_open and result.call is not None else ()


def _is_contradicted(result: GeneResult) -> bool:
    """Whether one allele that was reported alone is neither of the pair that another result names."""
    pair = result.alleles or ()
    alone = [call.candidates[0] for call in result.calls if call.reason == "one-allele" and call.candidates]
    return bool(pair) and any(not any(agree(one, known) for known in pair) for (one, *_) in alone)


def _is_one_of(allele: Allele, wanted: list[Allele], match: Match) -> bool | None:
    told = [is_allele(allele, one, match) for one in wanted]
    return True if True in told else None if None in told else False


def _allele(text: str, gene: Gene, match: Match, *path: str | int) -> Allele:
    """An allele as a spec names it; raises SpecError."""
    allele = parse_allele(text, gene)
    if allele is None:
        raise SpecError(f"`{text}` is no allele name of {gene.symbol}", *path)
    detailed = len(allele.parts) > 1 or allele.parts[0].suballele or allele.parts[0].copies
    if match == "core" and detailed:
        raise SpecError(f"`{text}` is more than a core name; write `match: exact`", *path)
    return allele


def _key(pair: Pair) -> tuple[str, ...]:
    return tuple(sorted(allele.core for allele in pair))
