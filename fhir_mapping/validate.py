"""FHIR R4 validation by fhir.resources, of exactly the resources that a feature touched.

fhir.resources' R4B models are the authority here: R4 and R4B do not differ in any clinical resource that
features read. Modules are imported by name, because all of R4B costs 109 MiB and 1.6 s.
"""

from functools import cache
from importlib import import_module
from typing import Any

from pydantic import ValidationError

from fhir_mapping.issues import Issue
from fhir_mapping.wire import decode_any

TOUCHED_TYPES = (
    "Condition",
    "MedicationAdministration",
    "MedicationRequest",
    "MedicationStatement",
    "Observation",
    "Patient",
    "Procedure",
)


@cache
def _model(resource_type: str) -> Any:
    if resource_type not in TOUCHED_TYPES:
        return None
    module = import_module(f"fhir.resources.R4B.{resource_type.lower()}")
    return getattr(module, resource_type)


def preload(resource_types: tuple[str, ...] = TOUCHED_TYPES) -> None:
    """Import the models before the workers fork, so that they share the memory and the first request is
    fast."""
    for resource_type in resource_types:
        model = _model(resource_type)
        try:
            model.model_validate({"resourceType": resource_type})
        except ValidationError:
            continue


def problems(resource_type: str, raw: Any, path: str) -> list[Issue]:
    """What makes a resource invalid, one issue per element; empty when it is valid.

    Messages name the element and pydantic's error type only: pydantic's own texts quote the input.
    """
    model = _model(resource_type)
    if model is None:
        return []
    try:
        model.model_validate(decode_any(raw))
    except ValidationError as error:
        return [_issue(detail, path) for detail in error.errors(include_url=False, include_input=False)]
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError):
        # fhir.resources lets errors of its own lookups through, for example for an unknown contained type.
        return [Issue(path, "invalid-resource", "cannot be read as a FHIR R4 resource")]
    return []


def _issue(detail: Any, path: str) -> Issue:
    location = detail["loc"]
    if detail["type"] == "extra_forbidden":
        location = location[:-1]  # the name of an unknown element is the client's own text
    element = ".".join(str(part) for part in location)
    return Issue(
        f"{path}.{element}" if element else path,
        "invalid-resource",
        f"is not valid FHIR R4 ({detail['type']})",
    )
