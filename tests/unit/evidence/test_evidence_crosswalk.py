"""Frameworks: the items of the source, pointers that can be filled, and no answer from nothing."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from evidence_records import DIABETES, MODELS, RESPONSE, audit, declared, record
from hypothesis import given
from hypothesis import strategies as st

from fairness.evidence.crosswalk import FRAMEWORKS, filled
from fairness.evidence.facts import facts
from fairness.evidence.pointers import found_at, is_told
from fairness.evidence.wording import told
from models.regulatory import Regulatory

ITEMS = {
    "onc-predictive": 31,
    "onc-evidence-based": 13,
    "tripod-ai": 52,
    "probast-ai": 34,
    "future-ai": 30,
    "ai-act": 17,
}


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_framework_has_the_items_of_its_source(name: str) -> None:
    """As many as the source counts, each once."""
    ids = [one["id"] for one in facts(name)["items"]]
    assert (len(ids), len(set(ids))) == (ITEMS[name], ITEMS[name])


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_an_item_has_no_field_that_nobody_reads(name: str) -> None:
    """A comma that cuts a sentence in two would show as a field of its own."""
    known = {"id", "group", "text", "at", "may_be_unavailable"}
    assert [
        one["id"] for one in facts(name)["items"] if not {"id", "group", "text", "at"} <= set(one) <= known
    ] == []


def test_eleven_attributes_may_be_stated_as_not_available() -> None:
    """Those of the rule, and no more."""
    may = [one["id"] for one in facts("onc-predictive")["items"] if one.get("may_be_unavailable")]
    assert may == ["17", "18", "19", "20", "23", "24", "25", "27", "29", "30", "31"]


def test_the_parts_of_probast_have_16_and_18_questions() -> None:
    """Development and evaluation."""
    ids = [one["id"] for one in facts("probast-ai")["items"]]
    assert (sum(i.startswith("D") for i in ids), sum(i.startswith("E") for i in ids)) == (16, 18)


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_each_pointer_leads_to_a_place_that_can_be_filled(name: str) -> None:
    """A pointer to a place that no record can have would leave an item open for ever."""
    document = record(RESPONSE).document
    for item in facts(name)["items"]:
        for at in item["at"]:
            parent, _, last = at.rpartition("/")
            holder = found_at(document, parent) if parent else document
            is_free = parent == "regulatory/study/more" or (parent == "usage" and holder is None)
            assert is_free or last in holder, at


def test_nothing_is_answered_from_an_empty_block() -> None:
    """Without declarations, what only declarations answer is open."""
    empty = declared(DIABETES, **msgspec.to_builtins(Regulatory()))
    states = {one.id: one.state for one in filled("onc-predictive", empty).answers}
    assert [states[number] for number in ("4", "14", "15", "26", "28")] == ["open"] * 5
    assert [states[number] for number in ("18", "25", "30")] == ["not available"] * 3


def test_an_answer_that_lacks_a_part_is_partly_answered() -> None:
    """Half an answer is not told as a whole one."""
    purpose = next(
        one for one in filled("onc-predictive", declared(decision_role=None)).answers if one.id == "8"
    )
    assert (purpose.state, purpose.missing) == ("partly", ("regulatory/decision_role",))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", FRAMEWORKS)
def test_each_answer_points_to_what_it_says(model: str, name: str) -> None:
    """The lines of an answer are those of the place in the record."""
    found = record(model)
    for answer in filled(name, found).answers:
        for pointer in answer.evidence:
            assert list(pointer.lines) == told(found_at(found.document, pointer.at))


def test_the_attribute_on_inputs_lists_every_trait() -> None:
    """Nine lines, also for traits that are not used."""
    twelfth = next(one for one in filled("onc-predictive", record()).answers if one.id == "12")
    assert len(twelfth.evidence[0].lines) == 9
    assert "Race: not used" in twelfth.evidence[0].lines


def test_an_audit_answers_the_attributes_on_local_data() -> None:
    """27 and 29 come from the report, and from nothing else."""
    states = {one.id: one.state for one in filled("onc-predictive", record(audits=[audit()])).answers}
    assert (states["27"], states["29"]) == ("answered", "answered")


def test_probast_gives_no_rating() -> None:
    """The document says that a person has to judge."""
    assert filled("probast-ai", record()).needs_judgement


@pytest.mark.parametrize("value", [None, "", [], {}])
def test_nothing_is_no_answer(value: Any) -> None:
    """An empty part leaves its item open."""
    assert not is_told(value)


@pytest.mark.parametrize("value", [False, 0, 0.0, "no", [0]])
def test_no_and_zero_are_answers(value: Any) -> None:
    """A declared `false` is a declaration."""
    assert is_told(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(JSON, st.text())
def test_a_pointer_into_anything_finds_something_or_nothing(document: Any, pointer: str) -> None:
    """No document and no pointer raises."""
    found_at(document, pointer)
