"""Genotypes of a patient: which gene, from which haplotypes, when they count, and when they disagree."""

from __future__ import annotations

from itertools import permutations

import pytest
from genomics_samples import (
    HGNC,
    component,
    concept,
    genotype,
    haplotype,
    observation,
    read,
    variant,
    written,
)

from fhir_mapping.genomics import carries, result_for


def derived(*identities: str) -> list[dict[str, str]]:
    """References to Observations."""
    return [{"reference": f"Observation/{one}"} for one in identities]


def test_a_genotype_has_gene_alleles_and_provenance() -> None:
    """The call names gene, HGNC id, alleles, text as sent, source and date."""
    (call,) = read(genotype("g1", "CYP2D6 *1 / *4")).diplotypes
    assert (call.gene, call.hgnc_id, written(call)) == ("CYP2D6", "HGNC:2625", "*1/*4")
    assert (call.text, call.origin.source, call.origin.date) == (
        "CYP2D6 *1 / *4",
        "Observation/g1",
        "2024-03-01",
    )


def test_alleles_are_taken_from_the_display_of_a_coded_value() -> None:
    """A ClinVar or PharmVar code whose display names the alleles is read."""
    value = concept("http://www.ncbi.nlm.nih.gov/clinvar", "638797", "CYP2C19*2/*2")
    (call,) = read(observation("g1", "84413-4", valueCodeableConcept=value)).diplotypes
    assert (call.gene, call.hgnc_id, written(call)) == ("CYP2C19", "HGNC:2621", "*2/*2")


def test_alleles_are_taken_from_a_plain_string() -> None:
    """Older senders put the genotype into valueString."""
    (call,) = read(observation("g1", "84413-4", valueString="CYP2D6*1/*4")).diplotypes
    assert written(call) == "*1/*4"


def test_two_different_texts_in_one_result_are_a_conflict() -> None:
    """A text and a display that name different pairs give no alleles."""
    value = {"text": "*1/*4", **concept("http://www.pharmvar.org", "x", "CYP2D6*1/*5")}
    (call,) = read(observation("g1", "84413-4", valueCodeableConcept=value)).diplotypes
    assert (call.alleles, call.reason) == (None, "conflicting-texts")


def test_indeterminate_is_believed_over_a_pair_in_the_same_result() -> None:
    """A result that says indeterminate anywhere is not read as its coded pair."""
    value = {"text": "Indeterminate", **concept("http://www.pharmvar.org", "x", "CYP2D6*1/*1")}
    (call,) = read(observation("g1", "84413-4", valueCodeableConcept=value)).diplotypes
    assert (call.alleles, call.reason) == (None, "indeterminate")


@pytest.mark.parametrize(
    ("code", "display"), [("HGNC:2621", "CYP2D6"), ("HGNC:262", "CYP2D6"), ("2621", "CYP2D6")]
)
def test_a_gene_id_that_contradicts_its_symbol_is_a_conflict(code: str, display: str) -> None:
    """Neither the id nor the symbol of a contradictory gene is believed."""
    gene = component("48018-6", concept(HGNC, code, display))
    (call,) = read(observation("g1", "84413-4", gene, valueString="*1/*4")).diplotypes
    assert (call.gene, call.alleles, call.reason) == (None, None, "gene-conflict")


def test_a_result_about_two_genes_takes_the_gene_of_its_text() -> None:
    """Of several genes studied, the one that the text names has the alleles."""
    genes = [component("48018-6", concept(HGNC, one, None)) for one in ("HGNC:2623", "HGNC:23663")]
    (call,) = read(observation("g1", "84413-4", *genes, valueString="CYP2C9 *2/*5")).diplotypes
    assert (call.gene, written(call)) == ("CYP2C9", "*2/*5")


def test_a_text_without_any_gene_is_not_used() -> None:
    """Alleles of an unknown gene are no result."""
    (call,) = read(genotype("g1", "*1/*4", symbol=None)).diplotypes
    assert (call.alleles, call.reason) == (None, "gene-missing")


