"""What `bedside audit` was asked to do with a file: its options, checked against each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

if TYPE_CHECKING:
    from fairness.audit.questions import Question
    from fairness.audit.source import Source
    from fairness.report.build import Built
    from fairness.report.model import Report
    from fairness.report.plan import About, Plan
    from fairness.report.policy import AuditPolicy

__all__ = ["Request", "built", "earlier_reports", "require_same"]


class Request(NamedTuple):
    """The options, as they were given."""

    predictions: Path
    score: tuple[str, ...]
    outcome: str
    groups: tuple[str, ...]
    patient: str | None
    shown: str | None
    thresholds: tuple[float, ...]
    time: str | None
    horizon: float | None
    classes: tuple[str, ...]
    ordinal: bool
    continuous: bool
    low: str | None
    high: str | None
    claims: tuple[str, ...]
    policy: Path | None
    intersections: bool
    minimum_cell: int
    release: Path | None
    earlier: tuple[Path, ...]
    created: str | None
    title: str | None
    model: str | None
    model_version: str | None
    gate: bool
    out: Path

    @property
    def is_of_classes(self) -> bool:
        """Whether the outcome is one of several classes."""
        return bool(len(self.score) > 1 or self.classes or self.ordinal)


def built(asked: Request, earlier: tuple[Report, ...]) -> Built:
    """The report; `earlier` are those that came before, oldest first.

    Raises `click.UsageError` for options that do not go together, `FairnessError` for what cannot be audited.
    """
    from fairness.audit.run import audit, audit_rows
    from fairness.audit.source import Columns, Source
    from fairness.report.policy import AuditPolicy, read_policy

    policy = AuditPolicy() if asked.policy is None else read_policy(asked.policy)
    question = _question(asked)
    named = (question.wanted.numbers if question is not None else asked.score)[1:]
    more = tuple(name for name in named if name != asked.outcome)
    columns = Columns(asked.score[0], asked.outcome, asked.groups, asked.patient, asked.shown, more)
    source = Source(asked.predictions, columns)
    require_same(asked.model, "binary" if question is None else question.kind, earlier)
    plan, about = _plan(asked, policy, earlier), _about(asked, source, question)
    if asked.gate and not plan.claims:
        raise click.UsageError("--gate needs something to judge; add --claim or a --policy with claims")
    if question is None:
        return audit(source, (*asked.thresholds, *policy.thresholds), about, plan)
    if policy.thresholds:
        raise click.UsageError("thresholds in the --policy file are for outcomes of yes or no; take them out")
    return audit_rows(source, question, about, plan)


def require_same(model: str | None, kind: str, earlier: tuple[Report, ...]) -> None:
    """Raise `click.UsageError` for an earlier report on another model or kind of outcome, whose figures would
    stand in the trend as if they were this one's."""
    for report in earlier:
        if report.kind != kind:
            raise click.UsageError(
                f"--earlier: a report on a {report.kind} outcome, and this audit is on a {kind} one; name "
                "reports on the same"
            )
        if None not in (report.model, model) and report.model != model:
            raise click.UsageError(
                f"--earlier: a report on {report.model!r}, and this audit is on {model!r}; name "
                "reports on the same model"
            )


def earlier_reports(paths: tuple[Path, ...]) -> tuple[Report, ...]:
    """Former reports, oldest first where each has a date, otherwise in the order given.

    Raises `click.UsageError` for a file that is no report.json.
    """
    import msgspec

    from fairness.report.json_view import from_json

    found: list[Report] = []
    for path in paths:
        try:
            found.append(from_json(path.read_bytes()))
        except (msgspec.MsgspecError, OSError):
            raise click.UsageError(
                f"--earlier {path.name}: not a report.json; name one that an audit wrote"
            ) from None
    if all(report.created is not None for report in found):
        found.sort(key=lambda report: report.created or "")
    return tuple(found)


