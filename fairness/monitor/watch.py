"""One run of the monitor over columns: labels, figures, drift, silence, responses, verdicts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from fairness.cells import Cell
from fairness.engine.counting import tally
from fairness.engine.flags import FlagTally, flag_tally
from fairness.engine.grid import ScoreGrid
from fairness.engine.responses import ResponseTally, response_tally
from fairness.engine.tally import Tally
from fairness.metric import FloatArray
from fairness.monitor.drift import Baseline, Shift
from fairness.monitor.estimate import LabelFree, estimate
from fairness.monitor.known import Bounds, Groups, as_known_now, bounds, column
from fairness.monitor.labels import Labels, Observed, Scored, label
from fairness.monitor.looks import Turn, next_turn
from fairness.monitor.maturity import MaturityPoint, maturity_curve
from fairness.monitor.plan import MonitorPlan
from fairness.monitor.shifts import shifts
from fairness.monitor.verdicts import Judgement, judged

GroupsAs = Literal["then", "now"]


class Watched(NamedTuple):
    """Everything that is known of the predictions (n,) of one model version.

    `groups` as recorded with each prediction; `inputs` (n,) per input, NaN where missing; `flags` (n,) of
    booleans: `missing_input`, `no_card`, `abstained`; `is_shadow` (n,). `actions` and `clinicians` are of the
    predictions whose cards were shown, at the rows `shown`.
    """

    scored: Scored
    groups: Sequence[Groups]
    inputs: Mapping[str, FloatArray]
    flags: Mapping[str, npt.NDArray[np.bool_]]
    is_shadow: npt.NDArray[np.bool_]
    shown: Sequence[int]
    actions: Sequence[str]
    clinicians: Sequence[str]


class References(NamedTuple):
    """What was known before the model ran: inputs by name, and cells of its evaluation."""

    inputs: Mapping[str, Baseline]
    cells: Sequence[Cell]


class Watch(NamedTuple):
    """What a run found. Counts in it are raw: whoever publishes them suppresses small cells first."""

    labels: Labels
    maturity: tuple[MaturityPoint, ...]
    then: Tally
    now: Tally
    judgement: Judgement
    turn: Turn
    unmatured: Tally
    label_free: LabelFree
    bounds: tuple[Bounds, ...]
    shifts: tuple[Shift, ...]
    silence: FlagTally | None
    responses: ResponseTally | None
    shadow: int


def watch(
    watched: Watched,
    observed: Observed,
    references: References,
    plan: MonitorPlan,
    thresholds: Sequence[float],
    past: Sequence[float],
    now: float,
    groups_as: GroupsAs = "then",
) -> Watch:
    """Judge the mature predictions and describe all of them, as known at `now` (days).

    `past` are the fractions of the plan's earlier looks. With no predictions every part is empty and the
    outcome is `insufficient evidence`. Claims are judged on groups as known `then` or `now`.
    """
    labels = label(watched.scored, observed, plan, now)
    is_mature = np.array([state == "mature" for state in labels.states], dtype=np.bool_)
    latest = as_known_now(watched.scored.patients, watched.scored.at, watched.groups)
    grid = ScoreGrid(thresholds=tuple(thresholds))
    attributes = plan.attributes
    then = _tally(watched.scored, labels, _chosen(watched.groups, is_mature), is_mature, attributes, grid)
    known = _tally(watched.scored, labels, _chosen(latest, is_mature), is_mature, attributes, grid)
    waiting = _open(watched, labels, attributes, grid)
    turn = next_turn(past, int(is_mature.sum()), plan)
    return Watch(
        labels=labels,
        maturity=_maturity(watched.scored, labels, now),
        then=then,
        now=known,
        judgement=judged(then if groups_as == "then" else known, plan, turn, labels.tallied),
        turn=turn,
        unmatured=waiting,
        label_free=estimate(waiting),
        bounds=tuple(_bounds(watched.scored.p[is_mature], labels.y[is_mature], _chosen(latest, is_mature),
                             attributes, thresholds)),
        shifts=shifts(watched, labels, references, plan, thresholds, now),
        silence=_silence(watched, attributes),
        responses=_responses(watched, attributes),
        shadow=int(watched.is_shadow.sum()),
    )  # fmt: skip


def _tally(
    scored: Scored,
    labels: Labels,
    groups: Sequence[Groups],
    rows: npt.NDArray[np.bool_],
    attributes: Sequence[str],
    grid: ScoreGrid,
) -> Tally:
    patients = [patient for patient, chosen in zip(scored.patients, rows.tolist(), strict=True) if chosen]
    columns = {attribute: column(groups, attribute) for attribute in attributes}
    return tally(labels.y[rows], scored.p[rows], columns, grid, patients=patients)


def _maturity(scored: Scored, labels: Labels, now: float) -> tuple[MaturityPoint, ...]:
    rows = np.array([state not in ("repeat", "no-score") for state in labels.states], dtype=np.bool_)
    return maturity_curve(labels.known_after[rows], np.maximum(0.0, now - scored.at[rows]))


def _open(watched: Watched, labels: Labels, attributes: Sequence[str], grid: ScoreGrid) -> Tally:
    """Predictions that cannot be judged yet, counted as if nobody had the outcome."""
    rows = np.array([state == "unmatured" for state in labels.states], dtype=np.bool_)
    groups = _chosen(watched.groups, rows)
    columns = {attribute: column(groups, attribute) for attribute in attributes}
    return tally(np.zeros(int(rows.sum())), watched.scored.p[rows], columns, grid)


def _bounds(
    p: FloatArray,
    y: FloatArray,
    groups: Sequence[Groups],
    attributes: Sequence[str],
    thresholds: Sequence[float],
) -> Iterator[Bounds]:
    for attribute in attributes:
        yield from bounds(y, p, column(groups, attribute), attribute, thresholds)


def _silence(watched: Watched, attributes: Sequence[str]) -> FlagTally | None:
    if not watched.groups:
        return None
    return flag_tally(watched.flags, {name: column(watched.groups, name) for name in attributes})


def _responses(watched: Watched, attributes: Sequence[str]) -> ResponseTally | None:
    if not watched.shown:
        return None
    groups = [watched.groups[row] for row in watched.shown]
    columns = {name: column(groups, name) for name in attributes}
    return response_tally(watched.actions, watched.clinicians, columns)


def _chosen(groups: Sequence[Groups], rows: npt.NDArray[np.bool_]) -> list[Groups]:
    return [group for group, chosen in zip(groups, rows.tolist(), strict=True) if chosen]
