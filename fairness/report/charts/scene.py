"""A chart as a list of shapes, before anybody has said whether it becomes SVG or a page of a PDF.

Units are CSS pixels, the origin is the top left corner, y grows downwards. Both writers draw the same scene,
so that the charts of the HTML page and of the PDF cannot differ.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

Anchor = Literal["start", "middle", "end"]
Shape = Literal["circle", "ring", "square", "diamond", "hollow-diamond", "triangle", "cross"]
Point = tuple[float, float]

TEXT_SIZE = 11.0
_BOLD = 1.15  # bold letters are wider by about this factor
_NARROW, _WIDE = frozenset("ijlft.,:;|'()[]/ "), frozenset("mwMW%@—")


class Line(NamedTuple):
    """A line through points."""

    points: tuple[Point, ...]
    stroke: str
    width: float = 1.0
    dash: tuple[float, ...] = ()


class Area(NamedTuple):
    """A filled polygon without an outline."""

    points: tuple[Point, ...]
    fill: str


class Bar(NamedTuple):
    """A rectangle by its top left corner."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    stroke: str


class Mark(NamedTuple):
    """A symbol of one value; `size` is half its height."""

    x: float
    y: float
    shape: Shape
    colour: str
    size: float = 4.0


class Words(NamedTuple):
    """One line of text on its baseline."""

    x: float
    y: float
    text: str
    anchor: Anchor = "start"
    size: float = TEXT_SIZE
    bold: bool = False
    colour: str = "#1b1b1b"


Item = Line | Area | Bar | Mark | Words


class Scene(NamedTuple):
    """A drawing with what a screen reader says about it: a title and a description."""

    title: str
    description: str
    width: float
    height: float
    items: tuple[Item, ...]


def text_width(text: str, size: float = TEXT_SIZE, bold: bool = False) -> float:
    """About how wide a text is in pixels, on the wide side of the usual fonts."""
    ems = sum(0.37 if char in _NARROW else 0.92 if char in _WIDE else 0.7 if char.isupper() else 0.61
              for char in text)  # fmt: skip
    return ems * size * (_BOLD if bold else 1.0)


def wrapped(
    text: str, width: float, size: float = TEXT_SIZE, most: int = 3, *, bold: bool = False
) -> list[str]:
    """A text in lines of at most `width` pixels; a word that is longer is cut, the last line ends in "…"
    when more than `most` lines would be needed."""
    if bold:
        width /= _BOLD
    lines: list[str] = []
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(joined, size) <= width:
            lines[-1] = joined
        else:
            lines.append(_cut(word, width, size))
    if len(lines) > most:
        lines = [*lines[: most - 1], _cut(f"{lines[most - 1]}…", width, size)]
    return lines or [""]


def polygon_of(shape: Shape, x: float, y: float, size: float) -> tuple[Point, ...]:
    """The corners of a symbol; () for the round ones and the cross."""
    if shape == "square":
        near = 0.85 * size
        return ((x - near, y - near), (x + near, y - near), (x + near, y + near), (x - near, y + near))
    if shape in ("diamond", "hollow-diamond"):
        far = 1.2 * size
        return ((x, y - far), (x + far, y), (x, y + far), (x - far, y))
    if shape == "triangle":
        return ((x, y - 1.1 * size), (x + 1.1 * size, y + 0.85 * size), (x - 1.1 * size, y + 0.85 * size))
    return ()


def cross_of(mark: Mark) -> tuple[tuple[Point, Point], tuple[Point, Point]]:
    """The two strokes of a cross."""
    x, y, reach = mark.x, mark.y, mark.size
    return (
        ((x - reach, y - reach), (x + reach, y + reach)),
        ((x - reach, y + reach), (x + reach, y - reach)),
    )


def text_lines(
    x: float, y: float, lines: Sequence[str], size: float = TEXT_SIZE, bold: bool = False
) -> list[Words]:
    """Lines of text below each other, the first on the baseline `y`."""
    return [Words(x, y + at * size * 1.2, line, size=size, bold=bold) for at, line in enumerate(lines)]


def _cut(word: str, width: float, size: float) -> str:
    if text_width(word, size) <= width:
        return word
    kept = word.rstrip("…")
    while kept and text_width(f"{kept}…", size) > width:
        kept = kept[:-1]
    return f"{kept}…"
