"""Charts: readable without colour, inside their frame, and silent about what is withheld."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from view_samples import sample

from fairness.report import charts
from fairness.report.charts import palette
from fairness.report.charts.axes import Scale, spanned
from fairness.report.charts.scene import Area, Bar, Item, Line, Mark, Words, text_width, wrapped
from fairness.report.content import document
from fairness.report.content.blocks import Charts, Section, Table
from fairness.report.content.summary import shares_of_hundred
from fairness.report.marks import VERDICT_MARKS
from fairness.report.model import RiskBand
from fairness.report.words import VERDICTS

_FINITE = st.floats(-1e3, 1e3)


def _sections() -> tuple[Section, ...]:
    return document(sample(), earlier=[sample(2500, 1, created="2025-12-31")]).sections


def _scenes() -> Iterator[charts.Scene]:
    for section in _sections():
        for block in section.blocks:
            if isinstance(block, Charts):
                yield from block.scenes


def _corners(item: Item) -> list[tuple[float, float]]:
    if isinstance(item, Words):
        width = text_width(item.text, item.size, item.bold)
        left = item.x - {"start": 0.0, "middle": width / 2, "end": width}[item.anchor]
        return [(left, item.y - item.size), (left + width, item.y)]
    if isinstance(item, Line | Area):
        return list(item.points)
    if isinstance(item, Bar):
        return [(item.x, item.y), (item.x + item.width, item.y + item.height)]
    return [(item.x - item.size, item.y - item.size), (item.x + item.size, item.y + item.size)]


@pytest.mark.parametrize("colour", [palette.INK, palette.MUTED])
def test_text_has_the_contrast_of_level_aa(colour: str) -> None:
    """Text reaches 4.5:1 on white (WCAG 2.2, 1.4.3)."""
    assert palette.contrast(colour, palette.PAPER) >= 4.5


@pytest.mark.parametrize("colour", [palette.BLUE, palette.VERMILION, palette.GREEN, palette.MUTED])
def test_symbols_have_the_contrast_of_level_aa(colour: str) -> None:
    """Symbols and lines reach 3:1 on white and on the tints behind them (WCAG 2.2, 1.4.11)."""
    assert palette.contrast(colour, palette.PAPER) >= 3.0
    assert palette.contrast(colour, palette.GREY_TINT) >= 3.0


def test_contrast_is_that_of_the_standard() -> None:
    """Black on white is 21:1, and #767676 is the lightest grey that text may have."""
    assert palette.contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert palette.contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_each_verdict_has_a_shape_of_its_own() -> None:
    """Verdicts can be told apart without colour."""
    assert set(VERDICT_MARKS) == set(VERDICTS)
    assert len({mark.shape for mark in VERDICT_MARKS.values()}) == len(VERDICT_MARKS)


def test_everything_is_drawn_inside_its_chart() -> None:
    """No text is cut and no line leaves the chart."""
    for scene in _scenes():
        for item in scene.items:
            for x, y in _corners(item):
                assert -1.0 <= x <= scene.width + 1.0, (scene.title, item)
                assert -1.0 <= y <= scene.height + 1.0, (scene.title, item)


def test_no_text_is_written_over_another() -> None:
    """The boxes of any two texts of a chart are apart."""
    for scene in _scenes():
        boxes = [(_corners(item), item) for item in scene.items if isinstance(item, Words) and item.text]
        for at, ((low, high), one) in enumerate(boxes):
            for (left, right), other in boxes[at + 1 :]:
                apart = (
                    high[0] <= left[0]
                    or right[0] <= low[0]
                    or high[1] <= left[1] + 1
                    or right[1] <= low[1] + 1
                )
                assert apart, (scene.title, one.text, other.text)


def test_every_section_with_charts_has_their_table() -> None:
    """No chart goes without the figures that it is drawn from."""
    for section in _sections():
        if section.anchor != "summary" and any(isinstance(block, Charts) for block in section.blocks):
            assert any(isinstance(block, Table) for block in section.blocks), section.title


def test_a_withheld_group_is_a_word_in_a_forest_plot() -> None:
    """Without a value there is no symbol and no interval, and the scale does not change."""
    told = charts.ForestRow("a", 0.7, 0.6, 0.8, True, "0.700")
    masked = charts.ForestRow("b", None, None, None, False, "withheld")
    both = charts.forest(charts.Forest("t", "d", (told, masked)))
    alone = charts.forest(charts.Forest("t", "d", (told,)))
    assert "withheld" in [item.text for item in both.items if isinstance(item, Words)]
    marks = [[item.x for item in scene.items if isinstance(item, Mark)] for scene in (both, alone)]
    assert marks[0] == marks[1]


def test_a_withheld_band_has_a_cross_and_no_bar() -> None:
    """The height of a withheld bar is not drawn."""
    bands = [
        RiskBand(low=0.0, high=0.5, people=40, share=0.8),
        RiskBand(low=0.5, high=1.0, people=None, share=None),
    ]
    scene = charts.risk_panel("t", bands, charts.risk_scales([]))
    assert len([item for item in scene.items if isinstance(item, Bar)]) == 1
    assert [item.shape for item in scene.items if isinstance(item, Mark)] == ["cross"]


@given(_FINITE, _FINITE)
def test_ticks_lie_on_the_scale(one: float, other: float) -> None:
    """Every tick is between the ends, and there are not too many to read."""
    scale = Scale(*spanned([one, other]), 0.0, 100.0)
    assert all(scale.low - 1e-9 <= tick <= scale.high + 1e-9 for tick in scale.ticks())
    assert len(scale.ticks()) <= 6


@given(st.text(max_size=80), st.floats(30.0, 300.0))
def test_wrapped_text_fits_its_width(text: str, width: float) -> None:
    """Lines are no wider than asked for, and no more than three."""
    lines = wrapped(text, width)
    assert 1 <= len(lines) <= 3
    assert all(text_width(line) <= width or line == "…" for line in lines)


def test_a_picture_of_a_hundred_people_needs_a_hundred() -> None:
    """Counts that do not add up are refused."""
    with pytest.raises(ValueError, match="add up to 99"):
        charts.hundred("t", (1, 1, 1, 96), ("a", "b", "c", "d"))
    assert charts.hundred("t", shares_of_hundred(0.2, 0.8, 0.7), ("a", "b", "c", "d")).width > 0
