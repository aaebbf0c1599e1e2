"""`bedside audit --ledger`: one audit of a model's predictions against the outcomes that have matured.

Every audit that judges is a look: it spends part of the plan's alpha and is recorded in the ledger, whoever
asked for it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from cds_hooks.ledger import Ledger, LedgerUnavailable, RunEntry
from cds_hooks.ledger.times import utc_text
from cds_hooks.monitor.document import ALIKE, JUDGED, Head, tell
from cds_hooks.monitor.masks import Releases, decode_releases, encode_releases
from cds_hooks.monitor.reading import days, read_observed, read_watched
from cds_hooks.monitor.references import references_of
from fairness.disclosure import Look, Release
from fairness.disclosure.releases import further_thresholds
from fairness.disclosure.table import N
from fairness.engine.tally import Tally
from fairness.monitor.plan import MonitorPlan
from fairness.monitor.watch import GroupsAs, Watch, watch
from models.runtime import Model

__all__ = [
    "MONITOR_FILE",
    "AuditRequest",
    "LedgerAudit",
    "audit_alone",
    "audit_ledger",
    "lock_name",
    "plan_of",
    "version_of",
]

MONITOR_FILE = "monitor.json"
Reporter = Callable[["LedgerAudit"], Release | None]


class AuditRequest(NamedTuple):
    """What to audit. `now` is aware; outcomes and predictions after it do not count. `plan` replaces the
    manifest's. `looks` are what reports on these patients told that the ledger does not know of."""

    model: Model
    now: datetime
    version: str | None = None
    plan: MonitorPlan | None = None
    groups_as: GroupsAs = "then"
    looks: tuple[Look, ...] = ()


class LedgerAudit(NamedTuple):
    """What an audit found. `document` is monitor.json, safe to publish; everything else is raw.

    `tally` holds the judged patients, `alpha` is the level of this look (None: no look was taken), `before`
    what earlier fairness reports on these patients have told.
    """

    document: dict[str, Any]
    found: Watch
    plan: MonitorPlan
    tally: Tally
    alpha: float | None
    before: Release | None
    version: str


def audit_ledger(
    ledger: Ledger, request: AuditRequest, out: Path | None = None, report: Reporter | None = None
) -> LedgerAudit:
    """Audit a model version, write `monitor.json` into `out` and record the look in the ledger.

    `report` is called before anything is recorded, to write further reports from `tally`; what it returns is
    kept as what all reports on these patients have told. Raises LedgerUnavailable when another audit of the
    version is under way, LedgerError when the ledger cannot be read or written and OSError when `out` cannot
    be written; then the look is not counted.
    """
    with ledger.exclusively(lock_name(request)) as is_free:
        if not is_free:
            raise LedgerUnavailable("another audit of this model version is under way")
        return audit_alone(ledger, request, out, report)


def lock_name(request: AuditRequest) -> str:
    """Name of the lock that keeps two audits from taking one look twice."""
    return f"monitor {request.model.manifest.id} {version_of(request)}"


def version_of(request: AuditRequest) -> str:
    """The version that was asked for, by default the one in the model's folder."""
    return request.version or request.model.manifest.version


def audit_alone(
    ledger: Ledger, request: AuditRequest, out: Path | None = None, report: Reporter | None = None
) -> LedgerAudit:
    """`audit_ledger` for a caller that holds the lock."""
    manifest, version, plan = request.model.manifest, version_of(request), plan_of(request)
    runs = [run for run in ledger.runs(manifest.id, version) if run["ran_at"] <= _text(request.now)]
    before = _with_looks(decode_releases(runs[-1]["release"]) if runs else {}, request.looks)
    found = _watch(ledger, request, version, plan, _past(runs, plan), before.get(JUDGED))
    as_of = _text(request.now)
    head = Head(manifest.id, version, manifest.status, manifest.fairness.output, as_of, request.groups_as)
    told = tell(head, found, plan, before)
    document = told.document | {"last_look": _last_look(runs, plan)}
    look = found.turn.look if found.judgement.audit else None
    tally = found.then if request.groups_as == "then" else found.now
    alpha = look.alpha if look else None
    audit = LedgerAudit(document, found, plan, tally, alpha, before.get(JUDGED), version)
    released = report(audit) if report else None
    if out is not None:
        _write(out / MONITOR_FILE, document)
    ledger.record_run(_run(request, audit, {**before, **told.releases}, released))
    return audit


def _with_looks(before: Releases, looks: tuple[Look, ...]) -> Releases:
    """What earlier audits have told, with what further reports on the judged patients told; these are then
    kept for the audits that follow.

    Where most patients have one prediction and one card, the numbers of these tell the number of patients: so
    they are held against the reports too.
    """
    people = tuple(Look({cell: n for cell, n in one.told.items() if cell.kind == N}, {}) for one in looks)
    found = dict(before)
    for kind, of_kind in ((JUDGED, looks), *((kind, people) for kind in ALIKE)):
        known = before.get(kind, Release())
        new = tuple(one for one in of_kind if all(one.told != look.told for look in known.all_looks()))
        if new:
            found[kind] = msgspec.structs.replace(known, looks=(*new, *known.looks))
    return found


def plan_of(request: AuditRequest) -> MonitorPlan:
    """The plan that was asked for, the manifest's, or the default one."""
    return request.plan or request.model.manifest.fairness.monitor or MonitorPlan()


def _watch(
    ledger: Ledger,
    request: AuditRequest,
    version: str,
    plan: MonitorPlan,
    past: list[float],
    before: Release | None,
) -> Watch:
    model, output = request.model, request.model.manifest.fairness.output
    watched = read_watched(ledger, model.manifest.id, version, output, model.features.inputs, request.now)
    declared = model.manifest.card.thresholds.get(output)
    asked = {claim.threshold for claim in plan.claims} | {declared.at if declared else None}
    thresholds = [threshold for threshold in asked if threshold is not None]
    thresholds += further_thresholds(before.all_looks() if before is not None else (), thresholds)
    return watch(
        watched,
        read_observed(ledger, output, request.now),
        references_of(model),
        plan,
        sorted(thresholds),
        past,
        days(request.now),
        request.groups_as,
    )


def _past(runs: list[dict[str, Any]], plan: MonitorPlan) -> list[float]:
    digest = plan.digest()
    looks = (run["fraction"] for run in runs if run["plan"] == digest)
    return sorted({fraction for fraction in looks if fraction is not None})


def _last_look(runs: list[dict[str, Any]], plan: MonitorPlan) -> dict[str, Any] | None:
    """What the plan's last look said, for a run that takes none."""
    looks = [run for run in runs if run["plan"] == plan.digest() and run["fraction"] is not None]
    return {"as_of": looks[-1]["ran_at"], **looks[-1]["result"]} if looks else None


def _run(request: AuditRequest, audit: LedgerAudit, releases: Releases, released: Release | None) -> RunEntry:
    look = audit.found.turn.look if audit.found.judgement.audit else None
    if released is not None:
        releases = {**releases, JUDGED: released}
    kept = {name: audit.document[name] for name in ("outcome", "why", "verdicts")}
    return RunEntry(
        model=request.model.manifest.id,
        version=audit.version,
        plan=audit.plan.digest(),
        ran_at=request.now,
        outcome=audit.found.judgement.outcome,
        fraction=look.fraction if look else None,
        alpha=look.alpha if look else None,
        spent=look.spent if look else None,
        result=kept,
        release=encode_releases(releases),
    )


def _write(path: Path, document: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")


def _text(moment: datetime) -> str:
    return utc_text(moment, "now")
