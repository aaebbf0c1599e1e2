"""From counts to a report: figures, gaps, verdicts, curves, all after disclosure control."""

from typing import NamedTuple

from fairness.disclosure import Release, Table, suppress
from fairness.engine import Evaluation, FlagTally, Tally, evaluate
from fairness.engine.flags import flag_sample
from fairness.engine.row_sample import RowSample
from fairness.report.cells import report_table
from fairness.report.drawn import group_curves
from fairness.report.figures import Key, group_rows, unestimable
from fairness.report.gaps import gap_rows
from fairness.report.judged import Judged, judged, screened
from fairness.report.model import Outcome, Report, Shrunken
from fairness.report.notes import notes_of
from fairness.report.plan import About, Plan
from fairness.report.sample_size import needed_rows
from fairness.report.shown import Shown
from fairness.report.shrunk import shrunken_figures
from fairness.report.silence import told_silence, with_silence


class Built(NamedTuple):
    """A report, and what is known once it is out: the latter holds what the report withholds."""

    report: Report
    release: Release


def build(tally: Tally, about: About, plan: Plan | None = None, silence: FlagTally | None = None) -> Built:
    """The report on a tally; `silence` counts all people, with the flags `abstained` and `unmatured`.

    Raises `SampleError` or `GroupError` for a claim or crossing that the tally cannot answer.
    """
    asked = plan or Plan()
    crossings = asked.all_crossings()
    table = with_silence(report_table(tally, crossings), silence, crossings)
    hidden = suppress(table, asked.minimum_cell, asked.before, asked.looks)
    shown = Shown(hidden)
    unheard = None if silence is None else flag_sample(silence)
    report = told_silence(_report(tally, table, shown, about, asked, unheard), silence, shown, asked)
    return Built(report, (asked.before or Release()).after(table, hidden, keep=asked.keep_looks))


def _report(
    tally: Tally, table: Table, shown: Shown, about: About, plan: Plan, unheard: RowSample | None
) -> Report:
    crossings = plan.all_crossings()
    found = evaluate(tally, crossings=crossings, level=plan.level, limits=plan.limits)
    rows = group_rows(found, shown, plan.limits, _shrunken(tally, found, plan, shown))
    verdicts = (judged if plan.claims else screened)(tally, plan, shown, unheard)
    silent = unestimable(rows)
    return Report(
        title=about.title,
        source=about.source,
        model=about.model,
        version=about.version,
        created=about.created,
        kind="binary",
        n=rows[0].n,
        events=rows[0].events,
        thresholds=tally.grid.thresholds,
        level=plan.level,
        minimum_cell=plan.minimum_cell,
        alpha=plan.alpha,
        adjustment=verdicts.adjustment,
        outcome=outcome_of(verdicts, silent),
        groups=rows,
        gaps=gap_rows(tally, crossings, shown, plan.limits, plan.level),
        verdicts=verdicts.rows,
        curves=group_curves(tally, table, shown, plan),
        needed=needed_rows(found.groups, rows, shown, plan.limits),
        unestimable=silent,
        left_out=verdicts.left_out,
        checks=about.checks,
        notes=notes_of(rows, tally.grid.thresholds, plan, "binary"),
        data=about.data,
    )


def outcome_of(verdicts: Judged, silent: tuple[str, ...]) -> Outcome:
    """What the audit comes to; never `pass` with a group that cannot be estimated."""
    if verdicts.outcome is not None:
        return "insufficient evidence" if verdicts.outcome == "pass" and silent else verdicts.outcome
    undecided = any(row.outcome == "insufficient evidence" for row in verdicts.rows)
    return "insufficient evidence" if silent or undecided or not verdicts.rows else "no claim"


def _shrunken(tally: Tally, found: Evaluation, plan: Plan, shown: Shown) -> dict[Key, Shrunken]:
    figures = [(figure.name, figure.threshold) for figure in found.groups[0].metrics]
    drawn: dict[Key, Shrunken] = {}
    for crossing in plan.all_crossings():
        drawn |= shrunken_figures(tally, crossing, figures, shown, plan.level)
    return drawn
