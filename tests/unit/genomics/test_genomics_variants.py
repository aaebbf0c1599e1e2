"""Variants, implications and biomarkers, in current and older forms."""

from __future__ import annotations

import json

import pytest
from genomics_samples import (
    HGNC,
    IG,
    LOINC,
    RXNORM,
    UCUM,
    Resource,
    component,
    concept,
    gene_component,
    genotype,
    observation,
    read,
    variant,
)

from fhir_mapping.genomics import Coded, may_hold_findings

DBSNP, CLINVAR = "http://www.ncbi.nlm.nih.gov/projects/SNP", "http://www.ncbi.nlm.nih.gov/clinvar"
HGVS = "http://varnomen.hgvs.org"
WARFARIN = concept(RXNORM, "11289", "warfarin")


def quantity(code: str, value: float, unit: str | None = None, **more: str) -> Resource:
    """A component with a quantity."""
    ucum = {"system": UCUM, "code": unit} if unit else {}
    return {"code": concept(LOINC, code), "valueQuantity": {"value": value, **ucum, **more}}


def test_a_variant_has_its_components() -> None:
    """Names, alleles, zygosity, source class, significance and identifiers are read from components."""
    (call,) = read(
        variant(
            "v1",
            gene_component("CYP2C19"),
            component("48004-6", concept(HGVS, "NM_000769.4:c.681G>A")),
            component("48005-3", concept(HGVS, "NP_000760.1:p.Pro227=")),
            component("69547-8", "G"),
            component("69551-0", "A"),
            component("53034-5", concept(LOINC, "LA6706-1")),
            component("48002-0", concept(LOINC, "LA6683-2")),
            component("53037-8", concept(LOINC, "LA6668-3")),
            component("81255-2", concept(DBSNP, "rs4244285")),
            component("81252-9", concept(CLINVAR, "16897")),
        )
    ).variants
    assert [gene.symbol for gene in call.genes] == ["CYP2C19"]
    assert (call.presence, call.c_hgvs, call.p_hgvs) == (
        "present",
        "NM_000769.4:c.681G>A",
        "NP_000760.1:p.Pro227=",
    )
    assert (call.ref_allele, call.alt_allele, call.dbsnp, call.clinvar) == ("G", "A", "rs4244285", "16897")
    words = [one.word for one in (call.allelic_state, call.source_class, call.significance) if one]
    assert words == ["heterozygous", "germline", "pathogenic"]


@pytest.mark.parametrize(
    ("code", "presence", "reason"),
    [
        ("LA9633-4", "present", None),
        ("LA9634-2", "absent", None),
        ("LA11884-6", "indeterminate", "indeterminate"),
        ("LA18198-4", "no-call", "no-call"),
        ("LA6688-1", None, "answer-not-listed"),
    ],
)
def test_presence_is_what_the_answer_says(code: str, presence: str | None, reason: str | None) -> None:
    """Present and absent are results; indeterminate, no call and unknown answers are reasons."""
    (call,) = read(variant("v1", valueCodeableConcept=concept(LOINC, code))).variants
    assert (call.presence, call.reason) == (presence, reason)


def test_a_variant_without_a_value_is_neither_present_nor_absent() -> None:
    """A missing presence is `no-value`."""
    (call,) = read(observation("v1", "69548-6", gene_component("CYP2C19"))).variants
    assert (call.presence, call.reason) == (None, "no-value")


