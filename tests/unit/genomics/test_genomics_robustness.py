"""Containers, other patients, broken resources: what can be read is, the rest is an issue with a path."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from genomics_samples import component, gene_component, genotype, haplotype, read, variant
from hypothesis import given
from hypothesis import strategies as st

from fhir_mapping import genomics

SECRET = "Jane Roe"


def test_containers_of_every_kind_are_looked_through() -> None:
    """Bundles, Parameters with parts, and contained resources give their Observations."""
    bundle = {"resourceType": "Bundle", "entry": [{"resource": genotype("g1", "*1/*4")}]}
    part = {"name": "genotype", "resource": genotype("g2", "*1/*2", "CYP2C19")}
    answer = {"resourceType": "Parameters", "parameter": [{"name": "haplotypes", "part": [part]}]}
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r1",
        "status": "final",
        "contained": [genotype("g3", "B*57:01/B*08:01", "HLA-B")],
        "result": [{"reference": "#g3"}],
    }
    calls = read(bundle, answer, report).diplotypes
    assert {(call.gene, call.origin.source, call.origin.path) for call in calls} == {
        ("CYP2D6", "Observation/g1", "$[0].entry[0].resource"),
        ("CYP2C19", "Observation/g2", "$[1].parameter[0].part[0].resource"),
        ("HLA-B", "DiagnosticReport/r1#g3", "$[2].contained[0]"),
    }


def test_references_by_full_url_are_followed() -> None:
    """A genotype finds its haplotypes by the fullUrl of their entries."""
    members = {f"urn:uuid:{i}": haplotype("", f"*{i}") for i in (1, 4)}
    for one in members.values():
        del one["id"]
    whole = genotype("g1", "see haplotypes", derivedFrom=[{"reference": url} for url in members])
    entries = [{"fullUrl": url, "resource": one} for url, one in members.items()]
    (call,) = read({"resourceType": "Bundle", "entry": [*entries, {"resource": whole}]}).diplotypes
    assert [str(allele) for allele in call.alleles or ()] == ["*1", "*4"]


def test_results_of_another_patient_are_left_out() -> None:
    """With the patient's id, results about somebody else are an issue, not a finding."""
    other = genotype("g1", "*1/*4", subject={"reference": "Patient/p2"})
    findings = read(other, genotype("g2", "*1/*2"), patient="p1")
    assert [call.origin.source for call in findings.diplotypes] == ["Observation/g2"]
    assert [(issue.path, issue.code) for issue in findings.issues] == [("$[0].subject", "other-patient")]


def test_presence_in_a_range_is_no_finding() -> None:
    """An operation that only says that a range has no variant gives an issue, never an absence."""
    parts = [
        {"name": "rangeItem", "valueString": "NC_000017.11:1-2"},
        {"name": "presence", "valueBoolean": False},
    ]
    findings = read({"resourceType": "Parameters", "parameter": [{"name": "variants", "part": parts}]})
    assert findings.variants == ()
    assert [issue.code for issue in findings.issues] == ["presence-not-read"]


def test_one_broken_resource_costs_itself_only() -> None:
    """A resource that is no FHIR is an issue with its path, and the next one is read."""
    raws = [("a", b'{"resourceType": "Observation", "code": 3}'), ("b", b"{"), ("c", b"\xff"), ("d", b"[1]")]
    good = ("e", json.dumps(genotype("g1", "*1/*4")).encode())
    findings = genomics.read([*raws, good])
    assert [call.gene for call in findings.diplotypes] == ["CYP2D6"]
    assert [issue.path for issue in findings.issues] == ["a.code", "b", "c", "d"]


def test_containers_inside_each_other_end() -> None:
    """Nesting beyond every reason is an issue."""
    inner: dict[str, Any] = genotype("g1", "*1/*4")
    for _ in range(40):
        inner = {"resourceType": "Bundle", "entry": [{"resource": inner}]}
    assert [issue.code for issue in read(inner).issues] == ["too-deep"]
    deep = b'{"resourceType":"Bundle","entry":' + b"[" * 100_000
    assert [issue.code for issue in genomics.read([("x", deep)]).issues] == ["structure"]


def test_two_contents_under_one_id_are_told() -> None:
    """Two versions of one resource are both read, and an issue says so."""
    findings = read(genotype("g1", "*1/*4"), genotype("g1", "*1/*5"))
    assert [issue.code for issue in findings.issues] == ["same-id-differs"]
    assert genomics.result_for(findings, "CYP2D6").reason == "conflicting-calls"


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.floats(allow_nan=False), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all elements in some JSON."""
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += places(inner, (*path, key))
    return found


WHOLE = {
    "resourceType": "Bundle",
    "entry": [
        {
            "fullUrl": "urn:uuid:1",
            "resource": genotype("g1", "CYP2D6*1/*4", derivedFrom=[{"reference": "#x"}]),
        },
        {"resource": haplotype("h1", "*4")},
        {"resource": haplotype("h2", "*1")},
        {
            "resource": variant(
                "v1", gene_component("CYP2C19"), component("81258-6", 0.2), issued="2024-01-01"
            )
        },
    ],
}


@given(st.sampled_from(places(WHOLE)), json_values)
def test_any_replaced_element_is_survived(place: tuple[Any, ...], replacement: Any) -> None:
    """Whatever stands in any element, reading does not raise, and never makes up other alleles."""
    mutated = json.loads(json.dumps(WHOLE))
    target = mutated
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = replacement
    for call in read(mutated).diplotypes:
        assert call.alleles is None or {str(allele) for allele in call.alleles} <= {"*1", "*4"}


@given(st.binary(max_size=60))
def test_any_bytes_are_survived(raw: bytes) -> None:
    """Bytes of no meaning give no finding and at most issues."""
    findings = genomics.read([("x", raw)])
    assert findings.diplotypes == findings.variants == ()


@pytest.mark.parametrize("element", ["text", "status", "effectiveDateTime", "id"])
def test_messages_hold_nothing_of_the_patient(element: str) -> None:
    """No issue quotes what was sent."""
    resources = [genotype("g1", "*1/*4"), genotype("g1", "*1/*5"), variant("v1", component("81258-6", 3.0))]
    resources[0][element] = SECRET
    resources[1]["component"][0]["valueCodeableConcept"] = {"coding": SECRET}
    resources[2]["subject"] = {"reference": f"Patient/{SECRET}"}
    findings = read(*resources, patient="p1")
    assert findings.issues
    assert not [one for one in findings.issues if SECRET in f"{one.path}{one.code}{one.message}"]


def test_findings_do_not_depend_on_the_order_of_resources() -> None:
    """Shuffled resources give equal findings."""
    genotypes = [genotype("g1", "*1/*4"), genotype("g2", "*1/*5"), genotype("g3", "no call")]
    haplotypes = [haplotype("h1", "*2", "CYP2C19"), haplotype("h2", "*1", "CYP2C19")]
    resources = [*genotypes, *haplotypes, variant("v1"), variant("v2")]
    named = [(one["id"], json.dumps(one).encode()) for one in resources]
    expected = genomics.read(named)
    for seed in range(20):
        assert genomics.read(random.Random(seed).sample(named, len(named))) == expected
