"""The typeface of the PDF, which is part of the file, and the styles of its text.

Bitstream Vera comes with reportlab. A character that it lacks is shown as a question mark; the HTML page has
it.
"""

from functools import cache
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase.pdfmetrics import registerFont, registerFontFamily
from reportlab.pdfbase.ttfonts import TTFont

from fairness.report.charts.palette import INK, MUTED

PLAIN, BOLD, ITALIC = "Vera", "VeraBd", "VeraIt"


@cache
def _known() -> frozenset[int]:
    """The code points that the typeface has; registers it on the way."""
    for name in (PLAIN, BOLD, ITALIC):
        registerFont(TTFont(name, f"{name}.ttf"))
    registerFontFamily(PLAIN, normal=PLAIN, bold=BOLD, italic=ITALIC, boldItalic=BOLD)
    return frozenset(TTFont(PLAIN, "Vera.ttf").face.charToGlyph)


def shown(text: str) -> str:
    """The text with what the typeface can show."""
    known = _known()
    return "".join(char if ord(char) in known else " " if char.isspace() else "?" for char in text)


def _style(name: str, size: float, leading: float, font: str = PLAIN, **more: Any) -> ParagraphStyle:
    _known()
    return ParagraphStyle(
        name, fontName=font, fontSize=size, leading=leading, textColor=HexColor(INK), **more
    )


@cache
def styles() -> dict[str, ParagraphStyle]:
    """All styles by name."""
    muted = HexColor(MUTED)
    made = (
        _style("title", 17, 21, BOLD, spaceAfter=4),
        _style("section", 13, 16, BOLD, spaceBefore=16, spaceAfter=5),
        _style("heading", 10, 13, BOLD, spaceBefore=9, spaceAfter=3),
        _style("body", 8.5, 12, spaceAfter=4),
        _style("point", 8.5, 12, leftIndent=12, bulletIndent=2, spaceAfter=2),
        _style("caption", 8, 10.5, BOLD, spaceBefore=8, spaceAfter=2),
        _style("cell", 6.6, 8.4),
        _style("number", 6.6, 8.4, alignment=2),
        _style("head", 6.6, 8.4, BOLD),
        _style("number-head", 6.6, 8.4, BOLD, alignment=2),
        _style("banner", 13, 16, BOLD),
    )
    found = {style.name: style for style in made}
    found["note"] = _style("note", 6.6, 8.6, spaceAfter=2)
    found["note"].textColor = muted
    return found
