"""Why the primary output is higher or lower than for a typical patient: rows to score, and what they tell.

Effects are in log odds and concern known inputs only. Both methods ask the model for plain probabilities, so
any ONNX model can be explained.

`additive`: one input at a time moves to the patient's value, in each of a few people drawn from the
reference population given the patient's anchors; the mean is told. Exact where the log odds are a sum over
inputs. Drawn people, and not one median person, because a yes-or-no input that most people share with the
patient still moves the estimate away from the average.
`permutation`: starts from the median person given the anchors.
Shapley values by antithetic permutation sampling (Mitchell R et al. Sampling permutations for
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
    """Rows to score for moving `columns` of `typical` to those of `row` `[p]`; None if nothing moves.

    `typical` is `[p]`, or `[m, p]` for the additive method.
    """
    if method == "none" or not columns:
        return None
    return (Additive if method == "additive" else Permutation)(typical, row, columns)


class Additive:
    """One substitution per input, against each typical row (the first block)."""

    def __init__(self, typical: Floats, row: Floats, columns: Sequence[int]) -> None:
        base = np.atleast_2d(typical)
        blocks = np.repeat(base[None, :, :], len(columns) + 1, axis=0)
        for at, column in enumerate(columns, start=1):
            blocks[at, :, column] = row[column]
        self._blocks = len(blocks)
        self.rows = blocks.reshape(-1, base.shape[1])

    def effects(self, logits: Floats) -> list[float]:
        """Mean difference of each substituted block from the typical one."""
        means = logits.reshape(self._blocks, -1).mean(axis=1)
        return [float(value) for value in means[1:] - means[0]]


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
