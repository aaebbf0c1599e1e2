"""Fixed quasi-random points: the Sobol sequence without scrambling, moved to the middle of its cells.

Direction numbers: Joe S, Kuo FY. Constructing Sobol sequences with better two-dimensional projections. SIAM
J Sci Comput 2008;30:2635-2654, table new-joe-kuo-6.21201, dimensions 2 to 21: degree, coefficients, first
numbers.
"""

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_JOE_KUO = (
    (1, 0, (1,)),
    (2, 1, (1, 3)),
    (3, 1, (1, 3, 1)),
    (3, 2, (1, 1, 1)),
    (4, 1, (1, 1, 3, 3)),
    (4, 4, (1, 3, 5, 13)),
    (5, 2, (1, 1, 5, 5, 17)),
    (5, 4, (1, 1, 5, 5, 5)),
    (5, 7, (1, 1, 7, 11, 19)),
    (5, 11, (1, 1, 5, 1, 1)),
    (5, 13, (1, 1, 1, 3, 11)),
    (5, 14, (1, 3, 5, 5, 31)),
    (6, 1, (1, 3, 3, 9, 7, 49)),
    (6, 13, (1, 1, 1, 15, 21, 21)),
    (6, 16, (1, 3, 1, 13, 27, 49)),
    (6, 19, (1, 1, 1, 15, 7, 5)),
    (6, 22, (1, 3, 1, 15, 13, 25)),
    (6, 25, (1, 1, 5, 5, 19, 61)),
    (7, 1, (1, 3, 7, 11, 23, 15, 103)),
    (7, 4, (1, 3, 7, 13, 13, 15, 69)),
)
MAX_DIMENSIONS = len(_JOE_KUO) + 1


def sobol(bits: int, dimensions: int) -> Floats:
    """The first `2 ** bits` points `[2 ** bits, dimensions]`, in (0, 1).

    Every column holds the middle of each of `2 ** bits` equal cells once. Raises ValueError for more than 21
    dimensions.
    """
    if not 1 <= dimensions <= MAX_DIMENSIONS:
        raise ValueError(f"dimensions must be 1 to {MAX_DIMENSIONS}")
    columns = [_column(_directions(bits, dimension), bits) for dimension in range(dimensions)]
    return np.asarray((np.column_stack(columns) + 0.5) / 2.0**bits, dtype=np.float64)


def normal_points(bits: int, dimensions: int) -> Floats:
    """The same points as standard normal draws `[2 ** bits, dimensions]`."""
    scores = np.vectorize(NormalDist().inv_cdf, otypes=[np.float64])
    return np.asarray(scores(sobol(bits, dimensions)), dtype=np.float64)


def _directions(bits: int, dimension: int) -> list[int]:
    """Direction numbers of one dimension, each shifted to `bits` binary digits."""
    if dimension == 0:
        return [1 << (bits - 1 - i) for i in range(bits)]
    degree, coefficients, first = _JOE_KUO[dimension - 1]
    numbers = list(first)
    for i in range(degree, bits):
        number = numbers[i - degree] ^ (numbers[i - degree] << degree)
        for k in range(1, degree):
            if coefficients >> (degree - 1 - k) & 1:
                number ^= numbers[i - k] << k
        numbers.append(number)
    return [number << (bits - 1 - i) for i, number in enumerate(numbers[:bits])]


def _column(directions: list[int], bits: int) -> NDArray[np.int64]:
    """Gray-code order: each point differs from the one before by one direction number."""
    point, points = 0, [0]
    for i in range(1, 2**bits):
        point ^= directions[(i & -i).bit_length() - 1]
        points.append(point)
    return np.array(points, dtype=np.int64)
