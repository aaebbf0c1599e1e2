"""Gaps between groups: the largest beside what chance alone gives, and each group against everybody else."""

from collections.abc import Iterator, Sequence

from fairness.engine.estimates import scale_of
from fairness.report import charts
from fairness.report.content.blocks import Block, Cell, Charts, Column, Heading, Paragraph, Section, Table
from fairness.report.content.figures import forest_text
from fairness.report.content.tables import MOST_COLUMNS, Key, figure_cell, group_name, notes_for
from fairness.report.model import GapRow, Report, VerdictRow
from fairness.report.words import VERDICTS, attribute_name, metric_name


def gaps(report: Report) -> Iterator[Section]:
    """The largest gap per attribute beside what chance gives, then every group against everybody else."""
    spreads = [row for row in report.verdicts if row.gap_95 is not None or row.kind in ("spread", "screen")]
    if not (spreads or report.gaps):
        return
    blocks: list[Block] = []
    if spreads:
        blocks.append(Paragraph(
            "Small groups differ by chance even where the model treats all alike. The grey bar shows how "
            "large the largest gap gets in 95 of 100 such cases. A gap inside the bar is no evidence of a "
            "difference. It is no evidence of equality either."
        ))  # fmt: skip
        scenes = tuple(_spread_charts(spreads))
        blocks += [Charts(scenes)] if scenes else []
        blocks.append(_spread_table(report, spreads))
    if report.gaps:
        blocks.append(Heading("Each group against everybody else"))
        blocks.append(Charts(tuple(_gap_charts(report))))
        blocks += _gap_tables(report)
    yield Section("gaps", "Gaps against what chance alone gives", tuple(blocks))


def _spread_charts(rows: Sequence[VerdictRow]) -> Iterator[charts.Scene]:
    for metric, threshold in dict.fromkeys((row.metric, row.threshold) for row in rows):
        chosen = [row for row in rows if (row.metric, row.threshold) == (metric, threshold)]
        if all(row.estimate is None for row in chosen):
            continue
        equal = 1.0 if scale_of(metric) == "ratio" else 0.0
        title = f"Largest gap: {metric_name(metric, threshold)}"
        lines = tuple(
            charts.ForestRow(
                attribute_name(row.attribute),
                row.estimate,
                None,
                None,
                row.state == "ok",
                forest_text(row.estimate, None, None, row.state, metric),
                None if row.gap_95 is None else (equal, row.gap_95),
            )
            for row in chosen
        )
        told = f"Largest gap between groups and what chance alone gives, for {len(lines)} attributes."
        yield charts.forest(charts.Forest(title, told, lines, equal, "no gap"))


def _spread_table(report: Report, rows: Sequence[VerdictRow]) -> Table:
    columns = (Column("Attribute", 1.4), Column("Figure", 1.6), Column("Largest gap", numeric=True),
               Column("Mean gap by chance", numeric=True), Column("95 of 100 below", numeric=True),
               Column("Adjusted p", 0.8, numeric=True), Column("Finding", 1.4))  # fmt: skip
    cells = tuple(
        (
            Cell(attribute_name(row.attribute)),
            Cell(
                metric_name(row.metric, row.threshold)
                + (" (ratio)" if scale_of(row.metric) == "ratio" else "")
            ),
            *(
                figure_cell(value, None, None, row.state, row.metric)
                for value in (row.estimate, row.expected_gap, row.gap_95)
            ),
            figure_cell(row.p_adjusted, None, None, row.state, ""),
            Cell(VERDICTS[row.outcome][0], verdict=row.outcome),
        )
        for row in rows
    )
    return Table("Largest gap between groups, and what chance alone gives", columns, cells,
                 notes_for(report, cells))  # fmt: skip


def _gap_charts(report: Report) -> Iterator[charts.Scene]:
    for metric, threshold in dict.fromkeys((row.metric, row.threshold) for row in report.gaps):
        chosen = [row for row in report.gaps if (row.metric, row.threshold) == (metric, threshold)]
        ratio = chosen[0].scale == "ratio"
        what = "ratio to" if ratio else "difference from"
        title = f"{metric_name(metric, threshold)}: {what} everybody else"
        for part in charts.split([_gap_row(row) for row in chosen if " × " not in row.attribute]):
            told = f"{title}, {len(part)} groups."
            line = 1.0 if ratio else 0.0
            yield charts.forest(charts.Forest(title, told, part, line, "no difference", ratio))


def _gap_row(row: GapRow) -> charts.ForestRow:
    text = forest_text(row.gap, row.low, row.high, row.state, row.metric, signed=row.scale == "difference")
    label = group_name(row.attribute, row.label)
    return charts.ForestRow(label, row.gap, row.low, row.high, row.state == "ok", text)


def _gap_tables(report: Report) -> Iterator[Table]:
    """Groups down, figures across, at most five to a table."""
    found = {(row.attribute, row.label, row.metric, row.threshold): row for row in report.gaps}
    groups = list(dict.fromkeys((row.attribute, row.label) for row in report.gaps))
    keys: list[Key] = list(dict.fromkeys((row.metric, row.threshold) for row in report.gaps))
    for at in range(0, len(keys), MOST_COLUMNS):
        part = keys[at : at + MOST_COLUMNS]
        columns = [Column("Group", 1.8), *(Column(_gap_name(key), 1.2, numeric=True) for key in part)]
        rows = tuple(
            (Cell(group_name(*group)), *(_gap_cell(found.get((*group, *key))) for key in part))
            for group in groups
        )
        names = ", ".join(dict.fromkeys(metric_name(name, None) for name, _ in part))
        reach = f"Small print: {report.level:.0%} interval."
        yield Table(
            f"Gap to everybody else: {names}", tuple(columns), rows, (reach, *notes_for(report, rows))
        )


def _gap_name(key: Key) -> str:
    return f"{metric_name(*key)} (ratio)" if scale_of(key[0]) == "ratio" else metric_name(*key)


def _gap_cell(row: GapRow | None) -> Cell:
    if row is None:
        return Cell("not computed", state="undefined")
    signed = row.scale == "difference"
    return figure_cell(row.gap, row.low, row.high, row.state, row.metric, signed=signed)
