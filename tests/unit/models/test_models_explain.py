"""Contributions, on functions whose answer is known."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.explain import MAX_ROWS, Permutation, explainer

Floats = NDArray[np.float64]
finite = st.floats(-3, 3, allow_subnormal=False)
four = st.lists(finite, min_size=4, max_size=4).map(np.array)


def product(rows: Floats) -> Floats:
    """A function with an interaction between the first two columns."""
    return np.asarray(rows[:, 0] * rows[:, 1] + 2 * rows[:, 2], dtype=np.float64)


def exact(typical: Floats, row: Floats, columns: tuple[int, ...]) -> list[float]:
    """Shapley values of `product` over all orders."""
    orders = list(permutations(columns))
    totals = dict.fromkeys(columns, 0.0)
    for order in orders:
        step = typical.copy()
        for column in order:
            before = product(step[None, :])[0]
            step[column] = row[column]
            totals[column] += float(product(step[None, :])[0] - before)
    return [totals[column] / len(orders) for column in columns]


@given(four, four)
def test_additive_effects_sum_to_the_difference(typical: Floats, row: Floats) -> None:
    """For a sum of effects, one-at-a-time substitution is exact and adds up."""
    slopes = np.array([0.5, -1.0, 2.0, 0.25])
    found = explainer("additive", typical, row, (0, 1, 3))
    assert found is not None
    effects = found.effects(found.rows @ slopes)
    assert effects == pytest.approx(list((slopes * (row - typical))[[0, 1, 3]]), abs=1e-9)


@given(four, four)
def test_permutation_effects_always_add_up(typical: Floats, row: Floats) -> None:
    """With an interaction the effects still add up to the whole difference."""
    found = Permutation(typical, row, (0, 1, 2))
    moved = np.array([*row[:3], typical[3]])
    difference = product(np.array([moved]))[0] - product(typical[None, :])[0]
    assert sum(found.effects(product(found.rows))) == pytest.approx(difference, abs=1e-9)


@given(four, four)
def test_permutation_effects_are_shapley_values(typical: Floats, row: Floats) -> None:
    """For interactions of two inputs, an order and its reverse give the exact Shapley values."""
    found = Permutation(typical, row, (0, 1, 2))
    assert found.effects(product(found.rows)) == pytest.approx(exact(typical, row, (0, 1, 2)), abs=1e-9)


@pytest.mark.parametrize("count", [1, 5, 15, 40])
def test_rows_are_bounded(count: int) -> None:
    """However many inputs are explained, the number of rows stays within the limit."""
    found = Permutation(np.zeros(count), np.ones(count), range(count))
    assert len(found.rows) <= MAX_ROWS


def test_the_method_none_has_no_rows() -> None:
    """No method, no rows to score."""
    assert explainer("none", np.zeros(2), np.ones(2), (0, 1)) is None


def test_nothing_known_has_no_rows() -> None:
    """Nothing to explain, no rows to score."""
    assert explainer("permutation", np.zeros(2), np.ones(2), ()) is None
