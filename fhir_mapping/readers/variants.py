"""Features that ask whether a variant is there."""

import re
from collections.abc import Iterator
from typing import Any

from fhir_mapping.errors import SpecError
from fhir_mapping.genomics import VariantCall
from fhir_mapping.readers.genomic_results import VARIANTS, GenomicReader, known_gene
from fhir_mapping.record import PatientRecord
from fhir_mapping.spec_genomics import VariantPresent
from fhir_mapping.times import IndexTime
from fhir_mapping.values import FeatureValue

_HGVS = re.compile(r"(?:(?P<sequence>[A-Z]{2}_?[0-9.]+[a-z0-9]*)(?:\([^)]*\))?:)?(?P<change>[cgmnp]\..+)\Z")
_LETTERS = re.compile(r"p\.([A-Z])([0-9]+)([A-Z*=])\Z")
_AMINO_ACIDS = {
    "A": "Ala", "C": "Cys", "D": "Asp", "E": "Glu", "F": "Phe", "G": "Gly", "H": "His", "I": "Ile",
    "K": "Lys", "L": "Leu", "M": "Met", "N": "Asn", "P": "Pro", "Q": "Gln", "R": "Arg", "S": "Ser",
    "T": "Thr", "V": "Val", "W": "Trp", "Y": "Tyr", "*": "Ter", "=": "=",
}  # fmt: skip
_DBSNP = re.compile(r"rs[1-9][0-9]*\Z")


class VariantReader(GenomicReader):
    """Compiled form of a `variant_present` feature."""

    __slots__ = ("dbsnp", "gene", "hgvs")

    def __init__(self, spec: VariantPresent) -> None:
        """Raises SpecError for a gene, HGVS name or dbSNP id that is none."""
        super().__init__(spec, VARIANTS)
        self.gene = known_gene(spec.gene)
        self.hgvs = _name(spec.hgvs) if spec.hgvs is not None else None
        self.dbsnp = spec.dbsnp
        if spec.hgvs is not None and self.hgvs is None:
            raise SpecError("must be a c., p. or g. name, such as `c.2573T>G`", "hgvs")
        if spec.dbsnp is not None and not _DBSNP.match(spec.dbsnp):
            raise SpecError("must be an id such as `rs121434568`", "dbsnp")

    def read(self, record: PatientRecord, index: IndexTime) -> FeatureValue:
        """1 when reported present as asked, 0 when reported absent; results that disagree are missing.

        A result that leaves out its gene, or does not name its variant as the feature does, may be about it:
        beside it nothing is absent.
        """
        findings, refused = self.results(record, index)
        trouble = self.trouble(record, refused)
        if trouble is not None:
            return trouble
        told = [(self._answer(call), call) for call in findings.variants if self._is_about(call)]
        known = [(answer, call) for answer, call in told if isinstance(answer, float)]
        if len({call.presence for _, call in told if call.reason is None}) > 1:
            return self.refused(record, "conflicting-calls", *(call.origin for _, call in told))
        unclear = [call for call in findings.variants if self._may_be_about(call)]
        if known:
            answer, call = known[0]
            against = [one for one in unclear if one.presence != "absent"]
            return (
                self._unclear(record, against)
                if against and answer == 0.0
                else self.found(answer, call.origin, _written(call))
            )
        reasons = [(answer, call) for answer, call in told if isinstance(answer, str)]
        if not reasons:
            return self._unclear(record, unclear) if unclear else self.unrecorded(record, refused)
        return self.refused(record, reasons[0][0], *(call.origin for _, call in reasons))

    def told(self) -> dict[str, Any]:
        """What a third party needs to know to send this."""
        spec = self.spec
        return {
            "gene": {"symbol": self.gene.symbol, "hgnc": self.gene.hgnc_id},
            "hgvs": spec.hgvs,
            "dbsnp": spec.dbsnp,
            "significance": list(spec.significance),
            "minAlleleFrequency": spec.min_allele_frequency,
            "value": "any",
        }

    def _is_about(self, call: VariantCall) -> bool:
        """Whether a result is about the variant. About any variant of a gene, "absent" says something only
        when it names no particular one."""
        if all(name.symbol != self.gene.symbol for name in call.genes):
            return False
        if self.hgvs is None and self.dbsnp is None:
            return call.presence != "absent" or not any(_identifiers(call))
        if self.dbsnp is not None and call.dbsnp in (self.dbsnp, self.dbsnp.removeprefix("rs")):
            return True
        names = (_name(text) for text in (call.c_hgvs, call.p_hgvs, call.g_hgvs) if text)
        return self.hgvs is not None and any(_same(self.hgvs, name) for name in names if name is not None)

    def _may_be_about(self, call: VariantCall) -> bool:
        """Whether nobody can tell of a result that it is about another variant."""
        if self._is_about(call) or (call.genes and all(one.symbol != self.gene.symbol for one in call.genes)):
            return False
        if self.hgvs is None and self.dbsnp is None:
            return not call.genes
        if self.dbsnp is not None and call.dbsnp is not None:
            return call.dbsnp in (self.dbsnp, self.dbsnp.removeprefix("rs"))
        names = (_name(text) for text in (call.c_hgvs, call.p_hgvs, call.g_hgvs) if text)
        return self.hgvs is None or not any(_differ(self.hgvs, name) for name in names if name is not None)

    def _unclear(self, record: PatientRecord, calls: list[VariantCall]) -> FeatureValue:
        reason = "detail-missing" if calls[0].genes else "gene-missing"
        return self.refused(record, reason, *(call.origin for call in calls))

    def _answer(self, call: VariantCall) -> float | str:
        """1, 0, or the reason why the result does not answer."""
        if call.reason is not None:
            return call.reason
        if call.presence == "absent":
            return 0.0
        least = self.spec.min_allele_frequency
        if self.spec.significance:
            word = call.significance.word if call.significance is not None else None
            if word not in self.spec.significance:
                return "detail-missing" if word is None else "answer-not-listed"
        if least is not None and call.allele_frequency is None:
            return "detail-missing"
        return "frequency-too-low" if least is not None and (call.allele_frequency or 0.0) < least else 1.0


