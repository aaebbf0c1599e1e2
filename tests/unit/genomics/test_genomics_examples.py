"""The 137 examples of the HL7 Genomics Reporting guide."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fhir_mapping import genomics

GENOTYPES_ARE_ELSEWHERE = "a report or group that refers to results in other files"
NOT_A_RESULT = "a resource about the person, the request, the specimen or the procedure"
POPULATION = "counts over a population, about nobody in particular"
# Files that give no finding, by the start of their names, with why.
NOTHING = {
    "Device-": NOT_A_RESULT,
    "DiagnosticReport-": GENOTYPES_ARE_ELSEWHERE,
    "DocumentReference-": "a file of sequences, to be read elsewhere",
    "Observation-GrouperEx": GENOTYPES_ARE_ELSEWHERE,
    "Observation-SequencePhaseRelationExample1": "the phase of two variants, which no finding uses",
    "Observation-pop-allele-freq": "an annotation of a variant from a population database",
    "Organization-": NOT_A_RESULT,
    "Parameters-FindALLPopulation": POPULATION,
    "Parameters-FindPopulation": POPULATION,
    "Parameters-FindStudyMetadata": "which regions a test studied",
    "Patient-": NOT_A_RESULT,
    "Practitioner-": NOT_A_RESULT,
    "Procedure-": NOT_A_RESULT,
    "ServiceRequest-": NOT_A_RESULT,
    "Specimen-": NOT_A_RESULT,
    "Task-": "a recommendation, not a finding",
}
WITHOUT_FINDING = 62
# Observations by the last part of their profile, and the list that a finding of each must be in.
PROFILES = {
    "genotype": (8, "diplotypes"),
    "haplotype": (11, "diplotypes"),
    "variant": (59, "variants"),
    "therapeutic-implication": (27, "implications"),
    "diagnostic-implication": (13, "implications"),
    "molecular-consequence": (7, "implications"),
    "molecular-biomarker": (9, "biomarkers"),
}
UNREAD_PROFILES = {"sequence-phase-relationship": 1, "genomic-annotation": 1, None: 5}


@pytest.fixture
def examples(samples_folder: Path) -> dict[str, bytes]:
    """Content of each example by file name."""
    files = sorted((samples_folder / "genomics-reporting-examples").glob("*.json"))
    assert len(files) == 137
    return {file.name: file.read_bytes() for file in files}


def observations(value: Any) -> Iterator[dict[str, Any]]:
    """All Observations at any depth of some JSON."""
    if isinstance(value, dict):
        if value.get("resourceType") == "Observation":
            yield value
        for inner in value.values():
            yield from observations(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from observations(inner)


def profile(observation: dict[str, Any]) -> str | None:
    """Last part of the address of an Observation's profile."""
    declared = observation.get("meta", {}).get("profile", [])
    return declared[0].rpartition("/")[2] if declared else None


def sources(findings: genomics.GenomicFindings, name: str) -> set[str]:
    """Sources of one list of findings, those of haplotypes included."""
    found: set[str] = set()
    for one in getattr(findings, name):
        found |= {one.origin.source, *getattr(one, "haplotypes", ())}
    return found


def test_every_file_is_read_without_a_broken_resource(examples: dict[str, bytes]) -> None:
    """The only issue in all files is a range for which an operation found nothing."""
    issues = [one for name, raw in examples.items() for one in genomics.read([(name, raw)]).issues]
    assert [(one.path, one.code) for one in issues] == [
        ("Parameters-FindSubjectVariantsOutput.json.parameter[0].part", "presence-not-read")
    ]


def test_files_without_a_finding_are_known_with_the_reason(examples: dict[str, bytes]) -> None:
    """No file is silently dropped: those that give nothing are listed, and all others give something."""
    silent = []
    for name, raw in examples.items():
        found = genomics.read([(name, raw)])
        if not (found.diplotypes or found.variants or found.implications or found.biomarkers):
            silent.append(name)
    assert [name for name in silent if not name.startswith(tuple(NOTHING))] == []
    assert len(silent) == WITHOUT_FINDING
    assert [start for start in NOTHING if not any(name.startswith(start) for name in silent)] == []


def test_the_quick_look_misses_no_finding(examples: dict[str, bytes]) -> None:
    """A file that the scan for codes rules out has no finding."""
    for name, raw in examples.items():
        findings = genomics.read([(name, raw)])
        if findings.diplotypes or findings.variants or findings.implications or findings.biomarkers:
            assert genomics.may_hold_findings(raw), name


