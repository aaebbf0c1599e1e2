"""Plays a hook on one patient, shown card by card, or on many, shown line by line with a closing table."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from cds_hooks.ehr.bundle_file import PatientBundle
from cds_hooks.ehr.columns import printable
from cds_hooks.ehr.context import hook_kind
from cds_hooks.ehr.drafts import draft_orders
from cds_hooks.ehr.errors import EhrError, UnusableFile
from cds_hooks.ehr.json_file import Resource
from cds_hooks.ehr.outcome import ExitCode, Outcome, Tally, exit_code_of, play
from cds_hooks.ehr.player import build_requests
from cds_hooks.ehr.sources import PatientSource
from cds_hooks.ehr.terminal import Screen, render_answer, render_heading
from cds_hooks.ehr.wire import CdsService

__all__ = ["DraftFile", "Round", "play_many", "play_one", "tell_breaches"]


@dataclass(frozen=True, slots=True)
class DraftFile:
    """The decoded draft orders of a file, to be given to each patient."""

    name: str
    document: Any


@dataclass(frozen=True, slots=True)
class Round:
    """What stays the same for all patients of one command."""

    hook: str
    service: CdsService
    offered: Sequence[Mapping[str, Any]]
    user_id: str
    draft: DraftFile | None = None

    def outcomes(self, source: PatientSource) -> Iterator[Outcome]:
        """Play one patient against each service; raises EhrError before the first call."""
        bundle = source.load()
        drafts = self._drafts(source, bundle) if hook_kind(self.hook).needs_drafts else []
        requests = build_requests(self.offered, self.hook, bundle, user_id=self.user_id, drafts=drafts)
        return (play(self.service, request, source.label) for request in requests)

    def _drafts(self, source: PatientSource, bundle: PatientBundle) -> list[Resource]:
        if self.draft is None:
            return source.own_drafts(bundle)
        return draft_orders(self.draft.document, bundle.patient_id, name=self.draft.name)


def play_one(calls: Round, source: PatientSource, *, as_json: bool) -> list[ExitCode]:
    """Print each answer for one patient; errors and breaches go to standard error. Raises EhrError."""
    screen = Screen.of(sys.stdout)
    codes = []
    for outcome in calls.outcomes(source):
        for key, reason in outcome.request.left_out.items():
            _complain(f"Note: prefetch {key!r} left out, {reason}")
        if as_json:
            click.echo(outcome.to_json())
        else:
            click.echo("\n".join(_shown(outcome, screen)), color=screen.colour)
        if outcome.error is not None:
            _complain(f"Error: {outcome.request.service}: {outcome.error}")
        tell_breaches(f"The answer of {outcome.request.service}", outcome.breaches)
        codes.append(outcome.exit_code)
    return codes


def play_many(calls: Round, sources: Sequence[PatientSource], *, as_json: bool) -> list[ExitCode]:
    """Print one line for each patient and a closing table, or one JSON line for each call.

    A patient who cannot be played is told in place and does not stop the others.
    """
    tally = Tally()
    codes = []
    for source in sources:
        try:
            outcomes = list(calls.outcomes(source))
        except EhrError as error:
            tally.add_unplayed()
            codes.append(exit_code_of(error))
            click.echo(_unplayed(source, error, as_json))
            continue
        tally.add(outcomes)
        codes += [outcome.exit_code for outcome in outcomes]
        lines = [found.to_json() for found in outcomes] if as_json else [_in_short(source, outcomes)]
        click.echo("\n".join(lines))
    if not as_json:
        click.echo("\n".join(_closing_table(tally)))
    return codes


def tell_breaches(what: str, breaches: Sequence[str]) -> ExitCode:
    """Tell on standard error how a document breaks CDS Hooks 2.0, and return what that means."""
    if not breaches:
        return ExitCode.ANSWERED
    _complain(f"{what} breaks CDS Hooks 2.0:")
    for breach in breaches:
        _complain(f"  {breach}")
    return ExitCode.BROKEN


def _complain(text: str) -> None:
    click.echo(printable(text), err=True)


def _shown(outcome: Outcome, screen: Screen) -> list[str]:
    lines = render_heading(f"{outcome.request.service} ({outcome.request.body['hook']})", screen)
    if outcome.error is not None:
        return [*lines, "No answer."]
    return lines + render_answer(outcome.answer, screen, outcome.request.hook_instance)


def _in_short(source: PatientSource, outcomes: Sequence[Outcome]) -> str:
    """Say in one line what a patient's calls came to."""
    cards = sum(outcome.cards for outcome in outcomes)
    parts = [_counted(len(outcomes), "call"), _counted(cards, "card")]
    for outcome in outcomes:
        if outcome.error is not None:
            status = outcome.error.status
            parts.append(f"{outcome.request.service}: {f'HTTP {status}' if status else 'not reached'}")
        elif outcome.breaches:
            parts.append(f"{outcome.request.service}: breaks {outcome.breaches[0].split(maxsplit=1)[0]}")
    return printable(f"{source.label}: {', '.join(parts)}")


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _unplayed(source: PatientSource, error: EhrError, as_json: bool) -> str:
    reason = error.problem if isinstance(error, UnusableFile) else str(error)
    if as_json:
        return json.dumps({"patient": source.label, "error": reason})
    return printable(f"{source.label}: not played, {reason}")


def _closing_table(tally: Tally) -> list[str]:
    rows = tally.rows()
    widest = max(len(what) for what, _ in rows)
    return ["", *(f"{what:<{widest}}  {number}" for what, number in rows)]
