"""What follows from acting at a threshold: error rates, predictive values, net benefit.

A person is selected when `p >= threshold`, compared in double precision: single-precision scores should be
compared with a threshold that is not itself a likely score. Every function takes `y` (n,) in {0, 1}, `p` (n,)
in [0, 1] and `threshold` in [0, 1] and raises `SampleError` for NaN. A rate whose denominator is empty is
undefined, never 0. Rates carry Wilson intervals.
"""

import math
from typing import NamedTuple

import numpy.typing as npt

from fairness.errors import SampleError
from fairness.intervals import wald, wilson
from fairness.metric import (
    DEFAULT_LEVEL,
    DEFAULT_SUFFICIENCY,
    Metric,
    Sample,
    Sufficiency,
    checked_level,
    checked_sample,
    defined,
    undefined,
)


class Confusion(NamedTuple):
    """Counts of the four cells at one threshold."""

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int

    @property
    def selected(self) -> int:
        return self.true_positives + self.false_positives


class _OperatingPoint(NamedTuple):
    sample: Sample
    cells: Confusion
    threshold: float


def confusion(y: npt.ArrayLike, p: npt.ArrayLike, threshold: float) -> Confusion:
    """The four counts when everybody with `p >= threshold` is selected."""
    return _count(checked_sample(y, p), _checked_threshold(threshold))


def selection_rate(
    y: npt.ArrayLike,
    p: npt.ArrayLike,
    threshold: float,
    *,
    level: float = DEFAULT_LEVEL,
    limits: Sufficiency = DEFAULT_SUFFICIENCY,
) -> Metric:
    """Share of all people who are selected, in [0, 1]."""
    at = _at(y, p, threshold)
    return _rate("selection_rate", at, at.cells.selected, at.sample.n, "nobody in the group", level, limits)


def sensitivity(
    y: npt.ArrayLike,
    p: npt.ArrayLike,
    threshold: float,
    *,
    level: float = DEFAULT_LEVEL,
    limits: Sufficiency = DEFAULT_SUFFICIENCY,
) -> Metric:
    """Share of people with the event who are selected, in [0, 1] (true positive rate)."""
    at = _at(y, p, threshold)
    return _rate("sensitivity", at, at.cells.true_positives, at.sample.events, "no events", level, limits)


def specificity(
    y: npt.ArrayLike,
    p: npt.ArrayLike,
    threshold: float,
    *,
    level: float = DEFAULT_LEVEL,
    limits: Sufficiency = DEFAULT_SUFFICIENCY,
) -> Metric:
    """Share of people without the event who are not selected, in [0, 1] (true negative rate)."""
    at = _at(y, p, threshold)
    hits, of = at.cells.true_negatives, at.sample.non_events
    return _rate("specificity", at, hits, of, "no non-events", level, limits)


def ppv(
    y: npt.ArrayLike,
    p: npt.ArrayLike,
    threshold: float,
    *,
    level: float = DEFAULT_LEVEL,
    limits: Sufficiency = DEFAULT_SUFFICIENCY,
) -> Metric:
    """Share of selected people who have the event, in [0, 1] (positive predictive value)."""
    at = _at(y, p, threshold)
    return _rate("ppv", at, at.cells.true_positives, at.cells.selected, "nobody is selected", level, limits)


def npv(
    y: npt.ArrayLike,
    p: npt.ArrayLike,
    threshold: float,
    *,
    level: float = DEFAULT_LEVEL,
    limits: Sufficiency = DEFAULT_SUFFICIENCY,
) -> Metric:
    """Share of people not selected who do not have the event, in [0, 1] (negative predictive value)."""
    at = _at(y, p, threshold)
    hits, of = at.cells.true_negatives, at.sample.n - at.cells.selected
    return _rate("npv", at, hits, of, "everybody is selected", level, limits)


def net_benefit(
    y: npt.ArrayLike,
    p: npt.ArrayLike,
    threshold: float,
    *,
    level: float = DEFAULT_LEVEL,
    limits: Sufficiency = DEFAULT_SUFFICIENCY,
) -> Metric:
    """True positives per person, less false positives weighted by the odds of the threshold.

    `TP/n - w * FP/n` with `w = threshold / (1 - threshold)`; at most the prevalence, and negative when acting
    harms. Needs `threshold < 1`. It is the mean of n independent terms (1, -w or 0), so its variance is
    `(TP/n + w**2 * FP/n - NB**2) / n`, with a Wald interval; no interval when all terms are equal (nobody
    selected). Sources: Vickers AJ, Elkin EB. Med Decis Making 2006;26:565-574 (definition); Marsh TL, Janes
    H, Pepe MS. Biometrics 2020;76:843-852, Sande SZ et al. Stat Med 2020;39:2980-3002 and Vickers AJ et al.
    Diagn Progn Res 2023;7:11 (inference).
    """
    checked_level(level)
    if threshold == 1.0:
        raise SampleError("threshold: net benefit needs a threshold below 1")
    sample, cells, _ = _at(y, p, threshold)
    if sample.n == 0:
        return undefined("net_benefit", "nobody in the group", threshold=threshold)
    odds = threshold / (1.0 - threshold)
    gain, loss = cells.true_positives / sample.n, cells.false_positives / sample.n
    value = gain - odds * loss
    if cells.selected == 0 or max(gain, loss) == 1.0:
        why = "every person contributes the same, so there is no variance"
        return defined("net_benefit", sample, value, None, limits, threshold=threshold, no_interval=why)
    variance = max(0.0, gain + odds**2 * loss - value**2) / sample.n
    interval = wald(value, math.sqrt(variance), level)
    return defined("net_benefit", sample, value, interval, limits, threshold=threshold)


def _at(y: npt.ArrayLike, p: npt.ArrayLike, threshold: float) -> _OperatingPoint:
    sample = checked_sample(y, p)
    return _OperatingPoint(sample, _count(sample, _checked_threshold(threshold)), threshold)


def _count(sample: Sample, threshold: float) -> Confusion:
    selected = sample.p >= threshold
    true_positives = int(sample.y[selected].sum())
    false_positives = int(selected.sum()) - true_positives
    return Confusion(
        true_positives,
        false_positives,
        sample.events - true_positives,
        sample.non_events - false_positives,
    )


def _rate(
    name: str, at: _OperatingPoint, hits: int, of: int, when_empty: str, level: float, limits: Sufficiency
) -> Metric:
    checked_level(level)
    if of == 0:
        return undefined(name, when_empty, threshold=at.threshold)
    return defined(name, at.sample, hits / of, wilson(hits, of, level), limits, threshold=at.threshold)


def _checked_threshold(threshold: float) -> float:
    if not 0.0 <= threshold <= 1.0:
        raise SampleError(f"threshold: {threshold} is not in [0, 1]")
    return threshold
