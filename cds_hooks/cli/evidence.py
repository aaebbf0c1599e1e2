"""`bedside evidence`: the evidence record of a model and its views, written as files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from cds_hooks.errors import SettingsError
from cds_hooks.settings import Settings, from_environment

if TYPE_CHECKING:
    from cds_hooks.ledger import Ledger

__all__ = ["evidence"]

_CARD = "ai-transparency-card.json"
_PATIENT = re.compile(r"Patient/[A-Za-z0-9.-]{1,64}")


@click.command(short_help="The evidence record of a model, and its views.")
@click.argument("model_id", metavar="MODEL_ID")
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to write to."
)
@click.option(
    "--created",
    metavar="DATE",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Date of the record. It is never taken from the clock.",
)
@click.option("--only", metavar="VIEW", multiple=True, help="Write this file only. Repeatable.")
@click.option(
    "--audit",
    "audits",
    metavar="FILE",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A report.json of `bedside audit` on this model. Repeatable.",
)
@click.option("--ledger", "url", metavar="URL", help="Database URL, in place of BEDSIDE_LEDGER.")
@click.option("--without-ledger", is_flag=True, help="Do not read the ledger.")
@click.option(
    "--card", "card_uuid", metavar="UUID", help="Write one recorded card of the model as FHIR instead."
)
@click.option("--subject", metavar="Patient/ID", help="The patient of that card; the ledger does not know.")
def evidence(
    model_id: str,
    out: Path,
    created: datetime | None,
    only: tuple[str, ...],
    audits: tuple[Path, ...],
    url: str | None,
    without_ledger: bool,
    card_uuid: str | None,
    subject: str | None,
) -> None:
    """Write the evidence record of MODEL_ID and every view of it; the same sources give the same bytes.

    \b
    Views: record.json, summary.html (plain words), model-card.md, chai-model-card.xml and .json,
    ai-transparency.json (FHIR), onc-predictive, onc-evidence-based, tripod-ai, probast-ai, future-ai,
    ai-act and fda-cds (each .json and .html), and over all models section-1557.json and .csv.

    \b
    Exit codes:
      0  done; open items are listed, and do not change the code
      1  no model of that id, or the record cannot be made (the message says why)
      2  usage, or the ledger cannot be read
    """
    settings = _settings()
    _check_names(only)
    ledger_url = None if without_ledger else url or settings.ledger_url
    day = created.date().isoformat() if created else None
    try:
        if card_uuid:
            files = {_CARD: _shown(model_id, ledger_url, card_uuid, subject)}
        else:
            files = _files(model_id, settings, ledger_url, audits, day, only)
    except _Unmade as error:
        raise click.ClickException(str(error)) from None
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (out / name).write_bytes(content)
        click.echo(f"{out / name}")


class _Unmade(Exception):
    """The record cannot be made; the message says why."""


def _settings() -> Settings:
    try:
        return from_environment()
    except SettingsError as error:
        raise click.UsageError(str(error)) from None


def _check_names(only: Sequence[str]) -> None:
    from fairness.evidence import inventory
    from fairness.evidence.views import VIEWS

    names = (*VIEWS, *inventory.FORMS)
    for name in only:
        if name not in names:
            raise click.UsageError(f"--only: no view {name!r}; there are {', '.join(names)}")


def _files(
    model_id: str,
    settings: Settings,
    url: str | None,
    audits: Sequence[Path],
    day: str | None,
    only: Sequence[str],
) -> dict[str, bytes]:
    """Content by file name."""
    from cds_hooks.evidence import gather
    from cds_hooks.ledger import LedgerError
    from fairness.evidence import inventory
    from fairness.evidence.errors import EvidenceError
    from fairness.evidence.views import VIEWS
    from models.registry import Registry

    registry = Registry.load(settings.model_folders, strict=False)
    if model_id not in registry.models:
        raise _Unmade(f"no model {model_id!r}; there are {', '.join(registry.models) or 'none'}")
    reports = [_report(path) for path in audits]
    try:
        ledger = _read(url) if url else None
        records = {
            name: gather(model, ledger, audits=reports if name == model_id else (), created=day)
            for name, model in registry.models.items()
        }
    except EvidenceError as error:
        raise _Unmade(str(error)) from None
    except LedgerError as error:
        raise click.UsageError(f"{error}; give --ledger, or --without-ledger to leave it out") from None
    views = {name: view for name, view in VIEWS.items() if not only or name in only}
    over_all = {name: make for name, (_, make) in inventory.FORMS.items() if not only or name in only}
    return {name: view.make(records[model_id]) for name, view in views.items()} | {
        name: make(list(records.values())) for name, make in over_all.items()
    }


def _shown(model_id: str, url: str | None, card_uuid: str, subject: str | None) -> bytes:
    from cds_hooks.evidence import shown
    from cds_hooks.ledger import LedgerError
    from fairness.evidence.transparency import encode

    if url is None or not _PATIENT.fullmatch(subject or ""):
        raise click.UsageError("--card needs the ledger, and --subject with a reference such as Patient/1")
    try:
        found = shown(_read(url), model_id, card_uuid, str(subject))
    except LedgerError as error:
        raise click.UsageError(str(error)) from None
    if found is None:
        raise _Unmade("no card of that uuid with a score of this model was recorded")
    return encode(found)


def _read(url: str) -> Ledger:
    from cds_hooks.ledger import Ledger

    ledger = Ledger(url)
    ledger.require()
    return ledger


def _report(path: Path) -> dict[str, Any]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        raise _Unmade(f"{path.name}: is not a report of `bedside audit`; give its report.json") from None
