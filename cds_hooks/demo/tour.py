"""The tour of `make run`: starts the service, plays two hooks for a bundled patient and stays up.

Run as ``python -m cds_hooks.demo.tour``. The service's settings apply, except that it stays on loopback;
BEDSIDE_TOUR_ONCE=1 ends the tour after the cards.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType

import click

from cds_hooks.demo.compose import story
from cds_hooks.demo.server import Server, ServerError, serving
from cds_hooks.ehr.columns import wrap
from cds_hooks.ehr.errors import EhrError
from cds_hooks.ehr.outcome import ExitCode, worst
from cds_hooks.ehr.player import services_of
from cds_hooks.ehr.rounds import Round, play_one
from cds_hooks.ehr.sources import patient_sources
from cds_hooks.ehr.wire import CdsService
from cds_hooks.errors import SettingsError
from cds_hooks.settings import from_environment

__all__ = ["main"]

_PATIENT = "maria-lindqvist"
_OTHER_PATIENT = "thomas-begaye"
_PATIENT_WITHOUT_CARD = "rosa-delgado-mendez"
_HOOKS = ("patient-view", "order-select")
_USER = "Practitioner/bedside-demo"
_LOG = Path(".bedside") / "serve.log"
_WIDTH = 80
_DEFAULT_URL = "http://127.0.0.1:8080"


def main() -> int:
    """Give the tour and return the exit code: 0 after Ctrl-C, 1 when the service did not come up."""
    _obey_signals()
    try:
        return _tour(from_environment(os.environ).port, once=os.environ.get("BEDSIDE_TOUR_ONCE") == "1")
    except KeyboardInterrupt:
        click.echo("\nStopped.")
        return 0
    except (ServerError, SettingsError) as error:
        click.echo(f"Error: {error}", err=True)
        return 1


def _obey_signals() -> None:
    # SIGINT too: a shell starts what it runs in the background with SIGINT ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    # Ignored under nohup, and then meant to be.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _tour(port: int, *, once: bool) -> int:
    with serving(port, _LOG) as server:
        click.echo(f"Bedside listens on {server.url}\n")
        click.echo("\n".join(wrap(story(_PATIENT), _WIDTH)) + "\n")
        code = _play(server.url)
        if once:
            return int(code)
        click.echo("\n".join(_where_to_look(server.url)))
        _stay(server)
    return int(code)


def _play(url: str) -> ExitCode:
    """Show the cards of each hook; what goes wrong is told in place and does not end the tour."""
    codes = []
    service, zone = CdsService(url), from_environment().time_zone
    for hook in _HOOKS:
        try:
            calls = Round(hook, service, services_of(service.discovery(), hook), _USER)
            codes += play_one(calls, patient_sources(_PATIENT, zone=zone)[0], as_json=False)
        except EhrError as error:
            click.echo(f"Error: {hook}: {error}", err=True)
            codes.append(ExitCode.FAILED)
    return worst(codes)


def _where_to_look(url: str) -> list[str]:
    bedside = Path(sys.executable).with_name("bedside")
    command = os.path.relpath(bedside) if bedside.exists() else "bedside"
    at = "" if url == _DEFAULT_URL else f" --url {url}"
    rows = [
        ("What the service offers", f"{url}/cds-services"),
        ("The models, for people", f"{url}/models"),
        ("Counters and timings", f"{url}/metrics"),
        ("What was decided and why", f"{command} ledger summary"),
        ("Another patient", f"{command} hook patient-view --patient {_OTHER_PATIENT}{at}"),
        ("A patient without a card", f"{command} hook patient-view --patient {_PATIENT_WITHOUT_CARD}{at}"),
        ("All bundled patients", f"{command} patients list"),
        ("The service's own log", str(_LOG)),
        ("Stop", "Ctrl-C"),
    ]
    widest = max(len(what) for what, _ in rows)
    return ["Where to look next", "-" * _WIDTH, *(f"{what:<{widest}}  {where}" for what, where in rows)]


def _stay(server: Server) -> None:
    """Wait until the service ends, which it should not do by itself; Ctrl-C ends the wait."""
    code = server.process.wait()
    raise ServerError(f"the service ended by itself with exit code {code}; its log is {_LOG}")


if __name__ == "__main__":
    sys.exit(main())
