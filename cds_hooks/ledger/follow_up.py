"""The part of the ledger that is written after the card: outcomes, decisions, runs of the monitor.

Rows are found again by a digest of what they say, so that a file imported twice or a decision made by two
processes at once is stored once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from cds_hooks.ledger.connections import Connections
from cds_hooks.ledger.exclusion import exclusively
from cds_hooks.ledger.follow_up_entries import DecisionEntry, OutcomeEntry, OutcomeReceipt, RunEntry
from cds_hooks.ledger.schema import decision, feedback, hook_call, monitor_run, outcome, prediction
from cds_hooks.ledger.times import utc_text
from cds_hooks.ledger.translation import telling_no_values

__all__ = ["FollowUp"]

_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder().decode
_PAGE = 2000


class FollowUp:
    """What the ledger can do beyond calls, predictions and feedback; part of `Ledger`."""

    _connections: Connections

    def _check_open(self) -> None:
        raise NotImplementedError

    @telling_no_values("recording outcomes")
    def record_outcomes(self, entries: Sequence[OutcomeEntry]) -> list[OutcomeReceipt]:
        """Store the outcomes that are new, in one transaction, and return what became of each, in order.

        "duplicate": the same outcome of the same patient on the same day is stored already. An outcome of a
        patient or a card that no call is about is not stored ("unknown-patient", "unknown-card"): the ledger
        keeps nothing about people whom nobody asked about.
        """
        self._check_open()
        with self._connections.writing() as connection:
            return [self._store_outcome(connection, entry) for entry in entries]

    @telling_no_values("recording a decision")
    def record_decision(self, entry: DecisionEntry) -> str:
        """Store a decision unless the very same one is stored, and return its digest."""
        self._check_open()
        row = _decision_row(entry)
        with self._connections.writing() as connection:
            self._insert(connection, decision, row)
        return str(row["digest"])

    @telling_no_values("recording a run of the monitor")
    def record_run(self, entry: RunEntry) -> None:
        """Store a run of the monitor."""
        self._check_open()
        with self._connections.writing() as connection:
            self._insert(connection, monitor_run, _run_row(entry))

    @telling_no_values("reading decisions")
    def decisions(self, model: str | None = None, version: str | None = None) -> list[dict[str, Any]]:
        """Every decision, oldest first, as plain values; of one model or version where given."""
        self._check_open()
        query = select(decision).order_by(decision.c.decided_at, decision.c.digest)
        with self._connections.reading() as connection:
            rows = connection.execute(_of(query, decision, model, version)).mappings().all()
        return [_plain(dict(row), "groups", "evidence") for row in rows]

    @telling_no_values("reading runs of the monitor")
    def runs(self, model: str, version: str) -> list[dict[str, Any]]:
        """Every run of the monitor on a model version, oldest first."""
        self._check_open()
        query = select(monitor_run).order_by(monitor_run.c.ran_at, monitor_run.c.digest)
        with self._connections.reading() as connection:
            rows = connection.execute(_of(query, monitor_run, model, version)).mappings().all()
        return [_plain(dict(row), "result") for row in rows]

    @telling_no_values("reading versions")
    def versions(self, model: str) -> list[str]:
        """Versions of a model that made predictions, in the order of their first one."""
        self._check_open()
        query = (
            select(prediction.c.version, hook_call.c.received_at)
            .join(hook_call, hook_call.c.call_id == prediction.c.call_id)
            .where(prediction.c.model == model)
            .order_by(hook_call.c.received_at)
        )
        with self._connections.reading() as connection:
            return list(dict.fromkeys(row.version for row in connection.execute(query)))

    def predictions(self, model: str, version: str, until: datetime) -> Iterator[dict[str, Any]]:
        """Predictions of a model version made up to a moment, oldest first, in pages of bounded size.

        Each with `received_at`, `patient_key`, `user_ref` and the status of its call; JSON decoded.
        """
        self._check_open()
        columns = [column for column in prediction.c if column.name not in ("card", "clearance")]
        asked = (hook_call.c.received_at, hook_call.c.patient_key, hook_call.c.user_ref, hook_call.c.status)
        query = (
            select(*columns, *asked)
            .join(hook_call, hook_call.c.call_id == prediction.c.call_id)
            .where(hook_call.c.received_at <= utc_text(until, "until"))
            .order_by(hook_call.c.received_at, prediction.c.prediction_id)
        )
        json_columns = ("features", "outputs", "applicability", "group_values")
        for row in self._pages(_of(query, prediction, model, version)):
            yield _plain(row, *json_columns)

    def outcomes(self, output: str, until: datetime) -> Iterator[dict[str, Any]]:
        """Outcomes for a model's output that had arrived at a moment, in the order of their arrival."""
        self._check_open()
        query = (
            select(outcome)
            .where(outcome.c.output == output, outcome.c.received_at <= utc_text(until, "until"))
            .order_by(outcome.c.received_at, outcome.c.digest)
        )
        yield from self._pages(query)

    def responses(self, model: str, version: str, until: datetime) -> Iterator[dict[str, Any]]:
        """Reports on cards of a model version up to a moment: `card_uuid`, `outcome`, oldest first."""
        self._check_open()
        query = (
            select(feedback.c.card_uuid, feedback.c.outcome)
            .join(prediction, prediction.c.card_uuid == feedback.c.card_uuid)
            .where(feedback.c.received_at <= utc_text(until, "until"))
            .order_by(feedback.c.received_at, feedback.c.digest)
        )
        yield from self._pages(_of(query, prediction, model, version))

    def exclusively(self, name: str) -> AbstractContextManager[bool]:
        """Hold a lock that other processes on this ledger see; the value tells whether it was free.

        See `cds_hooks.ledger.exclusion`.
        """
        self._check_open()
        return exclusively(self._connections, name)

    def _pages(self, query: Select[Any]) -> Iterator[dict[str, Any]]:
        at = 0
        while True:
            rows = self._page(query.limit(_PAGE).offset(at))
            yield from rows
            if len(rows) < _PAGE:
                return
            at += _PAGE

    @telling_no_values("reading the ledger")
    def _page(self, query: Select[Any]) -> list[dict[str, Any]]:
        with self._connections.reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def _store_outcome(self, connection: Connection, entry: OutcomeEntry) -> OutcomeReceipt:
        key = entry.patient_key if entry.card_uuid is None else _patient_of(connection, entry.card_uuid)
        if key is None:
            return "unknown-card"
        known = select(hook_call.c.call_id).where(hook_call.c.patient_key == key).limit(1)
        if connection.execute(known).first() is None:
            return "unknown-patient"
        is_new = self._insert(connection, outcome, _outcome_row(entry, key))
        return "stored" if is_new else "duplicate"

    def _insert(self, connection: Connection, table: Table, row: Mapping[str, object]) -> bool:
        """Store a row unless its digest is there; True when it was new."""
        dialect = sqlite if self._connections.dialect == "sqlite" else postgresql
        into = dialect.insert(table).values(**row).on_conflict_do_nothing(index_elements=["digest"])
        return connection.execute(into.returning(table.c.digest)).first() is not None