def _name(text: str) -> tuple[str, str] | None:
    """(reference sequence or "", change) of an HGVS name; brackets around a predicted protein change do not
    count."""
    match = _HGVS.match(text.strip())
    if match is None:
        return None
    change = match["change"]
    if change.startswith("p.(") and change.endswith(")"):
        change = f"p.{change[3:-1]}"
    return match["sequence"] or "", _in_three_letters(change)


def _in_three_letters(change: str) -> str:
    """A substitution of one amino acid as HGVS prefers it: `p.L858R` is `p.Leu858Arg`, `p.R97*` `p.Arg97Ter`.

    Codes of IUPAC-IUB; any other change comes back as it is.
    """
    match = _LETTERS.fullmatch(change)
    if match is None or not {match[1], match[3]} <= _AMINO_ACIDS.keys():
        return re.sub(r"\*\Z", "Ter", change) if change.startswith("p.") else change
    return f"p.{_AMINO_ACIDS[match[1]]}{match[2]}{_AMINO_ACIDS[match[3]]}"


def _same(one: tuple[str, str], other: tuple[str, str]) -> bool:
    return one[1] == other[1] and (one[0] == other[0] or not one[0] or not other[0])


def _differ(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Whether two names are of one kind and one sequence, and of two changes."""
    same_sequence = one[0] == other[0] or not one[0] or not other[0]
    return one[1][:2] == other[1][:2] and same_sequence and one[1] != other[1]


def _identifiers(call: VariantCall) -> Iterator[object]:
    """What names a particular variant in a result."""
    yield from (call.c_hgvs, call.p_hgvs, call.g_hgvs, call.dbsnp, call.clinvar, call.variation)
    yield from (call.ref_allele, call.alt_allele, call.position, call.iscn, call.cytogenetic_location)


def _written(call: VariantCall) -> str | None:
    return call.p_hgvs or call.c_hgvs or call.g_hgvs or call.dbsnp
