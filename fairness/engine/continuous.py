"""Continuous outcomes: is the prediction off on average, how far, and do its intervals hold?"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fairness.engine.columns import GroupColumn
from fairness.engine.figures import Basis, Evaluation, Figure, Size, figure, no_figure
from fairness.engine.rates import Share, rate_figure
from fairness.engine.row_sample import RowSample
from fairness.engine.rows import finite_vector, same_length
from fairness.engine.student import t_quantile
from fairness.errors import SampleError
from fairness.metric import (
    DEFAULT_LEVEL,
    DEFAULT_SUFFICIENCY,
    FloatArray,
    Interval,
    Sufficiency,
)


class Continuous(NamedTuple):
    """Predicted less observed, and whether the value lies in the predicted interval (None without), (n,)."""

    errors: FloatArray
    held: npt.NDArray[np.bool_] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return ("bias", "mae", "rmse") if self.held is None else ("bias", "mae", "rmse", "interval_coverage")

    def size(self, rows: npt.NDArray[np.bool_]) -> Size:
        """Amounts have no events."""
        return Size(int(rows.sum()))

    def figure(self, name: str, rows: npt.NDArray[np.bool_], basis: Basis) -> Figure:
        """One figure of the rows (n,)."""
        if name == "interval_coverage" and self.held is not None:
            return rate_figure(
                name, Share(int(self.held[rows].sum()), basis.size.n), basis, "nobody in the group"
            )
        errors = self.errors[rows]
        if name == "bias":
            return mean_figure(name, errors, basis)
        return (
            _not_below_zero(mean_figure(name, np.abs(errors), basis))
            if name == "mae"
            else _root(errors, basis)
        )


def continuous(
    y: npt.ArrayLike, predicted: npt.ArrayLike, intervals: tuple[npt.ArrayLike, npt.ArrayLike] | None = None
) -> Continuous:
    """The checked outcome; raises as `evaluate_continuous`."""
    observed, guessed = finite_vector(y, "y"), finite_vector(predicted, "predicted")
    same_length(y=observed, predicted=guessed)
    return Continuous(guessed - observed, None if intervals is None else _held(observed, intervals))


def evaluate_continuous(
    y: npt.ArrayLike,
    predicted: npt.ArrayLike,
    groups: Mapping[str, GroupColumn],
    *,
    intervals: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    crossings: Sequence[Sequence[str]] = (),
    level: float = DEFAULT_LEVEL,
    limits: Sufficiency = DEFAULT_SUFFICIENCY,
) -> Evaluation:
    """`bias` (predicted less observed), `mae`, `rmse` and, with `intervals`, `interval_coverage`, per group.

    `y`, `predicted` and the lower and upper limits of `intervals` (n,) are in one unit; NaN and infinity
    raise `SampleError`, as does a lower limit above its upper one. Bias and mean absolute error have
    Student's intervals, the coverage Wilson's; the root of the mean squared error that of the mean square on
    the log scale.
    """
    outcome = continuous(y, predicted, intervals)
    sample = RowSample(outcome, groups, outcome.errors.size)
    return sample.evaluate(crossings=crossings, level=level, limits=limits)


def mean_figure(name: str, values: FloatArray, basis: Basis) -> Figure:
    """The mean of values (n,) with its Student interval; undefined for nobody."""
    if values.size == 0:
        return no_figure(name, basis, "nobody in the group")
    mean = float(values.mean())
    if values.size == 1:
        return figure(name, basis, mean, None, None, no_interval="one person has no variance")
    reach = _t(values.size, basis.level) * float(values.std(ddof=1)) / math.sqrt(values.size)
    return figure(name, basis, mean, Interval(mean - reach, mean + reach), "student")


def _root(errors: FloatArray, basis: Basis) -> Figure:
    square = mean_figure("rmse", errors**2, basis)
    if square.value is None or square.low is None or square.high is None or square.value == 0.0:
        root = None if square.value is None else math.sqrt(square.value)
        return _replaced(square, root, None, None)
    # On the log scale, since a mean of squares is far from symmetric.
    root, factor = math.sqrt(square.value), math.exp((square.high - square.value) / (2.0 * square.value))
    return _replaced(square, root, root / factor, root * factor)


def _not_below_zero(found: Figure) -> Figure:
    return found if found.low is None else _replaced(found, found.value, max(0.0, found.low), found.high)


def _replaced(found: Figure, value: float | None, low: float | None, high: float | None) -> Figure:
    return Figure(
        found.name, value, low, high, found.state, found.why, found.threshold, found.of, 0.0, found.method
    )


def _held(y: FloatArray, intervals: tuple[npt.ArrayLike, npt.ArrayLike]) -> npt.NDArray[np.bool_]:
    low, high = finite_vector(intervals[0], "intervals: low"), finite_vector(intervals[1], "intervals: high")
    same_length(y=y, low=low, high=high)
    if (low > high).any():
        raise SampleError("intervals: a lower limit lies above its upper one")
    return np.asarray((low <= y) & (y <= high))


def _t(n: int, level: float) -> float:
    return t_quantile(0.5 + level / 2.0, n - 1)
