"""Predictions meet outcomes: which predictions can be judged yet, and what became of the others.

Days are counted from any one origin, as float64. One prediction counts per patient, the first: a patient who
is seen often would otherwise count often, and every interval would be too narrow.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec
import numpy as np

from fairness.errors import SampleError
from fairness.metric import FloatArray
from fairness.monitor.plan import MonitorPlan

LabelState = Literal["mature", "unmatured", "no-outcome", "conflicting", "repeat", "no-score"]


class Scored(NamedTuple):
    """Predictions (n,) in any order: who, when (days), and the probability in [0, 1], NaN without one."""

    patients: Sequence[str]
    at: FloatArray
    p: FloatArray


class Observed(NamedTuple):
    """Outcomes (m,): who, dated when and told when (days), and 1 (had it) or 0 (was found without it)."""

    patients: Sequence[str]
    at: FloatArray
    told: FloatArray
    value: Sequence[int]


class Tallied(msgspec.Struct, frozen=True):
    """What became of every prediction and every outcome.

    The first six count predictions and add up to all of them. `outcomes_before`: outcomes dated before every
    prediction of their patient, beyond the plan's tolerance (a clock is wrong, or the finding was known
    already). `outcomes_late`: dated after the window. `outcomes_elsewhere`: of patients without a prediction
    of this version. `outcomes_repeated`: the same finding of a patient told again.
    """

    mature: int
    unmatured: int
    no_outcome: int
    conflicting: int
    repeat: int
    no_score: int
    outcomes_before: int
    outcomes_late: int
    outcomes_elsewhere: int
    outcomes_repeated: int

    @property
    def coverage(self) -> float | None:
        """Share of predictions old enough that have an outcome; None when none is old enough."""
        old = self.mature + self.no_outcome + self.conflicting
        return self.mature / old if old else None


class Labels(NamedTuple):
    """`y` (n,): 1 or 0 for a `mature` prediction, NaN otherwise. `known_after` (n,): days until an outcome
    was told, NaN where none was."""

    y: FloatArray
    states: tuple[LabelState, ...]
    known_after: FloatArray
    tallied: Tallied


class _Told(NamedTuple):
    at: float
    told: float
    value: int


def label(scored: Scored, observed: Observed, plan: MonitorPlan, now: float) -> Labels:
    """The label of every prediction as known at `now` (days).

    A patient counts as an event when any outcome in the window is 1, unless a 0 of the very same moment
    contradicts it (`conflicting`). Outcomes told after `now` are not known yet. Raises `SampleError` for
    columns of different length, NaN times, values other than 0 and 1, and scores outside [0, 1].
    """
    _check(scored, observed)
    by_patient, repeated = _by_patient(observed, now)
    n = len(scored.patients)
    y, known_after = np.full((2, n), np.nan)
    states: list[LabelState] = ["repeat"] * n
    placed = {"before": 0, "late": 0}
    seen: set[str] = set()
    for at in np.argsort(scored.at, kind="stable").tolist():
        patient = scored.patients[at]
        if np.isnan(scored.p[at]):
            states[at] = "no-score"
        elif patient not in seen:
            seen.add(patient)
            told = by_patient.get(patient, [])
            inside = [one for one in told if _place(one.at - scored.at[at], plan) == "inside"]
            for place in placed:
                placed[place] += sum(_place(one.at - scored.at[at], plan) == place for one in told)
            states[at], y[at] = _verdict(inside, float(now - scored.at[at]), plan)
            if inside:
                known_after[at] = max(0.0, min(one.told for one in inside) - scored.at[at])
    elsewhere = sum(len(told) for patient, told in by_patient.items() if patient not in seen)
    return Labels(y, tuple(states), known_after, _tallied(states, placed, elsewhere, repeated))


def _verdict(inside: Sequence[_Told], age: float, plan: MonitorPlan) -> tuple[LabelState, float]:
    if age < plan.mature_days:
        return "unmatured", np.nan
    if not inside:
        return ("mature", 0.0) if plan.no_record == "no-event" else ("no-outcome", np.nan)
    events = {one.at for one in inside if one.value == 1}
    if events & {one.at for one in inside if one.value == 0}:
        return "conflicting", np.nan
    return "mature", float(bool(events))


def _place(days: float, plan: MonitorPlan) -> str:
    if days < -plan.skew_days:
        return "before"
    return "inside" if days <= plan.window_days else "late"


def _by_patient(observed: Observed, now: float) -> tuple[dict[str, list[_Told]], int]:
    """Distinct outcomes of each patient that are known by now, the earliest report of each."""
    found: dict[str, dict[tuple[float, int], float]] = {}
    repeated = 0
    for patient, at, told, value in zip(
        observed.patients, observed.at.tolist(), observed.told.tolist(), observed.value, strict=True
    ):
        if told > now:
            continue
        mine = found.setdefault(patient, {})
        repeated += (at, value) in mine
        mine[at, value] = min(told, mine.get((at, value), np.inf))
    return {
        patient: [_Told(at, told, value) for (at, value), told in mine.items()]
        for patient, mine in found.items()
    }, repeated


def _tallied(states: Sequence[LabelState], placed: dict[str, int], elsewhere: int, repeated: int) -> Tallied:
    counts = {state: states.count(state) for state in set(states)}
    return Tallied(
        mature=counts.get("mature", 0),
        unmatured=counts.get("unmatured", 0),
        no_outcome=counts.get("no-outcome", 0),
        conflicting=counts.get("conflicting", 0),
        repeat=counts.get("repeat", 0),
        no_score=counts.get("no-score", 0),
        outcomes_before=placed["before"],
        outcomes_late=placed["late"],
        outcomes_elsewhere=elsewhere,
        outcomes_repeated=repeated,
    )


def _check(scored: Scored, observed: Observed) -> None:
    if len({len(scored.patients), scored.at.size, scored.p.size}) != 1:
        raise SampleError("scored: patients, at and p have different lengths")
    if len({len(observed.patients), observed.at.size, observed.told.size, len(observed.value)}) != 1:
        raise SampleError("observed: patients, at, told and value have different lengths")
    if np.isnan(scored.at).any() or np.isnan(observed.at).any() or np.isnan(observed.told).any():
        raise SampleError("at: a moment is NaN")
    if any(value not in (0, 1) for value in observed.value):
        raise SampleError("value: every outcome must be 0 or 1")
    known = scored.p[~np.isnan(scored.p)]
    if known.size and (known.min() < 0.0 or known.max() > 1.0):
        raise SampleError("p: every probability must lie in [0, 1]")
