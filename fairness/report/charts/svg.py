"""A scene as inline SVG with a title and a description that assistive technology reads."""

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from fairness.report.charts.palette import PAPER
from fairness.report.charts.scene import (
    Area,
    Bar,
    Item,
    Line,
    Mark,
    Point,
    Scene,
    Words,
    cross_of,
    polygon_of,
)


def svg(scene: Scene, name: str) -> str:
    """One `<svg>` element; `name` makes the ids of its title and description unique in the page."""
    width, height = _number(scene.width), _number(scene.height)
    drawn = "\n".join(_drawn(item) for item in scene.items)
    return (
        f'<svg role="img" aria-labelledby="{name}-t {name}-d" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}">\n'
        f'<title id="{name}-t">{escape(scene.title)}</title>\n'
        f'<desc id="{name}-d">{escape(scene.description)}</desc>\n{drawn}\n</svg>'
    )


def icon(mark: Mark, side: float) -> str:
    """A symbol that stands beside the word it means, and is therefore hidden from assistive technology."""
    size = _number(side)
    head = f'<svg aria-hidden="true" viewBox="0 0 {size} {size}" width="{size}" height="{size}">'
    return f"{head}{_mark(mark)}</svg>"


def _drawn(item: Item) -> str:
    if isinstance(item, Words):
        return _text(item)
    if isinstance(item, Line):
        return _line(item.points, item.stroke, item.width, item.dash)
    if isinstance(item, Area):
        return f'<polygon points="{_points(item.points)}" fill="{item.fill}"/>'
    if isinstance(item, Bar):
        box = f'x="{_number(item.x)}" y="{_number(item.y)}"'
        size = f'width="{_number(item.width)}" height="{_number(item.height)}"'
        return f'<rect {box} {size} fill="{item.fill}" stroke="{item.stroke}"/>'
    return _mark(item)


def _mark(mark: Mark) -> str:
    if mark.shape == "cross":
        return "".join(_line(stroke, mark.colour, 2.0) for stroke in cross_of(mark))
    hollow = mark.shape in ("ring", "hollow-diamond")
    paint = f'fill="{PAPER if hollow else mark.colour}" stroke="{mark.colour}" stroke-width="1.5"'
    corners = polygon_of(mark.shape, mark.x, mark.y, mark.size)
    if corners:
        return f'<polygon points="{_points(corners)}" {paint}/>'
    return f'<circle cx="{_number(mark.x)}" cy="{_number(mark.y)}" r="{_number(mark.size)}" {paint}/>'


def _line(points: Iterable[Point], stroke: str, width: float, dash: Iterable[float] = ()) -> str:
    dashes = " ".join(_number(one) for one in dash)
    dashed = f" stroke-dasharray={quoteattr(dashes)}" if dashes else ""
    paint = f'fill="none" stroke="{stroke}" stroke-width="{_number(width)}"{dashed}'
    return f'<polyline points="{_points(points)}" {paint}/>'


def _text(words: Words) -> str:
    anchor = "" if words.anchor == "start" else f' text-anchor="{words.anchor}"'
    weight = ' font-weight="bold"' if words.bold else ""
    place = f'x="{_number(words.x)}" y="{_number(words.y)}" font-size="{_number(words.size)}"'
    return f'<text {place} fill="{words.colour}"{anchor}{weight}>{escape(words.text)}</text>'


def _points(points: Iterable[Point]) -> str:
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in points)


def _number(value: float) -> str:
    """Tenths of a pixel: all that can be seen, and the same on every machine."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
