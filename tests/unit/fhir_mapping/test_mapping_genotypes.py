"""Features of genotypes: alleles counted and found, diplotypes; never a reference genotype from absence."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapping_samples import (
    LOINC,
    NOW,
    SUBJECT,
    Resource,
    bundle,
    concept,
    feature,
    features,
    patient,
    read,
    record,
)

from fhir_mapping import prefetch
from fhir_mapping.describe import describe
from fhir_mapping.errors import SpecError
from fhir_mapping.genomics import REASONS as GENOMIC_REASONS
from fhir_mapping.readers.genomic_results import results
from fhir_mapping.record import PatientRecord
from fhir_mapping.times import IndexTime
from fhir_mapping.values import REASONS

HGNC = {"CYP2D6": "HGNC:2625", "HLA-B": "HGNC:4932", "DPYD": "HGNC:3012", "MT-RNR1": "HGNC:7470"}
STAR4 = feature(kind="allele_count", gene="CYP2D6", alleles=["*4"])
ABACAVIR = feature(kind="allele_carried", gene="HLA-B", allele="*57:01")
PAIR = feature(kind="diplotype", gene="CYP2D6")


def studied(symbol: str) -> Resource:
    """The component that names the gene."""
    gene = concept(HGNC[symbol], "http://www.genenames.org", display=symbol)
    return {"code": concept("48018-6"), "valueCodeableConcept": gene}


def genotype(
    text: str, gene: str = "CYP2D6", ident: str = "g1", when: str | None = "2025-03-01", **more: Any
) -> Resource:
    """A final genotype whose value is text alone."""
    return {
        "resourceType": "Observation",
        "id": ident,
        "status": "final",
        "code": concept("84413-4"),
        "subject": SUBJECT,
        **({"effectiveDateTime": when} if when else {}),
        "valueCodeableConcept": {"text": text},
        "component": [studied(gene)],
        **more,
    }


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("*1/*4", 1),
        ("*4/*4", 2),
        ("*1/*2", 0),
        ("CYP2D6 *4.001 / *10", 1),
        ("*4x2/*1", 1),
        ("*4+*68/*4", 2),
        ("*4 or *10/*4", None),
        ("*1/*4 or *2/*4", 1),
        ("*1/*4 or *1/*2", None),
        ("indeterminate", None),
        ("no call", None),
        ("negative", None),
        ("*4", None),
        ("", None),
    ],
)
def test_alleles_are_counted(text: str, count: float | None) -> None:
    """A core name stands for its sub-alleles, copies and tandems; an open result has no count."""
    found = read(STAR4, genotype(text))
    assert (found.value if found.known else None) == count
    assert found.known or found.reason in REASONS


@pytest.mark.parametrize(
    ("alleles", "text", "count"),
    [
        (["*4"], "*4/*4x2", 1),
        (["*4.001"], "*4.001/*4.002", 1),
        (["*4.001"], "*4/*1", None),
        (["*4.001"], "*1/*1", 0),
        (["*2x2"], "*2x2/*1", 1),
        (["*2x2"], "*2xN/*1", None),
        (["*2x2"], "*2/*1", 0),
        (["*36+*10"], "*36+*10/*10", 1),
        (["*10"], "*36+*10/*10", 1),
    ],
)
def test_exact_alleles(alleles: list[str], text: str, count: float | None) -> None:
    """Exactly: sub-allele and copies as asked for, alone on the chromosome; less detail cannot tell."""
    found = read({**STAR4, "alleles": alleles, "match": "exact"}, genotype(text))
    assert (found.value if found.known else None) == count
    assert found.reason == (None if found.known else "typing-too-coarse")


@pytest.mark.parametrize(
    ("text", "value", "reason"),
    [
        ("*57:01/*08:01", 1, None),
        ("*57:01:01/*08:01", 1, None),
        ("*15:01/*08:01", 0, None),
        ("*57/*08:01", None, "typing-too-coarse"),
        ("*57:01+*08:01/*08:02", None, "typing-too-coarse"),
        ("positive", None, "presence-only"),
        ("negative", None, "no-alleles-named"),
    ],
)
def test_hla_allele_is_carried(text: str, value: float | None, reason: str | None) -> None:
    """A typing in more fields counts, one in fewer cannot tell, and words are no genotype."""
    found = read(ABACAVIR, genotype(text, "HLA-B"))
    if text.startswith("*57:01+"):
        assert found.value == 1  # both genotypes that are left open carry it
        return
    assert (found.value if found.known else None, found.reason) == (value, reason)


def test_other_naming_cannot_tell() -> None:
    """An HGVS name is not compared with a star allele, the second name in brackets is."""
    spec = feature(kind="allele_carried", gene="DPYD", allele="*2A")
    assert read(spec, genotype("c.1905+1G>A (*2A)/Reference", "DPYD")).value == 1
    assert read(spec, genotype("c.1905+1G>A/Reference", "DPYD")).reason == "typing-too-coarse"
    assert read(spec, genotype("Reference/Reference", "DPYD")).value == 0


def test_nothing_recorded_is_no_reference_genotype() -> None:
    """Without a result of the gene the value is missing, whatever else is on record."""
    assert read(STAR4).reason == "not-provided"
    assert read(STAR4, genotype("*57:01/*08:01", "HLA-B")).reason == "not-recorded"
    assert read(PAIR, genotype("*57:01/*08:01", "HLA-B")).reason == "not-recorded"


def test_diplotype_tells_the_alleles() -> None:
    """The genotype is the text, with source and date; without declared numbers the value is 1."""
    found = read(PAIR, genotype("*4/*1"))
    assert (found.value, found.text) == (1.0, "CYP2D6*4/*1")
    assert (found.source, found.date) == ("Observation/g1", "2025-03-01")


@pytest.mark.parametrize(
    ("text", "value"), [("*1/*4", 5.0), ("*4/*1", 5.0), ("*4.001/*1", 5.0), ("*1/*10", None)]
)
def test_diplotype_by_number(text: str, value: float | None) -> None:
    """Declared numbers hold for both orders and for sub-alleles; another genotype is missing."""
    found = read({**PAIR, "values": {"*1/*4": 5, "*1/*1": 0}}, genotype(text))
    assert (found.value if found.known else None) == value
    assert found.reason == (None if value else "answer-not-listed")


def test_results_that_disagree_are_missing() -> None:
    """Two results of the gene that name different alleles contradict each other, whichever is newer."""
    later = genotype("*1/*2", ident="g2", when="2026-01-01")
    assert read(STAR4, genotype("*1/*4"), later).reason == "conflicting-calls"
    assert read(STAR4, genotype("*1/*4"), genotype("*4.001/*1", ident="g2")).value == 1


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ({"when": "2026-06-02"}, "after-index-time"),
        ({"when": None}, "date-missing"),
        ({"status": "preliminary"}, "status-not-accepted"),
        ({"status": "entered-in-error"}, "status-not-accepted"),
        ({"subject": {"reference": "Patient/p2"}}, "other-subject"),
        ({"dataAbsentReason": {"text": "failed"}}, "data-absent"),
        ({"id": "no id"}, "invalid-resource"),
        ({"issued": "2026-07-01T10:00:00Z"}, "after-index-time"),
        ({"code": {"coding": [{"code": "84413-4"}]}}, "not-coded"),
    ],
)
def test_result_that_does_not_count(elements: Resource, reason: str) -> None:
    """Later, undated, unfinished or other people's results are missing with the reason."""
    assert read(STAR4, genotype("*1/*4", **elements)).reason == reason


