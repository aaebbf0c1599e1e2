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


def verdict(resource_type: str, raw: Any, remembered: bool = True) -> Findings:
    """What forbids to use a resource, one finding per element; empty when it is valid and means what it says.

    `raw` is the JSON text of the resource: bytes, or anything that `bytes` copies, such as msgspec.Raw.
    Resources of types outside `TOUCHED_TYPES` are not validated. No finding quotes the resource. Where
    nothing comes twice, a verdict need not be `remembered`.
    """
    if remembered:
        return _verdicts.findings(resource_type, bytes(raw), _judged)
    return _judged(resource_type, bytes(raw))


def problems(resource_type: str, raw: Any, path: str) -> list[Issue]:
    """The verdict on a resource as issues, under the path that the resource has in the request."""
    return as_issues(verdict(resource_type, raw), path)


def as_issues(found: Findings, path: str) -> list[Issue]:
    """Findings in a resource at a path."""
    return [Issue(f"{path}.{element}" if element else path, code, told) for element, told, code in found]


def _judged(resource_type: str, text: bytes) -> Findings:
    is_touched = resource_type in _touched
    if is_touched and proves(resource_type, text):
        return ()  # what is proved has no element that changes its meaning
    changed = tuple(changed_meaning(resource_type, text))
    return changed + findings(resource_type, text) if is_touched else changed


def usage() -> Usage:
    """How often a resource was judged (`misses`) or its verdict remembered (`hits`) in this process."""
    return _verdicts.usage()
