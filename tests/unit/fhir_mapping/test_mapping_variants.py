"""Features of variants and tumour markers: present, absent, or not known; levels and units never guessed."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapping_samples import (
    NOW,
    SUBJECT,
    Resource,
    bundle,
    concept,
    feature,
    features,
    patient,
    quantity,
    read,
)

from fhir_mapping import prefetch
from fhir_mapping.describe import describe
from fhir_mapping.errors import SpecError
from fhir_mapping.record import PatientRecord
from fhir_mapping.values import REASONS

PRESENT, ABSENT, NO_CALL, UNCLEAR = "LA9633-4", "LA9634-2", "LA18198-4", "LA11884-6"
PATHOGENIC, BENIGN = "LA6668-3", "LA6675-8"
ANY = feature(kind="variant_present", gene="EGFR")
L858R = feature(kind="variant_present", gene="EGFR", hgvs="p.Leu858Arg")
MSI = feature(kind="microsatellite")
TMB = feature(analyte="tumour-mutational-burden")


def part(code: str, **value: Any) -> Resource:
    """A component."""
    return {"code": concept(code), **value}


def gene(symbol: str = "EGFR") -> Resource:
    """Gene studied."""
    name = concept(
        "HGNC:3236" if symbol == "EGFR" else "HGNC:1097", "http://www.genenames.org", display=symbol
    )
    return part("48018-6", valueCodeableConcept=name)


def hgvs(code: str, name: str) -> Resource:
    """A c. (48004-6), p. (48005-3) or g. (81290-9) name."""
    return part(code, valueCodeableConcept=concept(name, "http://varnomen.hgvs.org"))


PROTEIN = hgvs("48005-3", "NP_005219.2:p.(Leu858Arg)")


def variant(*parts: Resource, answer: str = PRESENT, ident: str = "v1", **more: Any) -> Resource:
    """A final variant of EGFR, present unless told otherwise."""
    return {
        "resourceType": "Observation",
        "id": ident,
        "status": "final",
        "code": concept("69548-6"),
        "subject": SUBJECT,
        "effectiveDateTime": "2026-01-10",
        "valueCodeableConcept": concept(answer),
        "component": [gene(), *parts],
        **more,
    }


@pytest.mark.parametrize(
    ("answer", "value", "reason"),
    [
        (PRESENT, 1, None),
        (ABSENT, 0, None),
        (NO_CALL, None, "no-call"),
        (UNCLEAR, None, "indeterminate"),
        ("LA0-0", None, "answer-not-listed"),
    ],
)
def test_presence_is_what_the_result_says(answer: str, value: float | None, reason: str | None) -> None:
    """1 for present, 0 for absent; not called, indeterminate and unknown answers are missing."""
    found = read(L858R, variant(PROTEIN, answer=answer))
    assert (found.value if found.known else None, found.reason) == (value, reason)


def test_nothing_recorded_is_not_absent() -> None:
    """Without a result about the variant it is missing, also beside another variant of the gene."""
    other = variant(hgvs("48005-3", "p.Thr790Met"))
    assert read(L858R).reason == "not-provided"
    assert read(L858R, other).reason == "not-recorded"
    assert read(L858R, variant(hgvs("48005-3", "p.Thr790Met"), answer=ABSENT)).reason == "not-recorded"


def test_absence_of_one_variant_is_not_absence_of_all() -> None:
    """ "Absent" of a named variant says nothing about the gene; of none in particular it does."""
    assert read(ANY, variant(PROTEIN, answer=ABSENT)).reason == "not-recorded"
    assert read(ANY, variant(answer=ABSENT)).value == 0
    assert read(ANY, variant(PROTEIN)).value == 1
    assert read(L858R, variant(answer=ABSENT)).reason == "detail-missing"


def test_absence_beside_a_result_that_may_be_about_it_is_no_absence() -> None:
    """A variant that is reported without its gene, or without a name, may be the one that another result says
    to be absent; one under another name of the same kind is not."""
    gone = variant(PROTEIN, answer=ABSENT)
    without_gene = variant(PROTEIN, ident="v2") | {"component": [PROTEIN]}
    assert read(L858R, gone, without_gene).reason == "gene-missing"
    assert read(L858R, gone, variant(ident="v2")).reason == "detail-missing"
    assert read(L858R, gone, variant(hgvs("48005-3", "p.Thr790Met"), ident="v2")).value == 0
    assert read(L858R, variant(PROTEIN), without_gene).value == 1


@pytest.mark.parametrize(
    ("asked", "sent", "found"),
    [
        ("p.Leu858Arg", "p.(Leu858Arg)", True),
        ("NP_005219.2:p.Leu858Arg", "p.Leu858Arg", True),
        ("NP_005219.2:p.Leu858Arg", "NP_000001.1:p.Leu858Arg", False),
        ("p.Leu858Arg", "p.Leu861Gln", False),
        ("p.Leu858Arg", "p.L858R", True),
        ("p.L858R", "p.(Leu858Arg)", True),
        ("p.Leu858Arg", "p.L858Q", False),
        ("p.Arg97Ter", "p.R97*", True),
        ("p.Arg97Ter", "p.Arg97*", True),
        ("p.Arg97fs", "p.Arg97Ter", False),
    ],
)
def test_hgvs_names_are_compared_by_their_change(asked: str, sent: str, found: bool) -> None:
    """Brackets of a prediction, one letter for an amino acid, and a reference sequence that only one side
    names make no difference."""
    assert read({**L858R, "hgvs": asked}, variant(hgvs("48005-3", sent))).known is found


def test_coding_name_and_dbsnp_identify_too() -> None:
    """A c. name or an rs id finds the variant."""
    coded = variant(hgvs("48004-6", "NM_005228.5:c.2573T>G"))
    rs = concept("rs121434568", "http://www.ncbi.nlm.nih.gov/snp")
    known = variant(part("81255-2", valueCodeableConcept=rs))
    assert read({**ANY, "hgvs": "c.2573T>G"}, coded).value == 1
    assert read({**ANY, "dbsnp": "rs121434568"}, known).value == 1
    assert read({**ANY, "dbsnp": "rs7"}, known).reason == "not-recorded"


@pytest.mark.parametrize(
    ("sent", "value", "reason"),
    [(PATHOGENIC, 1, None), (BENIGN, None, "answer-not-listed"), (None, None, "detail-missing")],
)
def test_significance_is_asked_for(sent: str | None, value: float | None, reason: str | None) -> None:
    """A variant of another or of no stated significance is neither present nor absent."""
    parts = [part("53037-8", valueCodeableConcept=concept(sent))] if sent else []
    found = read({**ANY, "significance": ["pathogenic", "likely-pathogenic"]}, variant(*parts))
    assert (found.value if found.known else None, found.reason) == (value, reason)


@pytest.mark.parametrize(
    ("frequency", "value", "reason"),
    [
        (quantity(0.4, "1"), 1, None),
        (quantity(40, "%"), 1, None),
        (quantity(0.01, "1"), None, "frequency-too-low"),
        (None, None, "detail-missing"),
        ({"value": 40}, None, "detail-missing"),
    ],
)
def test_allele_frequency_is_asked_for(frequency: Any, value: float | None, reason: str | None) -> None:
    """A fraction below the least, or without a unit, does not make the variant absent."""
    parts = [part("81258-6", valueQuantity=frequency)] if frequency else []
    found = read({**ANY, "min_allele_frequency": 0.05}, variant(*parts))
    assert (found.value if found.known else None, found.reason) == (value, reason)


def test_results_that_disagree_are_missing() -> None:
    """Present in one result and absent in another is a contradiction; in a later one it is not known yet."""
    gone = variant(PROTEIN, answer=ABSENT, ident="v2", effectiveDateTime="2026-03-01")
    assert read(L858R, variant(PROTEIN), gone).reason == "conflicting-calls"
    assert read(L858R, variant(PROTEIN), {**gone, "effectiveDateTime": "2026-07-01"}).value == 1
    assert read({**L858R, "window": "100d"}, variant(PROTEIN), gone).value == 0


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ({"effectiveDateTime": "2027-01-01"}, "after-index-time"),
        ({"status": "preliminary"}, "status-not-accepted"),
        ({"component": [gene("BRAF"), PROTEIN]}, "not-recorded"),
        ({"component": [PROTEIN]}, "gene-missing"),
        ({"valueCodeableConcept": None}, "not-provided"),
    ],
)
def test_variant_that_does_not_count(elements: Resource, reason: str) -> None:
    """Later, unfinished, other genes' and unnamed genes' variants are missing with the reason."""
    sent = variant(PROTEIN)
    sent = {key: value for key, value in (sent | elements).items() if value is not None}
    found = read(L858R, sent)
    assert found.reason == (reason if "valueCodeableConcept" in sent else "no-value")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"gene": "EFGR"}, "gene: `EFGR`"),
        ({"hgvs": "Leu858Arg"}, "hgvs: must be"),
        ({"dbsnp": "121434568"}, "dbsnp: must be"),
        ({"significance": ["bad"]}, "significance"),
        ({"min_allele_frequency": 5}, "min_allele_frequency"),
    ],
)
def test_spec_that_makes_no_sense_is_refused(fields: Resource, words: str) -> None:
    """Names, ids and fractions are checked at load."""
    with pytest.raises(SpecError) as refused:
        features({**ANY, **fields})
    assert words in str(refused.value)


def microsatellites(answer: Resource | None, when: str = "2026-01-10", ident: str = "m1") -> Resource:
    """A microsatellite result."""
    found = {**variant(ident=ident, effectiveDateTime=when), "code": concept("81695-9"), "component": []}
    found.pop("component")
    return {**found, "valueCodeableConcept": answer} if answer else found


@pytest.mark.parametrize(
    ("answer", "value", "text", "reason"),
    [
        (concept("LA14122-8"), 0, "stable", None),
        (concept("LA26202-4"), 1, "low", None),
        (concept("LA26203-2"), 2, "high", None),
        ({"text": "MSI-H"}, 2, "high", None),
        (concept("LA11884-6"), None, None, "indeterminate"),
        ({"text": "unstable"}, None, None, "answer-not-listed"),
    ],
)
def test_microsatellite_level(
    answer: Resource, value: float | None, text: str | None, reason: str | None
) -> None:
    """Coded levels and their usual words become numbers; anything else is missing."""
    found = read(MSI, microsatellites(answer))
    assert (found.value if found.known else None, found.text, found.reason) == (value, text, reason)


def test_newest_microsatellite_result_counts() -> None:
    """The newest result is used; two of one time that differ contradict each other."""
    older = microsatellites(concept("LA14122-8"), "2025-01-01", "m0")
    high = microsatellites(concept("LA26203-2"))
    assert read(MSI, older, high).value == 2
    assert read(MSI, high, microsatellites(concept("LA14122-8"), ident="m2")).reason == "conflicting-calls"


def test_level_without_a_number_is_missing() -> None:
    """A spec that gives no number to a level does not get one made up."""
    spec = {**MSI, "levels": {"stable": 0, "high": 1}}
    assert read(spec, microsatellites(concept("LA26203-2"))).value == 1
    assert read(spec, microsatellites(concept("LA26202-4"))).reason == "answer-not-listed"
    with pytest.raises(SpecError, match="levels"):
        features({**MSI, "levels": {}})


@pytest.mark.parametrize(
    ("sent", "value", "reason"),
    [
        (quantity(12.5, "1/1000000{Base}"), 12.5, None),
        ({"value": 12.5, "unit": "mut/Mb"}, 12.5, None),
        ({"value": 12.5}, None, "unit-missing"),
        (quantity(12.5, "{mutations}"), None, "unit-not-accepted"),
        ({**quantity(12.5, "1/1000000{Base}"), "comparator": "<"}, None, "censored"),
    ],
)
def test_unit_of_the_mutational_burden_is_never_guessed(
    sent: Resource, value: float | None, reason: str | None
) -> None:
    """A burden without its unit, or per exome, is missing."""
    burden = {**variant(), "code": concept("94076-7"), "valueQuantity": sent}
    burden.pop("valueCodeableConcept")
    burden.pop("component")
    found = read(TMB, burden)
    assert (found.value if found.known else None, found.reason) == (value, reason)


@given(st.permutations(range(4)))
def test_order_of_entries_does_not_matter(order: list[int]) -> None:
    """The same value, source and text in any order of the payload."""
    entries = [
        variant(PROTEIN),
        variant(PROTEIN, ident="v2", effectiveDateTime="2026-01-11"),
        variant(hgvs("48005-3", "p.Thr790Met"), ident="v3"),
        microsatellites(concept("LA26203-2")),
    ]
    both = features({**ANY, "name": "a"}, {**MSI, "name": "b"})
    first = both.extract(PatientRecord.of_bundle(bundle(patient(), *entries)), NOW).values
    shuffled = [entries[at] for at in order]
    assert both.extract(PatientRecord.of_bundle(bundle(patient(), *shuffled)), NOW).values == first


def test_description_and_prefetch() -> None:
    """A third party learns what to send, and the search asks for these codes alone."""
    compiled = features({**L858R, "name": "a"}, {**MSI, "name": "b"})
    described = describe(compiled)
    assert (described[0]["hgvs"], described[1]["levels"]["high"]) == ("p.Leu858Arg", 2.0)
    asked = prefetch.templates([compiled])["observations"]
    assert "69548-6" in asked
    assert "81695-9" in asked
    assert "84413-4" not in asked


WRONG: list[Any] = ["", [], {}, None, 5, True, "x", [5], {"x": 5}]


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all elements of a JSON value but itself."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, inner in items for found in ((*at, key), *places(inner, (*at, key)))]


CASES = [place for place in places(variant(PROTEIN)) if place != ("resourceType",)]


@pytest.mark.parametrize("place", CASES, ids=lambda place: ".".join(map(str, place)))
def test_mutation_leaves_the_value_or_takes_it_away(place: tuple[Any, ...]) -> None:
    """Each element dropped, emptied or retyped: present as before, or missing with a reason; never absent."""
    compiled = features(L858R)
    for wrong in WRONG:
        entry = copy.deepcopy(variant(PROTEIN))
        holder: Any = entry
        for key in place[:-1]:
            holder = holder[key]
        holder[place[-1]] = wrong
        found = compiled.extract(PatientRecord.of_bundle(bundle(patient(), entry)), NOW)["f"]
        assert found.value == 1 if found.known else found.reason in REASONS, (place, wrong)