def test_result_of_another_structure_is_not_passed_over() -> None:
    """A genotype whose JSON does not fit FHIR gives no value, also beside one that does."""
    odd = genotype("*1/*4", ident="odd", valueCodeableConcept={"text": 5})
    assert read(STAR4, odd).reason in ("incomplete", "invalid-resource")


def test_later_result_does_not_count_beside_an_earlier() -> None:
    """A result dated after the index time neither counts nor contradicts."""
    assert read(STAR4, genotype("*1/*4"), genotype("*1/*1", ident="g2", when="2026-07-01")).value == 1


@pytest.mark.parametrize(
    "elements", [{"when": None}, {"id": "no id"}, {"modifierExtension": [{"url": "urn:x"}]}]
)
def test_result_that_cannot_be_read_may_say_something_else(elements: Resource) -> None:
    """Beside a good result, one that nobody can read takes the value away, and leaves an issue."""
    odd = genotype("*1/*1", **({"ident": "odd"} | elements))
    assert not read(STAR4, genotype("*1/*4"), odd).known
    chart = record(genotype("*1/*4"), odd)
    features(STAR4).extract(chart, NOW)
    assert any(issue.path.startswith("prefetch.bundle.entry[2]") for issue in chart.issues)


def test_window_is_of_the_results() -> None:
    """A result before the window is stale."""
    assert read({**STAR4, "window": "1y"}, genotype("*1/*4")).reason == "stale"


