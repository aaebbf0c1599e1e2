"""What came of hook calls: one record for each, a tally of many, and the exit code that scripts read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from statistics import median
from typing import Any

from cds_hooks.ehr.conformance import violations
from cds_hooks.ehr.errors import (
    BrokenAnswer,
    EhrError,
    ServiceError,
    ServiceFailed,
    ServiceRefused,
    ServiceUnreachable,
)
from cds_hooks.ehr.player import HookRequest
from cds_hooks.ehr.wire import CdsService

__all__ = ["ExitCode", "Outcome", "Tally", "exit_code_of", "play", "worst"]


class ExitCode(IntEnum):
    """What the command tells the shell."""

    ANSWERED = 0
    USAGE = 2
    UNREACHABLE = 3
    REFUSED = 4
    FAILED = 5
    BROKEN = 6


_GRAVEST_FIRST = (
    ExitCode.UNREACHABLE,
    ExitCode.FAILED,
    ExitCode.REFUSED,
    ExitCode.BROKEN,
    ExitCode.USAGE,
    ExitCode.ANSWERED,
)

_CODES: dict[type[EhrError], ExitCode] = {
    ServiceUnreachable: ExitCode.UNREACHABLE,
    ServiceRefused: ExitCode.REFUSED,
    ServiceFailed: ExitCode.FAILED,
    BrokenAnswer: ExitCode.BROKEN,
}


def exit_code_of(error: EhrError) -> ExitCode:
    """Return the exit code of an error; what is no fault of the service is one of usage."""
    return _CODES.get(type(error), ExitCode.USAGE)


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the gravest code: unreachable, failed, refused, broken, usage, answered."""
    return min(codes, key=_GRAVEST_FIRST.index, default=ExitCode.ANSWERED)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One hook call: the decoded answer, or the error that came instead."""

    patient: str
    request: HookRequest
    answer: Any = None
    seconds: float | None = None
    error: ServiceError | None = None
    breaches: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of this call alone."""
        if self.error is not None:
            return exit_code_of(self.error)
        return ExitCode.BROKEN if self.breaches else ExitCode.ANSWERED

    @property
    def cards(self) -> int:
        """How many cards came."""
        cards = self.answer.get("cards") if isinstance(self.answer, dict) else None
        return len(cards) if isinstance(cards, list) else 0

    def to_json(self) -> str:
        """Return one line of JSON without the request: what was called, and what came back."""
        line: dict[str, Any] = {
            "patient": self.patient,
            "hook": self.request.body["hook"],
            "service": self.request.service,
            "hookInstance": self.request.hook_instance,
        }
        if self.error is not None:
            line |= {"status": self.error.status, "error": str(self.error)}
        else:
            line |= {"status": 200, "seconds": round(self.seconds or 0.0, 4), "response": self.answer}
        if self.breaches:
            line["violations"] = self.breaches
        if self.request.left_out:
            line["prefetchLeftOut"] = self.request.left_out
        return json.dumps(line)


def play(service: CdsService, request: HookRequest, patient: str) -> Outcome:
    """Call the service once and judge the answer; an error of the exchange becomes part of the outcome."""
    try:
        answer = service.call(request.service, request.body)
    except ServiceError as error:
        return Outcome(patient, request, error=error)
    breaches = violations(answer.document)
    return Outcome(patient, request, answer.document, answer.seconds, breaches=breaches)


@dataclass(slots=True)
class Tally:
    """Counts over the calls of many patients."""

    patients: int = 0
    unplayed: int = 0
    calls: int = 0
    cards: int = 0
    silences: int = 0
    broken: int = 0
    unreachable: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Count the calls of one patient."""
        self.patients += 1
        for outcome in outcomes:
            self.calls += 1
            self.cards += outcome.cards
            self.broken += outcome.exit_code == ExitCode.BROKEN
            self.unreachable += outcome.exit_code == ExitCode.UNREACHABLE
            self._add_result(outcome)

    def add_unplayed(self) -> None:
        """Count a patient whose file or hook could not be played."""
        self.patients += 1
        self.unplayed += 1

    def rows(self) -> list[tuple[str, str]]:
        """Return the closing table as (what, how many); counts that are seldom other than 0 only if so."""
        rows = [
            ("patients", str(self.patients)),
            ("calls", str(self.calls)),
            ("cards", str(self.cards)),
            ("silences", str(self.silences)),
        ]
        rows += [(f"errors HTTP {status}", str(n)) for status, n in sorted(self.statuses.items())]
        seldom = {
            "not reached": self.unreachable,
            "answers that break CDS Hooks 2.0": self.broken,
            "patients not played": self.unplayed,
        }
        rows += [(what, str(number)) for what, number in seldom.items() if number]
        if self.seconds:
            slowest, middle = max(self.seconds), median(self.seconds)
            rows.append(
                ("time of an answer", f"median {middle * 1000:.0f} ms, slowest {slowest * 1000:.0f} ms")
            )
        return rows

    def _add_result(self, outcome: Outcome) -> None:
        if outcome.error is not None:
            if outcome.error.status is not None and outcome.error.status >= 300:
                self.statuses[outcome.error.status] += 1
            return
        self.silences += outcome.cards == 0 and not outcome.breaches
        if outcome.seconds is not None:
            self.seconds.append(outcome.seconds)
