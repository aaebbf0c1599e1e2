"""From rows with a continuous outcome, such as a dose, to a report: bias and errors per group."""

from collections.abc import Iterator, Mapping, Sequence

import numpy.typing as npt

from fairness.disclosure import Cell, Release, Sum, Table, suppress
from fairness.engine import Evaluation, Group, GroupColumn, evaluate_continuous
from fairness.errors import SampleError
from fairness.report.build import Built
from fairness.report.figures import group_rows, unestimable
from fairness.report.model import Report
from fairness.report.notes import notes_of
from fairness.report.plan import About, Plan
from fairness.report.sample_size import needed_rows
from fairness.report.shown import Shown


def build_continuous(
    y: npt.ArrayLike,
    predicted: npt.ArrayLike,
    groups: Mapping[str, GroupColumn],
    about: About,
    plan: Plan | None = None,
) -> Built:
    """The report on n people; `y` and `predicted` (n,) are in one unit.

    Raises `SampleError` for claims, which are about probabilities, and as `evaluate_continuous`.
    """
    asked = plan or Plan()
    if asked.claims:
        raise SampleError("claims: they are about probabilities; a continuous outcome has none to judge")
    found = evaluate_continuous(
        y, predicted, groups, crossings=asked.crossings, level=asked.level, limits=asked.limits
    )
    table = _table(found)
    hidden = suppress(table, asked.minimum_cell, asked.before)
    report = _report(found, Shown(hidden), about, asked)
    return Built(report, (asked.before or Release()).after(table, hidden))


def _report(found: Evaluation, shown: Shown, about: About, plan: Plan) -> Report:
    rows = group_rows(found, shown, plan.limits)
    silent = unestimable(rows)
    return Report(
        title=about.title,
        source=about.source,
        model=about.model,
        version=about.version,
        created=about.created,
        kind="continuous",
        n=rows[0].n,
        events=None,
        thresholds=(),
        level=plan.level,
        minimum_cell=plan.minimum_cell,
        alpha=plan.alpha,
        adjustment="none",
        outcome="insufficient evidence" if silent else "no claim",
        groups=rows,
        gaps=(),
        verdicts=(),
        curves=(),
        needed=needed_rows(found.groups, rows, shown, plan.limits),
        unestimable=silent,
        left_out=(),
        checks=about.checks,
        notes=notes_of(rows, (), plan, "continuous"),
    )


def _table(found: Evaluation) -> Table:
    counts = {Cell("n", result.members): result.n for result in found.groups}
    return Table(counts, tuple(_sums(list(counts), counts)))


def _sums(cells: Sequence[Cell], counts: Mapping[Cell, int]) -> Iterator[Sum]:
    """Every group as the sum over the values of one more attribute."""
    parts: dict[tuple[Group, str], list[Cell]] = {}
    for cell in cells:
        for member in cell.group:
            parent = tuple(other for other in cell.group if other != member)
            parts.setdefault((parent, member.attribute), []).append(cell)
    for (parent, _), inner in parts.items():
        total = Cell("n", parent)
        yield Sum(total, tuple(inner), sum(counts[cell] for cell in inner) - counts[total])
