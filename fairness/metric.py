"""What a metric is: a value, its interval, and whether the sample can carry it.

Every metric of the room takes `y` (n,) in {0, 1} and `p` (n,) in [0, 1] and returns a `Metric`. NaN is
refused with an `SampleError` (a ValueError) that names the argument: a missing outcome or score has to be
handled, and counted, by whoever builds the sample.
"""

import math
from typing import Literal, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from fairness.errors import SampleError

FloatArray = npt.NDArray[np.float64]
State = Literal["ok", "insufficient", "undefined"]


class Interval(NamedTuple):
    """Lower and upper limit, `low <= high`."""

    low: float
    high: float


class Sufficiency(msgspec.Struct, frozen=True):
    """The smallest sample whose figures count as evidence; below it a metric says `insufficient`."""

    min_n: int = 30
    min_events: int = 10


DEFAULT_SUFFICIENCY = Sufficiency()
DEFAULT_LEVEL = 0.95


class Metric(msgspec.Struct, frozen=True):
    """One figure about one group.

    `ok`: value and, as a rule, an interval. `insufficient`: the same, from fewer people or events than
    `Sufficiency` asks for. `undefined`: the formula has no value here; value and limits are None, never 0.
    `why` is a plain sentence whenever the state is not `ok` or a limit is missing.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    state: State
    why: str | None = None
    threshold: float | None = None

    def __post_init__(self) -> None:
        for figure in (self.value, self.low, self.high, self.threshold):
            if figure is not None and not math.isfinite(figure):
                raise SampleError(f"{self.name}: {figure} is not a finite figure")


class Sample(NamedTuple):
    """Checked outcomes and probabilities, both float64 (n,)."""

    y: FloatArray
    p: FloatArray

    @property
    def n(self) -> int:
        return int(self.y.size)

    @property
    def events(self) -> int:
        return int(self.y.sum())

    @property
    def non_events(self) -> int:
        return self.n - self.events


def checked_sample(y: npt.ArrayLike, p: npt.ArrayLike) -> Sample:
    """Both as float64 arrays; raises `SampleError` naming the argument that does not fit."""
    outcomes, probabilities = _vector(y, "y"), _vector(p, "p")
    if outcomes.size != probabilities.size:
        raise SampleError(f"y has {outcomes.size} rows, p has {probabilities.size}")
    if not np.isin(outcomes, (0.0, 1.0)).all():
        raise SampleError("y: every outcome must be 0 or 1")
    if probabilities.size and (probabilities.min() < 0.0 or probabilities.max() > 1.0):
        raise SampleError("p: every probability must lie in [0, 1]")
    return Sample(outcomes, probabilities)


def checked_level(level: float) -> float:
    """`level` itself; raises `SampleError` unless 0 < level < 1."""
    if not 0.0 < level < 1.0:
        raise SampleError(f"level: {level} is not between 0 and 1")
    return level


def defined(
    name: str,
    sample: Sample,
    value: float,
    interval: Interval | None,
    limits: Sufficiency,
    *,
    threshold: float | None = None,
    no_interval: str | None = None,
) -> Metric:
    """A metric that has a value: `ok`, or `insufficient` when the sample is smaller than `limits`.

    `no_interval` says why `interval` is None.
    """
    shortfall = _shortfall(sample, limits)
    reasons = [reason for reason in (shortfall, no_interval) if reason]
    return Metric(
        name=name,
        value=float(value),
        low=None if interval is None else float(interval.low),
        high=None if interval is None else float(interval.high),
        state="insufficient" if shortfall else "ok",
        why="; ".join(reasons) or None,
        threshold=threshold,
    )


def undefined(name: str, why: str, *, threshold: float | None = None) -> Metric:
    """A metric whose formula has no value for the sample."""
    return Metric(name=name, value=None, low=None, high=None, state="undefined", why=why, threshold=threshold)


def _vector(values: npt.ArrayLike, argument: str) -> FloatArray:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise SampleError(f"{argument}: not an array of numbers") from error
    if array.ndim != 1:
        raise SampleError(f"{argument}: expected one dimension, found {array.ndim}")
    if np.isnan(array).any():
        raise SampleError(f"{argument}: holds NaN")
    return array


def _shortfall(sample: Sample, limits: Sufficiency) -> str | None:
    counts = (
        ("people", sample.n, limits.min_n),
        ("events", sample.events, limits.min_events),
        ("non-events", sample.non_events, limits.min_events),
    )
    short = [f"{count} {noun}, fewer than {least}" for noun, count, least in counts if count < least]
    return "; ".join(short) or None
