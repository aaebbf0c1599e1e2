"""`bedside outcomes` and `bedside monitor`: what became of the patients, and what follows for the model."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from cds_hooks.errors import SettingsError
from cds_hooks.settings import Settings, from_environment

__all__ = ["monitor", "outcomes"]

ALERTED = 3
_EVERY = re.compile(r"([1-9][0-9]{0,3})([hdw])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_EPILOG = """\
\b
Run it from cron as often as you like; --every decides whether a run is due, and a lock in the ledger
keeps two runs from overlapping:
  17 * * * *  bedside monitor run --model type2-diabetes-risk --every 7d --out /var/lib/bedside/monitor

\b
Exit codes:
  0  done, not due, or another run is under way
  1  there is no such model or decision
  2  usage, or the ledger cannot be used
  3  done, with alerts (JSON lines on stderr and in OUT/alerts.ndjson)
"""

_ledger_option = click.option(
    "--ledger", "url", metavar="URL", help="Database URL, in place of BEDSIDE_LEDGER."
)
_models_option = click.option(
    "--models",
    "folders",
    metavar="DIR",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of model folders, in place of the bundled ones and BEDSIDE_MODELS. Repeatable.",
)


@click.group(short_help="Outcomes of patients, for audits of the ledger.")
def outcomes() -> None:
    """Tell the ledger what became of patients whom a model was asked about."""


@outcomes.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--output", metavar="NAME", help="The model's output that the file is about.")
@_ledger_option
@_models_option
@click.pass_context
def import_(
    ctx: click.Context, file: Path, output: str | None, url: str | None, folders: tuple[Path, ...]
) -> None:
    """Import outcomes from a CSV, NDJSON or Parquet FILE; importing it twice adds nothing.

    \b
    Columns:
      patient  FHIR id of the patient, or
      card     uuid of a card that was shown
      outcome  1 (had it) or 0 (was found without it)
      date     when; a date (in BEDSIDE_TIME_ZONE) or a moment in ISO 8601
      output   the model's output, in place of --output

    \b
    Exit codes:
      0  every row was stored or was there already
      1  rows were left out (the message gives row and column)
      2  usage, or the file or the ledger cannot be used
    """
    from cds_hooks.monitor.outcome_files import BadFile, import_outcomes

    settings = _settings()
    known = _outputs(folders or settings.model_folders)
    with _opened(url, settings) as ledger:
        try:
            done = import_outcomes(
                file, ledger, _key(settings), datetime.now(UTC), output, known, settings.time_zone
            )
        except BadFile as error:
            raise click.UsageError(str(error)) from None
        except _ledger_error() as error:
            raise click.UsageError(str(error)) from None
    for trouble in done.troubles:
        click.echo(f"row {trouble.row}: {trouble.column} {trouble.told}", err=True)
    counts = {str(name): count for name, count in done.receipts.items()} | {"left-out": done.refused}
    click.echo("  ".join(f"{name} {count}" for name, count in counts.items() if count) or "no rows")
    ctx.exit(1 if set(counts) - {"stored", "duplicate", "left-out"} or done.refused else 0)


@click.group(short_help="Watch a model: scheduled audits, drift, alerts, decisions.")
def monitor() -> None:
    """Watch a model against the outcomes that have matured, and decide what follows."""


@monitor.command(epilog=_EPILOG)
@click.option("--model", "model_id", metavar="ID", required=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--every", metavar="PERIOD", help="Do nothing when the last run is younger, e.g. 7d, 12h, 2w.")
@click.option("--groups", "groups_as", type=click.Choice(["then", "now"]), default="then", show_default=True,
              help="Judge patients by their groups as known at the prediction, or as known now.")  # fmt: skip
@click.option("--webhook", metavar="URL", help="Post alerts there; loopback, or an allowed origin.")
@click.option("--allow-origin", "allowed", metavar="ORIGIN", multiple=True, help="Repeatable.")
@_ledger_option
@_models_option
@click.pass_context
def run(
    ctx: click.Context, model_id: str, out: Path, every: str | None, webhook: str | None,
    allowed: tuple[str, ...], url: str | None, folders: tuple[Path, ...], groups_as: Any,
) -> None:  # fmt: skip
    """Audit the ledger once, record the look, decide and alert."""
    from cds_hooks.monitor.alerts import check_address, send, tell_alerts
    from cds_hooks.monitor.audit import AuditRequest
    from cds_hooks.monitor.run import run as run_once

    settings, period = _settings(), _period(every)
    try:
        address = check_address(webhook, allowed) if webhook else None
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    request = AuditRequest(_model(ctx, model_id, folders or settings.model_folders), datetime.now(UTC),
                           groups_as=groups_as)  # fmt: skip
    with _opened(url, settings) as ledger:
        try:
            ran = run_once(ledger, request, out, period)
        except _ledger_error() as error:
            raise click.UsageError(str(error)) from None
    tell_alerts(ran.alerts, out, sys.stderr)
    if address and ran.alerts and (problem := send(ran.alerts, address)):
        click.echo(f"Warning: {problem}; the alerts are in {out}", err=True)
    outcome = f", {ran.audit.document['outcome']}" if ran.audit else ""
    click.echo(f"{model_id}: {ran.state}{outcome}, {len(ran.alerts)} alerts, {len(ran.decisions)} decisions")
    ctx.exit(ALERTED if ran.alerts else 0)


@monitor.command()
@click.option("--model", "model_id", metavar="ID")
@_ledger_option
def decisions(model_id: str | None, url: str | None) -> None:
    """Print every decision about models as JSON lines, oldest first."""
    import msgspec

    with _opened(url, _settings()) as ledger:
        for row in _asked(lambda: ledger.decisions(model_id)):
            click.echo(msgspec.json.encode(row).decode())


@monitor.command()
@click.option("--model", "model_id", metavar="ID", required=True)
@click.option("--version", required=True)
@click.option("--action", type=click.Choice(["serve", "caution", "withhold"]), required=True)
@click.option("--group", "groups", metavar="ATTRIBUTE=VALUE", multiple=True, help="Repeatable; none: all.")
@click.option("--owner", required=True, help="Who answers for it.")
@click.option("--reason", required=True)
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Last day, UTC; within a year."
)
@_ledger_option
@_models_option
def override(
    model_id: str, version: str, action: Any, groups: tuple[str, ...], owner: str, reason: str,
    until: datetime, url: str | None, folders: tuple[Path, ...],
) -> None:  # fmt: skip
    """Decide, as a named owner and until a day, what is done in place of the gate's own word."""
    from cds_hooks.ledger import DecisionEntry
    from fairness.gate_records import last_day

    now = datetime.now(UTC)
    if until.date() < now.date():
        raise click.UsageError(f"--until: that day is over; give one from {now.date()} (UTC) on")
    if until.date() > last_day(now.date()):
        raise click.UsageError(
            f"--until: an override lasts a year at most, here until {last_day(now.date())}; decide again then"
        )
    _require_version(url, folders, model_id, version)
    _record(url, lambda: DecisionEntry(
        model=model_id, version=version, action=action, source="override", reason=reason, owner=owner,
        decided_at=now, expires_at=until.replace(tzinfo=UTC) + timedelta(days=1),
        groups=[_group(name) for name in groups],
    ))  # fmt: skip


