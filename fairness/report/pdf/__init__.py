"""A report as a PDF on A4: the same content as the HTML page, and the same bytes whenever it is made again.

The data behind the charts, which the page folds away, are an appendix here. Files made here have bookmarks
and a language but no tags; for a screen reader the HTML page is the better view.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from fairness.report.content import document
from fairness.report.content.closing import digest
from fairness.report.model import Report
from fairness.report.pdf.flow import story
from fairness.report.pdf.page import Numbered, Pages

__all__ = ["write"]


def write(
    report: Report,
    path: Path,
    *,
    earlier: Sequence[Report] = (),
    made_with: Mapping[str, str] | None = None,
) -> None:
    """Write the file; `earlier` and `made_with` as for `content.document`."""
    shown = document(report, earlier=earlier, made_with=made_with)
    pages = Pages(path, shown.title, f"Figures: SHA-256 {digest(report)[:16]}")
    pages.build(story(shown), canvasmaker=Numbered)
