"""Makes the first answer of a worker as quick as the second: each service's way is walked once, beforehand.

An invented patient, made of the examples that the features describe, goes through decoding, mapping and
consultation; a trial of each model goes through prediction and card. Nothing is recorded in the ledger,
counted or kept; what is left are compiled decoders, compiled queries and touched memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from cds_hooks import cards
from cds_hooks.consultation import clearance_for, consult
from cds_hooks.hooks import hooks
from cds_hooks.ledger import Ledger
from cds_hooks.monitor.standing import StandingDecisions
from cds_hooks.protocol import read_call
from fhir_mapping import prefetch
from fhir_mapping.describe import describe
from models.registry import Registry, Service
from models.runtime import Model
from models.trial import trials

__all__ = ["invented_call", "warm_up"]

_PATIENT = "example"
_NOBODY = str(UUID(int=0))
_PLACEHOLDERS: dict[str, Any] = {
    "id": _PATIENT,
    "reference": "Practitioner/example",
    "references": [],
    "bundle": {"resourceType": "Bundle", "type": "collection"},
    "resource": {"resourceType": "Basic", "id": _PATIENT},
}


def warm_up(registry: Registry, ledger: Ledger, links: cards.Links) -> None:
    """Walk the way of every service and model; never raises: what fails here is told when it is asked.

    The ledger is read for standing decisions, as a call reads it; nothing is written.
    """
    now, standing = datetime.now(UTC), StandingDecisions(ledger)
    for service in registry.services.values():
        kinds = registry.kinds_of(service.id)
        with suppress(Exception):
            call = read_call(invented_call(service, now), (service.hook,), kinds)
            consult(call, service, links, now, _NOBODY, standing.of)
        for model in service.models:
            with suppress(Exception):
                _show(model, links)


def _show(model: Model, links: cards.Links) -> None:
    plain = next(trials(model)).vector
    prediction = model.predict(plain)
    msgspec.json.encode(cards.card(model, prediction, clearance_for(model, ()), links, _NOBODY))


def invented_call(service: Service, now: datetime) -> bytes:
    """A request that fits the service: its hook's context with placeholders, and examples of measurements."""
    examples = [
        described["example"]
        for model in service.models
        for described in describe(model.features)
        if described["kind"] == "observation"
    ]
    context = {name: _PLACEHOLDERS[field.kind] for name, field in hooks()[service.hook].context.items()}
    sent = {key: _entries(examples, kind, now) for key, kind in prefetch.KEYS.items() if kind != "Patient"}
    patient = {"resourceType": "Patient", "id": _PATIENT, "gender": "female", "birthDate": "1968-04-02"}
    body = {
        "hook": service.hook,
        "hookInstance": _NOBODY,
        "context": context,
        "prefetch": {"patient": patient, **sent},
    }
    return msgspec.json.encode(body)


def _entries(examples: Iterable[dict[str, Any]], kind: str, now: datetime) -> dict[str, Any]:
    dated = {"subject": {"reference": f"Patient/{_PATIENT}"}, "effectiveDateTime": now.isoformat()}
    found = [
        {"resource": {**example, "id": f"example-{number}", **dated}}
        for number, example in enumerate(examples)
        if example["resourceType"] == kind
    ]
    return {"resourceType": "Bundle", "type": "searchset", "entry": found}
