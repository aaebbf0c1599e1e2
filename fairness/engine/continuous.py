"""Continuous outcomes: is the prediction off on average, how far, and do its intervals hold?"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from fairness.engine.columns import GroupColumn
from fairness.engine.figures import Basis, Evaluation, Figure, GroupResult, Size, figure, no_figure
from fairness.engine.rates import Share, rate_figure
from fairness.engine.rows import finite_vector, group_rows, same_length
from fairness.engine.student import t_quantile
from fairness.errors import SampleError
from fairness.metric import (
    DEFAULT_LEVEL,
    DEFAULT_SUFFICIENCY,
    FloatArray,
    Interval,
    Sufficiency,
    checked_level,
)


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
    checked_level(level)
    observed, guessed = finite_vector(y, "y"), finite_vector(predicted, "predicted")
    n = same_length(y=observed, predicted=guessed)
    held = None if intervals is None else _held(observed, intervals)
    results = []
    for members, rows in group_rows(groups, n, crossings):
        size = int(rows.sum())
        basis = Basis(Size(size), limits, level)
        figures = _errors(guessed[rows] - observed[rows], basis)
        if held is not None:
            share = Share(int(held[rows].sum()), size)
            figures.append(rate_figure("interval_coverage", share, basis, "nobody in the group"))
        results.append(GroupResult(members, size, None, tuple(figures)))
    return Evaluation(n, None, level, (), tuple(results))


def mean_figure(name: str, values: FloatArray, basis: Basis) -> Figure:
    """The mean of values (n,) with its Student interval; undefined for nobody."""
    if values.size == 0:
        return no_figure(name, basis, "nobody in the group")
    mean = float(values.mean())
    if values.size == 1:
        return figure(name, basis, mean, None, None, no_interval="one person has no variance")
    reach = _t(values.size, basis.level) * float(values.std(ddof=1)) / math.sqrt(values.size)
    return figure(name, basis, mean, Interval(mean - reach, mean + reach), "student")


def _errors(errors: FloatArray, basis: Basis) -> list[Figure]:
    absolute = mean_figure("mae", np.abs(errors), basis)
    return [mean_figure("bias", errors, basis), _not_below_zero(absolute), _root(errors, basis)]


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