def report(status: str, ident: str = "d1") -> Resource:
    """A report that lists the genotype."""
    found = {"resourceType": "DiagnosticReport", "id": ident, "status": status, "code": concept("51969-4")}
    return {**found, "subject": SUBJECT, "result": [{"reference": "Observation/g1"}]}


def test_withdrawn_report_takes_its_results_along() -> None:
    """A result that only a cancelled report lists does not count; one that a standing report lists does."""
    withdrawn = report("entered-in-error")
    assert read(STAR4, genotype("*1/*4"), withdrawn).reason == "report-withdrawn"
    assert read(STAR4, genotype("*1/*4"), withdrawn, report("final", "d2")).value == 1


def test_contained_results_are_read() -> None:
    """A genotype inside of a report counts from the report's date on, and never after the index time."""
    inside = {key: value for key, value in genotype("*1/*4").items() if key != "subject"}
    dated = {**report("final"), "effectiveDateTime": "2025-03-02", "result": [{"reference": "#g1"}]}
    assert read(STAR4, {**dated, "contained": [inside]}).value == 1
    later = {**inside, "effectiveDateTime": "2026-09-01"}
    assert not read(STAR4, {**dated, "contained": [later]}).known


def test_two_haplotypes_make_a_genotype() -> None:
    """Haplotypes of one date are counted like the genotype that they make; one alone is no pair."""
    one = genotype("*4", ident="h1") | {"code": concept("84414-2")}
    two = genotype("*1", ident="h2") | {"code": concept("84414-2")}
    assert read(STAR4, one, two).value == 1
    assert read(STAR4, one).reason == "one-allele"


def test_one_haplotype_is_enough_to_carry() -> None:
    """An allele on one chromosome is carried, whatever the other has; another allele says nothing of it."""
    one = genotype("*57:01", "HLA-B") | {"code": concept("84414-2")}
    assert read(ABACAVIR, one).value == 1
    assert read({**ABACAVIR, "allele": "*08:01"}, one).reason == "one-allele"
    assert read(ABACAVIR, one, genotype("*57:01/*08:01", "HLA-B", "g2")).value == 1
    assert read(ABACAVIR, one, genotype("*15:01/*08:01", "HLA-B", "g2")).reason == "conflicting-calls"


def test_reason_leaves_an_issue_at_the_result() -> None:
    """What a result says that gives no value is told with the path of the resource."""
    chart = record(genotype("indeterminate"))
    found = features(STAR4).extract(chart, NOW)["f"]
    assert found.reason == "indeterminate"
    assert [(one.path, one.code) for one in chart.issues] == [
        ("prefetch.bundle.entry[1].resource", "indeterminate")
    ]


def test_single_allele_of_a_mitochondrial_gene() -> None:
    """Where one allele is a whole result, it is counted once."""
    spec = feature(kind="allele_count", gene="MT-RNR1", alleles=["m.1555A>G"])
    assert read(spec, genotype("m.1555A>G", "MT-RNR1")).value == 1


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({**STAR4, "gene": "CYP2D66"}, "gene: `CYP2D66` is no approved symbol"),
        ({**STAR4, "alleles": []}, "alleles: must name"),
        ({**STAR4, "alleles": ["*4", "four"]}, "alleles[1]: `four` is no allele name"),
        ({**STAR4, "alleles": ["*4.001"]}, "write `match: exact`"),
        ({**ABACAVIR, "allele": "B57"}, "allele: `B57` is no allele name"),
        ({**PAIR, "values": {"*1": 1}}, "`*1` is no genotype"),
        ({**PAIR, "values": {"*1/*2": 1, "*2/*1": 2}}, "stands there twice"),
        ({**STAR4, "allele": "*4"}, "is no field of this kind"),
    ],
)
def test_spec_that_makes_no_sense_is_refused(spec: Resource, words: str) -> None:
    """Genes, alleles and genotypes are read when the model is loaded."""
    with pytest.raises(SpecError) as refused:
        features(spec)
    assert words in str(refused.value)