def test_two_haplotypes_make_the_genotype_that_is_derived_from_them() -> None:
    """A genotype without a value of its own is the pair of its haplotypes."""
    whole = observation("g1", "84413-4", derivedFrom=derived("h1", "h2"))
    (call,) = read(whole, haplotype("h1", "*1"), haplotype("h2", "*4")).diplotypes
    assert (call.gene, written(call), call.haplotypes) == (
        "CYP2D6",
        "*1/*4",
        ("Observation/h1", "Observation/h2"),
    )


def test_haplotypes_that_contradict_their_genotype_are_a_conflict() -> None:
    """A genotype whose two haplotypes name another pair is not used."""
    whole = genotype("g1", "*1/*5", derivedFrom=derived("h1", "h2"))
    (call,) = read(whole, haplotype("h1", "*1"), haplotype("h2", "*4")).diplotypes
    assert (call.alleles, call.reason) == (None, "conflicting-texts")


def test_haplotypes_without_a_genotype_make_a_pair() -> None:
    """Two haplotypes of one gene, date and specimen are a genotype, also when they are equal."""
    (call,) = read(haplotype("h1", "HLA-B*57:01", "HLA-B"), haplotype("h2", "B*57:01", "HLA-B")).diplotypes
    assert (call.gene, written(call)) == ("HLA-B", "*57:01/*57:01")


def test_one_haplotype_is_never_completed() -> None:
    """A single allele stays `one-allele`; its partner is not taken to be the reference or the same."""
    (call,) = read(haplotype("h1", "*4")).diplotypes
    assert (call.alleles, call.reason) == (None, "one-allele")


def test_one_haplotype_sent_twice_is_one() -> None:
    """The same resource in two places does not make a homozygous pair."""
    (call,) = read(haplotype("h1", "*4"), haplotype("h1", "*4")).diplotypes
    assert call.reason == "one-allele"


def test_haplotypes_of_different_days_are_not_paired() -> None:
    """A haplotype found again on another day is not the second chromosome."""
    later = haplotype("h2", "*4", effectiveDateTime="2025-01-01")
    assert {call.reason for call in read(haplotype("h1", "*4"), later).diplotypes} == {"one-allele"}


def test_three_haplotypes_are_no_pair() -> None:
    """More than two haplotypes of one gene in one result cannot be told apart."""
    (call,) = read(*(haplotype(f"h{i}", f"*{i}") for i in (1, 2, 3))).diplotypes
    assert call.reason == "too-many-haplotypes"


def test_one_allele_is_a_whole_result_for_a_mitochondrial_gene() -> None:
    """MT-RNR1 has no second allele."""
    (call,) = read(genotype("g1", "m.1555A>G", "MT-RNR1")).diplotypes
    assert (written(call), call.reason) == ("m.1555A>G", None)


@pytest.mark.parametrize("status", ["final", "amended", "corrected"])
def test_final_results_count(status: str) -> None:
    """Final, amended and corrected results are used."""
    assert result_for(read(genotype("g1", "*1/*4", status=status)), "CYP2D6").reason is None


@pytest.mark.parametrize("status", ["preliminary", "entered-in-error", "cancelled", "unknown", None])
def test_other_results_do_not_count(status: str | None) -> None:
    """Results of any other status give no alleles, with the reason."""
    result = result_for(read(genotype("g1", "*1/*4", status=status)), "CYP2D6")
    assert (result.alleles, result.reason) == (None, "status-not-accepted")


def test_results_of_a_withdrawn_report_do_not_count() -> None:
    """A result that only a report entered in error lists is not used."""
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r1",
        "status": "entered-in-error",
        "result": derived("g1"),
    }
    assert result_for(read(report, genotype("g1", "*1/*4")), "CYP2D6").reason == "report-withdrawn"
    standing = {**report, "id": "r2", "status": "amended"}
    assert result_for(read(report, standing, genotype("g1", "*1/*4")), "CYP2D6").reason is None


def test_a_value_that_the_sender_calls_absent_is_missing() -> None:
    """dataAbsentReason gives no alleles, with its own reason."""
    absent = observation("g1", "84413-4", dataAbsentReason={"text": "failed"}, valueString="CYP2D6*1/*4")
    assert [(call.alleles, call.reason) for call in read(absent).diplotypes] == [(None, "data-absent")]


