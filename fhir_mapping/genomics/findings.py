"""What a patient's genomic results say: frozen records, with where each came from and why it cannot be used.

A finding whose `reason` is None may be used. One with a reason is kept, so that a feature can tell why it is
missing; `REASONS` explains each.
"""

import msgspec

from fhir_mapping.genomics.alleles import Allele
from fhir_mapping.issues import Issue

REASONS = {
    "not-recorded": "no result for this gene; a reference genotype is not assumed",
    "status-not-accepted": "the result is not final, amended or corrected",
    "report-withdrawn": "every report that lists the result was cancelled or entered in error",
    "data-absent": "the sender says that there is no value",
    "no-value": "the result has no value",
    "indeterminate": "the laboratory could not determine the result",
    "no-call": "the position or gene was not called",
    "ambiguous": "several genotypes are possible",
    "no-alleles-named": "a negative result without allele names; which alleles were tested is not known",
    "presence-only": "the text says that an allele is there, not which pair of alleles",
    "one-allele": "only one allele of the pair is named",
    "not-a-haplotype": "more than one allele where one was expected",
    "too-many-haplotypes": "more than two haplotypes of one gene in one result",
    "haplotype-unreadable": "a haplotype that the genotype is derived from could not be read",
    "not-a-genotype": "the text follows no known way to write alleles",
    "gene-missing": "the result does not say which gene it is about",
    "gene-conflict": "gene id, gene symbol and text name different genes",
    "several-genes": "the result is about several genes at once",
    "conflicting-texts": "the codings and the text of one result say different things",
    "conflicting-calls": "results for the same gene disagree",
    "answer-not-listed": "the answer is none that the code list has",
    "unit-missing": "the quantity has no unit",
    "unit-not-accepted": "the unit cannot be converted",
    "censored": "the quantity is a bound, not a value",
    "out-of-range": "the value is not possible for this quantity",
}
"""Why a finding cannot be used, by stable code."""


class Coded(msgspec.Struct, frozen=True):
    """An answer: the first coding with a code, else the text alone. `word` is our word for a known answer."""

    system: str | None = None
    code: str | None = None
    display: str | None = None
    word: str | None = None


class GeneName(msgspec.Struct, frozen=True):
    """A gene as far as it is known: approved symbol, HGNC id with prefix; None where it was not sent."""

    symbol: str | None = None
    hgnc_id: str | None = None


class Provenance(msgspec.Struct, frozen=True):
    """Where a finding was read.

    `source` is `Type/id` of the resource, or its path where it has no id; `date` is the clinically relevant
    date as sent, which may be partial; `issued` is when the result was released.
    """

    source: str
    path: str
    status: str | None = None
    date: str | None = None
    issued: str | None = None
    specimen: str | None = None


class DiplotypeCall(msgspec.Struct, frozen=True):
    """The genotype of one gene.

    `alleles` holds two alleles in the order sent, one for mitochondrial and X-linked genes, None with a
    reason. `candidates` are the genotypes that an ambiguous result leaves open. `text` is the result as sent.
    """

    gene: str | None
    hgnc_id: str | None
    alleles: tuple[Allele, ...] | None
    text: str | None
    origin: Provenance
    reason: str | None = None
    candidates: tuple[tuple[Allele, ...], ...] = ()
    haplotypes: tuple[str, ...] = ()
    """Sources of the haplotypes that belong to the genotype."""


class VariantCall(msgspec.Struct, frozen=True):
    """One assessed variant.

    `presence` is present, absent, indeterminate or no-call. `allele_frequency` is the fraction of reads, 0 to
    1; `copy_number` counts copies; both are None where not sent or not usable, which is then an issue.
    """

    genes: tuple[GeneName, ...]
    presence: str | None
    origin: Provenance
    reason: str | None = None
    c_hgvs: str | None = None
    p_hgvs: str | None = None
    g_hgvs: str | None = None
    transcript: str | None = None
    reference_sequence: str | None = None
    position: tuple[float | None, float | None] | None = None
    ref_allele: str | None = None
    alt_allele: str | None = None
    dbsnp: str | None = None
    clinvar: str | None = None
    variation: Coded | None = None
    allelic_state: Coded | None = None
    source_class: Coded | None = None
    change_type: Coded | None = None
    significance: Coded | None = None
    cytogenetic_location: str | None = None
    iscn: str | None = None
    allele_frequency: float | None = None
    copy_number: float | None = None


class Effect(msgspec.Struct, frozen=True):
    """One predicted effect. `axis` is predicted, metabolism, efficacy, transporter, high-risk, prognosis,
    feature-consequence or functional-effect."""

    axis: str
    answer: Coded


class Implication(msgspec.Struct, frozen=True):
    """What a genotype or variant means.

    `kind` is therapeutic, diagnostic, prognostic or molecular-consequence.
    """

    kind: str
    genes: tuple[GeneName, ...]
    origin: Provenance
    reason: str | None = None
    medications: tuple[Coded, ...] = ()
    therapies: tuple[Coded, ...] = ()
    phenotypes: tuple[Coded, ...] = ()
    effects: tuple[Effect, ...] = ()
    significance: Coded | None = None
    evidence: Coded | None = None
    inheritance: Coded | None = None
    conclusion: str | None = None
    derived_from: tuple[str, ...] = ()
    """References to what it is derived from; contained ones with the name of what contains them."""


class Biomarker(msgspec.Struct, frozen=True):
    """A tumour marker. `kind` is tumor-mutation-burden, microsatellite-instability or other.

    `value` is in mutations per megabase, for the first kind only; `answer` is the coded result, whose word is
    stable, low, high or indeterminate for microsatellites. `sent` is value and unit as they came.
    """

    kind: str
    code: Coded
    origin: Provenance
    reason: str | None = None
    value: float | None = None
    answer: Coded | None = None
    sent: tuple[float | None, str | None] | None = None
    genes: tuple[GeneName, ...] = ()


class GenomicFindings(msgspec.Struct, frozen=True):
    """All findings of one patient, newest usable first, in an order that does not depend on the input's."""

    diplotypes: tuple[DiplotypeCall, ...] = ()
    variants: tuple[VariantCall, ...] = ()
    implications: tuple[Implication, ...] = ()
    biomarkers: tuple[Biomarker, ...] = ()
    issues: tuple[Issue, ...] = ()
