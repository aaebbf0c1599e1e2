"""Tallies: one pass of integer counts that adds up over shards."""

from itertools import pairwise

import numpy as np
import pytest
from engine_samples import GRID, people, rows_of
from hypothesis import given
from hypothesis import strategies as st

from fairness.engine import Coded, ScoreGrid, Tally, tally
from fairness.errors import GroupError, SampleError
from fairness.groups import Membership


@given(st.lists(st.integers(0, 300), min_size=1, max_size=4))
def test_shards_add_up_exactly(cuts: list[int]) -> None:
    """However the rows are split, the sum of the shards is the tally of all rows, to the last bit."""
    everyone = people(300)
    edges = [0, *sorted(cuts), 300]
    total = everyone.part(slice(0, 0)).tally()
    for low, high in pairwise(edges):
        total = total + everyone.part(slice(low, high)).tally()
    assert total == everyone.tally()


def test_adding_does_not_depend_on_the_order() -> None:
    """Shards arrive in any order from workers."""
    a, b = people(200, seed=1).tally(), people(250, seed=2).tally()
    assert (a + b).encode() == (b + a).encode()


def test_a_group_counts_everybody_who_gave_that_answer() -> None:
    """A person with two races is counted in both groups and once among everybody."""
    sample = people()
    counts = sample.tally()
    for value in ("asian", "black", "white"):
        rows = rows_of(sample, "race", value)
        found = counts.of((Membership("race", value),))
        assert (found.n, found.events) == (rows.sum(), sample.y[rows].sum())
    assert counts.n == len(sample.y)


def test_an_intersection_counts_those_in_both_groups() -> None:
    """Sex and race crossed are the people in both groups."""
    sample = people()
    rows = rows_of(sample, "sex", "female") & rows_of(sample, "race", "black")
    found = sample.tally().of((Membership("sex", "female"), Membership("race", "black")))
    assert (found.n, found.events) == (rows.sum(), sample.y[rows].sum())


def test_the_rest_is_everybody_else() -> None:
    """A group and its rest are all people, each once, also where people give several answers."""
    counts = people().tally()
    group = (Membership("race", "white"),)
    assert counts.of(group).n + counts.rest_of(group).n == counts.n


def test_missing_group_values_are_a_group_of_their_own() -> None:
    """None, NaN, an empty string and an empty set are `absent`, and nobody is dropped."""
    counts = tally([0, 1, 0, 1, 0], [0.1] * 5, {"race": [None, float("nan"), "", set(), "asian"]})
    assert counts.of((Membership("race", "absent"),)).n == 4


def test_declined_unknown_and_absent_stay_apart() -> None:
    """Three ways of not knowing are three groups."""
    counts = tally([0, 1, 0], [0.1] * 3, {"race": ["declined", "unknown", None]})
    assert [group[0].value for group in counts.groups()[1:]] == ["absent", "declined", "unknown"]


def test_coded_columns_count_like_text() -> None:
    """Dictionary-encoded, text-array and list columns give one tally; -1 is `absent`."""
    words = ["b", "a", "b", "absent", "a"]
    y, p = [0, 1, 0, 1, 1], [0.1, 0.9, 0.4, 0.4, 0.6]
    from_list = tally(y, p, {"g": words})
    assert tally(y, p, {"g": np.array(words)}) == from_list
    assert tally(y, p, {"g": Coded(np.array([0, 1, 0, -1, 1], np.int8), ["b", "a"])}) == from_list


def test_text_columns_with_many_values() -> None:
    """Beyond the few values that are compared one by one, the groups are still the values."""
    words = [f"site-{at % 50:02}" for at in range(500)]
    counts = tally(np.arange(500) % 2, np.full(500, 0.5), {"site": np.array(words)})
    assert counts == tally(np.arange(500) % 2, np.full(500, 0.5), {"site": words})


def test_stored_tallies_read_back_equal() -> None:
    """A worker can send its counts as bytes, and the same counts give the same bytes."""
    counts = people().tally()
    assert Tally.decode(counts.encode()) == counts
    assert Tally.decode(counts.encode()).encode() == counts.encode()


