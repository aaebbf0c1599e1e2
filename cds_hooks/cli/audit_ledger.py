"""`bedside audit --ledger` and `bedside audit --gate --model`: audits of a model that this service serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from cds_hooks.errors import SettingsError
from cds_hooks.settings import from_environment

if TYPE_CHECKING:
    from cds_hooks.monitor.audit import LedgerAudit
    from fairness.disclosure import Release
    from fairness.report.build import Built
    from fairness.report.model import Report
    from models.runtime import Model

__all__ = ["examine_model", "of_ledger", "verdicts_in_short"]


def of_ledger(
    url: str,
    model_id: str,
    version: str | None,
    groups_as: Literal["then", "now"],
    out: Path,
    *,
    gate: bool = False,
    earlier: tuple[Report, ...] = (),
) -> int:
    """Audit a model's predictions against the outcomes that have matured, and write the reports.

    `earlier` are reports on the model that came before, oldest first: they join the trend, and no difference
    from them gives away a small count.

    Returns the exit code: 0 unless a claim fails; with `gate`, only where every claim passes and every group
    can be estimated. Raises click.UsageError for what cannot be audited.
    """
    from cds_hooks.ledger import Ledger, LedgerError
    from cds_hooks.monitor.audit import AuditRequest, audit_ledger
    from fairness.report.earlier import look_of

    reports: list[Report] = []

    def tell(found: LedgerAudit) -> Release | None:
        built = _report(found, model_id, out, earlier)
        if built is None:
            return None
        reports.append(built.report)
        return built.release

    looks = tuple(map(look_of, earlier))
    request = AuditRequest(_model(model_id), datetime.now(UTC), version, groups_as=groups_as, looks=looks)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with Ledger.existing(url) as ledger:
            audit = audit_ledger(ledger, request, out, tell)
    except LedgerError as error:
        raise click.UsageError(f"--ledger: {error}") from None
    except OSError as error:
        raise click.UsageError(f"{out}: cannot be written ({type(error).__name__})") from None
    document = audit.document
    click.echo(
        f"{document['outcome']}: {document['why'] or verdicts_in_short(document['verdicts'])}, in {out}"
    )
    outcomes = {document["outcome"], *(report.outcome for report in reports)}
    return 1 if "fail" in outcomes or (gate and outcomes != {"pass"}) else 0


def verdicts_in_short(verdicts: Sequence[Mapping[str, Any]]) -> str:
    """How many verdicts there are, and for whom which claim is broken."""
    from fairness.gate_wording import group_label

    broken = [one for one in verdicts if one["outcome"] == "fail"]
    if not broken:
        return f"{len(verdicts)} verdicts"
    named = (f"{one['claim']['metric']} of {group_label(one['attribute'], one['value'])}" for one in broken)
    return f"{len(broken)} of {len(verdicts)} verdicts: {', '.join(named)}"


def examine_model(model_id: str) -> int:
    """Judge a model's own evaluation by its fairness policy; 0 pass, 1 fail, 3 insufficient evidence."""
    from fairness.gate_load import examine

    model = _model(model_id)
    results = model.evaluation.results if model.evaluation else ()
    found = examine(model.manifest.fairness, results, datetime.now(UTC).date())
    click.echo(f"{found.outcome}: {model_id} {model.manifest.version}")
    for one in found.findings:
        if one.outcome != "pass":
            click.echo(f"  {one.outcome}: {one.text}")
    return found.exit_code


def _model(model_id: str) -> Model:
    from models.registry import Registry

    try:
        models = Registry.load(from_environment().model_folders, strict=False).models
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    if model_id not in models:
        raise click.UsageError(f"--model: no model {model_id!r}; there are {', '.join(models) or 'none'}")
    return models[model_id]


def _report(audit: LedgerAudit, model_id: str, out: Path, earlier: tuple[Report, ...]) -> Built | None:
    from fairness.audit.files import write_views

    if audit.tally.n == 0:
        return None
    built = _built(audit, model_id)
    for name, why in write_views(built.report, out, earlier).items():
        if why is not None:
            click.echo(f"{name}: {why}", err=True)
    return built


def _built(audit: LedgerAudit, model_id: str) -> Built:
    from fairness.metric import Sufficiency
    from fairness.report.build import build
    from fairness.report.plan import About, Plan

    judged = audit.found.judgement.audit
    verdicts = judged.verdicts if judged is not None and audit.alpha is not None else ()
    about = About(
        title=f"Monitoring of {model_id}",
        source="the ledger, outcomes that have matured",
        model=model_id,
        version=audit.version,
        created=audit.document["as_of"][:10],
    )
    plan = Plan(
        claims=tuple(dict.fromkeys(one.claim for one in verdicts)),
        alpha=audit.alpha or audit.plan.alpha,
        limits=Sufficiency(audit.plan.min_n, audit.plan.min_events),
        before=audit.before,
    )
    return build(audit.tally, about, plan)