def _question(asked: Request) -> Question | None:
    """What is asked beyond scores and outcomes of yes or no; raises `click.UsageError` for a mixture."""
    from fairness.audit.questions import Amount, UpTo

    _together(asked.time is not None, asked.horizon is not None, "--time COL", "--horizon T")
    _together(asked.low is not None, asked.high is not None, "--low COL", "--high COL")
    is_amount = asked.continuous or asked.low is not None
    kinds = {"--time": asked.time is not None, "--score for each class, --classes or --ordinal":
             asked.is_of_classes, "--continuous, --low and --high": is_amount}  # fmt: skip
    chosen = [name for name, is_chosen in kinds.items() if is_chosen]
    if len(chosen) > 1:
        raise click.UsageError(f"{chosen[0]} and {chosen[1]} are of different kinds of outcome; choose one")
    if chosen and asked.thresholds:
        raise click.UsageError(f"--threshold is for outcomes of yes or no; leave it out with {chosen[0]}")
    if asked.time is not None and asked.horizon is not None:
        return UpTo(asked.score[0], asked.outcome, asked.time, asked.horizon)
    if asked.is_of_classes:
        return _classes(asked)
    if is_amount:
        limits = (asked.low, asked.high) if asked.low is not None and asked.high is not None else None
        return Amount(asked.score[0], asked.outcome, limits)
    return None


def _classes(asked: Request) -> Question:
    from fairness.audit.questions import OneOf

    classes = asked.classes or asked.score
    if len(set(classes)) != len(classes) or len(classes) < 2:
        raise click.UsageError(
            "--classes: name two classes or more, each once, such as --classes low,middle,high"
        )
    if len(asked.score) == 1 and not asked.ordinal:
        raise click.UsageError("--classes needs one --score COL for each class, or --ordinal and a column of "
                               "predicted classes")  # fmt: skip
    if len(asked.score) not in (1, len(classes)):
        raise click.UsageError(
            f"--classes: {len(classes)} classes, and {len(asked.score)} columns of --score; give one for each"
        )
    return OneOf(asked.score, asked.outcome, classes, asked.ordinal)


def _together(one: bool, other: bool, first: str, second: str) -> None:
    if one != other:
        given, needed = (first, second) if one else (second, first)
        raise click.UsageError(f"{given} needs {needed}")


def _plan(asked: Request, policy: AuditPolicy, earlier: tuple[Report, ...]) -> Plan:
    from itertools import combinations

    from fairness.audit.files import read_release
    from fairness.metric import Sufficiency
    from fairness.report.claim_text import parse_claim
    from fairness.report.earlier import look_of
    from fairness.report.plan import Plan

    if asked.release is not None and asked.out.resolve() in asked.release.resolve().parents:
        raise click.UsageError("--release holds what the report withholds; keep it outside --out")
    claims = policy.all_claims()
    for text in asked.claims:
        claims += parse_claim(text)
    if asked.shown is None and any(claim.metric == "no_card_rate" for claim in claims):
        raise click.UsageError("a claim on no_card_rate needs --shown COL")
    return Plan(
        claims=claims,
        crossings=tuple(combinations(asked.groups, 2)) if asked.intersections else (),
        limits=Sufficiency(policy.min_n, policy.min_events),
        alpha=policy.alpha,
        purpose=policy.purpose,
        minimum_cell=asked.minimum_cell,
        before=None if asked.release is None else read_release(asked.release),
        looks=tuple(map(look_of, earlier)),
        keep_looks=asked.release is not None,
    )


def _about(asked: Request, source: Source, question: Question | None) -> About:
    from fairness.report.plan import About

    scores = f"{'score' if len(asked.score) == 1 else 'scores'} {', '.join(asked.score)}"
    told = f"{source.path.name}, {scores}, outcome {asked.outcome}"
    if asked.time is not None and asked.horizon is not None:
        told += f" up to {asked.horizon:g} by {asked.time}"
    if question is not None and asked.classes:
        told += f", classes {', '.join(asked.classes)}"
    if asked.low is not None:
        told += f", intervals from {asked.low} to {asked.high}"
    return About(
        title=asked.title or f"Fairness audit of {source.path.name}",
        source=told,
        model=asked.model,
        version=asked.model_version,
        created=asked.created,
    )
