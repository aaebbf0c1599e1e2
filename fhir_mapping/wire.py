"""The slim view of FHIR JSON: the few elements that a feature may need, decoded in one pass.

msgspec skips every other element without building it, which is where the speed of the mapping lives.
A payload that does not fit these types is read again entry by entry, so that one odd entry costs itself only.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec

from fhir_mapping.errors import PayloadError
from fhir_mapping.issues import Issue

T = TypeVar("T")


class Coding(msgspec.Struct, gc=False):
    """FHIR Coding without its display: codes are compared by system and code only."""

    system: str | None = None
    code: str | None = None


class CodeableConcept(msgspec.Struct, gc=False):
    """FHIR CodeableConcept."""

    coding: list[Coding] | None = None
    text: str | None = None


class Quantity(msgspec.Struct, gc=False):
    """FHIR Quantity; `value` must be a JSON number, a number in quotes is an issue."""

    value: float | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None
    comparator: str | None = None


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


class Extension(msgspec.Struct, gc=False):
    """FHIR Extension, as far as demographics need it; nested extensions stay raw."""

    url: str = ""
    valueCode: str | None = None
    valueCoding: Coding | None = None
    extension: msgspec.Raw = msgspec.Raw()


class Resource(msgspec.Struct, gc=False):
    """One resource of any type, cut down to what features read; dates stay text until needed.

    Elements that few features look into (`component`, `contained`, `extension`) stay raw bytes.
    """

    resourceType: str
    id: str | None = None
    status: str | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    patient: Reference | None = None
    effectiveDateTime: str | None = None
    effectiveInstant: str | None = None
    effectivePeriod: Period | None = None
    issued: str | None = None
    valueQuantity: Quantity | None = None
    valueCodeableConcept: CodeableConcept | None = None
    valueInteger: int | None = None
    component: msgspec.Raw = msgspec.Raw()
    clinicalStatus: CodeableConcept | None = None
    verificationStatus: CodeableConcept | None = None
    onsetDateTime: str | None = None
    recordedDate: str | None = None
    medicationCodeableConcept: CodeableConcept | None = None
    medicationReference: Reference | None = None
    authoredOn: str | None = None
    dateAsserted: str | None = None
    performedDateTime: str | None = None
    performedPeriod: Period | None = None
    contained: msgspec.Raw = msgspec.Raw()
    birthDate: str | None = None
    deceasedBoolean: bool | None = None
    deceasedDateTime: str | None = None
    gender: str | None = None
    extension: msgspec.Raw = msgspec.Raw()


class Entry(msgspec.Struct, gc=False):
    """FHIR Bundle.entry; an entry without a resource is an issue, not an error."""

    resource: Resource | None = None


class Link(msgspec.Struct, gc=False):
    """FHIR Bundle.link."""

    relation: str | None = None
    url: str | None = None


class Payload(Resource, gc=False):
    """What may stand under a prefetch key: a resource, a Bundle, an OperationOutcome."""

    entry: list[Entry] | None = None
    link: list[Link] | None = None


class RawEntry(msgspec.Struct, gc=False):
    """A Bundle entry whose resource is left as bytes."""

    resource: msgspec.Raw = msgspec.Raw()


class RawBundle(msgspec.Struct, gc=False):
    """A payload whose entries are left as bytes."""

    resourceType: str = ""
    entry: list[msgspec.Raw] | None = None
    link: list[Link] | None = None


class RawEntries(msgspec.Struct, gc=False):
    """A well-formed Bundle whose resources are left as bytes."""

    entry: list[RawEntry] | None = None


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


decode_payload = decoder(Payload)
decode_resource = decoder(Resource)
decode_raw_bundle = decoder(RawBundle)
decode_raw_entry = decoder(RawEntry)
decode_raw_entries = decoder(RawEntries)
decode_components = decoder(list[Component])
decode_contained = decoder(list[msgspec.Raw])
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


def read_carefully(
    raw: bytes | msgspec.Raw, path: str, issues: list[Issue]
) -> tuple[Payload | None, list[Any]]:
    """Read one payload entry by entry; what cannot be read becomes an issue with its path.

    Returns the payload (None when not even its outline can be read) and the raw resource of each entry; an
    entry that cannot be read stays in its place as a resource of no type.
    """
    try:
        outline: RawBundle = decode_raw_bundle(raw)
    except msgspec.MsgspecError as error:
        issues.append(_issue(error, path))
        return None, []
    if outline.entry is None:
        try:
            return decode_payload(raw), [raw]
        except msgspec.MsgspecError as error:
            issues.append(_issue(error, path))
            return None, []
    kept: list[Entry] = []
    raws: list[Any] = []
    for entry, resource in _entries(outline.entry, f"{path}.entry", issues):
        kept.append(entry)
        raws.append(resource)
    return Payload(resourceType=outline.resourceType or "Bundle", entry=kept, link=outline.link), raws


def _entries(raws: list[msgspec.Raw], path: str, issues: list[Issue]) -> Iterator[tuple[Entry, Any]]:
    for i, raw in enumerate(raws):
        try:
            resource = decode_raw_entry(raw).resource
            if not len(bytes(resource)):
                raise msgspec.ValidationError("entry has no resource")
            yield Entry(resource=decode_resource(resource)), resource
        except msgspec.MsgspecError as error:
            issues.append(_issue(error, f"{path}[{i}].resource"))
            # Keeps the positions of what follows, for the paths of issues.
            yield Entry(resource=Resource(resourceType="")), raw


def _issue(error: msgspec.MsgspecError, path: str) -> Issue:
    inner, expected = where(error)
    return Issue(path=f"{path}{inner}", code="structure", message=expected)


def raw_resources(raw: bytes | msgspec.Raw) -> list[Any]:
    """Raw bytes of the resources in a payload, in entry order; the payload itself when it is no Bundle.

    Raises PayloadError when the outline cannot be read (callers have read it before, so this is a defect).
    """
    try:
        entries = decode_raw_entries(raw).entry
    except msgspec.MsgspecError as error:
        inner, expected = where(error)
        raise PayloadError(f"$.{inner}", expected) from None
    return [raw] if entries is None else [entry.resource for entry in entries]
