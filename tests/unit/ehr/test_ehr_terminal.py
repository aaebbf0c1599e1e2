"""Cards and Markdown in the columns of a terminal."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_hooks.ehr.columns import printable, width_of, wrap
from cds_hooks.ehr.markdown import plain_lines
from cds_hooks.ehr.terminal import Screen, render_answer, render_heading

Json = dict[str, Any]

CARD: Json = {
    "summary": "Risk of bleeding within 90 days is 12 % (95 % interval 8 to 17 %), more than typical here",
    "indicator": "warning",
    "detail": "## Why\n\n| Input | Value |\n|---|---|\n| **HbA1c** | 8.1 % |\n\n- age\n- `creatinine`",
    "source": {"label": "Bedside", "url": "https://bedside.example/models/" + "x" * 90},
    "suggestions": [
        {
            "label": "Order creatinine",
            "isRecommended": True,
            "actions": [{"type": "create", "description": "New order"}],
        }
    ],
    "selectionBehavior": "any",
    "links": [{"label": "Model card", "url": "https://bedside.example/m", "type": "absolute"}],
    "overrideReasons": [{"code": "a", "system": "b", "display": "Already seen"}],
}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(*cards: Any, screen: Screen | None = None) -> str:
    return "\n".join(render_answer({"cards": list(cards)}, screen or Screen(), "h-1"))


@pytest.mark.parametrize(
    "words",
    [
        "[!] WARNING: Risk of bleeding",
        "Input  Value",
        "HbA1c  8.1 %",
        "- creatinine",
        "Suggestions (choose any):",
        "- Order creatinine (recommended)",
        "create: New order",
        "- Model card: https://bedside.example/m",
        "Reasons to override: Already seen",
        "Source: Bedside",
    ],
)
def test_card_shows_each_part(words: str) -> None:
    """Every part of a card can be read as plain text."""
    assert words in shown(CARD)


@pytest.mark.parametrize(
    ("indicator", "mark"), [("info", "[i] INFO"), ("warning", "[!] WARNING"), ("critical", "[!!] CRITICAL")]
)
def test_indicator_is_word_and_symbol(indicator: str, mark: str) -> None:
    """Urgency is told by a word and a symbol, never by colour alone."""
    assert shown({"summary": "s", "indicator": indicator}).startswith(mark)


def test_silence_tells_where_the_reason_is() -> None:
    """No cards is told as nothing to say, with the hook instance under which the reason is kept."""
    assert re.search(r"Nothing to say\..*ledger, under hook instance\s+h-1", shown(), re.DOTALL)


@pytest.mark.parametrize("width", [40, 80, 100])
def test_card_stays_within_the_width(width: int) -> None:
    """No line of a card is wider than the screen, long URLs included."""
    lines = shown(CARD, screen=Screen(width)).split("\n")
    assert max(map(width_of, lines)) <= width


MARKDOWN = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "| a | b |",
                "|---|---|",
                "- x",
                "  - y",
                "1. z",
                "> q",
                "```",
                "# h",
                "***",
                "",
                "**b** _i_ `c`",
            ]
        ),
        st.text(max_size=120),
    ),
    max_size=12,
).map("\n".join)


@given(MARKDOWN, st.sampled_from([36, 76, 96]))
def test_any_markdown_stays_within_the_width(markdown: str, width: int) -> None:
    """Whatever the detail, its lines fit, wide and combining characters counted as the terminal does."""
    assert all(width_of(line) <= width for line in plain_lines(markdown, width))


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=60))
def test_any_card_fits_eighty_columns(summary: str, detail: str, label: str) -> None:
    """Whatever a service writes, no line is wider than 80 columns."""
    card = {
        "summary": summary,
        "indicator": "info",
        "detail": detail,
        "source": {"label": label, "url": label},
    }
    lines = shown(card | {"links": [{"label": label, "url": summary}]}).split("\n")
    assert max(map(width_of, lines)) <= 80


@given(st.text())
def test_no_control_character_reaches_the_screen(text: str) -> None:
    """A service cannot steer the terminal: escape sequences and direction marks are dropped."""
    lines = shown({"summary": text, "indicator": "info", "detail": text, "source": {"label": text}})
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", lines)


def test_entity_cannot_smuggle_a_control_character() -> None:
    """An HTML entity for the escape character is dropped too."""
    assert "\x1b" not in "".join(plain_lines("&#27;[31mred &#x1b;", 80))


@given(st.lists(st.text("abcdefgh", min_size=1, max_size=12), max_size=30), st.integers(20, 100))
def test_wrapping_keeps_every_word(words: list[str], width: int) -> None:
    """Wrapping only moves words to lines: none is lost, doubled or changed."""
    assert " ".join(wrap(" ".join(words), width)).split() == words


def test_wide_characters_take_two_columns() -> None:
    """Characters of East Asian width count double, combining marks nothing."""
    assert width_of("日本e\u0301") == 5


def test_printable_keeps_line_ends() -> None:
    """Line ends stay, for Markdown needs them; tabs become spaces."""
    assert printable("a\r\nb\tc\x1b[0m") == "a\nb c[0m"


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("a **bold** and __strong__ word", ["a bold and strong word"]),
        ("*so* and _so_, not snake_case_name or 3 * 4 * 5", ["so and so, not snake_case_name or 3 * 4 * 5"]),
        ("[text](https://a.example)", ["text (https://a.example)"]),
        ("![chart](https://a.example/x.png)", ["chart"]),
        ("`code` ~~gone~~ &lt;b&gt; \\*star\\*", ["code gone <b> *star*"]),
        ("# Title #", ["Title"]),
        ("one\ntwo", ["one two"]),
        ("one  \ntwo<br>three", ["one", "two", "three"]),
        ("one\n\ntwo", ["one", "", "two"]),
        ("* a\n* b\n  more", ["- a", "- b more"]),
        ("1. a\n   - b", ["1. a", "  - b"]),
        ("> quoted\n> text", ["  quoted text"]),
        ("a\n\n---\n\nb", ["a", "", "b"]),
        ("```\nx  =  1\n```", ["    x  =  1"]),
        ("a | b in prose", ["a | b in prose"]),
        ("|A|B|\n|:-|-:|\n|1|2 \\| 3|", ["A  B", "-  -----", "1  2 | 3"]),
        ("|A|B|\n|-|-|\n|1|", ["A  B", "-  -", "1"]),
        ("", []),
    ],
)
def test_markdown_reads_as_plain_text(markdown: str, expected: list[str]) -> None:
    """Each construct of GitHub-flavoured Markdown that cards use becomes readable text."""
    assert plain_lines(markdown, 76) == expected


def test_table_that_does_not_fit_becomes_pairs() -> None:
    """A table wider than the screen is read row by row, each value with its heading."""
    table = f"|Input|Meaning|\n|-|-|\n|age|{'long ' * 20}|"
    assert plain_lines(table, 60)[0].startswith("- Input: age; Meaning: long")


def test_card_of_wrong_shape_is_shown_as_far_as_possible() -> None:
    """Parts of a wrong type are left out; the rest of the card is still shown."""
    odd = {"summary": 5, "indicator": None, "detail": ["x"], "source": "x", "links": "x", "suggestions": [1]}
    assert shown(odd | {"overrideReasons": [{"display": "Seen"}]}).startswith("[?] NO INDICATOR")


@pytest.mark.parametrize("answer", [None, [], {"cards": None}, {"cards": ["x"]}])
def test_answer_of_wrong_shape_is_silence(answer: Any) -> None:
    """What holds no card objects shows none."""
    assert render_answer(answer, Screen(), "h")[0].startswith("Nothing to say")


def test_colour_only_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal gets colour, a file does not."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert (Screen.of(Terminal()).colour, Screen.of(io.StringIO()).colour) == (True, False)


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR set even a terminal gets none."""
    monkeypatch.setenv("NO_COLOR", "1")
    assert not Screen.of(Terminal()).colour


def test_colour_adds_nothing_but_colour() -> None:
    """Without its escape sequences the coloured output is the plain one."""
    painted = shown(CARD, screen=Screen(colour=True))
    assert "\x1b[" in painted
    assert re.sub(r"\x1b\[\d*m", "", painted) == shown(CARD)


@pytest.mark.parametrize(("columns", "width"), [("20", 40), ("90", 90), ("300", 100)])
def test_width_follows_the_terminal_within_bounds(
    monkeypatch: pytest.MonkeyPatch, columns: str, width: int
) -> None:
    """The terminal's width counts, but text is never set wider than 100 columns or narrower than 40."""
    monkeypatch.setenv("COLUMNS", columns)
    assert Screen.of(io.StringIO()).width == width


def test_heading_is_underlined() -> None:
    """A title stands over a rule of the screen's width."""
    assert render_heading("pgx", Screen(40)) == ["pgx", "-" * 40]
