"""Why the primary output is higher or lower than for a typical patient: rows to score, and what they tell.

The typical patient has the patient's anchors and, for everything else, the reference population's median
given them. Effects are in log odds and concern known inputs only. Both methods ask the model for plain
probabilities, so any ONNX model can be explained.

`additive`: one input at a time moves from the typical to the patient's value. Exact where the log odds are a
sum over inputs; the effects then add up to the whole difference.
`permutation`: Shapley values by antithetic permutation sampling (Mitchell R et al. Sampling permutations for
Shapley value estimation. J Mach Learn Res 2022;23(43):1-46); the effects always add up.
"""

import random
from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Method = Literal["additive", "permutation", "none"]

MAX_ROWS = 512
MAX_PAIRS = 16
SEED = 20260101


class Explainer(Protocol):
    """Rows `[m, p]` whose log odds `[m]` tell the effect of each explained input."""

    rows: Floats

    def effects(self, logits: Floats) -> list[float]:
        """Effects in the order of the explained inputs."""
        ...


def explainer(method: Method, typical: Floats, row: Floats, columns: Sequence[int]) -> Explainer | None:
    """Rows to score for moving `columns` of `typical` `[p]` to those of `row`; None if nothing moves."""
    if method == "none" or not columns:
        return None
    return (Additive if method == "additive" else Permutation)(typical, row, columns)


class Additive:
    """One substitution per input, against the typical row (the first)."""

    def __init__(self, typical: Floats, row: Floats, columns: Sequence[int]) -> None:
        self.rows = np.repeat(typical[None, :], len(columns) + 1, axis=0)
        for at, column in enumerate(columns, start=1):
            self.rows[at, column] = row[column]

    def effects(self, logits: Floats) -> list[float]:
        """Difference of each substituted row from the typical one."""
        return [float(value) for value in logits[1:] - logits[0]]


class Permutation:
    """Walks from the typical row to the patient's along random orders and their reverses."""

    def __init__(self, typical: Floats, row: Floats, columns: Sequence[int]) -> None:
        self._orders = _orders(len(columns))
        paths = []
        for order in self._orders:
            step = typical.copy()
            paths.append(step.copy())
            for position in order:
                step[columns[position]] = row[columns[position]]
                paths.append(step.copy())
        self.rows = np.array(paths)

    def effects(self, logits: Floats) -> list[float]:
        """Mean step of each input over the walks."""
        count = len(self._orders[0])
        steps = np.diff(logits.reshape(len(self._orders), count + 1), axis=1)
        totals = np.zeros(count)
        for order, step in zip(self._orders, steps, strict=True):
            totals[list(order)] += step
        return [float(value) for value in totals / len(self._orders)]


def _orders(count: int) -> list[tuple[int, ...]]:
    """Fixed random orders of `count` inputs, each followed by its reverse, within the bound of rows."""
    # A fixed seed: the same patient gets the same explanation again.
    source = random.Random(SEED)  # noqa: S311
    pairs = max(1, min(MAX_PAIRS, MAX_ROWS // (2 * (count + 1))))
    orders: list[tuple[int, ...]] = []
    for _ in range(pairs):
        order = source.sample(range(count), count)
        orders += [tuple(order), tuple(reversed(order))]
    return orders
