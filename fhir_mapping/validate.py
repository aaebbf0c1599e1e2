"""FHIR R4 validation of exactly the resources that a feature touched.

fhir.resources is the authority. What a strict decoder can prove valid is not shown to it, and what it said
about the same bytes before is remembered.
"""

from typing import Any

from pydantic import ValidationError

from fhir_mapping.issues import Issue
from fhir_mapping.validation.authority import findings, model_of
from fhir_mapping.validation.proof import prepare, proves
from fhir_mapping.validation.verdicts import Usage, VerdictCache

TOUCHED_TYPES = (
    "AllergyIntolerance",
    "Condition",
    "Coverage",
    "DiagnosticReport",
    "Encounter",
    "FamilyMemberHistory",
    "Medication",
    "MedicationAdministration",
    "MedicationRequest",
    "MedicationStatement",
    "Observation",
    "Patient",
    "Procedure",
    "QuestionnaireResponse",
)

_touched = frozenset(TOUCHED_TYPES)
_verdicts = VerdictCache()


def preload(resource_types: tuple[str, ...] = TOUCHED_TYPES) -> None:
    """Import the models and derive the strict structs before the workers fork, so that they share the memory
    and the first request is fast."""
    for resource_type in resource_types:
        prepare(resource_type)
        try:
            model_of(resource_type).model_validate({"resourceType": resource_type})
        except ValidationError:
            continue


def problems(resource_type: str, raw: Any, path: str) -> list[Issue]:
    """What makes a resource invalid, one issue per element; empty when it is valid.

    `raw` is the JSON text of the resource: bytes, or anything that `bytes` copies, such as msgspec.Raw.
    Resources of types outside `TOUCHED_TYPES` are not validated. No issue quotes the resource.
    """
    if resource_type not in _touched:
        return []
    text = bytes(raw)
    if proves(resource_type, text):
        return []
    return [
        Issue(f"{path}.{element}" if element else path, "invalid-resource", message)
        for element, message in _verdicts.findings(resource_type, text, findings)
    ]


def usage() -> Usage:
    """How often fhir.resources was asked (`misses`) or its verdict remembered (`hits`) in this process."""
    return _verdicts.usage()