@given(st.binary(max_size=200))
def test_stored_rubbish_is_refused(stored: bytes) -> None:
    """Bytes that are no tally raise the error of this room."""
    with pytest.raises(SampleError, match="stored tally"):
        Tally.decode(stored)


def test_a_truncated_tally_is_refused() -> None:
    """Half of a stored tally is not a smaller tally."""
    stored = people(50).tally().encode()
    with pytest.raises(SampleError, match="stored tally"):
        Tally.decode(stored[: len(stored) // 2])


@pytest.mark.parametrize("threshold", [0.0, 0.1, 0.25, 1 / 3, 0.5, 0.9999, 1.0])
def test_thresholds_split_scores_exactly(threshold: float) -> None:
    """The people from the bin of a threshold upwards are those with `p >= threshold`, also at ties with
    it."""
    scores = np.concatenate([np.random.default_rng(0).random(2000), [0.0, threshold, 1.0]])
    for beside in (0.0, 1.0):
        scores = np.append(scores, np.nextafter(threshold, beside))
    grid = ScoreGrid(64, (threshold,))
    scores = scores[(scores >= 0) & (scores <= 1)]
    assert ((grid.index(scores) >= grid.position(threshold)) == (scores >= threshold)).all()


def test_an_undeclared_threshold_is_refused() -> None:
    """A threshold inside a bin cannot be answered from counts."""
    with pytest.raises(SampleError, match="not an edge"):
        GRID.position(0.3)


def test_duplicate_patients_are_refused() -> None:
    """A patient who counts twice makes intervals too narrow; the message gives the number and the remedy."""
    with pytest.raises(SampleError, match=r"1 rows repeat a patient; keep one row each"):
        tally([0, 1, 0], [0.1, 0.2, 0.3], {}, patients=["a", "b", "a"])


@pytest.mark.parametrize(
    ("y", "p", "names"),
    [
        ([0, 1], [0.1, 1.1], "p: every probability"),
        ([0, 1], [0.1, float("nan")], "p: holds NaN"),
        ([0, float("nan")], [0.1, 0.2], "y: holds NaN"),
        ([0, 2], [0.1, 0.2], "y: every outcome"),
        ([0, 1, 1], [0.1, 0.2], "y has 3 rows, p has 2"),
    ],
)
def test_malformed_samples_are_refused_by_name(y: list[float], p: list[float], names: str) -> None:
    """Scores outside [0, 1], NaN, other outcomes and unequal columns say which column it is."""
    with pytest.raises(SampleError, match=names):
        tally(y, p, {})


@pytest.mark.parametrize(
    ("column", "names"),
    [
        (["a"], "1 entries for 2 people"),
        ("ab", "found one string"),
        ([1, 2], "type int"),
        ([("a", 3), "b"], "type int is not text"),
        (Coded(np.array([0, 2]), ["a", "b"]), "a code has no value"),
        (Coded(np.array([0.0, 1.0]), ["a", "b"]), "dimension of integers"),
    ],
)
def test_malformed_group_columns_are_refused_by_name(column: object, names: str) -> None:
    """The message names the attribute and what is wrong, and does not repeat the patient's value."""
    with pytest.raises(GroupError, match=f"race: .*{names}"):
        tally([0, 1], [0.1, 0.2], {"race": column})


def test_tallies_of_other_attributes_do_not_add_up() -> None:
    """Adding counts of different layouts is an error and not a guess."""
    with pytest.raises(GroupError, match="do not add up"):
        tally([0], [0.5], {"sex": ["f"]}) + tally([0], [0.5], {"race": ["a"]})
    with pytest.raises(SampleError, match="grid"):
        tally([0], [0.5], {}, ScoreGrid(64)) + tally([0], [0.5], {}, ScoreGrid(128))


def test_many_attributes_do_not_outgrow_the_people() -> None:
    """Only combinations that occur are kept, though the product of the values has no bound."""
    columns = {f"a{at}": [f"v{(row * 7 + at) % 30}" for row in range(60)] for at in range(6)}
    assert len(tally([0] * 60, [0.5] * 60, columns).strata) <= 60
