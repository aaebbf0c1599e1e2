"""Which unknowns of a system of sums are determined, against the null space by singular values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairness.disclosure.elimination import determined


def by_singular_values(table: np.ndarray) -> list[int]:
    """Columns that are 0 in every vector of the null space."""
    _, values, right = np.linalg.svd(table, full_matrices=True)
    null = right[int((values > 1e-9).sum()) :]
    used = np.abs(table).sum(axis=0) > 0
    free = np.abs(null).max(axis=0, initial=0.0) > 1e-9
    return [at for at in range(table.shape[1]) if used[at] and not free[at]]


def as_rows(table: np.ndarray) -> list[dict[int, int]]:
    """Coefficients that are not 0 by column."""
    return [{at: int(row[at]) for at in np.flatnonzero(row).tolist()} for row in table]


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 8), st.integers(1, 8), st.integers(0, 10_000))
def test_determined_unknowns_are_those_that_the_null_space_leaves_out(n: int, m: int, seed: int) -> None:
    """Sums with coefficients of -1, 0 and 1, as reports have them."""
    table = np.random.default_rng(seed).integers(-1, 2, (n, m))
    assert sorted(determined(as_rows(table))) == by_singular_values(table)


@pytest.mark.parametrize(("rows", "found"), [
    ([], []),
    ([{"a": 1}], ["a"]),
    ([{"a": 1, "b": 1}], []),
    ([{"a": 1, "b": 1}, {"a": 1, "b": -1}], ["a", "b"]),
    ([{"a": 1, "b": 1, "c": -1}, {"a": 1, "b": 1, "d": -1}, {"c": 1, "d": 1}], ["c", "d"]),
])  # fmt: skip
def test_small_systems_by_hand(rows: list[dict[str, int]], found: list[str]) -> None:
    """Nothing, a lone unknown, a sum, a sum and a difference, and two sums of the same parts."""
    assert determined(rows) == found
