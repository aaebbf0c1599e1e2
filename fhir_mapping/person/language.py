"""The language that a patient prefers to speak."""

import msgspec

from fhir_mapping.resources import Patient
from fhir_mapping.wire import CodeableConcept, decoder


class _Communication(msgspec.Struct, gc=False):
    language: CodeableConcept | None = None
    preferred: bool | None = None


_decode = decoder(list[_Communication])


def preferred_language(patient: Patient) -> str | None:
    """Primary BCP-47 subtag (`es` of `es-MX`) of the preferred language, or of the only one.

    None when there is none, when several are listed and none or more than one is preferred, or when it cannot
    be read.
    """
    raw = bytes(patient.communication)
    try:
        spoken: list[_Communication] = _decode(raw) if raw else []
    except msgspec.MsgspecError:
        return None
    chosen = [one for one in spoken if one.preferred] or spoken
    languages = {tag for one in chosen if (tag := _subtag(one.language)) is not None}
    return languages.pop() if len(languages) == 1 else None


def _subtag(language: CodeableConcept | None) -> str | None:
    for coding in (language.coding or ()) if language is not None else ():
        tag = (coding.code or "").partition("-")[0].lower()
        if tag.isascii() and tag.isalpha() and 2 <= len(tag) <= 3:
            return tag
    return None
