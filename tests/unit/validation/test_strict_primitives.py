"""Strict primitive types against those of fhir_core, which fhir.resources uses."""

from __future__ import annotations

import calendar
import json
import re
from typing import Any, get_args

import pytest
from fhir_core import types
from hypothesis import given, settings
from hypothesis import strategies as st
from mutants import DATES, TEXTS
from pydantic import TypeAdapter, ValidationError

from fhir_mapping.validation.primitives import PRIMITIVES, has_odd_space, is_tidy

PATTERNED = ("code", "id", "date", "dateTime", "instant", "time")


def authority(name: str) -> Any:
    """fhir_core's own type of this name."""
    return TypeAdapter(getattr(types, f"{name[0].upper()}{name[1:]}Type"))


def accepted(adapter: Any, value: Any) -> bool:
    """Whether fhir_core accepts a value."""
    try:
        adapter.validate_python(value)
    except ValidationError:
        return False
    return True


def pattern(name: str) -> re.Pattern[str]:
    """The strict pattern of a primitive."""
    return re.compile(get_args(PRIMITIVES[name])[1].pattern)


@pytest.mark.parametrize("name", PATTERNED)
def test_text_that_fits_a_strict_pattern_is_valid(name: str) -> None:
    """fhir_core accepts every text that a strict pattern was written for."""
    adapter, limit = authority(name), get_args(PRIMITIVES[name])[1].max_length or 10**6

    @settings(max_examples=60, deadline=None)
    @given(st.from_regex(pattern(name)).filter(lambda text: len(text) <= limit))
    def holds(text: str) -> None:
        assert accepted(adapter, text), text

    holds()


@pytest.mark.parametrize("name", PATTERNED)
def test_odd_text_that_a_strict_pattern_accepts_is_valid(name: str) -> None:
    """No odd date, clock time, space or letter gets past a strict pattern that fhir_core would refuse."""
    adapter, fits = authority(name), pattern(name).search
    passed = [text for text in DATES + TEXTS if fits(text) and len(text) <= 255]
    assert passed
    assert [text for text in passed if not accepted(adapter, text)] == []


@pytest.mark.parametrize("year", [1900, 1999, 2000, 2019, 2020, 2100, 2400])
def test_a_full_date_is_proved_exactly_when_the_day_exists(year: int) -> None:
    """The calendar is in the pattern: leap years, centuries and the length of months."""
    for month in range(1, 13):
        for day in range(1, 32):
            exists = day <= calendar.monthrange(year, month)[1]
            assert bool(pattern("date").search(f"{year}-{month:02d}-{day:02d}")) == exists


@pytest.mark.parametrize("name", ["uri", "url", "canonical", "markdown", "xhtml"])
def test_types_without_a_strict_pattern_take_any_text(name: str) -> None:
    """fhir_core has no rule for these, so none is needed."""
    adapter = authority(name)
    assert PRIMITIVES[name] is str
    assert all(accepted(adapter, text) for text in DATES + TEXTS if text != "\ud800")


@pytest.mark.parametrize("name", ["integer", "unsignedInt", "positiveInt", "decimal"])
def test_the_ends_of_strict_ranges_are_valid(name: str) -> None:
    """fhir_core accepts both ends of the range of each kind of number."""
    adapter, limits = authority(name), get_args(PRIMITIVES[name])[1]
    assert accepted(adapter, limits.ge)
    assert accepted(adapter, limits.le)


def test_every_character_that_is_no_content_is_found() -> None:
    """A string of one character is refused by fhir_core only if that character counts as odd space."""
    adapter = authority("string")
    for character in map(chr, (*range(32, 0xD800), *range(0xE000, 0x11000), 0x1F600)):
        if not accepted(adapter, character):
            assert has_odd_space(json.dumps(character).encode()), hex(ord(character))
            assert has_odd_space(json.dumps(character, ensure_ascii=False).encode()), hex(ord(character))


@pytest.mark.parametrize("text", [r'"\f"', r'"\u000b"', r'"\u000C"', r'"\u00A0"', r'"\u2028"', '"\u2003"'])
def test_escapes_of_odd_space_are_found(text: str) -> None:
    """Short and long escapes, in upper and lower case, count like the character itself."""
    assert has_odd_space(text.encode())


@settings(max_examples=150, deadline=None)
@given(st.text(min_size=1, alphabet=st.characters(exclude_categories=["Cs"])), st.booleans())
def test_a_text_without_odd_space_is_a_valid_string(text: str, ascii_only: bool) -> None:
    """Not empty and no odd space is enough for a FHIR string, however the JSON is escaped."""
    if not has_odd_space(json.dumps(text, ensure_ascii=ascii_only).encode()):
        assert accepted(authority("string"), text)


@pytest.mark.parametrize(
    "text", ['{"text": "plain"}', r'{"text": "a\nb\tc"}', '{"text": "caf\u00e9 \u200b"}']
)
def test_ordinary_text_has_no_odd_space(text: str) -> None:
    """Line ends, tabs, accents and zero-width spaces do not cost a resource its quick proof."""
    assert not has_odd_space(text.encode())


SPACED = st.text(
    alphabet=["a", "-", " ", "\t", "\n", "\u2003", "\x1c", '"', ",", ":", "\\", "é"], min_size=1, max_size=6
)


@settings(max_examples=400, deadline=None)
@given(st.lists(SPACED, min_size=1, max_size=3), st.sampled_from([(",", ":"), (", ", ": "), (" ,", " :")]))
def test_every_text_in_tidy_json_is_a_valid_code(texts: list[str], separators: tuple[str, str]) -> None:
    """Wherever a string stands and whatever is between the tokens, tidy JSON holds no space that a code may
    not hold."""
    adapter = authority("code")
    if is_tidy(
        json.dumps({"code": texts, "x": texts[0]}, separators=separators, ensure_ascii=False).encode()
    ):
        assert [text for text in texts if not accepted(adapter, text)] == []


@pytest.mark.parametrize(
    ("raw", "tidy"),
    [
        ('{"code":"a b","list":["a","b"],"n":1}', True),
        ('{"code": "a"}', False),
        ('{"code":"a" }', False),
        ('{"code":" a"}', False),
        ('{"code":"a "}', False),
        ('{"code":"a  b"}', False),
        ('{"code":"a\\nb"}', False),
        ('{"code":"é"}', False),
    ],
)
def test_tidy_json_is_compact_ascii_without_loose_spaces(raw: str, tidy: bool) -> None:
    """Single spaces inside a string are fine, any other space is not."""
    assert is_tidy(raw.encode()) == tidy
