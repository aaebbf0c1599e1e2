"""`bedside`: the command line. Each command is imported when it is used, so that --help stays fast."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

__all__ = ["cli", "main"]

_COMMANDS: Mapping[str, tuple[str, str]] = {
    "serve": ("cds_hooks.cli.serve", "Run the CDS Hooks service."),
    "hook": ("cds_hooks.cli.hook", "Play an EHR's hook against a CDS Hooks service."),
    "models": ("cds_hooks.cli.models", "List, show, seal and verify the models."),
    "patients": ("cds_hooks.cli.patients", "The bundled, invented patients."),
    "extract": ("cds_hooks.cli.extract", "A model's features of every patient of an export."),
    "score": ("cds_hooks.cli.score", "A model's score of every patient of an export."),
    "audit": ("cds_hooks.cli.audit", "How well a prediction works for each group."),
    "ledger": ("cds_hooks.cli.ledger", "What was asked, answered and shown."),
    "outcomes": ("cds_hooks.cli.monitor", "Outcomes of patients, for audits of the ledger."),
    "monitor": ("cds_hooks.cli.monitor", "Watch a model: scheduled audits, drift, alerts, decisions."),
    "evidence": ("cds_hooks.cli.evidence", "The evidence record of a model, and its views."),
    "terminology": ("cds_hooks.cli.terminology", "A site's own value sets and maps of codes."),
}
_EPILOG = """\
\b
First steps:
  bedside serve
  bedside patients list
  bedside hook patient-view --patient maria-lindqvist

\b
Exit codes:
  0  done
  1  a model did not pass verification, nothing was found, or part of an export could not be read
  2  usage, or a setting that does not let the command run (the message names it)
`bedside hook` has more; see `bedside hook --help`.

\b
Settings come from environment variables BEDSIDE_*; see `bedside serve --help`.
"""


class _LazyGroup(click.Group):
    """A group whose commands are imported only when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(import_module(_COMMANDS[cmd_name][0]), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, told) for name, (_, told) in _COMMANDS.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Name the commands when there is none of that name."""
        if args and args[0] not in _COMMANDS:
            ctx.fail(f"no such command {args[0]!r}; there are {', '.join(_COMMANDS)}")
        return super().resolve_command(ctx, args)


def _tell_version(ctx: click.Context, param: click.Parameter, is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import PackageNotFoundError, version

        try:
            click.echo(f"bedside {version('bedside')}")
        except PackageNotFoundError:
            click.echo("bedside, run from its source without being installed")
        ctx.exit()


@click.group(cls=_LazyGroup, epilog=_EPILOG)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_tell_version,
    help="Show the version and exit.",
)
def cli() -> None:
    """Bedside answers an EHR's CDS Hooks with cards from clinical prediction models.

    Each card carries the score with its uncertainty, the findings behind it, what is missing, and how
    well the model is known to work for patients like this one. Nothing leaves this machine.
    """


def main() -> None:
    """Entry point of the console command."""
    cli(prog_name="bedside")
