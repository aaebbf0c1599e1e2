"""Feedback reports (CDS Hooks 2.0, "Feedback"): read, checked, and made into ledger entries."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from cds_hooks.errors import BadRequest
from cds_hooks.ledger import FeedbackEntry, Issued, OverrideReason
from fhir_mapping.wire import decoder, where

__all__ = ["check_cards", "read_feedback"]

_MAX_REPORTS = 1000
# CDS Hooks 2.0: "when action was taken on the card"; that lies ahead of our clock, or before the card, by the
# difference of two clocks only.
_SKEW_MINUTES = 5
_CLOCK_SKEW = timedelta(minutes=_SKEW_MINUTES)

_TIMESTAMP = "outcomeTimestamp"
# As msgspec tells it.
_MISSING = re.compile(r"Object missing required field `(\w+)`")

_Word = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class _Coding(msgspec.Struct):
    code: _Word
    system: _Word
    display: Annotated[str, msgspec.Meta(max_length=1000)] | None = None


class _Override(msgspec.Struct, rename="camel"):
    reason: _Coding | None = None
    user_comment: Annotated[str, msgspec.Meta(max_length=10_000)] | None = None


class _Suggestion(msgspec.Struct):
    id: _Word


class _Report(msgspec.Struct, rename="camel"):
    card: _Word
    outcome: str
    outcome_timestamp: Annotated[datetime, msgspec.Meta(tz=True)]
    accepted_suggestions: Annotated[list[_Suggestion], msgspec.Meta(max_length=100)] | None = None
    override_reason: _Override | None = None


class _Body(msgspec.Struct):
    feedback: Annotated[list[_Report], msgspec.Meta(min_length=1, max_length=_MAX_REPORTS)]


_decode = decoder(_Body)


def read_feedback(body: bytes, service_id: str, now: datetime) -> list[FeedbackEntry]:
    """Entries for the reports of one body; raises BadRequest naming the first element that does not fit."""
    try:
        decoded: _Body = _decode(body)
    except msgspec.ValidationError as error:
        raise _unfit(*where(error)) from None
    except msgspec.DecodeError:
        raise BadRequest("The body cannot be read as JSON (RFC 8259, UTF-8).", code="structure") from None
    return [_entry(report, f"feedback[{n}]", service_id, now) for n, report in enumerate(decoded.feedback)]


def _unfit(path: str, expected: str) -> BadRequest:
    """The refusal of an element, in words that tell what to send."""
    at = path.lstrip(".")
    missing = _MISSING.fullmatch(expected)
    if missing:
        name = missing.group(1)
        return BadRequest(f"{name} is missing.", expression=f"{at}.{name}" if at else name, code="required")
    if at.endswith(_TIMESTAMP):
        return BadRequest(
            f"{_TIMESTAMP} must be a date and time with an offset, such as 2026-01-31T09:30:00Z.",
            expression=at,
        )
    return BadRequest(f"{expected}.", expression=at or "feedback")


def check_cards(entries: Sequence[FeedbackEntry], issued: Mapping[str, Issued]) -> None:
    """Raise BadRequest naming the first report on a card of another service, whose figures it would change,
    or whose action lies before the card was asked for.

    `issued` tells whose each card is, and when that was; reports on other cards are not judged.
    """
    for n, entry in enumerate(entries):
        card = issued.get(entry.card_uuid)
        if card is None:
            continue
        if card.service_id != entry.service_id:
            raise BadRequest(
                "card was issued by another service; send its feedback to that service's address.",
                expression=f"feedback[{n}].card",
            )
        if entry.outcome_timestamp < card.received_at - _CLOCK_SKEW:
            raise BadRequest(
                f"{_TIMESTAMP} lies more than {_SKEW_MINUTES} minutes before the card was issued; send "
                "the time in UTC when action was taken on the card, and check the clock.",
                expression=f"feedback[{n}].{_TIMESTAMP}",
            )


def _entry(report: _Report, path: str, service_id: str, now: datetime) -> FeedbackEntry:
    if report.outcome not in ("accepted", "overridden"):
        raise BadRequest("outcome must be accepted or overridden.", expression=f"{path}.outcome")
    is_accepted = report.outcome == "accepted"
    if is_accepted and not report.accepted_suggestions:
        where_to = f"{path}.acceptedSuggestions"
        raise BadRequest("An accepted card needs the suggestions.", expression=where_to, code="required")
    if report.outcome_timestamp > now + _CLOCK_SKEW:
        raise BadRequest(
            f"outcomeTimestamp lies more than {_SKEW_MINUTES} minutes ahead of the service's clock; send the "
            "time in UTC when action was taken on the card, and check the clock.",
            expression=f"{path}.outcomeTimestamp",
        )
    override = None if is_accepted else report.override_reason
    try:
        return FeedbackEntry(
            card_uuid=report.card,
            service_id=service_id,
            outcome="accepted" if is_accepted else "overridden",
            accepted_suggestions=_ids(report.accepted_suggestions) if is_accepted else (),
            override_reason=_reason(override),
            user_comment=override.user_comment or None if override else None,
            outcome_timestamp=report.outcome_timestamp,
            received_at=now,
        )
    except ValueError:
        raise BadRequest(
            "outcomeTimestamp lies outside the calendar.", expression=f"{path}.outcomeTimestamp"
        ) from None


def _ids(suggestions: Sequence[_Suggestion] | None) -> list[str]:
    return [suggestion.id for suggestion in suggestions or ()]


def _reason(override: _Override | None) -> OverrideReason | None:
    if override is None or override.reason is None:
        return None
    reason = override.reason
    coded: OverrideReason = {"code": reason.code, "system": reason.system}
    if reason.display:
        coded["display"] = reason.display
    return coded
