"""Parsing the FHIR queries of prefetch templates."""

from __future__ import annotations

import contextlib
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_hooks.ehr.errors import UnsupportedQuery
from cds_hooks.ehr.query import (
    Clause,
    Read,
    Search,
    SortKey,
    parse_query,
    split_unescaped,
    unescape,
)

NAMES = st.from_regex(r"[a-z]{1,10}(-[a-z]{1,5})?", fullmatch=True)
VALUES = st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=4)


def escaped(text: str) -> str:
    return "".join(f"\\{sign}" if sign in "\\,|$" else sign for sign in text)


def test_instance_read() -> None:
    """Type/id is a read."""
    assert parse_query("Patient/123") == Read("Patient", "123")


@given(st.lists(st.tuples(NAMES, VALUES), max_size=5))
def test_search_survives_writing_and_parsing(clauses: list[tuple[str, list[str]]]) -> None:
    """Any names and values, escaped and percent-encoded as FHIR asks, come back as they were."""
    query = urlencode([(name, ",".join(map(escaped, values))) for name, values in clauses])
    parsed = parse_query(f"Observation?{query}")
    assert isinstance(parsed, Search)
    assert [(found.name, [unescape(value) for value in found.values]) for found in parsed.clauses] == clauses


@given(st.lists(st.text(max_size=10), min_size=1, max_size=5))
def test_escaped_separators_do_not_split(parts: list[str]) -> None:
    """Splitting at commas undoes joining escaped parts by commas."""
    joined = ",".join(map(escaped, parts))
    assert [unescape(part) for part in split_unescaped(joined, ",")] == parts


@given(st.text(max_size=60))
def test_any_text_parses_or_is_refused(text: str) -> None:
    """No text makes the parser fail in another way than UnsupportedQuery."""
    with contextlib.suppress(UnsupportedQuery):
        assert isinstance(parse_query(text), (Read, Search))


def test_repeated_parameter_gives_two_clauses() -> None:
    """The same parameter twice means both must hold."""
    parsed = parse_query("Observation?date=ge2020&date=lt2021")
    assert isinstance(parsed, Search)
    assert parsed.clauses == (Clause("date", ("ge2020",)), Clause("date", ("lt2021",)))


def test_sort_and_count_are_no_clauses() -> None:
    """_sort and _count shape the answer, they do not filter."""
    parsed = parse_query("Observation?_sort=-date,status&_count=1")
    assert parsed == Search("Observation", (), (SortKey("date", True), SortKey("status", False)), 1)


def test_in_modifier_is_refused_with_advice() -> None:
    """The modifier :in needs a terminology server, and the error says what to write instead."""
    with pytest.raises(
        UnsupportedQuery, match=r"'code:in' needs a terminology server.*list the codes in 'code'"
    ):
        parse_query("Condition?code:in=http://a.example/vs")


@pytest.mark.parametrize("modifier", ["not", "text", "exact", "missing", "Patient"])
def test_other_modifiers_are_refused(modifier: str) -> None:
    """Every other modifier is named in the refusal."""
    with pytest.raises(UnsupportedQuery, match=f"'subject:{modifier}'"):
        parse_query(f"Condition?subject:{modifier}=x")


@pytest.mark.parametrize("query", ["Condition?patient=", "Condition?patient", "Condition?code=,"])
def test_empty_value_is_refused(query: str) -> None:
    """A parameter without a value would match everybody, so it is an error that names it."""
    with pytest.raises(UnsupportedQuery, match="has no value"):
        parse_query(query)


@pytest.mark.parametrize("count", ["-1", "all", "1.5"])
def test_count_must_be_a_whole_number(count: str) -> None:
    """_count takes whole numbers only."""
    with pytest.raises(UnsupportedQuery, match="_count"):
        parse_query(f"Condition?_count={count}")


@pytest.mark.parametrize(
    "path", ["", "patient/1", "Patient/1/_history/2", "Patient/1/$everything", "https://a/Patient/1"]
)
def test_other_interactions_are_refused(path: str) -> None:
    """Operations, histories and absolute URLs are no prefetch queries."""
    with pytest.raises(UnsupportedQuery, match="only Type/id"):
        parse_query(path)


def test_refusal_does_not_repeat_the_value() -> None:
    """A value may be the patient's id, so no refusal quotes it."""
    with pytest.raises(UnsupportedQuery) as caught:
        parse_query("Condition?patient:exact=secret-7")
    assert "secret-7" not in str(caught.value)
