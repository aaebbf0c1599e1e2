"""Small genomics resources, from which each test writes the one patient that it needs."""

from __future__ import annotations

import json
from typing import Any

from fhir_mapping import genomics

Resource = dict[str, Any]

LOINC, HGNC = "http://loinc.org", "http://www.genenames.org"
IG = "http://hl7.org/fhir/uv/genomics-reporting/CodeSystem/tbd-codes-cs"
UCUM = "http://unitsofmeasure.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
GENES = {"CYP2D6": "HGNC:2625", "CYP2C19": "HGNC:2621", "HLA-B": "HGNC:4932", "MT-RNR1": "HGNC:7470"}


def concept(system: str, code: str, display: str | None = None) -> Resource:
    """A CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": code, **({"display": display} if display else {})}]}


def component(code: str, value: Any, system: str = LOINC) -> Resource:
    """A component: text becomes valueString, numbers a valueQuantity without unit, others a concept."""
    kinds = {str: "valueString", float: "valueQuantity", int: "valueQuantity"}
    name = kinds.get(type(value), "valueCodeableConcept")
    return {"code": concept(system, code), name: {"value": value} if name == "valueQuantity" else value}


def gene_component(symbol: str) -> Resource:
    """Gene studied."""
    return component("48018-6", concept(HGNC, GENES[symbol], symbol))


def observation(
    identity: str, code: str, *components: Resource, system: str = LOINC, **more: Any
) -> Resource:
    """A final Observation of 2024."""
    return {
        "resourceType": "Observation",
        "id": identity,
        "status": "final",
        "code": concept(system, code),
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2024-03-01",
        **({"component": list(components)} if components else {}),
        **more,
    }


def genotype(identity: str, text: str, symbol: str | None = "CYP2D6", **more: Any) -> Resource:
    """A genotype whose value is text alone."""
    genes = [gene_component(symbol)] if symbol else []
    return observation(identity, "84413-4", *genes, valueCodeableConcept={"text": text}, **more)


def haplotype(identity: str, text: str, symbol: str | None = "CYP2D6", **more: Any) -> Resource:
    """A haplotype whose value is text alone."""
    genes = [gene_component(symbol)] if symbol else []
    return observation(identity, "84414-2", *genes, valueCodeableConcept={"text": text}, **more)


def variant(identity: str, *components: Resource, **more: Any) -> Resource:
    """A variant that is present."""
    present = {"valueCodeableConcept": concept(LOINC, "LA9633-4", "Present")}
    return observation(identity, "69548-6", *components, **{**present, **more})


def read(*resources: Resource, patient: str | None = None) -> genomics.GenomicFindings:
    """Findings in some resources, each with its index as path."""
    return genomics.read(
        ((f"$[{i}]", json.dumps(resource).encode()) for i, resource in enumerate(resources)), patient
    )


def written(call: genomics.DiplotypeCall) -> str | None:
    """The alleles of a call as text."""
    return None if call.alleles is None else genomics.write_genotype(None, call.alleles)
