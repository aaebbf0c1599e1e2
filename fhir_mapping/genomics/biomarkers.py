"""Tumour markers: mutational burden, microsatellite instability, others that the guide's category marks."""

import math

from fhir_mapping.genomics.elements import Elements, coded, codings, gene_names, measured, provenance
from fhir_mapping.genomics.findings import Biomarker, Coded
from fhir_mapping.genomics.usable import Source
from fhir_mapping.genomics.walk import Found

BURDEN, MICROSATELLITE, OTHER = "tumor-mutation-burden", "microsatellite-instability", "other"


def is_biomarker(found: Found) -> bool:
    """Whether an Observation of any code says in a component that it is a biomarker."""
    return bool(found.observation.component) and "biomarker_category" in Elements(found, []).names()


def read_biomarker(source: Source, kind: str) -> Biomarker:
    """The marker of an Observation. A burden needs a unit: one without is kept as sent and not used."""
    observation = source.found.observation
    quantity, concept = observation.value_quantity, observation.value_codeable_concept
    value, answer, reason = None, None, None
    if kind == BURDEN:
        value, reason = measured(quantity, BURDEN, 0.0, math.inf)
    elif concept is not None:
        answer = coded(concept, "microsatellite" if kind == MICROSATELLITE else "presence")
        reason = _unusable(answer) if kind == MICROSATELLITE else None
    elif quantity is None or kind == MICROSATELLITE:
        reason = "no-value"
    genes, conflict = gene_names(source.elements.concepts("gene"))
    return Biomarker(
        kind=kind,
        code=_code(source),
        origin=provenance(source.found),
        reason=source.reason or conflict or reason,
        value=value,
        answer=answer,
        sent=(quantity.value, quantity.code or quantity.unit) if quantity is not None else None,
        genes=genes,
    )


def _unusable(answer: Coded) -> str | None:
    if answer.word is None:
        return "answer-not-listed"
    return "indeterminate" if answer.word == "indeterminate" else None


def _code(source: Source) -> Coded:
    code = source.found.observation.code
    first = next(iter(codings(code)), None)
    if first is None:
        return Coded(display=code.text if code else None)
    return Coded(first.system, first.code, first.display)
