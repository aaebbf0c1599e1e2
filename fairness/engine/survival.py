"""Survival outcomes: discrimination and accuracy at a horizon, weighted for who was lost before it.

Everybody whose state at the horizon is known counts for those like them who were lost (inverse probability of
censoring weights). Censoring is estimated within each group, since follow-up differs between groups.
Intervals allow for that; the interval of the concordance alone takes the weights as known.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fairness.engine.censoring import censoring, survival, with_estimated_weights
from fairness.engine.columns import GroupColumn
from fairness.engine.concordance import concordance
from fairness.engine.figures import Basis, Evaluation, Figure, Size, figure, no_figure
from fairness.engine.row_sample import RowSample
from fairness.engine.rows import finite_vector, same_length
from fairness.errors import SampleError
from fairness.intervals import log_normal, logit_scale, wald
from fairness.metric import (
    DEFAULT_LEVEL,
    DEFAULT_SUFFICIENCY,
    FloatArray,
    Interval,
    Sufficiency,
)

# Concordance compares each event with everybody: beyond this many people it would take minutes a group.
MOST_FOR_CONCORDANCE = 50_000


class Followed(NamedTuple):
    """People at a horizon: time > 0, event, risk (probability of the event up to the horizon), each (n,)."""

    time: FloatArray
    event: npt.NDArray[np.bool_]
    risk: FloatArray
    horizon: float


class Survival(NamedTuple):
    """A survival outcome at a horizon, for any set of its people."""

    people: Followed

    @property
    def names(self) -> tuple[str, ...]:
        few = self.people.time.size <= MOST_FOR_CONCORDANCE
        return tuple(name for name in _FIGURES if few or name != "concordance")

    def size(self, rows: npt.NDArray[np.bool_]) -> Size:
        """People, those with the event up to the horizon, and those seen without it beyond the horizon."""
        happened = self.people.event & (self.people.time <= self.people.horizon)
        beyond = self.people.time > self.people.horizon
        return Size(int(rows.sum()), int(happened[rows].sum()), int(beyond[rows].sum()))

    def figure(self, name: str, rows: npt.NDArray[np.bool_], basis: Basis) -> Figure:
        """One figure of the rows (n,)."""
        people = self.people
        part = Followed(people.time[rows], people.event[rows], people.risk[rows], people.horizon)
        return _FIGURES[name](part, basis)


class Weights(NamedTuple):
    """Weights (n,) of those with the event up to the horizon and of those still free of it; 0 for the
    rest."""

    cases: FloatArray
    controls: FloatArray


def evaluate_survival(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    risk: npt.ArrayLike,
    horizon: float,
    groups: Mapping[str, GroupColumn],
    *,
    crossings: Sequence[Sequence[str]] = (),
    level: float = DEFAULT_LEVEL,
    limits: Sufficiency = DEFAULT_SUFFICIENCY,
) -> Evaluation:
    """`survival_auc`, `concordance`, `survival_brier` and `survival_o_e` of every group at one horizon.

    `time` (n,) > 0 and `horizon` > 0 in one unit, `event` (n,) in {0, 1} (0: lost at that time), `risk` (n,)
    in [0, 1] the predicted probability of the event up to the horizon. `events` counts those up to the
    horizon. Undefined where nobody is observed beyond the horizon. Raises `SampleError` for other input.
    """
    outcome = survival_outcome(time, event, risk, horizon)
    sample = RowSample(outcome, groups, outcome.people.time.size)
    return sample.evaluate(crossings=crossings, level=level, limits=limits)


def survival_outcome(
    time: npt.ArrayLike, event: npt.ArrayLike, risk: npt.ArrayLike, horizon: float
) -> Survival:
    """The checked outcome; raises as `evaluate_survival`."""
    people = _checked(time, event, risk, horizon)
    same_length(time=people.time, event=people.event, risk=people.risk)
    return Survival(people)


def weights_of(people: Followed) -> Weights | None:
    """The weights; None where nobody is observed beyond the horizon."""
    observed = censoring(people.time, people.event)
    beyond = people.time > people.horizon
    case = people.event & (people.time <= people.horizon)
    reached = float(observed.at(people.horizon))
    if not beyond.any() or reached <= 0.0:
        return None
    chance = observed.before(people.time)
    cases = np.divide(1.0, chance, out=np.zeros(chance.size), where=case & (chance > 0.0))
    return Weights(cases, beyond / reached)


def survival_brier(people: Followed, basis: Basis) -> Figure:
    """Weighted mean squared error of the risk at the horizon.

    Source: Graf E et al. Stat Med 1999;18:2529-2545.
    """
    weights = weights_of(people)
    if weights is None:
        return no_figure("survival_brier", basis, "nobody is observed beyond the horizon")
    terms = weights.cases * (1.0 - people.risk) ** 2 + weights.controls * people.risk**2
    value = float(terms.mean())
    if terms.size == 1:
        return figure("survival_brier", basis, value, None, None, no_interval="one person has no variance")
    low, high = wald(value, _error(people, terms), basis.level)
    return figure("survival_brier", basis, value, Interval(max(0.0, low), high), "influence")


def survival_auc(people: Followed, basis: Basis) -> Figure:
    """Chance that someone with the event up to the horizon has the higher risk than someone free of it.

    Ties count one half. Source: Uno H et al. J Am Stat Assoc 2007;102:527-537 (cumulative cases, dynamic
    controls).
    """
    weights = weights_of(people)
    if weights is None or weights.cases.sum() == 0.0:
        return no_figure(
            "survival_auc", basis, "needs people with the event and people free of it at the horizon"
        )
    order = np.argsort(people.risk, kind="stable")
    risk, cases, controls = people.risk[order], weights.cases[order], weights.controls[order]
    above = _share_below(risk, controls)
    below = 1.0 - _share_below(risk, cases)
    value = float(cases @ above / cases.sum())
    influence = cases / cases.mean() * (above - value) + controls / controls.mean() * (below - value)
    return _area("survival_auc", basis, value, _error(people, influence))


def concordance_figure(people: Followed, basis: Basis) -> Figure:
    """Chance that of two people the one with the earlier event has the higher risk, up to the horizon.

    Weighted so that it does not depend on censoring. Source: Uno H et al. Stat Med 2011;30:1105-1117.
    """
    found = concordance(people.time, people.event, people.risk, people.horizon)
    if found is None:
        return no_figure("concordance", basis, "no two people can be put in order")
    error = float(found.influence.std(ddof=1)) / math.sqrt(people.time.size)
    return _area("concordance", basis, found.value, error)


def survival_o_e(people: Followed, basis: Basis) -> Figure:
    """Observed (product-limit) over mean predicted risk at the horizon; 1 is ideal.

    Log-normal interval with the linearised variance of a ratio, each person counting for those like them who
    were lost, as in the other figures.
    """
    if people.time.size == 0:
        return no_figure("survival_o_e", basis, "nobody in the group")
    expected = float(people.risk.mean())
    if expected < 1e-6:
        return no_figure("survival_o_e", basis, "next to no event is expected")
    weights = weights_of(people)
    if weights is None:
        return no_figure("survival_o_e", basis, "nobody is observed beyond the horizon")
    observed = 1.0 - float(survival(people.time, people.event).at(people.horizon))
    if observed == 0.0:
        return figure("survival_o_e", basis, 0.0, None, None, no_interval="no event up to the horizon")
    ratio = observed / expected
    # The predicted risks vary with the people too, but carry no weight that is estimated.
    influence = with_estimated_weights(people.time, people.event, people.horizon, weights.cases)
    residuals = influence - ratio * people.risk
    error = float(residuals.std(ddof=1)) / math.sqrt(residuals.size) / observed
    interval = log_normal(ratio, error, basis.level)
    return figure("survival_o_e", basis, ratio, interval, "log-normal")


_FIGURES: dict[str, Callable[[Followed, Basis], Figure]] = {
    "survival_auc": survival_auc,
    "concordance": concordance_figure,
    "survival_brier": survival_brier,
    "survival_o_e": survival_o_e,
}


def _share_below(risk: FloatArray, weights: FloatArray) -> FloatArray:
    """Weighted share (n,) of people with a lower risk, equals counted one half; `risk` is sorted."""
    total = np.append(0.0, np.cumsum(weights))
    first = np.searchsorted(risk, risk, side="left")
    last = np.searchsorted(risk, risk, side="right")
    return np.asarray(0.5 * (total[first] + total[last]) / total[-1])


def _error(people: Followed, terms: FloatArray) -> float:
    """Standard error of the mean of weighted terms."""
    influence = with_estimated_weights(people.time, people.event, people.horizon, terms)
    return float(influence.std(ddof=1)) / math.sqrt(influence.size)


def _area(name: str, basis: Basis, value: float, error: float) -> Figure:
    if not 0.0 < value < 1.0 or error == 0.0:
        return figure(name, basis, value, None, None, no_interval="an area of 0 or 1 has no variance")
    return figure(name, basis, value, logit_scale(value, error, basis.level), "influence, logit scale")


def _checked(time: npt.ArrayLike, event: npt.ArrayLike, risk: npt.ArrayLike, horizon: float) -> Followed:
    times, events, risks = (
        finite_vector(time, "time"),
        finite_vector(event, "event"),
        finite_vector(risk, "risk"),
    )
    if times.size and times.min() <= 0.0:
        raise SampleError("time: every time must be above 0")
    if not np.isin(events, (0.0, 1.0)).all():
        raise SampleError("event: every entry must be 0 or 1")
    if risks.size and (risks.min() < 0.0 or risks.max() > 1.0):
        raise SampleError("risk: every probability must lie in [0, 1]")
    if not (math.isfinite(horizon) and horizon > 0.0):
        raise SampleError(f"horizon: {horizon} is not above 0")
    return Followed(times, events == 1.0, risks, horizon)
