"""Small panels per group, each set with the table of the points that it is drawn from."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from fairness.report import charts
from fairness.report.content.blocks import Block, Cell, Charts, Column, Paragraph, Table
from fairness.report.content.tables import count_cell, figure_cell, group_name, notes_for
from fairness.report.model import GroupCurves, Report

MOST_POINTS = 14
_P = TypeVar("_P")


def calibration_blocks(report: Report) -> list[Block]:
    """Calibration curves with bands, everybody in grey behind each group."""
    curves = [_thinned(one) for one in report.curves if one.calibration]
    if not curves:
        return []
    everybody = next((one.calibration for one in curves if one.attribute == "overall"), ())
    scales = charts.calibration_scales(curves)
    panels = tuple(charts.calibration_panel(_name(one), one.calibration, everybody, scales) for one in curves)
    whole = all(len(one.calibration) <= MOST_POINTS for one in report.curves)
    notes = () if whole else (f"At most {MOST_POINTS} points of a curve are shown; report.json has all.",)
    columns = _columns("Group", "Predicted", "Observed, with band")
    rows = tuple(
        (
            Cell(_name(one)),
            figure_cell(point.predicted, None, None, "ok", ""),
            figure_cell(point.observed, point.low, point.high, "ok", ""),
        )
        for one in curves
        for point in one.calibration
    )
    return [
        Paragraph("Calibration curves: of the people with a given score, how many had the outcome? "
                  "A curve above the dashed line means that the score was too low."),
        Charts((charts.key("calibration"),)),
        Charts(panels),
        Table("Points of the calibration curves", columns, rows, notes, folded=True),
    ]  # fmt: skip


def decision_blocks(report: Report) -> list[Block]:
    """Decision curves at the declared thresholds."""
    curves = [one for one in report.curves if one.decision]
    if not curves:
        return []
    scales = charts.decision_scales(curves)
    panels = tuple(charts.decision_panel(_name(one), one.decision, scales) for one in curves)
    columns = _columns("Group", "Threshold", "Model", "Acting on everybody", "Acting on nobody")
    rows = tuple(
        (
            Cell(_name(one)),
            figure_cell(point.threshold, None, None, "ok", ""),
            figure_cell(point.model, point.low, point.high, "ok", "net_benefit"),
            figure_cell(point.treat_all, None, None, "ok", "net_benefit"),
            Cell("0", whole=0),
        )
        for one in curves
        for point in one.decision
    )
    return [
        Paragraph("Decision curves: is it better to act on the model than to act on everybody or on nobody? "
                  "The higher, the better."),
        Charts((charts.key("decision"),)),
        Charts(panels),
        Table("Points of the decision curves", columns, rows, folded=True),
    ]  # fmt: skip


def risk_blocks(report: Report) -> list[Block]:
    """How the scores are spread in each group."""
    curves = [one for one in report.curves if any(band.share is not None for band in one.risk)]
    if not curves:
        return []
    scales = charts.risk_scales(curves)
    panels = tuple(charts.risk_panel(_name(one), one.risk, scales) for one in curves)
    rows = tuple(
        (
            Cell(_name(one)),
            Cell(f"{band.low:g} to {band.high:g}"),
            count_cell(band.people, withheld=True),
            figure_cell(band.share, None, None, "ok" if band.share is not None else "masked", ""),
        )
        for one in curves
        for band in one.risk
    )
    columns = _columns("Group", "Score", "People", "Share of the group")
    table = Table("People by score", columns, rows, notes_for(report, rows), folded=True)
    return [
        Paragraph("How the scores are spread: the share of a group in each band of scores. Bands are "
                  "narrower where scores are low. A cross marks a band that is withheld."),
        Charts(panels),
        table,
    ]  # fmt: skip


def _columns(first: str, *others: str) -> tuple[Column, ...]:
    return (Column(first, 1.6), *(Column(name, 1.0, numeric=True) for name in others))


def _name(one: GroupCurves) -> str:
    return group_name(one.attribute, one.label)


def _thinned(one: GroupCurves) -> GroupCurves:
    points = tuple(_few(one.calibration))
    return GroupCurves(
        attribute=one.attribute,
        value=one.value,
        label=one.label,
        calibration=points,
        decision=one.decision,
        risk=one.risk,
    )


def _few(points: Sequence[_P]) -> Iterator[_P]:
    """Evenly chosen points with both ends."""
    if len(points) <= MOST_POINTS:
        yield from points
        return
    last = len(points) - 1
    for at in range(MOST_POINTS):
        yield points[round(at * last / (MOST_POINTS - 1))]
