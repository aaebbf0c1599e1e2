"""The sheet: margins, a running title, page numbers, bookmarks, and nothing that depends on the clock."""

from pathlib import Path
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph

from fairness.report.charts.palette import MUTED
from fairness.report.pdf.fonts import PLAIN, shown

MARGIN = 16 * mm
WIDTH = A4[0] - 2 * MARGIN
HEIGHT = A4[1] - 2 * MARGIN - 12
_LONGEST_TITLE = 90


class Pages(BaseDocTemplate):
    """A4 pages; `mark` stands in the foot of each."""

    def __init__(self, path: Path, title: str, mark: str) -> None:
        super().__init__(
            str(path), pagesize=A4, title=title, author="Bedside", subject="Fairness report", lang="en",
            invariant=1, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN,
        )  # fmt: skip
        self._running, self._mark = shown(title), mark
        self._sections = 0
        frame = Frame(MARGIN, MARGIN, WIDTH, HEIGHT + 12, 0, 0, 0, 0)
        self.addPageTemplates(PageTemplate("page", [frame], onPage=self._decorate))

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802 (the hook's name in reportlab)
        """Put sections into the bookmarks."""
        if isinstance(flowable, Paragraph) and flowable.style.name == "section":
            self._sections += 1
            key = f"section-{self._sections}"
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(flowable.getPlainText(), key, 0)

    def _decorate(self, canvas: Canvas, _: BaseDocTemplate) -> None:
        running = self._running
        if len(running) > _LONGEST_TITLE:
            running = f"{running[: _LONGEST_TITLE - 1]}…"
        canvas.saveState()
        canvas.setFont(PLAIN, 6.5)
        canvas.setFillColor(HexColor(MUTED))
        canvas.drawString(MARGIN, A4[1] - MARGIN + 12, running)
        canvas.drawString(MARGIN, MARGIN - 16, self._mark)
        canvas.restoreState()


class Numbered(Canvas):
    """Writes "page 3 of 12" once the last page is known."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._held: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 (the method's name in reportlab)
        """Hold the page back."""
        self._held.append(dict(self.__dict__))
        self._startPage()  # type: ignore[attr-defined]

    def save(self) -> None:
        """Number the pages and write the file."""
        for at, state in enumerate(self._held, 1):
            self.__dict__.update(state)
            self.setFont(PLAIN, 6.5)
            self.setFillColor(HexColor(MUTED))
            self.drawRightString(A4[0] - MARGIN, MARGIN - 16, f"Page {at} of {len(self._held)}")
            super().showPage()
        super().save()
