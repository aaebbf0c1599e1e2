"""A report as one HTML file that needs nothing else: no script, no font, no image from elsewhere."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from fairness.report.charts import Scene, icon, svg
from fairness.report.content import document
from fairness.report.marks import SIDE, VERDICT_MARKS
from fairness.report.model import Report

_ENVIRONMENT = Environment(
    loader=PackageLoader("fairness.report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def write(
    report: Report,
    path: Path,
    *,
    earlier: Sequence[Report] = (),
    made_with: Mapping[str, str] | None = None,
) -> None:
    """Write the page, UTF-8; `earlier` and `made_with` as for `content.document`."""
    path.write_text(page(report, earlier=earlier, made_with=made_with), encoding="utf-8", newline="\n")


def page(
    report: Report, *, earlier: Sequence[Report] = (), made_with: Mapping[str, str] | None = None
) -> str:
    """The page as text; the same report gives the same text."""
    shown = document(report, earlier=earlier, made_with=made_with)
    template = _ENVIRONMENT.get_template("report.html")
    return template.render(document=shown, draw=_Charts().draw, icon=_icon, kind=_kind)


class _Charts:
    """Draws charts, each with ids of its own."""

    def __init__(self) -> None:
        self._drawn = 0

    def draw(self, scene: Scene) -> Markup:
        self._drawn += 1
        return Markup(svg(scene, f"chart-{self._drawn}"))  # noqa: S704 (every text in it is escaped by `svg`)


def _icon(verdict: str) -> Markup:
    """The symbol of a verdict; the word stands beside it, so assistive technology skips it."""
    return Markup(icon(VERDICT_MARKS[verdict], SIDE))  # noqa: S704 (made of constants)


def _kind(block: Any) -> str:
    """The name of a block's type, by which the template chooses."""
    return type(block).__name__
