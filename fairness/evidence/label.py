"""The label of what a model asserts: HL7's security label AIAST in `meta.security`."""

from collections.abc import Mapping
from typing import Any

AIAST = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "AIAST",
    "display": "Artificial Intelligence asserted",
}


def ai_asserted(resource: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a FHIR resource that carries the label once; other labels stay."""
    meta = dict(resource.get("meta", {}))
    labels = list(meta.get("security", ()))
    if not any((one.get("system"), one.get("code")) == (AIAST["system"], AIAST["code"]) for one in labels):
        labels.append(dict(AIAST))
    return {**resource, "meta": {**meta, "security": labels}}
