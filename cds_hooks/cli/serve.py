"""`bedside serve`: run the service."""

from __future__ import annotations

import os
from typing import Any, NoReturn

import click

from cds_hooks.errors import SettingsError
from cds_hooks.serving.listening import check_address
from cds_hooks.settings import Settings, from_environment

__all__ = ["serve"]

_EXIT_UNUSABLE = 2
_EPILOG = """\
\b
Environment:
  BEDSIDE_HOST          address to bind                           127.0.0.1
  BEDSIDE_PORT          port to bind                              8080
  BEDSIDE_WORKERS       processes                                 2
  BEDSIDE_THREADS       calls that each has under way at once     4
  BEDSIDE_LEDGER        database URL of the ledger                sqlite:///.bedside/ledger.db
  BEDSIDE_LEDGER_KEY    secret under which patients are digested  made once in .bedside/ledger.key
  BEDSIDE_MODELS        more folders of model folders             none
  BEDSIDE_BASE_URL      public URL, for links in cards            http://HOST:PORT
  BEDSIDE_MAX_BODY_MB   largest request                           16
  BEDSIDE_READ_TIMEOUT  seconds in which a request must arrive    10
  BEDSIDE_CORS_ORIGINS  browser origins that may call, or *       none
  BEDSIDE_FHIR_SERVERS  FHIR servers to read missing data from    none
  BEDSIDE_FHIR_CA_BUNDLE    PEM file of their authorities         the public ones
  BEDSIDE_CLIENTS       YAML file of client profiles              none
  BEDSIDE_TERMINOLOGY   folder of the site's value sets and maps  none
  BEDSIDE_TIME_ZONE     IANA zone of days without a time          UTC
  BEDSIDE_PAGES         pages on models and evidence, without login on

\b
Exit codes:
  0  stopped as told
  1  the server or its workers could not go on; the log tells why
  2  usage, or the service cannot start: a setting, the address, a model or the ledger
     (one line names it and the remedy)

Put a TLS proxy in front before binding anything but loopback: the service speaks plain HTTP and does
not check who calls.
"""


@click.command(epilog=_EPILOG, short_help="Run the CDS Hooks service.")
@click.option("--host", metavar="ADDRESS", help="Address to bind, in place of BEDSIDE_HOST.")
@click.option("--port", metavar="PORT", help="Port to bind, in place of BEDSIDE_PORT.")
@click.option("--workers", metavar="N", help="Processes, in place of BEDSIDE_WORKERS.")
@click.option("--threads", metavar="N", help="Requests at once per process, in place of BEDSIDE_THREADS.")
def serve(**options: str | None) -> None:
    """Run the service until it is told to stop (Ctrl-C or SIGTERM; requests under way are finished).

    Loads the models, checks their digests, opens the ledger, then listens. Logs JSON lines to stderr.
    """
    given = {f"BEDSIDE_{name.upper()}": value for name, value in options.items() if value is not None}
    try:
        settings = from_environment({**os.environ, **given})
        check_address(settings.host, settings.port)
    except SettingsError as error:
        _end(error)
    _run(settings)


def _end(error: SettingsError) -> NoReturn:
    """One line, and the exit code of a setting that does not let the service start."""
    click.echo(f"Error: {error}", err=True)
    raise SystemExit(_EXIT_UNUSABLE) from None


def _run(settings: Settings) -> None:
    from cds_hooks.serving.conf import Server

    def build() -> Any:
        from cds_hooks.app import create_app
        from fhir_mapping import validate

        try:
            application = create_app(settings)
        except SettingsError as error:
            _end(error)
        validate.preload()
        click.echo(f"Bedside at {settings.base_url}", err=True)
        return application

    Server(settings, build).run()
