"""A figure over several looks, one line per group."""

from collections.abc import Sequence
from typing import NamedTuple

from fairness.report.charts.axes import Plot, Scale, frame, spanned
from fairness.report.charts.palette import BLUE, GREEN, INK, MUTED, VERMILION
from fairness.report.charts.scene import Item, Line, Mark, Scene, Shape, Words, text_lines, wrapped

WIDTH, _LEFT, _RIGHT = 360.0, 44.0, 346.0
_STYLES: tuple[tuple[str, Shape, tuple[float, ...]], ...] = (
    (INK, "square", ()),
    (BLUE, "circle", ()),
    (VERMILION, "triangle", (6.0, 3.0)),
    (GREEN, "diamond", (2.0, 2.0)),
    (MUTED, "ring", (8.0, 2.0, 2.0, 2.0)),
    (BLUE, "hollow-diamond", (4.0, 4.0)),
)
MOST_LINES = len(_STYLES)


class TrendLine(NamedTuple):
    """The values of one group by look; None where a look has none to show."""

    label: str
    values: tuple[float | None, ...]


def trend(title: str, looks: Sequence[str], lines: Sequence[TrendLine]) -> Scene:
    """Lines that break where a look has no value; at most `MOST_LINES` of them, looks evenly spaced."""
    heading = text_lines(4, 16, wrapped(title, WIDTH - 8, 12, 2, bold=True), 12, bold=True)
    top = heading[-1].y + 26
    shown = [value for line in lines for value in line.values if value is not None]
    plot = Plot(Scale(-0.3, len(looks) - 0.7, _LEFT, _RIGHT), Scale(*spanned(shown), top + 150, top))
    items = [item for item in frame(plot, "", "", x_ticks=1) if not _is_tick(item, plot)]
    items += [Words(plot.x.at(at), plot.y.start + 16, text, "middle", 9.5) for at, text in _few(looks)]
    for line, (colour, shape, dash) in zip(lines, _STYLES, strict=False):
        items += _drawn(line, plot, colour, shape, dash)
    for at, (line, (colour, shape, dash)) in enumerate(zip(lines, _STYLES, strict=False)):
        y = plot.y.start + 36 + 16 * at
        items += [Line(((6, y), (34, y)), colour, 1.8, dash), Mark(20, y, shape, colour)]
        items.append(Words(42, y + 3.5, wrapped(line.label, WIDTH - 50, most=1)[0], size=10.5))
    told = f"{title} at {len(looks)} looks for {len(lines)} groups."
    return Scene(title, told, WIDTH, plot.y.start + 34 + 16 * len(lines), (*heading, *items))


def _is_tick(item: Item, plot: Plot) -> bool:
    """The ticks of x are numbers of looks; the looks are named instead."""
    return isinstance(item, Words) and item.y > plot.y.start + 8


def _few(looks: Sequence[str]) -> list[tuple[int, str]]:
    """As many names of looks as fit beside each other, the last among them."""
    every = -(-len(looks) // 5)
    return [(at, text) for at, text in enumerate(looks) if (len(looks) - 1 - at) % every == 0]


def _drawn(line: TrendLine, plot: Plot, colour: str, shape: Shape, dash: tuple[float, ...]) -> list[Item]:
    items: list[Item] = []
    run: list[tuple[float, float]] = []
    for at, value in enumerate((*line.values, None)):
        if value is not None:
            run.append(plot.point(at, value))
            continue
        if len(run) > 1:
            items.append(Line(tuple(run), colour, 1.8, dash))
        items += [Mark(x, y, shape, colour) for x, y in run]
        run = []
    return items
