"""What fhir.resources says about a resource; its word is final.

fhir.resources' R4B models are used: R4 and R4B do not differ in the clinical resources that features read.
Modules are imported by name, because all of R4B costs 109 MiB and 1.6 s.
"""

from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from pydantic import ValidationError

from fhir_mapping.wire import decode_any


class Finding(NamedTuple):
    """What is wrong with one element: its path inside the resource (empty for the resource itself), a
    sentence that quotes nothing, and the code of the issue that it becomes."""

    element: str
    message: str
    code: str = "invalid-resource"


UNREADABLE = Finding("", "cannot be read as a FHIR R4 resource")


@cache
def model_of(resource_type: str) -> Any:
    """The model class of a resource type; raises ModuleNotFoundError when FHIR R4B has no such type."""
    module = import_module(f"fhir.resources.R4B.{resource_type.lower()}")
    return getattr(module, resource_type)


def findings(resource_type: str, raw: Any) -> tuple[Finding, ...]:
    """Everything that makes the JSON text of a resource invalid, one finding per element; empty when valid.

    Findings name the element and pydantic's error type only: pydantic's own texts quote the input.
    """
    try:
        model_of(resource_type).model_validate(decode_any(raw))
    except ValidationError as error:
        return tuple(map(_finding, error.errors(include_url=False, include_input=False)))
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError):
        # fhir.resources lets errors of its own lookups through, for example for an unknown contained type.
        return (UNREADABLE,)
    return ()


def _finding(detail: Any) -> Finding:
    location = detail["loc"]
    if detail["type"] == "extra_forbidden":
        location = location[:-1]  # the name of an unknown element is the client's own text
    element = ".".join(str(part) for part in location)
    return Finding(element, f"is not valid FHIR R4 ({detail['type']})")
