"""Equity of silence: for whom there is no score, and for whom no outcome yet, beside the other figures."""

from collections.abc import Mapping, Sequence

import msgspec

from fairness.disclosure import Cell, Sum, Table
from fairness.engine import FlagTally, Group, GroupResult, flag_rates
from fairness.report.figures import metric_row
from fairness.report.model import GroupRow, Report
from fairness.report.plan import Plan
from fairness.report.shown import Shown

FLAGS = ("abstained", "unmatured")


def with_silence(table: Table, silence: FlagTally | None, crossings: Sequence[Sequence[str]]) -> Table:
    """The counts of all people: those with score and outcome (`n`), without a score, without an outcome."""
    if silence is None:
        return table
    counts, sums = dict(table.counts), list(table.sums)
    found = flag_rates(silence, crossings=crossings).groups
    for result in found:
        group = result.members
        own = {kind: Cell(kind, group) for kind in ("people", *FLAGS)}
        flagged = {name: _hits(result, name) for name in FLAGS}
        counts |= {own["people"]: result.n, **{own[name]: flagged[name] for name in FLAGS}}
        counts.setdefault(Cell("n", group), result.n - sum(flagged.values()))
        sums.append(Sum(own["people"], (Cell("n", group), *(own[name] for name in FLAGS))))
    for kind in ("people", *FLAGS):
        sums += across_values(kind, [result.members for result in found], counts)
    return Table(counts, tuple(sums))


def told_silence(report: Report, silence: FlagTally | None, shown: Shown, plan: Plan) -> Report:
    """The report with the rates of silence after the other figures of each group."""
    if silence is None:
        return report
    found = flag_rates(silence, crossings=plan.all_crossings(), level=plan.level, limits=plan.limits)
    results = {result.members: result for result in found.groups}
    groups = tuple(_with_rates(row, results, shown) for row in report.groups)
    return msgspec.structs.replace(report, groups=groups)


def _with_rates(row: GroupRow, results: Mapping[Group, GroupResult], shown: Shown) -> GroupRow:
    members = next(group for group in results if tuple(map(tuple, group)) == row.members)
    rates = tuple(metric_row(one, members, shown) for one in results[members].metrics)
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
