"""`bedside hook`: play the EHR against a CDS Hooks service and show what a clinician would see."""

from __future__ import annotations

import os
from pathlib import Path

import click

from cds_hooks.cli.site import site_zone
from cds_hooks.ehr.columns import printable
from cds_hooks.ehr.conformance import discovery_violations
from cds_hooks.ehr.context import HOOKS
from cds_hooks.ehr.errors import EhrError
from cds_hooks.ehr.json_file import read_json
from cds_hooks.ehr.outcome import ExitCode, exit_code_of, worst
from cds_hooks.ehr.player import services_of
from cds_hooks.ehr.rounds import DraftFile, Round, play_many, play_one, tell_breaches
from cds_hooks.ehr.sources import PatientSource, patient_sources
from cds_hooks.ehr.tokens import USER_TOKENS
from cds_hooks.ehr.wire import CdsService, WireLimits

__all__ = ["hook"]

_EPILOG = """\
A patient is a FHIR R4 Bundle (collection, searchset, transaction or batch) with exactly one Patient. The
data goes to the address in --url and nowhere else.

\b
Examples:
  bedside hook patient-view --patient chart.json
  bedside hook order-sign --patient chart.json.gz --draft order.json
  bedside hook patient-view --patient charts/ --json > answers.jsonl
  bedside hook patient-view --patient chart.json --url https://cds.example.org

\b
Exit codes:
  0  every call was answered, with cards or with silence
  2  usage: a bad file, an unknown hook or service, missing draft orders
  3  the service is not reachable
  4  the service refused a request (HTTP 4xx)
  5  the service failed (HTTP 5xx)
  6  an answer breaks CDS Hooks 2.0

When calls end differently, the exit code is the first of 3, 5, 4, 6, 2 that occurred.
"""

_PATIENT_HELP = "A patient's Bundle (.json, .json.gz), a directory of them, or a bundled patient. Repeatable."
_DRAFT_HELP = (
    "Draft orders: a Bundle, one order or a JSON array. Without it, the patient's own drafts are used."
)


def _checked_user(ctx: click.Context, param: click.Parameter, value: str) -> str:
    kind, _, user_id = value.partition("/")
    if kind not in USER_TOKENS or not user_id:
        raise click.BadParameter(f"write it as Type/id, with a type of {', '.join(USER_TOKENS)}")
    return value


@click.command("hook", epilog=_EPILOG, short_help="Play an EHR's hook against a CDS Hooks service.")
@click.argument("hook_name", metavar="HOOK", type=click.Choice(list(HOOKS)))
@click.option(
    "--patient", "patients", metavar="FILE|DIR|NAME", multiple=True, required=True, help=_PATIENT_HELP
)
@click.option("--patient-id", metavar="ID", help="Which Patient of a Bundle that has several.")
@click.option(
    "--draft", metavar="FILE", type=click.Path(path_type=Path, exists=True, dir_okay=False), help=_DRAFT_HELP
)
@click.option("--service", "service_id", metavar="ID", help="Call this service only.")
@click.option("--url", default="http://127.0.0.1:8080", show_default=True, help="Base URL of the service.")
@click.option(
    "--user",
    "user_id",
    metavar="TYPE/ID",
    default="Practitioner/bedside-demo",
    show_default=True,
    callback=_checked_user,
    help="Who looks at the chart.",
)
@click.option(
    "--timeout",
    "seconds",
    metavar="SECONDS",
    type=click.FloatRange(min=0.1),
    default=WireLimits().timeout_seconds,
    show_default=True,
    help="How long to wait for an answer.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line for each call: the answer only.")
@click.pass_context
def hook(
    ctx: click.Context,
    hook_name: str,
    patients: tuple[str, ...],
    patient_id: str | None,
    draft: Path | None,
    service_id: str | None,
    url: str,
    user_id: str,
    seconds: float,
    as_json: bool,
) -> None:
    """Call a CDS Hooks service as an EHR would, and show its cards.

    \b
    HOOK is one of
      patient-view         a chart is opened
      order-select         an order is being chosen
      order-sign           orders are about to be signed
      encounter-start      a visit or stay begins
      encounter-discharge  a patient is about to leave

    Reads the service's discovery, fills the prefetch that it asks for from the patient's Bundle, posts the
    hook to every service that offers it, and checks each answer against CDS Hooks 2.0. One patient's cards
    are shown in full; for several patients there is one line each and a closing table.
    """
    try:
        zone = site_zone()
        sources = [
            source for argument in patients for source in patient_sources(argument, patient_id, zone=zone)
        ]
        drafted = DraftFile(str(draft), read_json(draft)) if draft else None
        service = CdsService(url, WireLimits(timeout_seconds=seconds))
        discovery = service.discovery()
        offered = services_of(discovery, hook_name, service_id)
        of_discovery = tell_breaches("The discovery", discovery_violations(discovery))
        calls = Round(hook_name, service, offered, user_id, drafted)
        codes = _play(calls, sources, is_single=_is_single(patients), as_json=as_json)
    except EhrError as error:
        click.echo(printable(f"Error: {error}"), err=True)
        ctx.exit(exit_code_of(error))
    ctx.exit(worst([of_discovery, *codes]))


def _is_single(patients: tuple[str, ...]) -> bool:
    return len(patients) == 1 and not os.path.isdir(patients[0])


def _play(calls: Round, sources: list[PatientSource], *, is_single: bool, as_json: bool) -> list[ExitCode]:
    if is_single:
        return play_one(calls, sources[0], as_json=as_json)
    return play_many(calls, sources, as_json=as_json)
