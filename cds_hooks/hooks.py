"""The context of each hook, checked against data/hooks.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Literal

import msgspec

from cds_hooks.errors import BadRequest
from fhir_mapping.wire import decoder
from fhir_mapping.yamlfile import read_yaml

__all__ = ["Context", "Field", "Hook", "hooks", "read_context"]

Kind = Literal["id", "reference", "references", "bundle", "resource"]
_MAX_TEXT = 255
_EXPECTED: Mapping[str, str] = {
    "id": f"must be a text that is not blank, at most {_MAX_TEXT} characters",
    "reference": f'must be a text such as "Practitioner/123", at most {_MAX_TEXT} characters',
    "references": 'must be an array of texts such as "MedicationRequest/123"',
    "bundle": "must be a FHIR Bundle",
    "resource": "must be a FHIR resource",
}


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One field of a hook's context."""

    kind: Kind
    optional: bool = False


class Hook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One hook: its context fields, and which of them hold draft orders and the selection among them."""

    context: dict[str, Field]
    drafts: str | None = None
    selections: str | None = None


class Context(msgspec.Struct, frozen=True):
    """A context that fits its hook: identifiers in `texts` by field name, bundles and resources as bytes."""

    patient_id: str
    user_id: str | None
    encounter_id: str | None
    texts: Mapping[str, str]
    references: Mapping[str, list[str]]
    raws: Mapping[str, msgspec.Raw]


_outline = decoder(dict[str, msgspec.Raw])
_any_text = decoder(str)
_any_texts = decoder(list[str])
_any_object = decoder(dict[str, msgspec.Raw])


@cache
def hooks() -> Mapping[str, Hook]:
    """Every hook that a service may be offered on, by name."""
    text = (resources.files("cds_hooks") / "data" / "hooks.yaml").read_text(encoding="utf-8")
    return msgspec.convert(read_yaml(text)["hooks"], dict[str, Hook])


def read_context(hook: str, raw: msgspec.Raw) -> Context:
    """Read the context of a hook; raises BadRequest naming the first field that does not fit.

    Fields that the hook does not define are not looked at.
    """
    if not bytes(raw):
        raise BadRequest("context is missing.", expression="context", code="required")
    try:
        sent: dict[str, msgspec.Raw] = _outline(raw)
    except msgspec.ValidationError:
        raise BadRequest("context must be a JSON object.", expression="context") from None
    found: dict[str, Any] = {}
    for name, field in hooks()[hook].context.items():
        value = _read_field(name, field, sent.get(name))
        if value is not None:
            found[name] = value
    return _context(hook, found)


def _read_field(name: str, field: Field, raw: msgspec.Raw | None) -> Any:
    path = f"context.{name}"
    if raw is None or bytes(raw) == b"null":
        if field.optional:
            return None
        raise BadRequest(f"{path} is missing.", expression=path, code="required")
    value = _value(field.kind, raw)
    if value is None:
        raise BadRequest(f"{path} {_EXPECTED[field.kind]}.", expression=path)
    return value


def _value(kind: Kind, raw: msgspec.Raw) -> Any:
    """The value of a field, None when it is not of its kind."""
    try:
        if kind == "references":
            return _any_texts(raw)
        if kind in ("bundle", "resource"):
            _any_object(raw)
            return raw
        text: str = _any_text(raw).strip()
    except msgspec.ValidationError:
        return None
    return text if 0 < len(text) <= _MAX_TEXT else None


def _context(hook: str, found: Mapping[str, Any]) -> Context:
    texts = {name: value for name, value in found.items() if isinstance(value, str)}
    patient_id = texts["patientId"].removeprefix("Patient/")
    if not patient_id:
        raise BadRequest(f"context.patientId {_EXPECTED['id']}.", expression="context.patientId")
    return Context(
        patient_id=patient_id,
        user_id=texts.get("userId"),
        encounter_id=texts.get("encounterId", "").removeprefix("Encounter/") or None,
        texts=texts | {"patientId": patient_id},
        references={name: value for name, value in found.items() if isinstance(value, list)},
        raws={name: value for name, value in found.items() if isinstance(value, msgspec.Raw)},
    )