@pytest.mark.parametrize(
    ("sent", "fraction", "codes"),
    [
        (quantity("81258-6", 47, "%"), 0.47, []),
        (quantity("81258-6", 0.18, "1"), 0.18, []),
        (quantity("81258-6", 0.08, unit=None), None, ["unit-missing"]),
        (quantity("81258-6", 47, "1"), None, ["out-of-range"]),
        (quantity("81258-6", 5, "%", comparator="<"), None, ["censored"]),
        (quantity("81258-6", 5, "mg"), None, ["unit-not-accepted"]),
        ({"code": concept(LOINC, "81258-6"), "valueQuantity": {}}, None, ["no-value"]),
    ],
)
def test_allele_frequency_is_a_fraction(sent: Resource, fraction: float | None, codes: list[str]) -> None:
    """Percent and ratio become a fraction of 0 to 1; anything else is missing with an issue."""
    findings = read(variant("v1", sent))
    assert findings.variants[0].allele_frequency == (None if fraction is None else pytest.approx(fraction))
    assert [issue.code for issue in findings.issues] == codes


def test_copy_number_needs_no_unit() -> None:
    """Copies are counted, zero copies included."""
    (call,) = read(variant("v1", quantity("82155-3", 0))).variants
    assert call.copy_number == 0


def test_a_fusion_has_both_genes() -> None:
    """Several genes studied are all kept, in order; a symbol in place of the id is resolved."""
    genes = [component("48018-6", concept(HGNC, code)) for code in ("HGNC:10261", "ALK")]
    (call,) = read(variant("v1", *genes)).variants
    assert [(gene.symbol, gene.hgnc_id) for gene in call.genes] == [
        ("ROS1", "HGNC:10261"),
        ("ALK", "HGNC:427"),
    ]


def test_an_odd_component_costs_itself_only() -> None:
    """A component of the wrong type is an issue with its path, and the variant is read."""
    broken = {"code": concept(LOINC, "48004-6"), "valueCodeableConcept": "c.681G>A"}
    findings = read(variant("v1", broken, gene_component("CYP2C19")))
    assert findings.variants[0].genes[0].symbol == "CYP2C19"
    assert [issue.path for issue in findings.issues] == ["$[0].component[0].valueCodeableConcept"]


def test_a_therapeutic_implication_names_drug_effect_and_gene() -> None:
    """Medication, predicted effect and level of evidence are read; the gene comes from the genotype."""
    implied = observation(
        "t1",
        "therapeutic-implication",
        component("51963-7", WARFARIN),
        component("therapeutic-implication", concept(LOINC, "LA9657-3", "Poor metabolizer"), IG),
        component("93044-6", {"text": "Tier I - Level A"}),
        system=IG,
        derivedFrom=[{"reference": "Observation/g1"}],
    )
    (one,) = read(implied, genotype("g1", "*4/*4")).implications
    assert (one.kind, one.medications) == ("therapeutic", (Coded(RXNORM, "11289", "warfarin"),))
    assert [(effect.axis, effect.answer.word) for effect in one.effects] == [
        ("predicted", "poor-metabolizer")
    ]
    assert (one.evidence, [gene.symbol for gene in one.genes]) == (
        Coded(display="Tier I - Level A"),
        ["CYP2D6"],
    )


@pytest.mark.parametrize(
    ("system", "code", "axis"),
    [
        (LOINC, "53040-2", "metabolism"),
        (LOINC, "51961-1", "efficacy"),
        (LOINC, "83009-1", "high-risk"),
        (IG.replace("tbd-codes-cs", "TbdCodes"), "effect-medication-transporter", "transporter"),
    ],
)
def test_effects_of_the_first_guide_are_values(system: str, code: str, axis: str) -> None:
    """In STU1 the Observation's code told the kind of effect and its value the answer."""
    value = concept(LOINC, "LA25390-8", "Rapid metabolizer")
    sent = observation("m1", code, component("51963-7", WARFARIN), system=system, valueCodeableConcept=value)
    (one,) = read(sent).implications
    assert [(effect.axis, effect.answer.word) for effect in one.effects] == [(axis, "rapid-metabolizer")]


