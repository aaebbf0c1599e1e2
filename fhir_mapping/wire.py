"""Decoding of JSON into FHIR data types, cut down to the elements that a feature may need.

msgspec skips every other element without building it, which is where the speed of the mapping lives.
"""

from collections.abc import Callable
from typing import Any

import msgspec


class Coding(msgspec.Struct, gc=False):
    """FHIR Coding without its display: codes are compared by system and code only."""

    system: str | None = None
    code: str | None = None


class CodeableConcept(msgspec.Struct, gc=False):
    """FHIR CodeableConcept."""

    coding: list[Coding] | None = None
    text: str | None = None


class NamedCoding(Coding, gc=False):
    """FHIR Coding with its display, for the few places where words are read."""

    display: str | None = None


class NamedConcept(CodeableConcept, gc=False):
    """FHIR CodeableConcept with the displays of its codings."""

    coding: list[NamedCoding] | None = None  # type: ignore[assignment] # read only; each is a Coding


class Quantity(msgspec.Struct, gc=False):
    """FHIR Quantity; `value` must be a JSON number, a number in quotes is an issue."""

    value: float | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None
    comparator: str | None = None


class Range(msgspec.Struct, gc=False):
    """FHIR Range."""

    low: Quantity | None = None
    high: Quantity | None = None


class Period(msgspec.Struct, gc=False):
    """FHIR Period, bounds as sent."""

    start: str | None = None
    end: str | None = None


class Reference(msgspec.Struct, gc=False):
    """FHIR Reference, literal part only."""

    reference: str | None = None


class Component(msgspec.Struct, gc=False):
    """FHIR Observation.component."""

    code: CodeableConcept | None = None
    valueQuantity: Quantity | None = None
    valueCodeableConcept: CodeableConcept | None = None
    valueInteger: int | None = None
    dataAbsentReason: CodeableConcept | None = None


class Extension(msgspec.Struct, gc=False):
    """FHIR Extension, as far as demographics need it; nested extensions stay raw."""

    url: str = ""
    valueCode: str | None = None
    valueCoding: Coding | None = None
    valueCodeableConcept: CodeableConcept | None = None
    extension: msgspec.Raw = msgspec.Raw()


class Link(msgspec.Struct, gc=False):
    """FHIR Bundle.link."""

    relation: str | None = None
    url: str | None = None


def decoder(kind: Any) -> Callable[[Any], Any]:
    """Decode function for `kind` whose failures are msgspec errors only.

    JSON nested too deeply makes msgspec raise RecursionError; it becomes a DecodeError here, so that callers
    have one family of errors to handle.
    """
    decode = msgspec.json.Decoder(kind).decode

    def safe(data: Any) -> Any:
        try:
            return decode(data)
        except RecursionError:
            raise msgspec.DecodeError("JSON is nested too deeply") from None
        except UnicodeDecodeError:
            raise msgspec.DecodeError("JSON is not valid UTF-8") from None

    return safe


decode_components = decoder(list[Component])
decode_extensions = decoder(list[Extension])
decode_any = decoder(Any)


def where(error: msgspec.MsgspecError) -> tuple[str, str]:
    """Split a msgspec error into (path inside the value, what was expected), dropping anything quoted.

    msgspec names types and paths, not values, except for invalid enum and tag values, which the slim view
    does not use.
    """
    text = str(error)
    head, _, path = text.partition(" - at `$")
    return path.rstrip("`"), head
