"""Every comparison of a run with what was known before, adjusted for their number.

Inputs of everybody are compared with the reference population; the share selected and the prevalence of
every group with the model's evaluation. Inputs and scores of every group are also compared with the group's
own earlier period, because no reference holds them by group: a group that always differed is not a drift.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from fairness.cells import ALL, OVERALL, Cell
from fairness.metric import FloatArray
from fairness.monitor.drift import Baseline, Shift, divergence
from fairness.monitor.known import Groups, column
from fairness.monitor.labels import Labels
from fairness.monitor.plan import NOT_ANSWERED, MonitorPlan
from fairness.verdicts.multiplicity import benjamini_hochberg

if TYPE_CHECKING:
    from fairness.monitor.watch import References, Watched

EARLIER = "earlier period"
REFERENCE = "reference population"
EVALUATION = "evaluation"


class _Group(NamedTuple):
    attribute: str
    value_name: str
    rows: npt.NDArray[np.bool_]


class _Subject(NamedTuple):
    what: Literal["input", "score", "selected", "prevalence"]
    name: str
    against: str


def shifts(
    watched: Watched,
    labels: Labels,
    references: References,
    plan: MonitorPlan,
    thresholds: Sequence[float],
    now: float,
) -> tuple[Shift, ...]:
    """All comparisons of predictions of the last `plan.window_days`, with Benjamini-Hochberg over them."""
    recent = watched.scored.at > now - plan.window_days
    groups = list(_groups(watched.groups, plan.attributes))
    found = [
        *_against_reference(watched, references, plan, recent),
        *_against_evaluation(watched, labels, references, plan, thresholds, groups, recent),
        *_against_earlier(watched, plan, groups, recent),
    ]
    tested = [one.p for one in found if one.p is not None]
    adjusted = iter(benjamini_hochberg(tested))
    return tuple(one if one.p is None else _settled(one, float(next(adjusted)), plan) for one in found)


def _settled(one: Shift, adjusted: float, plan: MonitorPlan) -> Shift:
    is_drift = one.psi is not None and one.psi >= plan.drift_psi and adjusted <= plan.alpha
    return msgspec.structs.replace(one, p_adjusted=adjusted, is_drift=is_drift)


def _groups(groups: Sequence[Groups], attributes: Sequence[str]) -> Iterator[_Group]:
    yield _Group(OVERALL, ALL, np.ones(len(groups), dtype=np.bool_))
    for attribute in attributes:
        values = column(groups, attribute)
        for name in sorted({value for one in values for value in one} - set(NOT_ANSWERED)):
            yield _Group(attribute, name, np.array([name in one for one in values], dtype=np.bool_))


def _against_reference(
    watched: Watched, references: References, plan: MonitorPlan, recent: npt.NDArray[np.bool_]
) -> Iterator[Shift]:
    everybody = _Group(OVERALL, ALL, recent)
    for name, baseline in references.inputs.items():
        if name in watched.inputs:
            values = watched.inputs[name][recent]
            yield _shift(_Subject("input", name, REFERENCE), everybody, values, baseline, plan)


def _against_evaluation(
    watched: Watched,
    labels: Labels,
    references: References,
    plan: MonitorPlan,
    thresholds: Sequence[float],
    groups: Sequence[_Group],
    recent: npt.NDArray[np.bool_],
) -> Iterator[Shift]:
    cells = {(cell.attribute, cell.value): cell for cell in references.cells}
    p = watched.scored.p
    for group in groups:
        cell = cells.get((group.attribute, group.value_name))
        if cell is None:
            continue
        scored = p[group.rows & recent & ~np.isnan(p)]
        for threshold in thresholds:
            share = _selected(cell, threshold)
            if share is not None:
                subject = _Subject("selected", f"score of {threshold:g} or more", EVALUATION)
                values = (scored >= threshold).astype(np.float64)
                yield _shift(subject, group, values, Baseline.of_share(share, cell.n), plan)
        subject = _Subject("prevalence", "outcome", EVALUATION)
        outcomes = labels.y[group.rows]
        if cell.n:
            yield _shift(subject, group, outcomes, Baseline.of_share(cell.events / cell.n, cell.n), plan)


def _against_earlier(
    watched: Watched, plan: MonitorPlan, groups: Sequence[_Group], recent: npt.NDArray[np.bool_]
) -> Iterator[Shift]:
    columns = [
        ("score", "score", watched.scored.p),
        *(("input", name, v) for name, v in watched.inputs.items()),
    ]
    for group in groups:
        for what, name, values in columns:
            earlier = values[group.rows & ~recent]
            earlier = earlier[~np.isnan(earlier)]
            if earlier.size < plan.min_n:
                continue
            subject = _Subject("score" if what == "score" else "input", name, EARLIER)
            yield _shift(subject, group, values[group.rows & recent], Baseline.of_sample(earlier), plan)


def _shift(
    subject: _Subject, group: _Group, values: FloatArray, baseline: Baseline, plan: MonitorPlan
) -> Shift:
    n = int((~np.isnan(values)).sum())
    found = divergence(values, baseline, plan.min_n)
    place = (subject.what, subject.name, group.attribute, group.value_name, subject.against, n)
    if isinstance(found, str):
        return Shift(*place, "insufficient" if n < plan.min_n else "undefined", why=found)
    return Shift(*place, "ok", found.psi, found.psi_expected, found.psi_95, found.p)


def _selected(cell: Cell, threshold: float) -> float | None:
    try:
        return cell.metric("selection_rate", threshold).value
    except KeyError:
        return None
