"""From rows to a report, for outcomes whose figures need the rows: survival, classes, amounts."""

from fairness.disclosure import Release, suppress
from fairness.engine import Evaluation, FlagTally
from fairness.engine.flags import flag_sample
from fairness.engine.row_sample import RowSample
from fairness.report.build import Built, outcome_of
from fairness.report.figures import group_rows, unestimable
from fairness.report.gaps import gap_rows
from fairness.report.judged import judged, screened
from fairness.report.model import Kind, Report
from fairness.report.notes import notes_of
from fairness.report.plan import About, Plan
from fairness.report.row_cells import table_of_rows
from fairness.report.sample_size import needed_rows
from fairness.report.shown import Shown
from fairness.report.silence import told_silence, with_silence

# No verdict and no gap: on its own scale it says what the mean absolute error says.
_NOT_COMPARED = ("rmse", "concordance", "survival_brier", "brier")


def build_rows(
    sample: RowSample, kind: Kind, about: About, plan: Plan | None = None, silence: FlagTally | None = None
) -> Built:
    """The report on a sample of rows.

    Raises `SampleError` or `GroupError` for a claim or crossing that the sample cannot answer.
    """
    asked = plan or Plan()
    crossings = asked.all_crossings()
    found = sample.evaluate(crossings=crossings, level=asked.level, limits=asked.limits)
    table = with_silence(table_of_rows(found), silence, crossings)
    hidden = suppress(table, asked.minimum_cell, asked.before, asked.looks)
    shown = Shown(hidden)
    unheard = None if silence is None else flag_sample(silence)
    report = told_silence(_report(sample, kind, found, shown, about, asked, unheard), silence, shown, asked)
    return Built(report, (asked.before or Release()).after(table, hidden, keep=asked.keep_looks))


def _report(
    sample: RowSample,
    kind: Kind,
    found: Evaluation,
    shown: Shown,
    about: About,
    plan: Plan,
    unheard: RowSample | None,
) -> Report:
    rows = group_rows(found, shown, plan.limits)
    verdicts = (judged if plan.claims else screened)(sample, plan, shown, unheard)
    compared = [name for name in sample.outcome.names if name not in _NOT_COMPARED]
    silent = unestimable(rows)
    return Report(
        title=about.title,
        source=about.source,
        model=about.model,
        version=about.version,
        created=about.created,
        kind=kind,
        n=rows[0].n,
        events=rows[0].events,
        thresholds=(),
        level=plan.level,
        minimum_cell=plan.minimum_cell,
        alpha=plan.alpha,
        adjustment=verdicts.adjustment,
        outcome=outcome_of(verdicts, silent),
        groups=rows,
        gaps=gap_rows(sample, plan.all_crossings(), shown, plan.limits, plan.level, compared),
        verdicts=verdicts.rows,
        curves=(),
        needed=needed_rows(found.groups, rows, shown, plan.limits),
        unestimable=silent,
        left_out=verdicts.left_out,
        checks=about.checks,
        notes=notes_of(rows, (), plan, kind),
        data=about.data,
    )
