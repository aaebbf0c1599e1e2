"""Columns of text as arrays: whatever the letters and lengths, people of one text share a code."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fairness.engine.columns import stratify

TEXTS = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30),
    min_size=1,
    max_size=5,
)


@example(["a", "\u0161"], [0, 1, 0])  # alike in their last byte
@example(["absent", "absent-but-long", "absent-but-longer-than-three-words-of-eight"], [0, 1, 2])
@given(TEXTS, st.lists(st.integers(0, 4), min_size=1, max_size=60))
def test_an_array_is_coded_as_its_list(texts: list[str], chosen: list[int]) -> None:
    """Short and long, one byte for a letter and more."""
    column = [texts[at % len(texts)] for at in chosen]
    array, plain = (stratify({"group": one}, len(column)) for one in (np.array(column), column))
    assert array.members == plain.members
    np.testing.assert_array_equal(array.codes, plain.codes)


@pytest.mark.parametrize("step", [-1, 2])
def test_an_array_that_is_a_part_of_another_is_read_in_its_order(step: int) -> None:
    column = np.array(["female", "male", "male", "other", "female"] * 3)[::step]
    found = stratify({"sex": column}, column.size)
    told = [found.members[code][0][0] for code in found.codes]
    assert told == column.tolist()
