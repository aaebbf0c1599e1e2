"""What a page is made of, before anybody has said whether it becomes HTML or PDF.

Both writers get the same document, so that they cannot show different figures.
"""

from typing import NamedTuple

from fairness.report.charts.scene import Scene
from fairness.report.model import Outcome, State, VerdictOutcome


class Figure(NamedTuple):
    """A value with its limits as exact numbers and as text; `parts` are (text, exact number) in order."""

    value: tuple[str, float]
    limits: tuple[tuple[str, float], tuple[str, float]] | None = None


class Cell(NamedTuple):
    """One cell of a table.

    `figure` or `whole` (a count) hold exact numbers for readers that are programs; `text` is all there is
    otherwise, and stands below a figure that needs a word. `verdict` gives the cell its symbol.
    """

    text: str = ""
    figure: Figure | None = None
    whole: int | None = None
    state: State = "ok"
    verdict: VerdictOutcome | None = None


class Column(NamedTuple):
    """A column by its heading; `share` is its part of the width, relative to the others."""

    name: str
    share: float = 1.0
    numeric: bool = False


class Table(NamedTuple):
    """A table; the first cell of each row names it. `folded`: data behind a chart, shown on demand."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    folded: bool = False


class Charts(NamedTuple):
    """Charts side by side, as many as the page is wide for."""

    scenes: tuple[Scene, ...]


class Paragraph(NamedTuple):
    """A paragraph; `lead` is set larger."""

    text: str
    lead: bool = False


class Points(NamedTuple):
    """A list of points; `terms` are set bold before each."""

    points: tuple[str, ...]
    terms: tuple[str, ...] = ()


class Banner(NamedTuple):
    """The outcome of the whole audit, with its symbol and a sentence."""

    outcome: Outcome
    title: str
    text: str


class Heading(NamedTuple):
    """A heading below that of the section."""

    text: str


Block = Table | Charts | Paragraph | Points | Banner | Heading


class Section(NamedTuple):
    """A section; `anchor` is its address in the page."""

    anchor: str
    title: str
    blocks: tuple[Block, ...]


class Document(NamedTuple):
    """A report as it is read, from the title to the digests."""

    title: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
