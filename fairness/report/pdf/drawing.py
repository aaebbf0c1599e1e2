"""A scene as a drawing of reportlab."""

from collections.abc import Iterable, Iterator
from typing import Any

from reportlab.graphics import shapes
from reportlab.lib.colors import HexColor

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
from fairness.report.pdf.fonts import BOLD, PLAIN, shown


def drawing(scene: Scene, width: float, highest: float) -> shapes.Drawing:
    """The scene at a width in points, smaller when it would be higher than `highest`."""
    scale = min(width / scene.width, highest / scene.height)
    group = shapes.Group(*(shape for item in scene.items for shape in _drawn(item)))
    # y grows downwards in a scene and upwards on paper; text is turned back in `_text`.
    group.transform = (scale, 0, 0, -scale, 0, scale * scene.height)
    return shapes.Drawing(scale * scene.width, scale * scene.height, group)


def icon(mark: Mark, side: float, size: float) -> shapes.Drawing:
    """A symbol in a square of `side` pixels, at `size` points."""
    return drawing(Scene("", "", side, side, (mark,)), size, size)


def _drawn(item: Item) -> Iterator[shapes.Shape]:
    if isinstance(item, Words):
        yield _text(item)
    elif isinstance(item, Line):
        yield _line(item.points, item.stroke, item.width, item.dash)
    elif isinstance(item, Area):
        yield shapes.Polygon(_flat(item.points), fillColor=HexColor(item.fill), strokeColor=None)
    elif isinstance(item, Bar):
        fill, stroke = HexColor(item.fill), HexColor(item.stroke)
        paint: dict[str, Any] = {"fillColor": fill, "strokeColor": stroke, "strokeWidth": 0.5}
        yield shapes.Rect(item.x, item.y, item.width, item.height, **paint)
    else:
        yield from _mark(item)


def _mark(mark: Mark) -> Iterator[shapes.Shape]:
    if mark.shape == "cross":
        for stroke in cross_of(mark):
            yield _line(stroke, mark.colour, 2.0)
        return
    hollow = mark.shape in ("ring", "hollow-diamond")
    paint: dict[str, Any] = {
        "fillColor": HexColor(PAPER if hollow else mark.colour),
        "strokeColor": HexColor(mark.colour),
        "strokeWidth": 1.5,
    }
    corners = polygon_of(mark.shape, mark.x, mark.y, mark.size)
    if corners:
        yield shapes.Polygon(_flat(corners), **paint)
    else:
        yield shapes.Circle(mark.x, mark.y, mark.size, **paint)


def _text(words: Words) -> shapes.Group:
    text = shapes.String(
        0, 0, shown(words.text),
        fontName=BOLD if words.bold else PLAIN, fontSize=words.size,
        fillColor=HexColor(words.colour), textAnchor=words.anchor,
    )  # fmt: skip
    turned = shapes.Group(text)
    turned.transform = (1, 0, 0, -1, words.x, words.y)
    return turned


def _line(
    points: Iterable[Point], stroke: str, width: float, dash: tuple[float, ...] = ()
) -> shapes.PolyLine:
    dashes: Any = list(dash) or None
    return shapes.PolyLine(
        _flat(points), strokeColor=HexColor(stroke), strokeWidth=width, strokeDashArray=dashes
    )


def _flat(points: Iterable[Point]) -> list[float]:
    return [number for point in points for number in point]
