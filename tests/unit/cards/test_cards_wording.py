"""Words and numbers of a card, and text that cannot become markup."""

import math
import re
from html.parser import HTMLParser

import pytest
from card_examples import OutputValue
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from cds_hooks import wording

GFM = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
HOSTILE = st.text(
    alphabet=st.sampled_from("<>&|`*_[]()!#~\\:/@.-+=\"'\n\r\t a1w$mh"), max_size=60
) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "![x](https://evil.example/p.png)",
        "| a | b |\n| --- | --- |",
        "\\| end",
        "<https://evil.example>",
        "https://evil.example",
        "www.evil.example",
        "a@evil.example",
        "&lt;b&gt;",
        "\u202egnp.exe",
    ]
)
AUTOLINK = re.compile(r"(?:https?|ftp)://\S|www\.|\S@\S|mailto:|xmpp:", re.IGNORECASE)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def _rendered(markdown: str) -> _Tags:
    parser = _Tags()
    parser.feed(GFM.render(markdown))
    parser.close()
    return parser


@given(HOSTILE | st.text())
def test_escaped_text_renders_as_nothing_but_one_paragraph(text: str) -> None:
    """No text becomes HTML, emphasis, code, a heading, a list or a link."""
    assert set(_rendered(wording.escape(text)).tags) <= {"p"}


@given(HOSTILE | st.text())
def test_escaped_text_stays_in_its_table_cell(text: str) -> None:
    """A cell keeps its row's columns whatever it holds."""
    table = f"| Finding | Value |\n| --- | --- |\n| {wording.escape(text)} | kept |\n"
    tags = _rendered(table).tags
    assert (tags.count("tr"), tags.count("th"), tags.count("td")) == (2, 2, 2)
    assert set(tags) <= {"table", "thead", "tbody", "tr", "th", "td"}


@given(HOSTILE | st.text())
def test_escaped_text_holds_nothing_that_github_links_by_itself(text: str) -> None:
    """Addresses of the web and of mail are broken up."""
    assert not AUTOLINK.search(_rendered(wording.escape(text)).text)


@given(st.text(alphabet="abc<>&|*_`[] 12.", max_size=40))
def test_escaped_text_reads_as_it_was(text: str) -> None:
    """A reader of the rendered card sees the same characters as in the record."""
    assert _rendered(wording.escape(text)).text.strip() == " ".join(text.split())


def test_controls_and_direction_marks_are_dropped() -> None:
    """A right-to-left override cannot turn a text around."""
    assert wording.plain("a\u202eb\x00c\nd") == "ab c d"


@given(
    st.text(max_size=400)
    | st.lists(st.sampled_from(["about", "9", "in", "100", "people", "😀", "1000"])).map(" ".join)
)
def test_a_summary_never_has_140_characters(text: str) -> None:
    """The limit of CDS Hooks holds for any text, counted in UTF-16 units as browsers do."""
    assert len(wording.summary(text).encode("utf-16-le")) // 2 <= 139


@given(st.lists(st.sampled_from(["about", "9", "in", "100", "people", "respond", "12.5"]), min_size=40))
def test_a_cut_summary_ends_in_a_whole_word_that_is_no_number(words: list[str]) -> None:
    """A cut never leaves a count without its denominator."""
    text = " ".join(words)
    cut = wording.summary(text)
    if cut != text:
        assert cut == "…" or re.fullmatch(r"(?:\S+ )*(?:people|respond)…", cut)


def test_a_summary_without_spaces_is_still_a_summary() -> None:
    """One endless word is cut, and something is left."""
    assert wording.summary("x" * 200) == "x" * 69 + "…"


@pytest.mark.parametrize(
    ("probability", "of", "words"),
    [
        (0.09, 100, "9"),
        (0.085, 100, "9"),
        (0.004, 100, "fewer than 1"),
        (0.0042, 1000, "4"),
        (0.0, 1000, "fewer than 1"),
        (0.997, 100, "more than 99"),
        (1.0, 100, "more than 99"),
    ],
)
def test_counts_round_and_never_claim_certainty(probability: float, of: int, words: str) -> None:
    """Neither 0 nor everybody is ever promised."""
    assert wording.count(probability, of) == words


@pytest.mark.parametrize("probability", [math.nan, -0.01, 1.01])
def test_a_count_of_no_probability_is_refused(probability: float) -> None:
    """A number outside [0, 1] never reaches a card."""
    with pytest.raises(ValueError, match="probability"):
        wording.count(probability)


def test_small_risks_count_in_thousands() -> None:
    """Below 1 % the denominator is 1000."""
    assert (wording.denominator(0.0099), wording.denominator(0.01)) == (1000, 100)


def test_a_span_of_one_count_is_told_as_one() -> None:
    """An interval that rounds to one number does not read `9 to 9`."""
    assert (wording.span(0.061, 0.134), wording.span(0.088, 0.092)) == ("6 to 13", "about 9")


def test_a_template_is_filled_with_counts() -> None:
    """Placeholders take the counts of their output."""
    output = OutputValue("d", "D", 0.09, 0.06, 0.13, 0.04)
    text = wording.fill("About {d.of100} ({d.low100} to {d.high100}, typical {d.typical100})", [output])
    assert text == "About 9 (6 to 13, typical 4)"


def test_a_template_without_its_value_is_not_filled() -> None:
    """A headline that needs a typical count is given up when there is none."""
    assert wording.fill("{d.typical100}", [OutputValue("d", "D", 0.09, 0.06, 0.13)]) is None


def test_fewer_than_one_is_not_about() -> None:
    """`About fewer than 1` is never said."""
    assert (
        wording.fill("About {d.of100} in 100", [OutputValue("d", "D", 0.001, 0, 0.01)])
        == "Fewer than 1 in 100"
    )


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (34.127, "kg/m2", "34.1 kg/m²"),
        (148.2, "mm[Hg]", "148 mmHg"),
        (14.6, "{mutations}/Mb", "14.6 mutations/Mb"),
        (14.6, "1/1000000{Base}", "14.6 per Mb"),
        (4.2, "{mutations}/1000000{Base}", "4.2 mutations/Mb"),
        (55.0, "mL/min/{1.73_m2}", "55 mL/min/1.73 m²"),
        (900.0, "/mm3", "900 /mm³"),
        (58.0, "a", "58 years"),
        (3.80, "g/dL", "3.8 g/dL"),
        (12345.6, None, "12346"),
        (0.04567, "1", "0.0457"),
        (4.2, "10*3/uL", "4.2 10³/µL"),
        (180.0, "[lb_av]", "180 lb"),
        (-0.0, "%", "0 %"),
    ],
)
def test_quantities_have_three_digits_and_readable_units(value: float, unit: str | None, text: str) -> None:
    """Numbers and UCUM codes are spelled as people write them."""
    assert wording.quantity(value, unit) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_keep_their_size(value: float) -> None:
    """A shown number lies within half a per cent of the value, or both are next to nothing."""
    assert float(wording.number(value)) == pytest.approx(value, rel=5.1e-3, abs=1e-12)


@pytest.mark.parametrize(
    ("recorded", "shown"),
    [("2026-09-02T08:30:00+02:00", "2026-09-02"), ("2019-05", "2019-05"), (None, ""), ("<b>2019", "")],
)
def test_dates_are_shown_to_the_day(recorded: str | None, shown: str) -> None:
    """The time is left out, a partial date stays partial, and no other text passes."""
    assert wording.day(recorded) == shown
