"""The blocks of a document as what reportlab lays out on pages."""

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.platypus import CondPageBreak, Flowable, PageBreak, Spacer
from reportlab.platypus import Paragraph as Text
from reportlab.platypus import Table as Grid

from fairness.report.charts.palette import INK
from fairness.report.charts.scene import Scene
from fairness.report.content.blocks import (
    Banner,
    Block,
    Charts,
    Document,
    Heading,
    Paragraph,
    Points,
    Section,
    Table,
)
from fairness.report.marks import SIDE, VERDICT_MARKS
from fairness.report.pdf.drawing import drawing, icon
from fairness.report.pdf.fonts import shown, styles
from fairness.report.pdf.page import HEIGHT, WIDTH
from fairness.report.pdf.tables import grid

_GAP = 12.0
_HIGHEST = HEIGHT - 60
# A heading needs at least so much of the page below it, or goes to the next one.
_ROOM = 130.0


def story(document: Document) -> list[Flowable]:
    """The whole document; folded tables come last, as an appendix."""
    flow: list[Flowable] = [text("Fairness report", "note"), text(document.title, "title")]
    flow += [text(f"{name}: {told}", "body") for name, told in document.facts]
    blocks = [block for section in document.sections for block in section.blocks]
    folded = [block for block in blocks if isinstance(block, Table) and block.folded]
    for at, section in enumerate(document.sections):
        flow += _section(section)
        # The summary is a page of its own, to be handed to a committee.
        flow += [PageBreak()] if at == 0 else []
    if folded:
        flow.append(text("Appendix: data behind the charts", "section"))
        for table in folded:
            flow += _table(table)
    return flow


def text(words: str, style: str) -> Text:
    """A paragraph of plain text; markup in it is shown, not followed."""
    return Text(escape(shown(words)), styles()[style])


def _section(section: Section) -> Iterator[Flowable]:
    yield CondPageBreak(_ROOM)
    yield text(section.title, "section")
    for block in section.blocks:
        yield from _block(block)


def _block(block: Block) -> Iterator[Flowable]:
    if isinstance(block, Paragraph):
        yield text(block.text, "body")
    elif isinstance(block, Heading):
        yield CondPageBreak(_ROOM)
        yield text(block.text, "heading")
    elif isinstance(block, Points):
        yield from _points(block)
    elif isinstance(block, Banner):
        yield _banner(block)
    elif isinstance(block, Charts):
        yield from _charts(block.scenes)
    elif block.folded:
        yield text(f"The data are in the appendix: {block.caption}.", "note")
    else:
        yield from _table(block)


def _points(block: Points) -> Iterator[Flowable]:
    for at, words in enumerate(block.points):
        term = f"<b>{escape(shown(block.terms[at]))}:</b> " if block.terms else ""
        yield Text(f"{term}{escape(shown(words))}", styles()["point"], bulletText="•")
    yield Spacer(1, 4)


def _banner(banner: Banner) -> Flowable:
    mark = icon(VERDICT_MARKS[banner.outcome], SIDE, 26)
    line = {"fail": 3.0}.get(banner.outcome, 1.2)
    box = Grid(
        [[mark, [text(banner.title, "banner"), text(banner.text, "body")]]],
        colWidths=[44, WIDTH * 0.75],
        style=[
            ("BOX", (0, 0), (-1, -1), line, HexColor(INK)),
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ("LEFTPADDING", (0, 0), (0, 0), 9),
            ("TOPPADDING", (0, 0), (-1, -1), 5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
        ],
        hAlign="LEFT",
    )
    box.spaceBefore, box.spaceAfter = 4, 8
    return box


def _charts(scenes: Sequence[Scene]) -> Iterator[Flowable]:
    """Rows of charts: three small ones or two large ones beside each other."""
    if not scenes:
        return
    across = 3 if scenes[0].width < 300 else 2
    width = (WIDTH - (across - 1) * _GAP) / across
    for at in range(0, len(scenes), across):
        row: list[Flowable | str] = [drawing(scene, width, _HIGHEST) for scene in scenes[at : at + across]]
        row += [""] * (across - len(row))
        yield Grid(
            [row],
            colWidths=[width + _GAP] * (across - 1) + [width],
            style=[
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 0),
            ],
            hAlign="LEFT",
        )
        yield Spacer(1, 4)


def _table(table: Table) -> Iterator[Flowable]:
    yield CondPageBreak(_ROOM)
    yield text(table.caption, "caption")
    yield grid(table)
    for note in table.notes:
        yield text(note, "note")
