"""FHIR R4 validation of exactly the resources that a feature touched.

fhir.resources is the authority. What a strict decoder can prove valid is not shown to it, and what was said
about the same bytes before is remembered.
"""

from typing import Any

from pydantic import ValidationError

from fhir_mapping.issues import Issue
from fhir_mapping.oddities import changed_meaning
from fhir_mapping.validation.authority import findings, model_of
from fhir_mapping.validation.proof import prepare, proves
from fhir_mapping.validation.verdicts import Findings, Usage, VerdictCache

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
    """What forbids to use a resource, one issue per element; empty when it is valid and means what it says.

    `raw` is the JSON text of the resource: bytes, or anything that `bytes` copies, such as msgspec.Raw.
    Resources of types outside `TOUCHED_TYPES` are not validated. No issue quotes the resource.
    """
    found = _verdicts.findings(resource_type, bytes(raw), _judged)
    return [Issue(f"{path}.{element}" if element else path, code, told) for element, told, code in found]


def _judged(resource_type: str, text: bytes) -> Findings:
    changed = tuple(changed_meaning(resource_type, text))
    if resource_type not in _touched or proves(resource_type, text):
        return changed
    return changed + findings(resource_type, text)


def usage() -> Usage:
    """How often a resource was judged (`misses`) or its verdict remembered (`hits`) in this process."""
    return _verdicts.usage()
