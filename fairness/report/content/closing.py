"""What comes last: limits of the report, method, sources, and how to make the same report again."""

import hashlib
from collections.abc import Mapping

import msgspec

from fairness.report.content.blocks import Block, Cell, Column, Heading, Paragraph, Points, Section, Table
from fairness.report.content.tables import count_cell, group_name, notes_for
from fairness.report.model import Report
from fairness.report.names import attribute_title
from fairness.report.words import STATES, attribute_name, count, metric_name, withheld_note

_METHOD_OF_ROWS = {
    "continuous": {"Bias and errors": "Means over people, with Student intervals."},
    "survival": {"Censoring": "Each person counts for those like them who were lost before the horizon "
                              "(inverse probability of censoring weights, estimated within each group)."},
    "multi-class": {"Classes": "AUROC and observed over expected are those of one class against the rest."},
    "ordinal": {"Classes": "Steps between neighbouring classes count as equal; kappa has quadratic weights "
                           "and a bootstrap interval."},
}  # fmt: skip
_METHOD: dict[str, str] = {
    "Rates": "Wilson intervals; differences of rates: Newcombe.",
    "AUROC": "Counted from the scores; interval by DeLong's variance.",
    "Calibration": "Intercept and slope by logistic regression on the log odds of the score; curve by a "
                   "restricted cubic spline with its pointwise band.",
    "Net benefit": "Vickers and Elkin, at the declared thresholds.",
    "Gaps": "The largest gap is set against its distribution among equal groups (permutation for rates, "
            "normal errors otherwise), because the largest of several small gaps is never 0.",
    "Shrinkage": "Normal-normal empirical Bayes, variance between groups by Paule and Mandel.",
}  # fmt: skip
_SOURCES = (
    "Wilson EB. J Am Stat Assoc 1927;22:209-212.",
    "Newcombe RG. Stat Med 1998;17:873-890.",
    "DeLong ER, DeLong DM, Clarke-Pearson DL. Biometrics 1988;44:837-845.",
    "Van Calster B et al. BMC Med 2019;17:230.",
    "Austin PC, Steyerberg EW. Stat Med 2019;38:4051-4065.",
    "Vickers AJ, Elkin EB. Med Decis Making 2006;26:565-574.",
    "Paule RC, Mandel J. J Res Natl Bur Stand 1982;87:377-385.",
    "Small cells: cell size suppression policy of the Centers for Medicare and Medicaid Services.",
)


def limits(report: Report) -> Section:
    """What this report cannot show, and what was found about the input."""
    blocks: list[Block] = [Points(report.notes) if report.notes else Paragraph("No limits were stated.")]
    if report.checks:
        rows = tuple(
            (Cell(check.name), count_cell(check.count, withheld=True), Cell(check.told))
            for check in report.checks
        )
        columns = (Column("Check", 1.2), Column("Count", 0.7, numeric=True), Column("Finding", 3.0))
        blocks += [Heading("Checks of the input"), Table("Checks of the input", columns, rows,
                                                         notes_for(report, rows))]  # fmt: skip
    blocks += _reasons(report)
    return Section("limits", "What this report cannot show", tuple(blocks))


def _reasons(report: Report) -> list[Block]:
    """Why a figure has no value, no interval or too little behind it, where the group itself is enough."""
    rows = tuple(
        (
            Cell(group_name(group.attribute, group.label)),
            Cell(metric_name(row.name, row.threshold)),
            Cell(STATES[row.state], state=row.state),
            Cell(row.why),
        )
        for group in report.groups
        for row in group.metrics
        if row.why and row.state != "masked" and row.why != group.why
    )
    columns = (Column("Group", 1.6), Column("Figure", 1.2), Column("State", 1.0), Column("Why", 2.6))
    caption = "Figures with too little behind them, and why"
    return [Table(caption, columns, rows, notes_for(report, rows), folded=True)] if rows else []


def method(report: Report) -> Section:
    """How the figures were made, and from what."""
    common = {name: _METHOD[name] for name in ("Rates", "Gaps")}
    told = _METHOD if report.kind == "binary" else {**_METHOD_OF_ROWS[report.kind], **common}
    blocks: list[Block] = [
        Paragraph(f"Data: {report.source}."),
        Paragraph(f"Intervals cover {report.level:.0%}. {withheld_note(report)}"),
        *_attributes(report),
        Points(tuple(told.values()), tuple(told)),
        Heading("Sources"),
        Points(_SOURCES),
    ]
    return Section("method", "Method and sources", tuple(blocks))


def _attributes(report: Report) -> list[Block]:
    """The full names of attributes that are called by a shorter one elsewhere."""
    names = dict.fromkeys(member for group in report.groups for member, _ in group.members)
    told = {attribute_name(name): attribute_title((name,)) for name in names}
    told = {short: full for short, full in told.items() if short.lower() != full.lower()}
    return [Points(tuple(told.values()), tuple(told))] if told else []


def reproducibility(report: Report, made_with: Mapping[str, str]) -> Section:
    """Everything that it takes to make the same bytes again."""
    facts = {
        "Report made": report.created or "no date given",
        "Kind of outcome": report.kind,
        "Thresholds": ", ".join(f"{one:g}" for one in report.thresholds) or "none declared",
        "Level of intervals": f"{report.level:g}",
        "Level of tests": f"{report.alpha:g}, adjusted: {report.adjustment}",
        "Smallest count told": count(report.minimum_cell),
        **{f"SHA-256 of {file.name}": file.sha256 for file in report.data},
        **made_with,
        "SHA-256 of the figures": digest(report),
    }
    rows = tuple((Cell(name), Cell(text)) for name, text in facts.items())
    told = (
        "The same data and settings make the same report, byte for byte. The digest is that of the figures "
    )
    told += "in report.json, written as JSON without spaces."
    columns = (Column("What", 1.0), Column("Value", 2.6))
    table = Table("Settings and digests", columns, rows)
    return Section("reproducibility", "Reproducibility", (Paragraph(told), table))


def digest(report: Report) -> str:
    """SHA-256 of the report as compact JSON: two views with the same digest show the same figures."""
    return hashlib.sha256(msgspec.json.encode(report)).hexdigest()
