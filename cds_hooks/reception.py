"""Where a call arrives: it is read, answered, recorded, counted and logged, whatever comes of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, tzinfo
from http import HTTPStatus
from time import perf_counter
from typing import Any

import msgspec

from cds_hooks import bookkeeping, outcomes
from cds_hooks.callback import Callback
from cds_hooks.cards import Links
from cds_hooks.consultation import Consultation, consult, has_no_part
from cds_hooks.errors import BadRequest, ModelFailed, RecordUnavailable, Refusal, UnknownService
from cds_hooks.feedback import check_cards, read_feedback
from cds_hooks.identifiers import new_uuid
from cds_hooks.ledger import HookCallEntry, Ledger, LedgerError, LedgerRefused, PredictionEntry
from cds_hooks.monitor.standing import StandingDecisions
from cds_hooks.observability import Metrics
from cds_hooks.patient_key import PatientKey
from cds_hooks.protocol import HookCall, read_call
from cds_hooks.telemetry import log_event, places
from models.registry import Registry, Service

__all__ = ["Reception", "Reply"]

UNKNOWN = "unknown"
UNAUTHENTICATED = "unauthenticated"


class Reply(msgspec.Struct, frozen=True):
    """An HTTP status and the JSON document that goes with it, if any."""

    status: int
    document: Mapping[str, Any] | None = None


class _Visit(msgspec.Struct):
    """What is known of a call while it is being answered."""

    service_id: str
    received_at: datetime
    began: float
    call_id: str
    call: HookCall | None = None
    entries: list[PredictionEntry] = []


class Reception:
    """Answers hook calls and feedback; holds no state of any call, so threads may share it.

    A ledger across the network is waited for inside `aside`.
    """

    def __init__(
        self,
        registry: Registry,
        ledger: Ledger,
        patient_key: PatientKey,
        metrics: Metrics,
        links: Links,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        callback: Callback | None = None,
        zone: tzinfo = UTC,
        aside: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """`zone` is the time zone of the site, in which days without a time are meant."""
        self._zone = zone
        self._ledger = ledger
        self._patient_key = patient_key
        self._metrics = metrics
        self._links = links
        self._clock = clock
        self._callback = callback or Callback(())
        self._aside = aside if ledger.is_remote else nullcontext
        self._standing = StandingDecisions(ledger)
        self._offered: dict[str, dict[str, Service]] = {}
        for (service_id, hook), service in registry.services.items():
            self._offered.setdefault(service_id, {})[hook] = service
        self._kinds = {service_id: registry.kinds_of(service_id) for service_id in self._offered}

    def answer(self, service_id: str, read_body: Callable[[], bytes]) -> Reply:
        """Answer a hook call; never raises. `read_body` may raise a Refusal."""
        known = service_id if service_id in self._offered else UNKNOWN
        visit = _Visit(known, self._clock(), perf_counter(), new_uuid())
        try:
            reply = Reply(HTTPStatus.OK, {"cards": self._cards(visit, service_id, read_body)})
        except Refusal as refusal:
            reply = Reply(refusal.status, outcomes.of_refusal(refusal))
        except Exception as error:  # a defect of ours: the client learns that, the log learns where
            log_event(
                "defect", logging.ERROR, service=known, error=type(error).__name__, places=places(error)
            )
            reply = Reply(HTTPStatus.INTERNAL_SERVER_ERROR, outcomes.of_status(500))
        return self._close(visit, reply)

    def take_feedback(self, service_id: str, read_body: Callable[[], bytes]) -> Reply:
        """Store feedback reports once each; raises Refusal."""
        if service_id not in self._offered:
            raise _unknown_service()
        entries = read_feedback(read_body(), service_id, self._clock())
        try:
            with self._aside():
                check_cards(entries, self._ledger.issued([entry.card_uuid for entry in entries]))
                receipts = self._ledger.record_feedback(entries)
        except LedgerRefused:
            raise BadRequest("A report holds text that cannot be stored.", expression="feedback") from None
        except LedgerError as error:
            raise self._unrecorded("feedback", error) from None
        for entry, receipt in zip(entries, receipts, strict=True):
            self._metrics.reported(service_id, entry.outcome, receipt)
        log_event("feedback", service=service_id, status=HTTPStatus.OK)
        return Reply(HTTPStatus.OK)

    def _cards(self, visit: _Visit, service_id: str, read_body: Callable[[], bytes]) -> Any:
        offered = self._offered.get(service_id)
        if offered is None:
            raise _unknown_service()
        visit.call = read_call(read_body(), offered.keys(), self._kinds[service_id])
        service = offered[visit.call.hook]
        call, now = visit.call, visit.received_at
        self._callback.complete(
            call, service, perf_counter() - visit.began, lambda: has_no_part(call, service, now, self._zone)
        )
        consultation = consult(call, service, self._links, now, visit.call_id, self._standing.of, self._zone)
        visit.entries = list(consultation.entries)
        self._count(consultation)
        if consultation.failures:
            raise ModelFailed(
                *(
                    f"The model {failure.model} could not be run; no guidance is given."
                    for failure in consultation.failures
                )
            )
        return consultation.cards

    def _count(self, consultation: Consultation) -> None:
        for entry in consultation.entries:
            self._metrics.decided(entry.model, entry.decision, entry.reason)
        for failure in consultation.failures:
            self._metrics.failed(failure.model, failure.error)

    def _close(self, visit: _Visit, reply: Reply) -> Reply:
        if visit.service_id != UNKNOWN:
            reply = self._recorded(visit, reply)
        seconds = perf_counter() - visit.began
        hook = visit.call.hook if visit.call else UNKNOWN
        codes = sorted({issue.code for issue in visit.call.issues}) if visit.call else []
        self._metrics.called(visit.service_id, hook, reply.status, seconds)
        self._metrics.noted(codes)
        log_event(
            "hook",
            service=visit.service_id,
            hook=hook,
            status=int(reply.status),
            ms=round(seconds * 1000, 1),
            decisions=[f"{e.model} {e.decision}{f' {e.reason}' if e.reason else ''}" for e in visit.entries],
            issues=codes,
        )
        return reply

    def _recorded(self, visit: _Visit, reply: Reply) -> Reply:
        """The reply once it is in the ledger; a 503 in place of cards that cannot be recorded."""
        try:
            with self._aside():
                self._ledger.record(self._entry(visit, reply.status), visit.entries)
        except (LedgerError, ValueError, TypeError) as error:
            refusal = self._unrecorded("hook-call", error)
            if reply.status == HTTPStatus.OK:
                return Reply(refusal.status, outcomes.of_refusal(refusal))
        return reply

    def _entry(self, visit: _Visit, status: int) -> HookCallEntry:
        call = visit.call
        return HookCallEntry(
            call_id=visit.call_id,
            received_at=visit.received_at,
            service_id=visit.service_id,
            hook=call.hook if call else UNKNOWN,
            hook_instance=call.instance if call else None,
            client=UNAUTHENTICATED,
            patient_key=self._patient_key.of(call.context.patient_id) if call else None,
            user_ref=bookkeeping.user_reference(call.context) if call else None,
            encounter_ref=bookkeeping.encounter_reference(call.context) if call else None,
            status=int(status),
            duration_ms=(perf_counter() - visit.began) * 1000,
            issues=bookkeeping.issues_of(call.issues) if call else (),
        )

    def _unrecorded(self, part: str, error: Exception) -> RecordUnavailable:
        self._metrics.unrecorded(part)
        log_event("ledger-failed", logging.ERROR, part=part, error=type(error).__name__, places=places(error))
        return RecordUnavailable("The record of answers cannot be written at the moment; try again.")


def _unknown_service() -> UnknownService:
    return UnknownService("There is no such service; the services are listed at /cds-services.")
