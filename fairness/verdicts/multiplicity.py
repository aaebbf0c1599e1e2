"""Many tests at once: Holm keeps the chance of any false alarm, Benjamini-Hochberg the share of false
alarms."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fairness.errors import SampleError
from fairness.metric import FloatArray


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjusted p values; rejecting those <= alpha has a family-wise error of at most alpha, however
    dependent.

    Source: Holm S. Scand J Stat 1979;6:65-70. For gates. Raises `SampleError` for a p outside [0, 1].
    """
    p = _checked(p_values)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    return _in_place(np.minimum(stepped, 1.0), order)


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjusted p values; rejecting those <= q has an expected share of false alarms of at most q.

    Holds for independent or positively dependent tests. Source: Benjamini Y, Hochberg Y. J R Stat Soc B
    1995;57:289-300. For screening. Raises `SampleError` for a p outside [0, 1].
    """
    p = _checked(p_values)
    order = np.argsort(-p, kind="stable")
    stepped = np.minimum.accumulate(p[order] * p.size / np.arange(p.size, 0, -1))
    return _in_place(np.minimum(stepped, 1.0), order)


def _checked(p_values: Sequence[float]) -> FloatArray:
    p = np.array(p_values, dtype=np.float64)
    if p.size and not (np.isfinite(p).all() and p.min() >= 0.0 and p.max() <= 1.0):
        raise SampleError("p_values: every p must lie in [0, 1]")
    return p


def _in_place(stepped: FloatArray, order: npt.NDArray[np.intp]) -> tuple[float, ...]:
    adjusted = np.empty(stepped.size)
    adjusted[order] = stepped
    return tuple(adjusted.tolist())
