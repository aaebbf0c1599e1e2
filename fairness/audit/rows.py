"""Rows of a file as arrays, for outcomes whose figures need the rows themselves."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fairness.metric import FloatArray

ObjectArray = npt.NDArray[np.object_]


class Wanted(NamedTuple):
    """Which columns are read as numbers, as yes or no (true and false count as 1 and 0), and as text."""

    numbers: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


class Rows(NamedTuple):
    """Every row, in the order of the file.

    `numbers`: columns of numbers and of flags (n,), NaN where there is none. `unreadable`: rows of such a
    column with a text that is no number. `texts` and `groups`: entries (n,) as they are.
    """

    n: int
    numbers: dict[str, FloatArray]
    unreadable: dict[str, int]
    texts: dict[str, ObjectArray]
    groups: dict[str, ObjectArray]