def test_every_observation_of_a_profile_is_a_finding(examples: dict[str, bytes]) -> None:
    """Each Observation is the source of a finding of its profile's kind, or part of one."""
    seen: Counter[str | None] = Counter()
    for name, raw in examples.items():
        found = genomics.read([(name, raw)])
        for one in observations(json.loads(raw)):
            seen[profile(one)] += 1
            if profile(one) in PROFILES:
                expected = PROFILES[str(profile(one))][1]
                assert f"Observation/{one['id']}" in sources(found, expected), one["id"]
    assert seen == {name: count for name, (count, _) in PROFILES.items()} | UNREAD_PROFILES


def test_the_genotypes_of_the_examples(examples: dict[str, bytes]) -> None:
    """Each genotype and pair of haplotypes, read together as one patient's, gives these alleles."""
    found = genomics.read(examples.items()).diplotypes
    read = Counter(genomics.write_genotype(one.gene, one.alleles) for one in found if one.alleles)
    assert read == {
        "CYP2C9*2/*5": 2,
        "CYP2C9*4/*35B": 1,
        "CYP2C19*2/*2": 1,
        "VKORC1 rs9923231 C/rs9923231 T": 1,
        "NMNAT1 NM_022787.3:c.53A>G/NM_022787.3:c.769G>A": 2,
        "HLA-A*24:02/*02:06": 1,
        "HLA-B*35:01/*35:01": 1,
    }


def test_the_genotypes_that_are_not_used_tell_why(examples: dict[str, bytes]) -> None:
    """An ambiguous HLA typing and single haplotypes give no alleles."""
    found = genomics.read(examples.items()).diplotypes
    assert Counter((one.gene, one.reason) for one in found if one.reason) == {
        ("HLA-A", "ambiguous"): 1,
        ("HLA-C", "one-allele"): 1,
        ("CYP2D6", "one-allele"): 1,
        ("APOE", "one-allele"): 1,
    }


def test_the_variants_of_the_examples(examples: dict[str, bytes]) -> None:
    """All variants are present; two whose gene id contradicts its symbol are not used."""
    found = genomics.read(examples.items()).variants
    assert Counter((one.presence, one.reason) for one in found) == {
        ("present", None): 57,
        ("present", "gene-conflict"): 2,
    }


@pytest.mark.parametrize(
    ("code", "element"),
    [
        ("48004-6", "c_hgvs"),
        ("48005-3", "p_hgvs"),
        ("81290-9", "g_hgvs"),
        ("69547-8", "ref_allele"),
        ("69551-0", "alt_allele"),
        ("53034-5", "allelic_state"),
        ("48002-0", "source_class"),
        ("81258-6", "allele_frequency"),
        ("82155-3", "copy_number"),
        ("81252-9", "variation"),
        ("81254-5", "position"),
    ],
)
def test_no_component_of_a_variant_is_dropped(examples: dict[str, bytes], code: str, element: str) -> None:
    """As many variants have an element as have a component with its code."""
    found = genomics.read(examples.items()).variants
    sent = {
        (name, one["id"])
        for name, raw in examples.items()
        for one in observations(json.loads(raw))
        for part in one.get("component", ())
        if profile(one) == "variant" and code in {coding["code"] for coding in part["code"]["coding"]}
    }
    assert sent
    assert sum(getattr(one, element) is not None for one in found) == len(sent)


def test_the_implications_of_the_examples(examples: dict[str, bytes]) -> None:
    """Implications by kind, all of them usable, with drugs and effects where they were sent."""
    found = genomics.read(examples.items()).implications
    assert Counter((one.kind, one.reason) for one in found) == {
        ("therapeutic", None): 27,
        ("diagnostic", None): 13,
        ("molecular-consequence", None): 7,
    }
    assert sum(len(one.medications) for one in found) == 24
    words = Counter(effect.answer.word for one in found for effect in one.effects if effect.answer.word)
    assert words == {
        "responsive": 11,
        "rapid-metabolizer": 3,
        "resistant": 2,
        "low-risk": 2,
        "poor-metabolizer": 2,
        "normal-metabolizer": 1,
    }


def test_the_biomarkers_of_the_examples(examples: dict[str, bytes]) -> None:
    """Mutational burden counts with its unit only; microsatellite status is a word."""
    found = genomics.read(examples.items()).biomarkers
    told = Counter((one.kind, one.value or (one.answer and one.answer.word), one.reason) for one in found)
    assert told == {
        ("tumor-mutation-burden", 25.0, None): 2,
        ("tumor-mutation-burden", None, "unit-missing"): 2,
        ("microsatellite-instability", "stable", None): 3,
        ("microsatellite-instability", "high", None): 1,
        ("other", "present", None): 1,
    }
