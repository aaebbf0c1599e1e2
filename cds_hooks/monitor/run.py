"""A scheduled run: is it due, is nobody else at it, audit, decide, alert."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from cds_hooks.ledger import DecisionEntry, Ledger
from cds_hooks.monitor.alerts import Alert, alerts_of
from cds_hooks.monitor.audit import AuditRequest, LedgerAudit, audit_alone, lock_name, version_of
from fairness.cells import ALL, OVERALL
from fairness.verdicts import SpreadClaim

__all__ = ["Ran", "run"]


class Ran(NamedTuple):
    """What became of a run; `audit` is None unless it was `done`."""

    state: Literal["done", "not-due", "under-way"]
    audit: LedgerAudit | None = None
    decisions: tuple[DecisionEntry, ...] = ()
    alerts: tuple[Alert, ...] = ()


def run(ledger: Ledger, request: AuditRequest, out: Path, every: timedelta | None = None) -> Ran:
    """Run the monitor on a model once, unless its last run is younger than `every` or one is under way.

    A claim that fails leads to the plan's decision for its group, which stands until it expires or a named
    owner lifts it. Raises as `audit_ledger` but for the lock.
    """
    manifest = request.model.manifest
    version = version_of(request)
    with ledger.exclusively(lock_name(request)) as is_free:
        if not is_free:
            return Ran("under-way")
        if every is not None and not _is_due(ledger.runs(manifest.id, version), request.now, every):
            return Ran("not-due")
        audit = audit_alone(ledger, request, out)
        decisions = tuple(_new(ledger.decisions(manifest.id, version), _decided(audit, request), request.now))
        for decision in decisions:
            ledger.record_decision(decision)
        return Ran("done", audit, decisions, alerts_of(audit, request.now))


def _is_due(runs: list[dict[str, Any]], now: datetime, every: timedelta) -> bool:
    return not runs or datetime.fromisoformat(runs[-1]["ran_at"]) + every <= now


def _decided(audit: LedgerAudit, request: AuditRequest) -> Iterator[DecisionEntry]:
    """What the plan asks for where a claim fails."""
    judged = audit.found.judgement.audit
    if audit.plan.on_fail == "report" or judged is None:
        return
    for verdict in judged.verdicts:
        if verdict.outcome != "fail":
            continue
        is_everybody = verdict.attribute == OVERALL
        # A spread is about all groups of its attribute.
        value = ALL if isinstance(verdict.claim, SpreadClaim) else verdict.value
        yield DecisionEntry(
            model=request.model.manifest.id,
            version=audit.version,
            action=audit.plan.on_fail,
            source="monitor",
            reason=f"outcomes here show {_words(verdict.claim.metric)} outside what is claimed",
            decided_at=request.now,
            groups=() if is_everybody else [{"attribute": verdict.attribute, "value": value}],
            expires_at=request.now + timedelta(days=audit.plan.hold_days),
            evidence={"claim": msgspec.to_builtins(verdict.claim), "as_of": audit.document["as_of"]},
        )


def _new(
    stored: list[dict[str, Any]], wanted: Iterator[DecisionEntry], now: datetime
) -> Iterator[DecisionEntry]:
    """Decisions that do not repeat one that still stands.

    A lifted decision is made anew only by a new look, which is the only way to get here with a failure.
    """
    lifted = {row["lifts"] for row in stored if row["action"] == "lift"}
    standing = {
        (row["action"], str(row["groups"]), row["reason"])
        for row in stored
        if row["source"] == "monitor"
        and row["digest"] not in lifted
        and (row["expires_at"] is None or datetime.fromisoformat(row["expires_at"]) > now)
    }
    for entry in wanted:
        key = (entry.action, str(list(entry.groups)), entry.reason)
        if key not in standing:
            standing.add(key)
            yield entry


def _words(metric: str) -> str:
    return "observed to expected events" if metric == "o_e" else metric.replace("_", " ")
