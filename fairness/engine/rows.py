"""Groups over single rows, for outcomes whose figures need the rows themselves."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from fairness.engine.columns import GroupColumn, stratify
from fairness.engine.strata import Group, groups_of, inside
from fairness.errors import SampleError
from fairness.metric import FloatArray


def group_rows(
    groups: Mapping[str, GroupColumn], n: int, crossings: Sequence[Sequence[str]] = ()
) -> Iterator[tuple[Group, npt.NDArray[np.bool_]]]:
    """Everybody, each value of each attribute, each intersection that occurs: members and rows (n,).

    Raises `GroupError` as `columns.stratify`, and for a crossing of an attribute without a column.
    """
    strata = stratify(groups, n)
    for members in groups_of(tuple(groups), strata.members, crossings):
        yield members, inside(tuple(groups), strata.members, members)[strata.codes]


def finite_vector(values: npt.ArrayLike, argument: str) -> FloatArray:
    """As float64 (n,); raises `SampleError` naming the argument for NaN, infinity or another shape."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise SampleError(f"{argument}: not an array of numbers") from error
    if array.ndim != 1:
        raise SampleError(f"{argument}: expected one dimension, found {array.ndim}")
    if not np.isfinite(array).all():
        raise SampleError(f"{argument}: holds NaN or an infinite number")
    return array


def same_length(**columns: npt.NDArray[np.generic]) -> int:
    """The common length of columns.

    Raises `SampleError` naming those that differ.
    """
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) != 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise SampleError(f"columns of different length: {told}")
    return next(iter(lengths.values()))