@monitor.command()
@click.argument("digest", metavar="DECISION")
@click.option("--owner", required=True, help="Who answers for it.")
@click.option("--reason", required=True)
@_ledger_option
@click.pass_context
def lift(ctx: click.Context, digest: str, owner: str, reason: str, url: str | None) -> None:
    """End a DECISION (its digest, from `bedside monitor decisions`) before its day."""
    from cds_hooks.ledger import DecisionEntry

    with _opened(url, _settings()) as ledger:
        found = next((row for row in _asked(ledger.decisions) if row["digest"] == digest), None)
    if found is None or found["action"] == "lift":
        click.echo("Error: there is no such decision", err=True)
        ctx.exit(1)
    _record(url, lambda: DecisionEntry(
        model=found["model"], version=found["version"], action="lift", source="override", reason=reason,
        owner=owner, decided_at=datetime.now(UTC), lifts=digest,
    ))  # fmt: skip


def _outputs(folders: Sequence[Path]) -> set[str]:
    from models.registry import Registry

    models = Registry.load(folders, strict=False).models.values()
    return {output.name for model in models for output in model.manifest.outputs}


def _require_version(url: str | None, folders: Sequence[Path], model_id: str, version: str) -> None:
    """Raise `click.UsageError` for a version that is neither served here nor ever made a prediction: a
    decision about it would stand in the ledger and stop nothing."""
    from models.registry import Registry

    settings = _settings()
    with _opened(url, settings) as ledger:
        known = dict.fromkeys(_asked(lambda: ledger.versions(model_id)))
    if version in known:
        return
    models = Registry.load(folders or settings.model_folders, strict=False).models
    if model_id in models:
        known[models[model_id].manifest.version] = None
    elif not known:
        raise click.UsageError(f"--model: no model {model_id!r}; see bedside models list")
    if version not in known:
        raise click.UsageError(
            f"--version: {model_id} has no version {version!r}; there are {', '.join(known)}"
        )


