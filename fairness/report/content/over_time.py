"""Figures over several reports on the same model, oldest first."""

from collections.abc import Iterator, Sequence

from fairness.report import charts
from fairness.report.content.blocks import Cell, Charts, Column, Paragraph, Section, Table
from fairness.report.content.tables import Key, figure_cell, group_name, metric_of, notes_for
from fairness.report.model import GroupRow, MetricRow, Report
from fairness.report.words import attribute_name, metric_name

_SHOWN = ("auroc", "o_e", "survival_auc", "survival_o_e", "accuracy", "within_one", "bias", "mae",
          "interval_coverage", "abstained_rate")  # fmt: skip


def trend(reports: Sequence[Report]) -> Iterator[Section]:
    """Discrimination and calibration at each look, and the rate of each declared threshold; nothing for a
    single look."""
    if len(reports) < 2:
        return
    newest = reports[-1]
    keys: list[Key] = [(name, None) for name in _SHOWN]
    keys += [*(("sensitivity", threshold) for threshold in newest.thresholds[:1])]
    keys = [key for key in keys if any(metric_of(group, key) for group in newest.groups)]
    scenes = tuple(scene for key in keys for scene in _charts(reports, key))
    told = (
        "Each look is a report of its own. Looking often finds chance differences; the verdicts above belong "
        "to the newest look only."
    )
    tables = tuple(_table(reports, key) for key in keys)
    yield Section("trend", "Trend over time", (Paragraph(told), Charts(scenes), *tables))


def look_names(reports: Sequence[Report]) -> list[str]:
    """The date of each report, or its number."""
    return [(report.created or f"look {at}")[:10] for at, report in enumerate(reports, 1)]


def _charts(reports: Sequence[Report], key: Key) -> Iterator[charts.Scene]:
    """One chart per attribute; everybody comes first in each."""
    newest = reports[-1]
    single = [group for group in newest.groups if len(group.members) < 2]
    for attribute in dict.fromkeys(group.attribute for group in single if group.members):
        groups = [group for group in single if group.attribute in ("overall", attribute)]
        for part in _portions(groups):
            lines = [charts.TrendLine(_label(group), _values(reports, group, key)) for group in part]
            lines = [line for line in lines if any(value is not None for value in line.values)]
            if lines:
                title = f"{metric_name(*key)} by {attribute_name(attribute).lower()}"
                yield charts.trend(title, look_names(reports), lines)


def _portions(groups: Sequence[GroupRow]) -> Iterator[Sequence[GroupRow]]:
    for part in charts.split(groups[1:], charts.MOST_LINES - 1):
        yield [groups[0], *part]


def _values(reports: Sequence[Report], group: GroupRow, key: Key) -> tuple[float | None, ...]:
    found = [_at(report, group, key) for report in reports]
    return tuple(None if row is None or row.state != "ok" else row.value for row in found)


def _at(report: Report, group: GroupRow, key: Key) -> MetricRow | None:
    try:
        return metric_of(report.group(group.attribute, group.value), key)
    except KeyError:
        return None


def _table(reports: Sequence[Report], key: Key) -> Table:
    groups = [group for group in reports[-1].groups if len(group.members) < 2]
    columns = (Column("Group", 1.8), *(Column(name, 1.0, numeric=True) for name in look_names(reports)))
    rows = tuple(
        (Cell(_label(group)), *(_cell(_at(report, group, key)) for report in reports)) for group in groups
    )
    caption = f"{metric_name(*key)} at each look"
    notes = ("Charts show figures with enough data only.", *notes_for(reports[-1], rows))
    return Table(caption, columns, rows, notes, folded=True)


def _cell(row: MetricRow | None) -> Cell:
    if row is None:
        return Cell("not in this report", state="undefined")
    return figure_cell(row.value, row.low, row.high, row.state, row.name)


def _label(group: GroupRow) -> str:
    return group_name(group.attribute, group.label)
