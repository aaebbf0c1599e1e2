"""What a client sent under one prefetch key: a resource or a Bundle, read in one pass or entry by entry.

A payload that does not fit the slim view is read again with care, so that one odd entry costs itself only.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Union

import msgspec

from fhir_mapping.errors import PayloadError
from fhir_mapping.issues import Issue
from fhir_mapping.resources import (
    READ,
    UNREADABLE,
    OperationOutcome,
    Resource,
    any_resource,
    read_resource,
    read_what_fits,
)
from fhir_mapping.wire import Link, decoder, where


class Entry(msgspec.Struct, gc=False):
    """FHIR Bundle.entry; an entry without a resource is an issue, not an error.

    `is_whole` is false for a resource of which some elements could not be read.
    """

    resource: Resource | None = None
    is_whole: bool = True


class Bundle(msgspec.Struct, gc=False, tag_field="resourceType", tag="Bundle"):
    """FHIR Bundle; `is_whole` is false when one of its entries may not be."""

    entry: list[Entry] | None = None
    link: list[Link] | None = None
    total: Any = None
    is_whole: bool = True

    @property
    def continues(self) -> bool:
        """Whether there is more than was sent: a next page, or a total beyond the entries."""
        if self.link is not None and any(link.relation == "next" for link in self.link):
            return True
        return isinstance(self.total, int) and self.total > len(self.entry or ())


Payload = Bundle | Resource


@cache
def payload_type(kinds: frozenset[str] = frozenset(READ)) -> Any:
    """What msgspec decodes a prefetch value into when only these resource types are read.

    The others pass without being looked at, for the price of finding their end.
    """
    resource = any_resource(kinds)
    entry = msgspec.defstruct("Entry", [("resource", resource | None, None)], bases=(Entry,), gc=False)
    bundle = msgspec.defstruct("Bundle", [("entry", list[entry] | None, None)], bases=(Bundle,), tag="Bundle")  # type: ignore[valid-type]
    return Union[bundle, resource]  # noqa: UP007 - built at run time


class RawEntry(msgspec.Struct, gc=False):
    """A Bundle entry whose resource is left as bytes, empty when there is none."""

    fullUrl: str | None = None
    resource: msgspec.Raw = msgspec.Raw()


class _RawEntry(msgspec.Struct, gc=False):
    resource: msgspec.Raw = msgspec.Raw()


class RawBundle(msgspec.Struct, gc=False):
    """A payload whose entries are left as bytes."""

    resourceType: str = ""
    entry: list[msgspec.Raw] | None = None
    link: list[Link] | None = None
    total: Any = None


class _RawEntries(msgspec.Struct, gc=False):
    entry: list[_RawEntry] | None = None


decode_payload = decoder(payload_type())
decode_raw_bundle = decoder(RawBundle)
decode_raw_entry = decoder(RawEntry)
_decode_raw_entries = decoder(_RawEntries)


def read_carefully(
    raw: bytes | msgspec.Raw, path: str, issues: list[Issue]
) -> tuple[Payload | None, list[Any]]:
    """Read one payload entry by entry; what cannot be read becomes an issue with its path.

    Returns the payload (None when not even its outline can be read) and the raw resource of each entry; an
    entry that cannot be read stays in its place as `UNREADABLE`.
    """
    try:
        outline: RawBundle = decode_raw_bundle(raw)
        if outline.entry is None:
            whole = (
                Bundle(link=outline.link, total=outline.total)
                if outline.resourceType == "Bundle"
                else read_resource(raw)
            )
            return whole, [raw]
    except msgspec.MsgspecError as error:
        issues.append(structural(error, path))
        return None, []
    found = [_read_entry(one, f"{path}.entry[{i}].resource", issues) for i, one in enumerate(outline.entry)]
    entries = [one for one, _ in found]
    return Bundle(entries, outline.link, outline.total, is_whole=False), [one for _, one in found]


def _read_entry(entry: msgspec.Raw, path: str, issues: list[Issue]) -> tuple[Entry, Any]:
    try:
        resource = entry_resource(entry)
        if resource is None:
            raise msgspec.ValidationError("entry has no resource")
    except msgspec.MsgspecError as error:
        issues.append(structural(error, path))
        return Entry(UNREADABLE, is_whole=False), entry
    try:
        return Entry(read_resource(resource)), resource
    except msgspec.MsgspecError as error:
        issues.append(structural(error, path))
        return Entry(read_what_fits(resource) or UNREADABLE, is_whole=False), resource


def entry_resource(entry: msgspec.Raw) -> msgspec.Raw | None:
    """Raw resource of a raw Bundle entry, None when it has none; raises msgspec.MsgspecError."""
    resource: msgspec.Raw = decode_raw_entry(entry).resource
    return resource if bytes(resource) else None


def structural(error: msgspec.MsgspecError, path: str) -> Issue:
    """The issue of an element at `path` that could not be decoded."""
    inner, expected = where(error)
    return Issue(path=f"{path}{inner}", code="structure", message=expected)


class _Outline(msgspec.Struct, gc=False, tag_field="resourceType", tag="Bundle"):
    entry: list[_RawEntry] | None = None


# Elements of a FHIR R4 Patient, and the ones that may have a primitive extension beside them.
_ELEMENTS = (
    "id meta implicitRules language text contained extension modifierExtension identifier active name "
    "telecom gender birthDate deceasedBoolean deceasedDateTime address maritalStatus multipleBirthBoolean "
    "multipleBirthInteger photo contact communication generalPractitioner managingOrganization link"
)
_PRIMITIVES = (
    "implicitRules language active gender birthDate deceasedBoolean deceasedDateTime multipleBirthBoolean "
    "multipleBirthInteger"
)
_PATIENT = (*_ELEMENTS.split(), *(f"_{name}" for name in _PRIMITIVES.split()))

_WholePatient: Any = msgspec.defstruct(
    "WholePatient",
    [(f"part_{at}", msgspec.Raw, msgspec.Raw()) for at in range(len(_PATIENT))],
    rename={f"part_{at}": name for at, name in enumerate(_PATIENT)},
    tag_field="resourceType",
    tag="Patient",
    forbid_unknown_fields=True,
    gc=False,
)
Usual: Any = Union[_Outline, _WholePatient, OperationOutcome]  # noqa: UP007 - built at run time
"""What almost every prefetch value is, for a decoder that finds the resources' bytes in one pass."""


