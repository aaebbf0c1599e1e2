"""Curves and bars of the groups that are told.

Nothing here lies on a count of few people: a calibration curve is read off at round scores, between scores
that enough people are below and above, and the bars are counts under disclosure control.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from fairness.disclosure import Table
from fairness.engine import (
    Group,
    GroupTally,
    Tally,
    attribute_name,
    calibration_curve,
    decision_curve,
    value_name,
)
from fairness.report.cells import band_cell, bands
from fairness.report.model import CalibrationPoint, DecisionPoint, GroupCurves, RiskBand
from fairness.report.names import group_label
from fairness.report.plan import Plan
from fairness.report.shown import Shown

_STEPS = 40


def group_curves(tally: Tally, table: Table, shown: Shown, plan: Plan) -> tuple[GroupCurves, ...]:
    """Everybody and the groups of single attributes, where people, events and non-events are told."""
    return tuple(
        GroupCurves(
            attribute=attribute_name(group),
            value=value_name(group),
            label=group_label(group),
            calibration=tuple(_calibration(tally.of(group), plan)),
            decision=tuple(_decision(tally.of(group), group, shown, plan.level)),
            risk=tuple(_risk(tally, table, group, shown)),
        )
        for group in tally.groups()
        if shown.whole(group) and tally.of(group).n
    )


def _calibration(people: GroupTally, plan: Plan) -> Iterator[CalibrationPoint]:
    found = calibration_curve(people, plan.level)
    if len(found) < 2:
        return
    at, *columns = np.array([(p.predicted, p.observed, p.low, p.high) for p in found]).T
    low, high = _carried(people, max(plan.minimum_cell, plan.limits.min_n))
    for score in _round_scores(max(low, float(at[0])), min(high, float(at[-1]))):
        observed, lower, upper = (float(np.interp(score, at, column)) for column in columns)
        yield CalibrationPoint(predicted=score, observed=observed, low=lower, high=upper)


def _carried(people: GroupTally, least: int) -> tuple[float, float]:
    """The scores with at least `least` people below and above."""
    edges, below = people.grid.edges(), np.cumsum(people.counts.sum(axis=0))
    first = int(np.searchsorted(below, least))
    last = int(np.searchsorted(below, people.n - least, side="right"))
    return float(edges[min(first + 1, edges.size - 1)]), float(edges[min(last, edges.size - 1)])


def _round_scores(low: float, high: float) -> Sequence[float]:
    """Multiples of 1, 2 or 5 times a power of ten inside an interval, at most `_STEPS`."""
    if high <= low:
        return []
    for step in (0.001, 0.002, 0.005, 0.01, 0.02, 0.05):
        first, last = int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9))
        if last - first < _STEPS:
            return [round(at * step, 3) for at in range(first, last + 1)]
    return []


def _decision(people: GroupTally, group: Group, shown: Shown, level: float) -> Iterator[DecisionPoint]:
    told = [t for t in people.grid.thresholds if t < 1.0 and shown.metric("net_benefit", t, group)]
    for point in decision_curve(people, told, level):
        yield DecisionPoint(
            threshold=point.threshold,
            model=point.model,
            low=point.low,
            high=point.high,
            treat_all=point.treat_all,
        )


def _risk(tally: Tally, table: Table, group: Group, shown: Shown) -> Iterator[RiskBand]:
    n = tally.of(group).n
    for band in bands(tally.grid):
        cell = band_cell(band, group)
        people = None if cell in shown.hidden else table.counts[cell]
        yield RiskBand(low=band[0], high=band[1], people=people, share=None if people is None else people / n)