def test_a_panel_whose_results_are_absent_is_an_issue() -> None:
    """dataAbsentReason of a genomics panel is told with its path."""
    issues = read(observation("p1", "51969-4", dataAbsentReason={"text": "failed"})).issues
    assert [(issue.path, issue.code) for issue in issues] == [("$[0].dataAbsentReason", "data-absent")]


def test_nothing_recorded_is_no_reference_genotype() -> None:
    """A gene without a result is `not-recorded`, also when variants of it are absent."""
    absent = variant("v1", valueCodeableConcept=concept("http://loinc.org", "LA9634-2", "Absent"))
    result = result_for(read(absent), "CYP2D6")
    assert (result.alleles, result.reason, result.calls) == (None, "not-recorded", ())


def test_results_that_disagree_are_a_conflict_newest_first() -> None:
    """Two different genotypes of one gene give no alleles; the calls are listed newest first."""
    older = genotype("g1", "*1/*1", effectiveDateTime="2020-05-01")
    newer = genotype("g2", "*1/*4", effectiveDateTime="2024-05-01")
    result = result_for(read(older, newer), "CYP2D6")
    assert (result.alleles, result.reason) == (None, "conflicting-calls")
    assert [written(call) for call in result.calls] == ["*1/*4", "*1/*1"]


@pytest.mark.parametrize(
    ("one", "other", "symbol"),
    [
        ("*1/*4", "*4.001/*1", "CYP2D6"),
        ("B*57:01/B*58:01", "B*58:01:01/B*57:01", "HLA-B"),
        ("*1/*4", "Indeterminate", "CYP2D6"),
    ],
)
def test_results_in_more_detail_or_without_alleles_do_not_disagree(one: str, other: str, symbol: str) -> None:
    """The order of the alleles, sub-alleles, HLA fields and indeterminate results are no conflict."""
    result = result_for(read(genotype("g1", one, symbol), genotype("g2", other, symbol)), symbol)
    assert result.reason is None


@pytest.mark.parametrize("other", ["*1x2/*4", "*1/*4x2", "*1/*4+*68", "*4/*4"])
def test_other_copies_or_alleles_disagree(other: str) -> None:
    """Copy number and tandems are part of what an allele is."""
    result = result_for(read(genotype("g1", "*1/*4"), genotype("g2", other)), "CYP2D6")
    assert result.reason == "conflicting-calls"


def test_the_order_of_the_resources_changes_nothing() -> None:
    """Ties of date and status are broken by the source, not by the order in which results come."""
    results = [
        genotype("g1", "*1/*4.001"),
        genotype("g2", "*1/*4", issued="2024-04-01T10:00:00Z"),
        genotype("g3", "*4/*1", status="corrected"),
        genotype("g4", "*1/*4", effectiveDateTime="2024"),
    ]
    orders = {
        tuple(call.origin.source for call in result_for(read(*order), "CYP2D6").calls)
        for order in permutations(results)
    }
    assert orders == {("Observation/g2", "Observation/g3", "Observation/g1", "Observation/g4")}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("B*57:01/B*08:01", True),
        ("B*57:01:01/B*08:01", True),
        ("B*58:01/B*08:01", False),
        ("B*57/B*08:01", None),
        ("hla#3.1.0#HLA-B*57:01+HLA-B*08:01|HLA-B*57:01+HLA-B*07:02", True),
        ("hla#3.1.0#HLA-B*57:01+HLA-B*08:01|HLA-B*57:03+HLA-B*08:01", None),
        ("HLA-B*57:01", None),
        ("indeterminate", None),
    ],
)
def test_whether_an_allele_is_carried(text: str, told: bool | None) -> None:
    """Yes, no, or unknown where the typing is too coarse, ambiguous in this, or missing."""
    (call,) = read(genotype("g1", text, "HLA-B")).diplotypes
    assert carries(call, "*57:01") is told


def test_asking_for_something_that_is_no_allele_is_an_error() -> None:
    """A misspelt allele name is told to the caller instead of being carried by nobody."""
    (call,) = read(genotype("g1", "B*57:01/B*08:01", "HLA-B")).diplotypes
    with pytest.raises(ValueError, match="no allele name"):
        carries(call, "57-01")
