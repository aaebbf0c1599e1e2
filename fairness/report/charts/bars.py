"""Amounts as bars, such as the people that a group still needs."""

from collections.abc import Sequence
from typing import NamedTuple

from fairness.report.charts.palette import BLUE, INK
from fairness.report.charts.scene import Bar, Item, Line, Scene, Words, text_lines, wrapped

WIDTH, _LABELS, _VALUES = 360.0, 138.0, 112.0
_LINE = 13.0


class Amount(NamedTuple):
    """A bar with its label on the left and its text on the right."""

    label: str
    value: float
    text: str


def amounts(title: str, rows: Sequence[Amount]) -> Scene:
    """Horizontal bars from 0; the longest fills the width."""
    heading = text_lines(4, 16, wrapped(title, WIDTH - 8, 12, 2, bold=True), 12, bold=True)
    most = max((row.value for row in rows), default=1.0) or 1.0
    left, reach = _LABELS + 4, WIDTH - _VALUES - 8 - _LABELS - 4
    items: list[Item] = []
    y = top = heading[-1].y + 10
    for row in rows:
        label, text = wrapped(row.label, _LABELS - 6, 10.5, 4), wrapped(row.text, _VALUES, 10, 3)
        height = max(len(label), len(text)) * _LINE + 8
        items.append(Bar(left, y + height / 2 - 5, max(1.0, reach * row.value / most), 10, BLUE, BLUE))
        for x, lines, size in ((4.0, label, 10.5), (WIDTH - _VALUES, text, 10.0)):
            first = y + height / 2 - (len(lines) - 1) * _LINE / 2 + 3.5
            items += [Words(x, first + at * _LINE, line, size=size) for at, line in enumerate(lines)]
        y += height
    items.append(Line(((left, top), (left, y)), INK))
    return Scene(title, f"{title} for {len(rows)} groups.", WIDTH, y + 8, (*heading, *items))
