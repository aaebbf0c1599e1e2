"""`bedside ledger`: what was asked, answered and shown, and what clinicians said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click
import msgspec

from cds_hooks.errors import SettingsError
from cds_hooks.settings import from_environment

__all__ = ["ledger"]


@click.group(short_help="What was asked, answered and shown.")
@click.option("--ledger", "url", metavar="URL", help="Database URL, in place of BEDSIDE_LEDGER.")
@click.pass_context
def ledger(ctx: click.Context, url: str | None) -> None:
    """Read the ledger. It knows patients by a keyed digest only.

    \b
    Exit codes:
      0  done
      1  no card of that uuid
      2  usage, or the ledger cannot be read
    """
    from cds_hooks.ledger import Ledger, LedgerError

    try:
        ctx.obj = Ledger(url or from_environment().ledger_url)
    except (SettingsError, LedgerError) as error:
        raise click.UsageError(str(error)) from None
    ctx.call_on_close(ctx.obj.close)


@ledger.command()
@click.argument("card_uuid", metavar="CARD_UUID")
@click.pass_context
def story(ctx: click.Context, card_uuid: str) -> None:
    """Print everything recorded under a card's uuid, as JSON: call, prediction, card, feedback."""
    found = _ask(ctx.obj, lambda: ctx.obj.story(card_uuid))
    if found is None:
        click.echo("Error: no card of that uuid was recorded", err=True)
        ctx.exit(1)
    click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))


@ledger.command()
@click.option(
    "--since",
    metavar="DATE",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="Count from this moment on (UTC).",
)
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
@click.pass_obj
def summary(ledger: Any, since: datetime | None, as_json: bool) -> None:
    """Count calls by status, decisions by model and reason, and feedback by outcome."""
    counts = _ask(ledger, lambda: ledger.counts(since.replace(tzinfo=UTC) if since else None))
    if as_json:
        click.echo(msgspec.json.encode(counts))
        return
    _table("Calls", counts["calls"], ("service_id", "status"))
    _table("Decisions", counts["decisions"], ("model", "version", "decision", "reason"))
    _table("Feedback", counts["feedback"], ("service_id", "outcome", "reason_code"))


def _ask(ledger: Any, question: Any) -> Any:
    from cds_hooks.ledger import LedgerError

    try:
        ledger.require()
        return question()
    except LedgerError as error:
        raise click.UsageError(str(error)) from None


def _table(title: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    click.echo(f"{title}:" if rows else f"{title}: none")
    for row in rows:
        told = "  ".join(str(row[column]) for column in columns if row[column] is not None)
        click.echo(f"  {row['n']:>7}  {told}")
