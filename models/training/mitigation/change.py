"""What a method changes for each group: figures before, after, and their paired change with an interval.

Before is the unmitigated recipe, after is the method, on the same people. The people are drawn with
replacement, all rows of a person together, and before and after are computed on the same draw: the interval
of a change (percentiles, 95 %) is for the people, given the fits; it does not hold what another training
sample would have changed, and it is not adjusted for the number of groups.

Net benefit at threshold t: ``mean(s (y - w (1 - y)))`` with ``w = t / (1 - t)`` and s = selected (for a
randomised decision its probability). Over a range: the mean over evenly spaced thresholds, which is the area
under the net benefit curve with uniform weights (Talluri R, Shete S. BMC Med Inform Decis Mak 2016;16:94).
A decision at one threshold has no figure over the range, no AUROC and no O/E: undefined, never 0.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fairness.calibration import o_e
from fairness.cells import ALL, OVERALL
from fairness.discrimination import auroc
from fairness.engine.bootstrap import percentile
from fairness.engine.figures import Size, shortfall
from fairness.metric import DEFAULT_SUFFICIENCY, Sufficiency
from models.training.design import Floats
from models.training.mitigation.crossfit import Answer
from models.training.mitigation.strata import People
from models.training.paired import paired_difference

REPLICATES = 1000
STEPS = 21
NET_BENEFIT, IN_RANGE = "net_benefit", "net_benefit_over_range"
SENSITIVITY, SPECIFICITY = "sensitivity", "specificity"
AUROC, DISTANCE = "auroc", "o_e"
NO_RISK = "the method decides at one threshold and gives no risk"
Effect = Literal["gained", "lost", "no change shown", "not known"]


@dataclass(frozen=True)
class Change:
    """One figure of one group. ``change`` with ``low`` and ``high`` is after minus before.

    For ``o_e`` the change is that of the distance from 1, ``|log O/E|``: below 0 is nearer to calibrated.
    ``state`` as for ``fairness.Metric``; ``why`` says what is missing.
    """

    name: str
    before: float | None
    after: float | None
    change: float | None
    low: float | None
    high: float | None
    state: Literal["ok", "insufficient", "undefined"]
    why: str | None = None

    @property
    def effect(self) -> Effect:
        """What the interval shows; more is better for every figure but the distance of ``o_e``."""
        if self.state != "ok" or self.low is None or self.high is None:
            return "not known"
        better, worse = (
            (self.high < 0, self.low > 0) if self.name == DISTANCE else (self.low > 0, self.high < 0)
        )
        return "gained" if better else "lost" if worse else "no change shown"


@dataclass(frozen=True)
class GroupChange:
    """All figures of one group, and the draws of its change, for gaps between groups."""

    attribute: str
    value: str
    n: int
    events: int
    state: Literal["ok", "insufficient"]
    figures: tuple[Change, ...]

    def figure(self, name: str) -> Change:
        """Raises ``KeyError`` when there is none of that name."""
        return next(one for one in self.figures if one.name == name)


@dataclass(frozen=True)
class Task:
    """What is compared: outcome ``[n]``, the declared threshold in (0, 1) and the declared range of them."""

    outcome: Floats
    threshold: float
    span: tuple[float, float]

    @property
    def grid(self) -> Floats:
        """Evenly spaced thresholds over the range, both ends included."""
        return np.linspace(*self.span, STEPS)


def net_benefit_terms(outcome: Floats, selected: Floats, threshold: float) -> Floats:
    """What each person adds to the net benefit ``[n]``; its mean is the net benefit."""
    odds = threshold / (1.0 - threshold)
    return np.asarray(selected * (outcome - odds * (1.0 - outcome)), dtype=float)


class Comparison:
    """Two answers about the same people, before and after; the draws are made once from ``seed``."""

    def __init__(
        self, people: People, task: Task, before: Answer, after: Answer, *, replicates: int = REPLICATES,
        seed: int = 0, limits: Sufficiency = DEFAULT_SUFFICIENCY,
    ) -> None:  # fmt: skip
        self._people, self._task, self._limits = people, task, limits
        self._answers = before, after
        _, position = np.unique(people.subjects, return_inverse=True)
        self._subject = position
        self._subjects = int(position.max()) + 1
        rng = np.random.default_rng(seed)
        drawn = rng.multinomial(self._subjects, np.full(self._subjects, 1 / self._subjects), replicates)
        self._drawn = drawn.astype(float)
        self._shares = self._parts()

    def groups(self, attributes: Sequence[str]) -> list[GroupChange]:
        """Everybody, then each group of each attribute, values sorted."""
        found = [self._group(OVERALL, ALL, np.ones(len(self._people), dtype=bool))]
        for attribute in attributes:
            column = self._people.groups[attribute]
            for value in sorted(set().union(*column)):
                inside = np.array([value in values for values in column])
                found.append(self._group(attribute, value, inside))
        return found

    def standardised(self, inside: np.ndarray) -> tuple[Floats, Floats]:
        """Net benefit over the group's share of events, before and after: the value, then the draws."""
        events = self._sums(self._task.outcome * inside)
        before, after = (self._sums(part * inside) for part in self._shares[NET_BENEFIT][:2])
        return _ratio(before, events), _ratio(after, events)

    def rate(self, name: str, inside: np.ndarray) -> tuple[Floats, Floats]:
        """Sensitivity or specificity before and after: the value, then the draws."""
        before, after, of = (self._sums(part * inside) for part in self._shares[name])
        return _ratio(before, of), _ratio(after, of)

    def _parts(self) -> dict[str, tuple[Floats, Floats, Floats]]:
        """Per figure that is a ratio of sums: numerators before and after, denominator, ``[n]`` each."""
        y, t = self._task.outcome, self._task.threshold
        first, second = (answer.at(t) for answer in self._answers)
        one = np.ones(len(y))
        parts = {
            NET_BENEFIT: (net_benefit_terms(y, first, t), net_benefit_terms(y, second, t), one),
            SENSITIVITY: (first * y, second * y, y),
            SPECIFICITY: ((1.0 - first) * (1.0 - y), (1.0 - second) * (1.0 - y), 1.0 - y),
        }
        if all(answer.risk is not None for answer in self._answers):
            over = [
                np.mean([net_benefit_terms(y, answer.at(at), at) for at in self._task.grid], axis=0)
                for answer in self._answers
            ]
            parts[IN_RANGE] = (over[0], over[1], one)
        return parts

    def _group(self, attribute: str, value: str, inside: np.ndarray) -> GroupChange:
        events = int(self._task.outcome[inside].sum())
        size = Size(int(inside.sum()), events)
        short = shortfall(size, self._limits)
        names = (NET_BENEFIT, IN_RANGE, SENSITIVITY, SPECIFICITY)
        figures = [self._ratio_figure(name, inside, short) for name in names]
        figures += [self._auroc(inside, short), self._calibration(inside, short)]
        state: Literal["ok", "insufficient"] = "insufficient" if short else "ok"
        return GroupChange(attribute, value, size.n, events, state, tuple(figures))

    def _ratio_figure(self, name: str, inside: np.ndarray, short: str | None) -> Change:
        if name not in self._shares:
            return _undefined(name, NO_RISK)
        before, after, of = (self._sums(part * inside) for part in self._shares[name])
        if of[0] == 0.0:
            return _undefined(name, "no events" if name == SENSITIVITY else "nobody to count")
        return _told(name, _ratio(before, of), _ratio(after, of), short)

    def _auroc(self, inside: np.ndarray, short: str | None) -> Change:
        first, second = (answer.risk for answer in self._answers)
        if first is None or second is None:
            return _undefined(AUROC, NO_RISK)
        y = self._task.outcome[inside]
        before, after = auroc(y, first[inside]), auroc(y, second[inside])
        if before.value is None or after.value is None:
            return _undefined(AUROC, before.why or after.why or "cannot be computed")
        told = Change(AUROC, before.value, after.value, after.value - before.value, None, None, "ok")
        if (first[inside] == second[inside]).all():
            return _thin(told, "no interval: nothing changed", short)
        if self._subjects < len(self._people):
            return _thin(told, "no interval: several rows of one person", short)
        if min(y.sum(), (1 - y).sum()) < 2:
            return _thin(told, "no interval: one event or non-event", short)
        limits = paired_difference(y, second[inside], first[inside])
        return _thin(dataclasses.replace(told, low=limits.low, high=limits.high), None, short)

    def _calibration(self, inside: np.ndarray, short: str | None) -> Change:
        first, second = (answer.risk for answer in self._answers)
        if first is None or second is None:
            return _undefined(DISTANCE, NO_RISK)
        y = self._task.outcome
        before, after = (o_e(y[inside], risk[inside]) for risk in (first, second))
        if before.value is None or after.value is None:
            return _undefined(DISTANCE, before.why or after.why or "cannot be computed")
        if y[inside].sum() == 0:
            told = Change(DISTANCE, before.value, after.value, None, None, None, "undefined")
            return dataclasses.replace(told, why="no events: the distance of O/E from 1 has no logarithm")
        observed = self._sums(y * inside)
        apart = [np.abs(_log_ratio(observed, self._sums(risk * inside))) for risk in (first, second)]
        moved = _told(DISTANCE, apart[0], apart[1], short)
        return dataclasses.replace(moved, before=before.value, after=after.value)

    def _sums(self, values: Floats) -> Floats:
        """The sum over all people, then the sum of each draw ``[1 + R]``."""
        per_subject = np.bincount(self._subject, values, self._subjects)
        return np.append(per_subject.sum(), self._drawn @ per_subject)


