"""Forest plots: one row per group with its value, its interval and, in words, its state."""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from fairness.report.charts.axes import Scale, spanned, tick_text
from fairness.report.charts.palette import GREY_TINT, GRID, INK, INSUFFICIENT, MUTED, OK, Style
from fairness.report.charts.scene import Bar, Item, Line, Mark, Scene, Words, text_lines, text_width, wrapped

WIDTH, _LABELS, _VALUES = 360.0, 124.0, 112.0
_LINE, _PAD, _TICKS = 12.0, 7.0, 3
MOST_ROWS = 24
_SIZE, _VALUE_SIZE = 10.5, 9.5
_R = TypeVar("_R")


class ForestRow(NamedTuple):
    """One group. `text` is what stands on the right: the figure, or why there is none.

    `value` None draws nothing but the text. `chance` is the range that chance alone explains.
    """

    label: str
    value: float | None
    low: float | None
    high: float | None
    enough: bool
    text: str
    chance: tuple[float, float] | None = None


class Forest(NamedTuple):
    """A forest plot before it is drawn.

    `line`: the value of everybody, or of equality, with its name; `ratio`: logarithmic scale.
    """

    title: str
    description: str
    rows: tuple[ForestRow, ...]
    line: float | None = None
    line_name: str = ""
    ratio: bool = False


def forest(plan: Forest) -> Scene:
    """The scene of a plot; its height follows from the rows."""
    scale = Scale(*_range(plan), _LABELS + 6, WIDTH - _VALUES - 6, plan.ratio)
    heading = text_lines(4, 16, wrapped(plan.title, WIDTH - 8, 12, 2, bold=True), 12, bold=True)
    top = heading[-1].y + 10
    items: list[Item] = []
    y = top
    for row in plan.rows:
        height = _height(row)
        items += _row(row, y + height / 2, scale)
        y += height
    under = [*_grid(scale, top, y), *_reference(plan, scale, top, y)]
    legend = _legend(plan, y + 40)
    return Scene(plan.title, plan.description, WIDTH, y + 52 + 15 * len(_styles(plan)),
                 (*heading, *under, *items, *_axis(scale, y), *legend))  # fmt: skip


