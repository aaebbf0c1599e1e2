"""One hook call through the rooms: record, features, prediction, clearance, decision, card.

HookCall + Service + now -> PatientRecord
per model: FeatureVector -> Prediction -> Clearance -> Decision -> card
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any

import msgspec

from cds_hooks import bookkeeping, cards, decision, people
from cds_hooks.callback import told
from cds_hooks.errors import BadRequest, MissingData
from cds_hooks.identifiers import new_uuid
from cds_hooks.ledger import PredictionEntry
from cds_hooks.protocol import HookCall
from cds_hooks.telemetry import log_event, places
from fairness.gate import Clearance, clear
from fairness.gate_decisions import Standing, declared, settled
from fairness.groups import Membership
from fhir_mapping import prefetch
from fhir_mapping.errors import WrongPatient
from fhir_mapping.issues import Issue
from fhir_mapping.payload import Payload
from fhir_mapping.record import PatientRecord
from fhir_mapping.resources import Observation
from models.applicability import fires
from models.manifest import Manifest
from models.prediction import Applicability, Prediction
from models.registry import Service
from models.runtime import Model

__all__ = ["SHADOW", "Consultation", "Failure", "Opinion", "clearance_for", "consult", "has_no_part"]


SHADOW = "shadow"
"""Reason of a silent decision: the model runs and is recorded, but is not shown yet."""


DECEASED = Applicability("silent", "deceased", "The patient is recorded as deceased.")
"""There is nothing to suggest for a patient who has died."""


class Opinion(msgspec.Struct, frozen=True):
    """What one model says of the patient, what became of it, and the card when there is one."""

    model: Model
    prediction: Prediction
    clearance: Clearance
    decision: decision.Decision
    card: Mapping[str, Any] | None = None


class Failure(msgspec.Struct, frozen=True):
    """A model that raised, with the exception's type."""

    model: str
    error: str


class Consultation(msgspec.Struct, frozen=True):
    """The answer of a service to a call; with `failures` there are no cards, and the call fails."""

    cards: Sequence[Mapping[str, Any]]
    entries: Sequence[PredictionEntry]
    failures: Sequence[Failure] = ()


def _declared(manifest: Manifest) -> Sequence[Standing]:
    """The decisions that stand where no ledger is asked."""
    return declared(manifest.fairness)


def consult(
    call: HookCall,
    service: Service,
    links: cards.Links,
    now: datetime,
    call_id: str,
    standing: Callable[[Manifest], Sequence[Standing]] = _declared,
    zone: tzinfo = UTC,
) -> Consultation:
    """Ask every model of a service; issues met on the way are added to `call.issues`.

    `standing` tells which decisions on a model may stand, such as those of its monitor; `zone` is the time
    zone in which days without a time are meant.

    Raises BadRequest when the prefetch is about another patient, MissingData when a model lacks data that the
    client did not provide; a model that what is being ordered gives no part in the matter lacks nothing.
    """
    record = _record(call, call.issues, zone)
    lacking = _lacking(service.models, record)
    if lacking:
        lacking = _lacking([one for one in service.models if not _has_no_part(one, record, now)], record)
    if lacking:
        raise MissingData(*(f"{sentence}." for sentence in lacking), *told(call), expression="prefetch")
    groups = people.groups_of(record, now)
    opinions: list[Opinion] = []
    failures: list[Failure] = []
    for model in service.models:
        try:
            opinions.append(_opinion(model, record, groups, call, links, now, standing(model.manifest)))
        except Exception as error:  # the rooms below may raise anything; all of it is told as a failure
            failures.append(_failure(model, error))
    if failures:
        return Consultation((), _withheld(service, failures, call_id), failures)
    entries = [_entry(one, groups, call_id) for one in opinions]
    return Consultation([one.card for one in opinions if one.card], entries)


def has_no_part(call: HookCall, service: Service, now: datetime, zone: tzinfo) -> bool:
    """Whether what is being ordered already silences every model of a service, whatever else were sent.

    Raises BadRequest when the prefetch is about another patient.
    """
    if not any(prefetch.uses_drafts(model.features) for model in service.models):
        return False
    record = _record(call, [], zone)
    return all(_has_no_part(model, record, now) for model in service.models)


def _lacking(models: Sequence[Model], record: PatientRecord) -> Sequence[str]:
    return prefetch.required_missing([model.features for model in models], record) if models else ()