def _patient_of(connection: Connection, card_uuid: str) -> str | None:
    query = (
        select(hook_call.c.patient_key)
        .join(prediction, prediction.c.call_id == hook_call.c.call_id)
        .where(prediction.c.card_uuid == card_uuid)
    )
    found: str | None = connection.execute(query).scalar_one_or_none()
    return found


def _of(query: Select[Any], table: Table, model: str | None, version: str | None) -> Select[Any]:
    if model is not None:
        query = query.where(table.c.model == model)
    return query if version is None else query.where(table.c.version == version)


def _outcome_row(entry: OutcomeEntry, patient_key: str) -> dict[str, object]:
    observed = utc_text(entry.observed_at, "observed_at")
    told = (patient_key, entry.output, entry.value, observed)
    return {
        "digest": sha256(_encode(told)).hexdigest(),
        "patient_key": patient_key,
        "output": entry.output,
        "value": entry.value,
        "observed_at": observed,
        "received_at": utc_text(entry.received_at, "received_at"),
    }


def _decision_row(entry: DecisionEntry) -> dict[str, object]:
    row: dict[str, object] = {
        "model": entry.model,
        "version": entry.version,
        "action": entry.action,
        "source": entry.source,
        "reason": entry.reason,
        "groups": _encode(entry.groups).decode(),
        "owner": entry.owner,
        "expires_at": None if entry.expires_at is None else utc_text(entry.expires_at, "expires_at"),
        "lifts": entry.lifts,
    }
    # What is declared in a manifest is met again at every start; it is one decision, made once.
    dated = entry.source != "load"
    decided = utc_text(entry.decided_at, "decided_at")
    digest = sha256(_encode((*row.values(), decided if dated else None))).hexdigest()
    evidence = _encode(entry.evidence).decode()
    return {**row, "digest": digest, "decided_at": decided, "evidence": evidence}


def _run_row(entry: RunEntry) -> dict[str, object]:
    row: dict[str, object] = {
        "model": entry.model,
        "version": entry.version,
        "plan": entry.plan,
        "ran_at": utc_text(entry.ran_at, "ran_at"),
        "outcome": entry.outcome,
        "fraction": entry.fraction,
        "alpha": entry.alpha,
        "spent": entry.spent,
        "result": _encode(entry.result).decode(),
        "release": entry.release,
    }
    return {**row, "digest": sha256(_encode(tuple(row.values()))).hexdigest()}


def _plain(row: Mapping[str, Any], *json_columns: str) -> dict[str, Any]:
    return {name: _decode(value) if name in json_columns else value for name, value in row.items()}
