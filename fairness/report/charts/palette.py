"""Colours and symbols that hold for colour-blind readers and on a black and white printer.

Hues are those of Okabe M, Ito K. Color Universal Design (2008) that reach a contrast of 3:1 on white; no
meaning rests on a hue alone, each goes with a symbol, a dash or a word.
"""

from typing import NamedTuple

from fairness.report.charts.scene import Shape

INK, MUTED, GRID, PAPER = "#1b1b1b", "#595959", "#d9d9d9", "#ffffff"
BLUE, VERMILION, GREEN = "#0072b2", "#c04f00", "#007a5a"
BLUE_TINT, GREY_TINT, OTHER_TINT = "#cfe4f1", "#e6e6e6", "#f6dccb"


class Style(NamedTuple):
    """How one kind of value is drawn: colour, symbol, dash of its line, and the words of the legend."""

    colour: str
    shape: Shape
    dash: tuple[float, ...]
    words: str


OK = Style(BLUE, "circle", (), "enough data")
INSUFFICIENT = Style(MUTED, "hollow-diamond", (3.0, 2.0), "insufficient data")


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two #rrggbb colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255.0 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
