"""Counts of silence, responses and states: no withheld count follows from those that are told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_hooks.monitor.masks import Mask, decode_releases, encode_releases, group_of
from fairness.disclosure import Cell, Release, Table, suppress
from fairness.engine import flag_tally, response_tally
from fairness.errors import SampleError
from fairness.groups import Membership
from fairness.monitor.disclosure import flag_table, response_table, states_table

SEXES = st.sampled_from(["female", "male", "unknown"])
PEOPLE = st.lists(st.tuples(SEXES, st.booleans(), st.sampled_from("abc")), min_size=1, max_size=120)
ACTIONS = {"a": "accepted", "b": "overridden", "c": "no-response"}


def determined(table: Table, hidden: frozenset[Cell]) -> set[Cell]:
    """Withheld cells that have one value only in every solution of the sums."""
    cells = sorted(hidden, key=repr)
    rows = []
    for one in table.sums:
        row = [float(cell in one.parts) - float(cell == one.total) for cell in cells]
        rows.append(row)
    if not cells or not rows:
        return set()
    _, values, right = np.linalg.svd(np.array(rows))
    free = right[(values > 1e-9).sum() :]
    return {cell for at, cell in enumerate(cells) if not free.size or np.abs(free[:, at]).max() < 1e-9}


@settings(max_examples=80, deadline=None)
@given(PEOPLE)
def test_no_withheld_count_of_flags_or_responses_can_be_solved_for(
    people: list[tuple[str, bool, str]],
) -> None:
    """Whoever adds and subtracts what is told does not arrive at a small count."""
    sexes, flags, letters = zip(*people, strict=True)
    groups = {"sex": list(sexes)}
    silent = flag_table(flag_tally({"no_card": np.array(flags)}, groups))
    responses = response_table(response_tally([ACTIONS[one] for one in letters], ["d"] * len(people), groups))
    for table in (silent, responses):
        hidden = suppress(table)
        small = {cell for cell, count in table.counts.items() if 0 < count < 11}
        assert small <= hidden
        assert not small & determined(table, hidden)


def test_the_tables_count_what_is_there() -> None:
    """Encounters with and without a flag add up within a group and over the groups."""
    table = flag_table(flag_tally({"no_card": np.array([True, False, True])}, {"sex": ["f", "f", "m"]}))
    women = (Membership("sex", "f"),)
    assert [table.counts[Cell(kind, women)] for kind in ("n", "no_card", "not no_card")] == [2, 1, 1]
    for one in table.sums:
        parts = sum(table.counts[cell] for cell in one.parts)
        assert parts == table.counts[one.total] + one.surplus


def test_states_of_predictions_are_one_sum() -> None:
    """A single small state takes another one with it."""
    mask = Mask.of(states_table({"mature": 200, "unmatured": 50, "conflicting": 3}), "states", {}, {})
    counts = [mask.count(name, ()) for name in ("n", "mature", "unmatured", "conflicting")]
    assert counts == [253, 200, None, None]


def test_releases_come_back_as_they_were() -> None:
    """What was told and withheld survives the ledger's text."""
    cell, other = Cell("n", (Membership("sex", "female"),)), Cell("n", ())
    releases = {"judged": Release({other: 40}, {cell: 7})}
    assert decode_releases(encode_releases(releases)) == releases


@pytest.mark.parametrize("text", ["{", '{"judged": 1}', '{"judged": "x"}'])
def test_a_broken_release_is_an_error(text: str) -> None:
    """Without knowing what was told nothing may be told."""
    with pytest.raises(SampleError):
        decode_releases(text)


def test_group_names_are_taken_apart() -> None:
    """An intersection has a member for each of its parts, everybody none."""
    assert group_of("overall", "all") == ()
    assert group_of("sex × race", "female × asian") == (
        Membership("sex", "female"),
        Membership("race", "asian"),
    )
