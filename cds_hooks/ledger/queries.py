"""What can be asked of the ledger: the story of a card, the decisions of a call, counts for summaries."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple, TypedDict

from sqlalchemy import Column, Connection, Select, bindparam, func, select

from cds_hooks.ledger.rows import row_view
from cds_hooks.ledger.schema import feedback, hook_call, prediction
from cds_hooks.ledger.times import utc_text

__all__ = ["Counts", "Issued", "Reason", "Story", "counts", "issued", "reasons", "story"]


class Issued(NamedTuple):
    """Which service issued a card, and when its call was received, aware."""

    service_id: str
    received_at: datetime


class Story(TypedDict):
    """Everything under one card uuid, as plain JSON values; `feedback` in the order in which it arrived."""

    card_uuid: str
    call: dict[str, Any]
    prediction: dict[str, Any]
    feedback: list[dict[str, Any]]


class Reason(TypedDict):
    """What became of one model's prediction in one call, and why."""

    model: str
    version: str
    decision: str
    reason: str | None
    card_uuid: str | None


class Counts(TypedDict):
    """Rows of `n` per kind, each list sorted by its other fields.

    calls: service_id, status. decisions: service_id, model, version, decision, reason. feedback: service_id,
    model and version (None for an unknown card), outcome, reason_system, reason_code, known_card, plus
    `cards`, the number of distinct cards reported on.
    """

    calls: list[dict[str, Any]]
    decisions: list[dict[str, Any]]
    feedback: list[dict[str, Any]]


_STORY = (
    select(hook_call, prediction, feedback)
    .select_from(prediction)
    .join(hook_call, hook_call.c.call_id == prediction.c.call_id)
    .outerjoin(feedback, feedback.c.card_uuid == prediction.c.card_uuid)
    .where(prediction.c.card_uuid == bindparam("shown_card"))
    .order_by(feedback.c.received_at, feedback.c.outcome_timestamp, feedback.c.digest)
)
_REASONS = (
    select(
        prediction.c.model,
        prediction.c.version,
        prediction.c.decision,
        prediction.c.reason,
        prediction.c.card_uuid,
    )
    .select_from(hook_call)
    .outerjoin(prediction, prediction.c.call_id == hook_call.c.call_id)
    .where(hook_call.c.call_id == bindparam("asked_call"))
    .order_by(prediction.c.position)
)
_ISSUED = (
    select(prediction.c.card_uuid, hook_call.c.service_id, hook_call.c.received_at)
    .join(hook_call, hook_call.c.call_id == prediction.c.call_id)
    .where(prediction.c.card_uuid.in_(bindparam("shown_cards", expanding=True)))
)


def issued(connection: Connection, card_uuids: Collection[str]) -> dict[str, Issued]:
    """Where each card comes from; cards that are not known are left out."""
    rows = connection.execute(_ISSUED, {"shown_cards": sorted(set(card_uuids))})
    return {card: Issued(service, datetime.fromisoformat(received)) for card, service, received in rows}


def story(connection: Connection, card_uuid: str) -> Story | None:
    """Return call, prediction and feedback of a card in one query; None for a card that was never shown."""
    rows = connection.execute(_STORY, {"shown_card": card_uuid}).all()
    if not rows:
        return None
    told = [row_view(row, feedback) for row in rows if row._mapping[feedback.c.digest] is not None]
    return {
        "card_uuid": card_uuid,
        "call": row_view(rows[0], hook_call),
        "prediction": row_view(rows[0], prediction),
        "feedback": told,
    }


def reasons(connection: Connection, call_id: str) -> list[Reason] | None:
    """Return one Reason per prediction in the call's order; None for an unknown call."""
    rows = connection.execute(_REASONS, {"asked_call": call_id}).all()
    if not rows:
        return None
    return [
        {
            "model": row.model,
            "version": row.version,
            "decision": row.decision,
            "reason": row.reason,
            "card_uuid": row.card_uuid,
        }
        for row in rows
        if row.model is not None
    ]


def counts(connection: Connection, since: datetime | None) -> Counts:
    """Count what was received at or after `since` (all when None); raises ValueError for a naive datetime."""
    start = None if since is None else utc_text(since, "since")
    return {
        "calls": _rows(connection, _call_counts(), hook_call.c.received_at, start),
        "decisions": _rows(connection, _decision_counts(), hook_call.c.received_at, start),
        "feedback": _rows(connection, _feedback_counts(), feedback.c.received_at, start),
    }


def _call_counts() -> Select[Any]:
    keys = (hook_call.c.service_id, hook_call.c.status)
    return _grouped(select(*keys, func.count().label("n")), keys)


def _decision_counts() -> Select[Any]:
    made = prediction.c
    keys = (hook_call.c.service_id, made.model, made.version, made.decision, made.reason)
    joined = prediction.join(hook_call, hook_call.c.call_id == made.call_id)
    return _grouped(select(*keys, func.count().label("n")).select_from(joined), keys)


def _feedback_counts() -> Select[Any]:
    told, made = feedback.c, prediction.c
    keys = (
        told.service_id,
        made.model,
        made.version,
        told.outcome,
        told.reason_system,
        told.reason_code,
        told.known_card,
    )
    cards = func.count(told.card_uuid.distinct()).label("cards")
    joined = feedback.outerjoin(prediction, made.card_uuid == told.card_uuid)
    return _grouped(select(*keys, func.count().label("n"), cards).select_from(joined), keys)


def _grouped(query: Select[Any], keys: tuple[Column[Any], ...]) -> Select[Any]:
    # The two databases sort NULL to different ends unless told.
    return query.group_by(*keys).order_by(*(key.nulls_first() for key in keys))


def _rows(
    connection: Connection, query: Select[Any], moment: Column[Any], start: str | None
) -> list[dict[str, Any]]:
    if start is not None:
        query = query.where(moment >= start)
    return [dict(row._mapping) for row in connection.execute(query)]
