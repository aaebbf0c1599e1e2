"""How many more people the groups need that cannot be judged."""

from collections.abc import Iterator

from fairness.report import charts
from fairness.report.charts.bars import Amount, amounts
from fairness.report.content.blocks import Block, Cell, Charts, Column, Paragraph, Section, Table
from fairness.report.content.tables import count_cell, group_name, notes_for, reason_cell
from fairness.report.model import NeededRow, Report
from fairness.report.words import count


def needed(report: Report) -> Iterator[Section]:
    """The sample size panel."""
    if not report.needed:
        return
    rows = [row for row in report.needed if row.state == "ok" and row.patients]
    drawn = [
        Amount(group_name(row.attribute, row.label), float(row.patients or 0), more_people(row))
        for row in rows
    ]
    blocks: list[Block] = [Paragraph(
        "How many more people, and among them people with the outcome, a group needs before its figures "
        "count as evidence, if its share of cases stays as it is."
    )]  # fmt: skip
    if drawn:
        blocks.append(Charts(tuple(amounts("More people needed", part) for part in charts.split(drawn))))
    cells = tuple(
        (
            Cell(group_name(row.attribute, row.label)),
            _needed_cell(row, row.patients),
            _needed_cell(row, row.events),
            reason_cell(row.why, row.state),
        )
        for row in report.needed
    )
    columns = (Column("Group", 2.0), Column("More people", numeric=True), Column("More cases", numeric=True),
               Column("What for", 2.4))  # fmt: skip
    blocks.append(Table("More people needed per group", columns, cells, notes_for(report, cells)))
    yield Section("sample-size", "How many more people are needed", tuple(blocks))


def more_people(row: NeededRow) -> str:
    """`120 more people, 14 of them cases,`."""
    told = f"{count(row.patients)} more people"
    return told if row.events is None else f"{told}, {count(row.events)} of them cases,"


def _needed_cell(row: NeededRow, value: int | None) -> Cell:
    if value is None and row.state == "ok":
        return Cell("no number would do" if row.patients is None else "not counted")
    return count_cell(value, withheld=True)
