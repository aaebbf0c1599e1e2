"""The quick proof: a resource that decodes as a strict struct is valid FHIR R4.

One that does not is undecided, and fhir.resources decides.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from fhir_mapping.validation.authority import model_of
from fhir_mapping.validation.primitives import has_odd_space, is_tidy
from fhir_mapping.validation.strict import strict_struct


@cache
def _decode(resource_type: str, tidy: bool) -> Callable[[bytes], Any] | None:
    struct = strict_struct(model_of(resource_type), tidy)
    return None if struct is None else msgspec.json.Decoder(struct).decode


def prepare(resource_type: str) -> None:
    """Derive the strict structs of a resource type now, not when the first resource comes."""
    _decode(resource_type, tidy=True)
    _decode(resource_type, tidy=False)


def proves(resource_type: str, raw: bytes) -> bool:
    """Whether JSON text (UTF-8) is surely a valid resource of this type; False when that is not known."""
    tidy = is_tidy(raw)
    decode = _decode(resource_type, tidy)
    if decode is None or (not tidy and has_odd_space(raw)):
        return False
    try:
        decode(raw)
    except (ValueError, RecursionError):  # msgspec's errors and those of UTF-8 are ValueErrors
        return False
    return True