def _ratio(hits: Floats, of: Floats) -> Floats:
    return np.asarray(np.divide(hits, of, out=np.full(hits.shape, np.nan), where=of > 0), dtype=float)


def _log_ratio(observed: Floats, expected: Floats) -> Floats:
    ratio = _ratio(observed, expected)
    return np.asarray(np.log(ratio, out=np.full(ratio.shape, np.nan), where=ratio > 0), dtype=float)


def _told(name: str, before: Floats, after: Floats, short: str | None) -> Change:
    """A figure from its value and draws, before and after."""
    moved = after - before
    told = Change(name, float(before[0]), float(after[0]), float(moved[0]), None, None, "ok")
    if not moved.any():
        return _thin(told, "no interval: nothing changed in any draw", short)
    limits = percentile(moved[1:])
    if limits is None:
        return _thin(told, "no interval: some draws hold nobody to count", short)
    return _thin(dataclasses.replace(told, low=limits.low, high=limits.high), None, short)


def _thin(told: Change, why: str | None, short: str | None) -> Change:
    reasons = "; ".join(reason for reason in (short, why) if reason) or None
    return dataclasses.replace(told, state="insufficient" if short else "ok", why=reasons)


def _undefined(name: str, why: str) -> Change:
    return Change(name, None, None, None, None, None, "undefined", why)
