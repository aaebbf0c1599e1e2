"""What was claimed, what the data say to it, and the groups that this rests on."""

from collections.abc import Sequence

from fairness.report.content.blocks import Block, Cell, Column, Heading, Paragraph, Points, Section, Table
from fairness.report.content.sample_size import more_people
from fairness.report.content.tables import (
    figure_cell,
    group_name,
    notes_for,
    reason_cell,
    size_cells,
    size_columns,
)
from fairness.report.model import Report, VerdictRow
from fairness.report.words import STATES, VERDICTS, attribute_name, term


def verdicts(report: Report) -> Section:
    """What was claimed and what the data say to it; without claims, that there were none."""
    claims = [row for row in report.verdicts if row.kind != "screen"]
    groups: list[Block] = [Heading("The groups"), _group_table(report)]
    if not claims:
        return Section("verdicts", "Verdicts", (Paragraph(VERDICTS["no claim"][1]), *groups))
    used = [name for name in VERDICTS if any(row.outcome == name for row in claims)]
    blocks: list[Block] = [
        Points(tuple(VERDICTS[name][1] for name in used), tuple(VERDICTS[name][0] for name in used)),
        _verdict_table(report, claims),
    ]
    if report.left_out:
        blocks.append(Paragraph(f"Not judged by any claim: {', '.join(report.left_out)}."))
    return Section("verdicts", "Verdicts per claim", (*blocks, *groups))


def _verdict_table(report: Report, rows: Sequence[VerdictRow]) -> Table:
    columns = (Column("Claim", 2.6), Column("Group", 1.6), Column("Verdict", 1.3),
               Column("Estimate", 1.3, numeric=True), Column("Adjusted p", 0.8, numeric=True),
               Column("Why, and what it would take", 2.4))  # fmt: skip
    cells = tuple(
        (
            Cell(_claim(row)),
            Cell(verdict_name(row)),
            Cell(VERDICTS[row.outcome][0], verdict=row.outcome),
            figure_cell(row.estimate, row.low, row.high, row.state, row.metric),
            figure_cell(row.p_adjusted, None, None, row.state, ""),
            Cell(_why(row)),
        )
        for row in rows
    )
    small = f"Small print: interval of the estimate. p values are adjusted together ({report.adjustment})."
    return Table("Verdict per claim and group", columns, cells, (small, *notes_for(report, cells)))


def _why(row: VerdictRow) -> str:
    parts = [row.why] if row.why and row.state != "masked" else []
    if row.needed is not None and row.needed.state == "ok":
        parts.append(f"{more_people(row.needed)} {row.needed.why}" if row.needed.patients else row.needed.why)
    return "; ".join(parts)


def verdict_name(row: VerdictRow) -> str:
    """Whom a verdict is about: a group, or all groups of an attribute."""
    if row.kind in ("spread", "screen"):
        return f"All groups of {attribute_name(row.attribute).lower()}"
    return group_name(row.attribute, row.label)


def _claim(row: VerdictRow) -> str:
    """The claim with the name of its figure as it stands everywhere else."""
    return row.claim.replace(row.metric, term(row.metric).name, 1).replace("_", " ")


def _group_table(report: Report) -> Table:
    columns = (Column("Group", 2.0), *size_columns(report), Column("As evidence", 1.0), Column("Why", 2.4))
    rows = tuple(
        (
            Cell(group_name(group.attribute, group.label)),
            *size_cells(report, group),
            Cell(STATES[group.state], state=group.state),
            reason_cell(group.why, group.state),
        )
        for group in report.groups
    )
    return Table(
        "Groups, and whether there are enough people to judge", columns, rows, notes_for(report, rows)
    )