def test_every_genomic_reason_is_told_in_words() -> None:
    """Each reason that the reading of genomic results gives is one of the mapping's."""
    assert set(GENOMIC_REASONS) - {"ambiguous"} <= set(REASONS)
    assert "several-genotypes" in REASONS


def test_results_are_read_once_for_all_features() -> None:
    """Two features of two feature sets share one reading, which is kept on the record."""
    chart = record(genotype("*1/*4"))
    features(STAR4, {**PAIR, "name": "g"}).extract(chart, NOW)
    at = IndexTime.at(NOW)
    kept = results(chart, at, float("inf"))
    features(ABACAVIR).extract(chart, NOW)
    assert results(chart, at, float("inf")) is kept


def test_only_coded_results_are_looked_at() -> None:
    """Other observations, invalid ones too, are not touched: no issue tells of them."""
    other = {
        **genotype("*1/*1", ident="x"),
        "code": concept("29463-7"),
        "valueCodeableConcept": {"text": "*4/*4"},
    }
    chart = record(other, genotype("*1/*4"))
    assert not features(STAR4).extract(chart, NOW).issues
    assert read(STAR4, other, genotype("*1/*4")).value == 1


@given(st.permutations(range(3)))
def test_order_of_entries_does_not_matter(order: list[int]) -> None:
    """The same value, source and text in any order of the payload."""
    entries = [genotype("*1/*4"), genotype("*4/*1", ident="g2"), genotype("*1/*4.001", ident="g3")]
    first = read(PAIR, *entries)
    assert read(PAIR, *(entries[at] for at in order)) == first


def test_description_and_prefetch() -> None:
    """A third party learns gene and codes; the search asks for genotypes, haplotypes and genetic reports."""
    compiled = features(STAR4)
    (described,) = describe(compiled)
    assert described["gene"] == {"symbol": "CYP2D6", "hgnc": "HGNC:2625"}
    asked = prefetch.templates([compiled])
    assert f"{LOINC}|84413-4" in asked["observations"]
    assert asked["diagnosticReports"].endswith("&category=http://terminology.hl7.org/CodeSystem/v2-0074|GE")
    assert compiled.kinds == {"Patient", "Observation", "DiagnosticReport"}


WRONG: list[Any] = ["", [], {}, None, 5, True, "x", [5], {"x": 5}]


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all elements of a JSON value but itself."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, inner in items for found in ((*at, key), *places(inner, (*at, key)))]


CASES = [place for place in places(genotype("*1/*4")) if place != ("resourceType",)]


@pytest.mark.parametrize("place", CASES, ids=lambda place: ".".join(map(str, place)))
def test_mutation_leaves_the_value_or_takes_it_away(place: tuple[Any, ...]) -> None:
    """Each element dropped, emptied or retyped: the count is as before, or missing with a reason."""
    compiled = features(STAR4)
    for wrong in WRONG:
        entry = copy.deepcopy(genotype("*1/*4"))
        holder: Any = entry
        for key in place[:-1]:
            holder = holder[key]
        holder[place[-1]] = wrong
        found = compiled.extract(PatientRecord.of_bundle(bundle(patient(), entry)), NOW)["f"]
        assert found.value == 1 if found.known else found.reason in REASONS, (place, wrong)


SAMPLES = os.environ.get("BEDSIDE_FHIR_SAMPLES")


@pytest.mark.skipif(not SAMPLES, reason="BEDSIDE_FHIR_SAMPLES names no folder of samples")
def test_examples_of_the_guide_are_read_through_features() -> None:
    """Every Observation of the guide's examples gives a genotype, or a reason, for its own patient."""
    folder = Path(SAMPLES or "") / "genomics-reporting-examples"
    genes = ("CYP2D6", "CYP2C19", "CYP2C9", "HLA-A", "HLA-B", "HLA-C")
    compiled = features(*(feature(kind="diplotype", name=f"g{i}", gene=gene) for i, gene in enumerate(genes)))
    read_genotypes = 0
    for file in sorted(folder.glob("Observation-*.json")):
        sample = json.loads(file.read_text(encoding="utf-8"))
        owner = sample.get("subject", {}).get("reference", "Patient/p1").rpartition("/")[2]
        chart = PatientRecord.of_bundle(bundle(patient(id=owner), sample))
        found = compiled.extract(chart, NOW)
        assert all(one.known or one.reason in REASONS for one in found), file.name
        read_genotypes += sum(one.known for one in found)
    assert read_genotypes >= 1
