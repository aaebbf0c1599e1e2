"""Reads all genomic findings of one patient from raw FHIR resources."""

from collections.abc import Iterable
from datetime import UTC, tzinfo
from typing import TypeVar

import msgspec

from fhir_mapping.genomics.agreement import newest_first
from fhir_mapping.genomics.biomarkers import BURDEN, MICROSATELLITE, OTHER, is_biomarker, read_biomarker
from fhir_mapping.genomics.codes import codes
from fhir_mapping.genomics.elements import codings
from fhir_mapping.genomics.findings import (
    Biomarker,
    DiplotypeCall,
    GeneName,
    GenomicFindings,
    Implication,
    VariantCall,
)
from fhir_mapping.genomics.genotypes import read_diplotypes
from fhir_mapping.genomics.implications import inline_implication, read_implication, with_genes
from fhir_mapping.genomics.usable import Source, Withdrawn, source_of
from fhir_mapping.genomics.variants import read_variant
from fhir_mapping.genomics.walk import Contents, Found, walk
from fhir_mapping.issues import Issue

T = TypeVar("T", VariantCall, Implication, Biomarker)
_IMPLICATIONS = ("therapeutic", "diagnostic", "prognostic", "molecular-consequence")


def read(
    resources: Iterable[tuple[str, bytes | msgspec.Raw]], patient: str | None = None, zone: tzinfo = UTC
) -> GenomicFindings:
    """Findings in some resources, each given as the path to tell in issues and its JSON.

    Resources may be Observations, DiagnosticReports, Bundles and Parameters; others are looked through for
    contained Observations. With `patient`, the logical id, Observations about anybody else are left out with
    an issue. `zone` is the time zone of days without a time. Nothing raises: what cannot be read is an issue
    with its path, and the rest is read.
    """
    contents = walk(resources)
    sources = _sources(contents, patient)
    diplotypes = read_diplotypes(sources.get("genotype", []), sources.get("haplotype", []), zone)
    variants = [read_variant(one) for one in sources.get("variant", [])]
    implications = _implications(sources)
    genes = _genes_by_reference(sources, diplotypes, variants)
    biomarkers = [
        read_biomarker(one, kind) for kind in (BURDEN, MICROSATELLITE, OTHER) for one in sources.get(kind, [])
    ]
    return GenomicFindings(
        diplotypes,
        _ordered(variants, zone),
        _ordered([with_genes(one, genes) for one in implications], zone),
        _ordered(biomarkers, zone),
        tuple(sorted(contents.issues, key=lambda issue: (issue.path, issue.code))),
    )


def _sources(contents: Contents, patient: str | None) -> dict[str, list[Source]]:
    """Observations by kind of finding; those of no kind are dropped."""
    withdrawn = Withdrawn(contents)
    found: dict[str, list[Source]] = {}
    for one in contents.found:
        if patient is not None and _about_another(one, patient):
            message = "the result is about another patient"
            contents.issues.append(Issue(f"{one.path}.subject", "other-patient", message))
            continue
        kind = _kind(one)
        if kind is not None:
            found.setdefault(kind, []).append(source_of(one, withdrawn, contents.issues))
    for group in found.pop("group", []):
        if group.reason == "data-absent":
            message = "the sender says that the results of this group are missing"
            contents.issues.append(Issue(f"{group.found.path}.dataAbsentReason", "data-absent", message))
    return found


def _about_another(found: Found, patient: str) -> bool:
    subject = found.observation.subject
    reference = (subject.reference or "") if subject is not None else ""
    kind, _, identity = reference.rpartition("/")
    return kind.rpartition("/")[2] == "Patient" and identity != patient


def _kind(found: Found) -> str | None:
    for one in codings(found.observation.code):
        kind = codes().observation(one.system, one.code)
        if kind is not None:
            return kind
    return OTHER if is_biomarker(found) else None


def _implications(sources: dict[str, list[Source]]) -> list[Implication]:
    found = [read_implication(one, kind) for kind in _IMPLICATIONS for one in sources.get(kind, [])]
    for kind in ("genotype", "haplotype", "variant"):
        inline = (inline_implication(one) for one in sources.get(kind, []))
        found += [one for one in inline if one is not None]
    return found


def _genes_by_reference(
    sources: dict[str, list[Source]], diplotypes: tuple[DiplotypeCall, ...], variants: list[VariantCall]
) -> dict[str, tuple[GeneName, ...]]:
    by_path = {one.origin.path: one.genes for one in variants}
    by_path |= {one.origin.path: (GeneName(one.gene, one.hgnc_id),) for one in diplotypes if one.gene}
    found = (one.found for kind in ("genotype", "haplotype", "variant") for one in sources.get(kind, []))
    return {key: by_path[one.path] for one in found if one.path in by_path for key in one.keys}


def _ordered(findings: list[T], zone: tzinfo) -> tuple[T, ...]:
    return tuple(sorted(findings, key=lambda one: (one.reason is not None, *newest_first(one.origin, zone))))