def usual_resources(sent: Any) -> list[Any]:
    """Raw resources of a `Usual` value in entry order; a Patient is put together again from its elements."""
    if isinstance(sent, _Outline):
        return [one.resource for one in sent.entry or ()]
    if sent is None or isinstance(sent, OperationOutcome):
        return []
    parts = (bytes(getattr(sent, field)) for field in sent.__struct_fields__)
    named = (b'"%s":%s' % (name.encode(), part) for name, part in zip(_PATIENT, parts, strict=True) if part)
    return [b"{%s}" % b",".join((b'"resourceType":"Patient"', *named))]


def raw_resources(raw: bytes | msgspec.Raw) -> list[Any]:
    """Raw bytes of the resources in a payload, in entry order; the payload itself when it is no Bundle.

    Raises PayloadError when the outline cannot be read (callers have read it before, so this is a defect).
    """
    try:
        entries = _decode_raw_entries(raw).entry
    except msgspec.MsgspecError as error:
        inner, expected = where(error)
        raise PayloadError(f"$.{inner}", expected) from None
    return [raw] if entries is None else [entry.resource for entry in entries]


def raws_of(raws: Mapping[str, Any], key: str) -> list[Any]:
    """Raw resources under one key of undecoded payloads."""
    return raw_resources(raws[key])


def in_entries(bundle: Bundle) -> Iterator[Resource | None]:
    """Resources of a Bundle in order; None for an entry without one."""
    for entry in bundle.entry or ():
        yield entry.resource