def split(rows: Sequence[_R], most: int = MOST_ROWS) -> list[tuple[_R, ...]]:
    """Rows in portions of nearly equal size that fit on a page."""
    if not rows:
        return []
    portions = -(-len(rows) // most)
    size = -(-len(rows) // portions)
    return [tuple(rows[at : at + size]) for at in range(0, len(rows), size)]


def _range(plan: Forest) -> tuple[float, float]:
    """All values, the limits of groups with enough data, and the reference; other limits may be cut off."""
    values = [row.value for row in plan.rows if row.value is not None]
    limits = [end for row in plan.rows if row.enough for end in (row.low, row.high) if end is not None]
    chance = [end for row in plan.rows if row.chance is not None for end in row.chance]
    line = [] if plan.line is None else [plan.line]
    found = [*values, *limits, *chance, *line]
    return spanned([one for one in found if one > 0.0] if plan.ratio else found, ratio=plan.ratio)


def _height(row: ForestRow) -> float:
    lines = max(len(_label_lines(row)), len(_value_lines(row)))
    return lines * _LINE + _PAD


def _label_lines(row: ForestRow) -> list[str]:
    return wrapped(row.label, _LABELS - 6, _SIZE, 4)


def _value_lines(row: ForestRow) -> list[str]:
    """The figure with its interval behind it or, where that is too long, below it."""
    if text_width(row.text, _VALUE_SIZE) <= _VALUES:
        return [row.text]
    parts = row.text.replace(" (", "\n(").split("\n")
    return [line for part in parts for line in wrapped(part, _VALUES, _VALUE_SIZE, 3)]


def _row(row: ForestRow, y: float, scale: Scale) -> list[Item]:
    items: list[Item] = []
    if row.chance is not None:
        left, right = (scale.at(end) for end in row.chance)
        items.append(Bar(left, y - 6, right - left, 12, GREY_TINT, GREY_TINT))
    items += _centred(_label_lines(row), 4, y, _SIZE)
    items += _centred(_value_lines(row), WIDTH - _VALUES, y, _VALUE_SIZE)
    if row.value is None:
        return items
    style = OK if row.enough else INSUFFICIENT
    if row.low is not None and row.high is not None:
        items += _interval(row.low, row.high, y, scale, style)
    items.append(Mark(scale.at(row.value), y, style.shape, style.colour))
    return items


def _interval(low: float, high: float, y: float, scale: Scale, style: Style) -> list[Item]:
    """A line with a bar at each limit, or an arrow where the limit lies beyond the scale."""
    left, right = scale.at(low), scale.at(high)
    items: list[Item] = [Line(((left, y), (right, y)), style.colour, 1.5, style.dash)]
    for at, limit, inward in ((left, low, 4.0), (right, high, -4.0)):
        back = 0.0 if scale.holds(limit) else inward
        items.append(Line(((at + back, y - 4), (at, y), (at + back, y + 4)), style.colour, 1.5))
    return items


def _centred(lines: list[str], x: float, y: float, size: float) -> list[Words]:
    first = y - (len(lines) - 1) * _LINE / 2 + 0.35 * size
    return [Words(x, first + at * _LINE, line, size=size) for at, line in enumerate(lines)]


def _grid(scale: Scale, top: float, bottom: float) -> list[Item]:
    return [Line(((scale.at(tick), top), (scale.at(tick), bottom)), GRID) for tick in scale.ticks(_TICKS)]


def _reference(plan: Forest, scale: Scale, top: float, bottom: float) -> list[Item]:
    if plan.line is None:
        return []
    at = scale.at(plan.line)
    return [Line(((at, top), (at, bottom)), INK, 1.0, (5.0, 3.0))]


def _axis(scale: Scale, bottom: float) -> list[Item]:
    items: list[Item] = [Line(((scale.start, bottom), (scale.end, bottom)), INK)]
    for tick in scale.ticks(_TICKS):
        at = scale.at(tick)
        items.append(Line(((at, bottom), (at, bottom + 4)), INK))
        items.append(Words(at, bottom + 15, tick_text(tick), "middle", 10, colour=MUTED))
    return items


def _styles(plan: Forest) -> list[str]:
    kinds = ["enough"] if any(row.enough and row.value is not None for row in plan.rows) else []
    kinds += ["thin"] if any(not row.enough and row.value is not None for row in plan.rows) else []
    kinds += ["line"] if plan.line is not None and plan.line_name else []
    return kinds + (["chance"] if any(row.chance is not None for row in plan.rows) else [])


def _legend(plan: Forest, y: float) -> list[Item]:
    items: list[Item] = []
    for at, kind in enumerate(_styles(plan)):
        items += _entry(kind, plan, y + 15 * at)
    return items


def _entry(kind: str, plan: Forest, y: float) -> list[Item]:
    if kind == "line":
        sample: list[Item] = [Line(((6, y), (30, y)), INK, 1.0, (5.0, 3.0))]
        return [*sample, Words(38, y + 3.5, plan.line_name, size=10)]
    if kind == "chance":
        sample = [Bar(6, y - 5, 24, 10, GREY_TINT, GREY_TINT)]
        return [*sample, Words(38, y + 3.5, "where 95 % of gaps lie by chance alone", size=10)]
    style = OK if kind == "enough" else INSUFFICIENT
    sample = [Line(((6, y), (30, y)), style.colour, 1.5, style.dash), Mark(18, y, style.shape, style.colour)]
    words = "value with interval" if any(row.low is not None for row in plan.rows) else "value"
    return [*sample, Words(38, y + 3.5, f"{words}, {style.words}", size=10)]