def _record(url: str | None, made: Any) -> None:
    try:
        entry = made()
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    with _opened(url, _settings()) as ledger:
        click.echo(_asked(lambda: ledger.record_decision(entry)))


def _group(name: str) -> Mapping[str, str]:
    from fairness.gate_records import CROSS, check_group
    from fairness.groups import ATTRIBUTES

    check_group(name)
    attribute, _, value = name.partition("=")
    for one in attribute.split(CROSS):
        # A patient has no other attribute when a card is made, so that such a decision would never hold.
        if one not in ATTRIBUTES:
            raise ValueError(f"group `{name}`: no attribute `{one}`; there are {', '.join(ATTRIBUTES)}")
    return {"attribute": attribute, "value": value or "all"}


def _period(text: str | None) -> timedelta | None:
    if text is None:
        return None
    found = _EVERY.fullmatch(text)
    if found is None:
        raise click.UsageError("--every must be a number of hours, days or weeks, such as 12h, 7d or 2w")
    return int(found[1]) * _UNITS[found[2]]


def _settings() -> Settings:
    try:
        return from_environment()
    except SettingsError as error:
        raise click.UsageError(str(error)) from None


def _opened(url: str | None, settings: Settings) -> Any:
    from cds_hooks.ledger import Ledger

    return _asked(lambda: Ledger.existing(url or settings.ledger_url))


def _asked(question: Any) -> Any:
    try:
        return question()
    except _ledger_error() as error:
        raise click.UsageError(str(error)) from None


def _ledger_error() -> type[Exception]:
    from cds_hooks.ledger import LedgerError

    return LedgerError


def _key(settings: Settings) -> Any:
    """The key of the service; one made here would match no patient that the service knows."""
    from cds_hooks.patient_key import PatientKey, load_or_make

    if settings.ledger_key is None and not settings.key_file.exists():
        raise click.UsageError(
            f"there is no key at {settings.key_file}; run this beside the service, or set BEDSIDE_LEDGER_KEY"
        )
    return PatientKey(settings.ledger_key or load_or_make(settings.key_file))


def _model(ctx: click.Context, model_id: str, folders: Sequence[Path]) -> Any:
    from models.registry import Registry

    found = Registry.load(folders, strict=False).models.get(model_id)
    if found is None:
        click.echo(f"Error: no model {model_id!r}; see bedside models list", err=True)
        ctx.exit(1)
    return found
