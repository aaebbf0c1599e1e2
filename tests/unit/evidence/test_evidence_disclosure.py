"""Small groups of a private evaluation and small counts of use are in no view."""

from __future__ import annotations

import json
from typing import Any

import pytest
from evidence_records import DIABETES, RESPONSE, declared, record
from hypothesis import given
from hypothesis import strategies as st

from fairness.evidence.disclosed import disclosed
from fairness.evidence.usage import used
from fairness.evidence.views import VIEWS


def cells(document: dict[str, Any], attribute: str, output: str = "diabetes") -> dict[str, dict[str, Any]]:
    return {
        one["value"]: one
        for one in document["evaluation"]["results"]
        if one["attribute"] == attribute and one["output"] == output
    }


def test_public_rows_are_told_as_they_are() -> None:
    """Anybody can count the people of a public survey."""
    assert cells(record(DIABETES).document, "race")["other-race"]["events"] == 8


def test_a_small_group_of_a_private_evaluation_is_withheld() -> None:
    """Eight events are not told, and no figure of the group is."""
    other = cells(declared(DIABETES, evaluation_rows="private").document, "race")["other-race"]
    assert (other["n"], other["events"], other["metrics"], other["state"]) == (None, None, [], "masked")


def test_a_withheld_group_is_withheld_for_every_output() -> None:
    """Its people are the same for each outcome."""
    private = declared(DIABETES, evaluation_rows="private").document
    assert cells(private, "race", "dysglycaemia")["other-race"]["n"] is None


def test_a_withheld_group_has_company() -> None:
    """One group alone could be worked out from the total."""
    race = cells(declared(DIABETES, evaluation_rows="private").document, "race")
    overall = cells(declared(DIABETES, evaluation_rows="private").document, "overall")
    withheld = [value for value, one in race.items() if one["n"] is None]
    assert len(withheld) >= 2 or overall["all"]["n"] is None


def test_withheld_is_the_default() -> None:
    """A hospital that says nothing about its rows tells no small group."""
    from models.regulatory import Regulatory

    assert Regulatory().evaluation_rows == "private"


@pytest.mark.parametrize("name", VIEWS)
def test_no_view_of_a_private_evaluation_shows_a_withheld_figure(name: str) -> None:
    """The figures of the withheld group that no other group shares are nowhere."""
    public = cells(record(DIABETES).document, "race")["other-race"]
    private = declared(DIABETES, evaluation_rows="private")
    told = json.dumps(private.document["evaluation"]["results"])
    secret = {repr(one["value"]) for one in public["metrics"] if one["value"] is not None}
    secret = {figure for figure in secret if len(figure) > 6 and figure not in told}
    view = VIEWS[name].make(private).decode()
    assert len(secret) > 3
    assert [figure for figure in secret if figure in view] == []


def test_every_group_that_is_left_is_large_enough() -> None:
    """No count from 1 to 10 is left in the cohorts when they are private."""
    document = declared(RESPONSE, evaluation_rows="private").document
    for cell in document["evaluation"]["results"]:
        if cell["n"] is not None:
            small = [count for count in (cell["events"], cell["n"] - cell["events"]) if 0 < count < 11]
            assert small == [], (cell["dataset"], cell["attribute"], cell["value"])


def test_comparators_of_withheld_groups_are_withheld() -> None:
    """Figures of another method on a subgroup would tell its size."""
    document = declared(RESPONSE, evaluation_rows="private").document
    totals = {one["n"] for one in document["evaluation"]["results"] if one["attribute"] == "overall"}
    assert {one["n"] for one in document["evaluation"]["comparators"]} <= totals | {None}


def test_the_evaluation_that_was_given_is_not_changed() -> None:
    """The caller's evaluation stays whole."""
    before = record(DIABETES).document["evaluation"]
    text = json.dumps(before)
    disclosed(before, is_public=False)
    assert json.dumps(before) == text


def rows(*counts: int) -> dict[str, list[dict[str, Any]]]:
    return {"decisions": [{"decision": f"d{at}", "reason": None, "n": n} for at, n in enumerate(counts)]}


def test_a_small_count_of_use_is_withheld_with_another() -> None:
    """The next smallest goes with it."""
    assert [one["n"] for one in used(rows(5, 40, 90))["decisions"]] == [None, None, 90]


def test_two_small_counts_that_are_large_together_need_no_company() -> None:
    """Their sum is no small cell."""
    assert [one["n"] for one in used(rows(9, 9, 90))["decisions"]] == [None, None, 90]


def test_large_counts_of_use_are_told() -> None:
    """With their state."""
    assert used(rows(11))["decisions"] == [{"decision": "d0", "reason": None, "n": 11, "state": "ok"}]


@given(st.lists(st.integers(0, 60), max_size=8))
def test_nobody_subtracts_their_way_to_a_small_count(counts: list[int]) -> None:
    """What is withheld is never one count alone, unless nothing else is there to hide it."""
    told = used(rows(*counts))["decisions"]
    hidden = [n for n, one in zip(counts, told, strict=True) if one["n"] is None]
    assert all(one["n"] is None or one["n"] == 0 or one["n"] >= 11 for one in told)
    if len([n for n in counts if n > 0]) > 1 and any(0 < n < 11 for n in counts):
        assert len(hidden) >= 2