def test_effects_of_the_second_guide_are_components() -> None:
    """In STU2 each kind of effect was a component of one implication."""
    sent = observation(
        "m1",
        "therapeutic-implication",
        component("53040-2", concept(LOINC, "LA25391-6")),
        component("51961-1", concept(LOINC, "LA6677-4")),
        system=IG.replace("tbd-codes-cs", "tbd-codes"),
    )
    (one,) = read(sent).implications
    assert [(effect.axis, effect.answer.word) for effect in one.effects] == [
        ("metabolism", "normal-metabolizer"),
        ("efficacy", "responsive"),
    ]


def test_a_pathogenicity_of_the_first_guide_is_a_diagnostic_implication() -> None:
    """In STU1 clinical significance was an Observation of its own."""
    sent = observation(
        "d1", "53037-8", component("81259-4", {"text": "a disease"}),
        valueCodeableConcept=concept(LOINC, "LA6668-3"),
    )  # fmt: skip
    (one,) = read(sent).implications
    assert (one.kind, one.significance and one.significance.word) == ("diagnostic", "pathogenic")


def test_implications_inside_a_variant_are_read_too() -> None:
    """Older senders put drug and effect into the components of the variant."""
    findings = read(
        variant("v1", gene_component("CYP2C19"), component("51963-7", WARFARIN),
                component("51961-1", concept(LOINC, "LA6676-6")))
    )  # fmt: skip
    (one,) = findings.implications
    assert (one.derived_from, [effect.answer.word for effect in one.effects]) == (
        ("Observation/v1",),
        ["resistant"],
    )
    assert len(findings.variants) == 1


@pytest.mark.parametrize(
    ("sent", "value", "reason"),
    [
        ({"value": 25, "system": UCUM, "code": "1/1000000"}, 25, None),
        ({"value": 9.5, "unit": "mutations/megabase"}, 9.5, None),
        ({"value": 250}, None, "unit-missing"),
        ({"value": 10, "unit": "mutations/exome"}, None, "unit-not-accepted"),
        ({"value": 10, "code": "1/1000000", "comparator": ">"}, None, "censored"),
    ],
)
def test_mutational_burden_needs_its_unit(sent: Resource, value: float | None, reason: str | None) -> None:
    """Mutations per megabase are used; without unit or with a bound the value is only kept as sent."""
    (one,) = read(observation("b1", "94076-7", valueQuantity=sent)).biomarkers
    assert (one.kind, one.value, one.reason) == ("tumor-mutation-burden", value, reason)
    assert one.sent is not None
    assert one.sent[0] == sent["value"]


@pytest.mark.parametrize(
    ("value", "word", "reason"),
    [
        (concept(LOINC, "LA26203-2"), "high", None),
        (concept(LOINC, "LA14122-8"), "stable", None),
        ({"text": "MSI-High"}, "high", None),
        (concept(LOINC, "LA11884-6"), "indeterminate", "indeterminate"),
        ({"text": "see report"}, None, "answer-not-listed"),
    ],
)
def test_microsatellite_status_is_a_word(value: Resource, word: str | None, reason: str | None) -> None:
    """Coded and spoken answers become stable, low, high; others are missing with a reason."""
    (one,) = read(observation("b1", "81695-9", valueCodeableConcept=value)).biomarkers
    assert (one.answer and one.answer.word, one.reason) == (word, reason)


def test_ordinary_laboratory_results_are_no_findings() -> None:
    """A sodium or a blood pressure is nothing genomic, and nothing about it is an issue."""
    odd = {"code": concept(LOINC, "8480-6"), "valueQuantity": "120"}
    findings = read(observation("o1", "2951-2"), observation("o2", "85354-9", odd))
    assert findings == read()


def test_a_chart_without_genomics_is_ruled_out_by_a_scan() -> None:
    """JSON without any code of a finding is ruled out; escaped text never is."""
    assert not may_hold_findings(json.dumps(observation("o1", "2951-2")).encode())
    assert may_hold_findings(json.dumps(genotype("g1", "*1/*4")).encode())
    assert may_hold_findings(rb'{"code": "\u0038"}')
