"""The outline of one line: whose it is, of which type, under which codes. The rest of it is skipped."""

import re

import msgspec
from msgspec import field

from fhir_mapping.wire import Reference, decoder


class Coding(msgspec.Struct, gc=False):
    """FHIR Coding."""

    system: str | None = None
    code: str | None = None


class Concept(msgspec.Struct, gc=False):
    """FHIR CodeableConcept."""

    coding: list[Coding] | None = None


class Outline(msgspec.Struct, gc=False):
    """What the first pass looks at in any resource."""

    kind: str = field(name="resourceType")
    id: str | None = None
    code: Concept | None = None
    subject: Reference | None = None
    patient: Reference | None = None
    beneficiary: Reference | None = None
    drug_code: Concept | None = field(name="medicationCodeableConcept", default=None)
    drug: Reference | None = field(name="medicationReference", default=None)
    component: msgspec.Raw = msgspec.Raw()


class _Owned(msgspec.Struct, gc=False):
    """The outline of a resource of which some element has another form than FHIR gives it."""

    kind: str = field(name="resourceType")
    id: msgspec.Raw = msgspec.Raw()
    subject: msgspec.Raw = msgspec.Raw()
    patient: msgspec.Raw = msgspec.Raw()
    beneficiary: msgspec.Raw = msgspec.Raw()


# Without the wrapper of `decoder`, which costs a call for each line: callers catch all errors.
OUTLINES = msgspec.json.Decoder(Outline)
_decode_owned = decoder(_Owned)
_decode_reference = decoder(Reference)
_decode_id = decoder(str)

_OF_PATIENT = re.compile(rb'"(?:subject|patient|beneficiary)"\s*:\s*\{[^{}]*"reference"\s*:\s*"([^"\\]+)"')
_TYPE = re.compile(rb'"resourceType"\s*:\s*"([A-Za-z]+)"')


def patient_of(reference: str | None) -> str | None:
    """Id of the patient that a reference names, None for any other reference.

    Relative (`Patient/1`), absolute (`https://.../Patient/1`), versioned, or `urn:uuid:...`; references to
    contained resources and conditional ones name nobody.
    """
    if reference is None:
        return None
    if reference.startswith("Patient/"):
        name = reference[8:]
        if "/" not in name:
            return None if not name or "?" in name or "#" in name else name
    if reference.startswith("urn:uuid:"):
        return reference[9:] or None
    parts = reference.partition("/_history/")[0].split("/")
    if len(parts) < 2 or parts[-2] != "Patient" or "?" in parts[-1] or "#" in parts[-1]:
        return None
    return parts[-1] or None


def owner_of(outline: Outline) -> str | None:
    """Id of the patient whom a resource is about, or None."""
    about = outline.subject or outline.patient or outline.beneficiary
    if outline.kind == "Patient":
        return outline.id or None
    return patient_of(about.reference) if about is not None else None


def odd_outline(line: bytes) -> Outline:
    """Outline of a resource that is JSON and does not fit `Outline`: type, id and owner as far as they can be
    read. Raises msgspec.MsgspecError when the line is not a JSON object with a type."""
    odd: _Owned = _decode_owned(line)
    found = Outline(odd.kind)
    try:
        found.id = _decode_id(odd.id) if bytes(odd.id) else None
    except msgspec.MsgspecError:
        found.id = None
    for raw in (odd.subject, odd.patient, odd.beneficiary):
        try:
            found.subject = found.subject or (_decode_reference(raw) if bytes(raw) else None)
        except msgspec.MsgspecError:
            continue
    return found


def owner_of_broken(line: bytes) -> tuple[str | None, str | None]:
    """(type, patient's id) of a line that is no JSON object, as far as what is left of it tells.

    A line that names several patients holds several resources, of any types: it tells neither.
    """
    owners = {patient_of(about.decode("utf-8", "replace")) for about in _OF_PATIENT.findall(line)}
    if len(owners) > 1:
        return None, None
    kind = _TYPE.search(line)
    return (kind[1].decode("ascii") if kind is not None else None), owners.pop() if owners else None