def _has_no_part(model: Model, record: PatientRecord, now: datetime) -> bool:
    reading = prefetch.draft_features(model.features)
    silencing = [
        rule.when
        for rule in model.manifest.rules
        if rule.outcome == "silent" and rule.when.feature in reading
    ]
    if not silencing:
        return False
    vector = model.features.extract(record, now)
    return any(fires(when, vector[when.feature]) for when in silencing)


def _record(call: HookCall, issues: list[Issue], zone: tzinfo) -> PatientRecord:
    try:
        record = PatientRecord(
            call.context.patient_id,
            _usable(call),
            call.raw,
            call.drafts,
            issues,
            sender=call.sender,
            zone=zone,
        )
    except WrongPatient as error:
        raise BadRequest(
            f"{error.path} is another patient than context.patientId; send one patient's data.",
            expression="context.patientId",
        ) from None
    for key, state in record.states.items():
        if state in ("null", "empty"):
            record.answer(prefetch.answered(key))
        elif state == "failed":
            # Another list of the same kind of data, such as statements beside orders, is not all of it.
            record.doubt(prefetch.answered(key))
    for key in call.misplaced:
        record.states[key] = "failed"
    for key in call.unread | call.misplaced:
        record.doubt(prefetch.answered(key))
    record.doubt_what_is_incomplete(prefetch.answered)
    return record


def _usable(call: HookCall) -> Mapping[str, Payload | None]:
    """What was sent, without a result that stands alone where a list was asked for: a newer one may be in the
    list. An entry of any other list tells what it tells, and what is not there stays unknown."""
    if not call.misplaced:
        return call.payloads
    alone = {key for key in call.misplaced if isinstance(call.payloads[key], Observation)}
    return {key: payload for key, payload in call.payloads.items() if key not in alone}


def _opinion(
    model: Model,
    record: PatientRecord,
    groups: Sequence[Membership],
    call: HookCall,
    links: cards.Links,
    now: datetime,
    standing: Sequence[Standing],
) -> Opinion:
    vector = model.features.extract(record, now)
    if record.deceased:
        manifest = model.manifest
        prediction = Prediction(manifest.id, manifest.version, DECEASED, vector)
    else:
        prediction = model.predict(vector)
    clearance = settled(clearance_for(model, tuple(groups)), standing, groups, now)
    decided = _decide(model, prediction, clearance)
    card_uuid = new_uuid()
    card: dict[str, Any] | None = None
    if decided.kind == "card":
        card = cards.card(model, prediction, clearance, links, card_uuid, call.context.texts)
    elif decided.kind == "outside":
        card = cards.outside_card(model, prediction, clearance, links, card_uuid)
    return Opinion(model, prediction, clearance, decided, card)


@lru_cache(maxsize=4096)
def clearance_for(model: Model, groups: tuple[Membership, ...]) -> Clearance:
    """The gate's word on a combination of groups; it changes with the model only, so it is worked out
    once."""
    policy = model.manifest.fairness
    return clear(policy, model.evaluation.results if model.evaluation else (), groups, policy.output)


def _decide(model: Model, prediction: Prediction, clearance: Clearance) -> decision.Decision:
    decided = decision.decide(model, prediction, clearance)
    if model.manifest.status == "shadow" and decided.kind != "silent":
        return decision.Decision("silent", SHADOW)
    return decided


def _entry(one: Opinion, groups: Sequence[Membership], call_id: str) -> PredictionEntry:
    outcome = (one.decision.kind, one.decision.reason)
    return bookkeeping.prediction_entry(
        call_id, one.model, one.prediction, one.clearance, groups, outcome, one.card
    )


def _failure(model: Model, error: Exception) -> Failure:
    kind = type(error).__name__
    manifest = model.manifest
    log_event(
        "model-failed",
        logging.ERROR,
        model=manifest.id,
        version=manifest.version,
        error=kind,
        places=places(error),
    )
    return Failure(manifest.id, kind)


def _withheld(service: Service, failures: Sequence[Failure], call_id: str) -> list[PredictionEntry]:
    """Entries of a call that fails: what the other models said was never shown."""
    failed = {failure.model for failure in failures}
    return [
        bookkeeping.failed_entry(
            call_id, model, "model-failed" if model.manifest.id in failed else "another-model-failed"
        )
        for model in service.models
    ]
