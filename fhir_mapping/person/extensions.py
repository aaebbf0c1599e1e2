"""Extensions of a Patient by URL, with the codes that they carry wherever FHIR puts them."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from fhir_mapping.resources import Patient
from fhir_mapping.wire import Extension, decode_extensions

DATA_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_NULL_FLAVORS = ("http://terminology.hl7.org/CodeSystem/v3-NullFlavor", "http://hl7.org/fhir/v3/NullFlavor")
# Parts of a complex extension that hold no answer of the person.
_ASIDE = frozenset(
    ("type", "period", "effectiveDateTime", "comment", "text", "sourceDocument", "sourceField")
)

Found = Mapping[str, Sequence[Extension]]


def extensions(patient: Patient) -> Found:
    """Extensions of a Patient by URL, in order; empty when they cannot be read."""
    found: dict[str, list[Extension]] = {}
    for one in _decoded(patient.extension):
        found.setdefault(one.url, []).append(one)
    return found


def codes_of(found: Sequence[Extension], system: str | None = None) -> frozenset[str]:
    """Codes of extensions and of their parts, only those of `system` when it is given.

    Null flavours and data-absent reasons always count: they say why there is no answer.
    """
    return frozenset(code for one in found for code in _codes(one, system))


def _codes(one: Extension, system: str | None) -> Iterator[str]:
    if one.url in _ASIDE:
        return
    if one.valueCode is not None and (system is None or one.url == DATA_ABSENT):
        yield one.valueCode
    codings = [one.valueCoding, *((one.valueCodeableConcept and one.valueCodeableConcept.coding) or ())]
    for coding in codings:
        if coding is None or coding.code is None:
            continue
        if system is None or coding.system == system or coding.system in _NULL_FLAVORS:
            yield coding.code
    for part in _decoded(one.extension):
        yield from _codes(part, system)


def _decoded(raw: msgspec.Raw) -> Sequence[Extension]:
    if not bytes(raw):
        return ()
    try:
        parts: Sequence[Extension] = decode_extensions(raw)
    except msgspec.MsgspecError:
        return ()
    return parts
