"""Tables of the PDF, with the heading repeated on each page."""

from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.platypus import Flowable, Paragraph
from reportlab.platypus import Table as Grid

from fairness.report.charts.palette import GRID, INK, MUTED
from fairness.report.content.blocks import Cell, Column, Table
from fairness.report.marks import SIDE, VERDICT_MARKS
from fairness.report.pdf.drawing import icon
from fairness.report.pdf.fonts import shown, styles
from fairness.report.pdf.page import WIDTH

_STYLE: list[Any] = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
    ("LINEBELOW", (0, 0), (-1, 0), 1.0, HexColor(INK)),
    ("LINEBELOW", (0, 1), (-1, -1), 0.4, HexColor(GRID)),
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-2, -1), 6),
    ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
    ("TOPPADDING", (0, 0), (-1, -1), 1.8),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2.2),
]


def grid(table: Table) -> Grid:
    """The table at full width, columns by their shares."""
    whole = sum(column.share for column in table.columns)
    widths = [WIDTH * column.share / whole for column in table.columns]
    head = [_heading(column) for column in table.columns]
    rows = [
        [_cell(cell, column, width) for cell, column, width in zip(row, table.columns, widths, strict=True)]
        for row in table.rows
    ]
    return Grid([head, *rows], colWidths=widths, style=_STYLE, repeatRows=1, hAlign="LEFT")


def _heading(column: Column) -> Paragraph:
    return Paragraph(escape(shown(column.name)), styles()["number-head" if column.numeric else "head"])


def _cell(cell: Cell, column: Column, width: float) -> Flowable:
    words = Paragraph(_markup(cell), styles()["number" if column.numeric else "cell"])
    if cell.verdict is None:
        return words
    mark = icon(VERDICT_MARKS[cell.verdict], SIDE, 8)
    style: list[Any] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 0),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
    ]
    return Grid([[mark, words]], colWidths=[11, width - 17], style=style, hAlign="LEFT")


def _markup(cell: Cell) -> str:
    said = escape(shown(cell.text))
    if cell.figure is None:
        return f"<b>{said}</b>" if cell.verdict else f"<i>{said}</i>" if cell.state in _IN_ITALICS else said
    lines = [escape(shown(cell.figure.value[0]))]
    if cell.figure.limits is not None:
        low, high = (escape(shown(pair[0])) for pair in cell.figure.limits)
        lines.append(f'<font size="5.8" color="{MUTED}">{low} to {high}</font>')
    if said:
        lines.append(f'<font size="5.8"><i>{said}</i></font>')
    return "<br/>".join(lines)


_IN_ITALICS = ("masked", "undefined")
