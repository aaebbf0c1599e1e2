"""Equity of silence: for whom there is no score, no outcome yet, or no card, beside the other figures."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from fairness.disclosure import Cell, Sum, Table
from fairness.engine import FlagTally, Group, GroupResult, flag_rates
from fairness.engine.flags import flag_sample
from fairness.report.figures import metric_row
from fairness.report.gaps import gap_rows
from fairness.report.model import Check, GroupRow, Report
from fairness.report.plan import Plan
from fairness.report.shown import Shown

# With score and outcome, without a score, without an outcome: everybody is in exactly one of them.
FLAGS = ("abstained", "unmatured")
NO_CARD, CARD = "no_card", "card"
_CHECKS = {
    "abstained": ("no score", "people without a score; they are counted as such, and in no other figure"),
    "unmatured": ("no outcome", "people with a score and without an outcome; as above"),
    NO_CARD: ("no card", "people for whom no card was shown, with or without a score"),
}
_NOTE = (
    "People without a score or without an outcome are in no figure but the shares of those; how well the "
    "model would have worked for them is not known."
)


def with_silence(table: Table, silence: FlagTally | None, crossings: Sequence[Sequence[str]]) -> Table:
    """The counts of all people: those with score and outcome (`n`), without a score, without an outcome; and
    those with and without a card."""
    if silence is None:
        return table
    counts, sums = dict(table.counts), list(table.sums)
    found = flag_rates(silence, crossings=crossings).groups
    for result in found:
        group = result.members
        own = {kind: Cell(kind, group) for kind in ("people", *FLAGS, NO_CARD, CARD)}
        flagged = {name: _hits(result, name) for name in silence.flags}
        counts |= {own["people"]: result.n, **{own[name]: hits for name, hits in flagged.items()}}
        apart = [flagged[name] for name in FLAGS]
        counts.setdefault(Cell("n", group), result.n - sum(apart))
        sums.append(Sum(own["people"], (Cell("n", group), *(own[name] for name in FLAGS))))
        if NO_CARD in flagged:
            counts[own[CARD]] = result.n - flagged[NO_CARD]
            sums.append(Sum(own["people"], (own[CARD], own[NO_CARD])))
    for kind in ("people", *silence.flags, *([CARD] if NO_CARD in silence.flags else [])):
        sums += across_values(kind, [result.members for result in found], counts)
    return Table(counts, tuple(sums))


def told_silence(report: Report, silence: FlagTally | None, shown: Shown, plan: Plan) -> Report:
    """The report with the rates of silence after the other figures of each group, and as checks."""
    if silence is None:
        return report
    found = flag_rates(silence, crossings=plan.all_crossings(), level=plan.level, limits=plan.limits)
    results = {result.members: result for result in found.groups}
    # A column of zeros tells nothing that the check does not tell.
    idle = [] if _hits(found.groups[0], "unmatured") else ["unmatured_rate"]
    names = [f"{flag}_rate" for flag in silence.flags if f"{flag}_rate" not in idle]
    gaps = gap_rows(flag_sample(silence), plan.all_crossings(), shown, plan.limits, plan.level, names)
    return msgspec.structs.replace(
        report,
        gaps=(*report.gaps, *gaps),
        groups=tuple(_with_rates(row, results, shown, idle) for row in report.groups),
        checks=(*report.checks, *_checks(silence, found.groups[0], shown)),
        notes=(*report.notes, _NOTE),
    )


def _checks(silence: FlagTally, everybody: GroupResult, shown: Shown) -> Iterator[Check]:
    for flag in silence.flags:
        name, told = _CHECKS[flag]
        hits = _hits(everybody, flag)
        yield Check(name=name, count=hits if shown.cell(flag, ()) else None, told=told)


def _with_rates(
    row: GroupRow, results: Mapping[Group, GroupResult], shown: Shown, idle: Sequence[str]
) -> GroupRow:
    members = next(group for group in results if tuple(map(tuple, group)) == row.members)
    rates = tuple(metric_row(one, members, shown) for one in results[members].metrics if one.name not in idle)
    return msgspec.structs.replace(row, metrics=(*row.metrics, *rates))


def _hits(result: GroupResult, flag: str) -> int:
    return round((result.metric(f"{flag}_rate").value or 0.0) * result.n)


def across_values(kind: str, groups: Sequence[Group], counts: Mapping[Cell, int]) -> list[Sum]:
    """Every group as the sum over the values of one more attribute."""
    parts: dict[tuple[Group, str], list[Cell]] = {}
    for group in groups:
        for member in group:
            parent = tuple(other for other in group if other != member)
            parts.setdefault((parent, member.attribute), []).append(Cell(kind, group))
    return [
        Sum(total, tuple(cells), sum(counts[cell] for cell in cells) - counts[total])
        for (parent, _), cells in parts.items()
        if (total := Cell(kind, parent)) in counts
    ]
