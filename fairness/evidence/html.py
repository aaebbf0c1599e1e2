"""The views that are pages: self-contained HTML without scripts, every text escaped."""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from fairness.evidence.crosswalk import Answer, filled
from fairness.evidence.record import Record

_HEADINGS = {
    "what": "What it does",
    "who": "Who it is for",
    "not_for": "What it is not for",
    "learnt_from": "How it was made",
    "how_well": "How well it works",
    "care": "Take care",
}


def summary(record: Record) -> bytes:
    """One page in plain language."""
    return _page("summary.html", f"{record.document['title']}: in plain words", record, headings=_HEADINGS)


def framework(name: str, record: Record) -> bytes:
    """A framework's questions with their answers."""
    about = filled(name, record)
    return _page(
        "answers.html", f"{about.title}: {about.model}", record, about=about, groups=_groups(about.answers)
    )


def device(record: Record) -> bytes:
    """The self-assessment against the four criteria."""
    told: Mapping[str, Any] = record.document["device"]
    return _page("device.html", f"Device question: {record.document['title']}", record, device=told)


def _groups(answers: Sequence[Answer]) -> list[tuple[str, list[Answer]]]:
    return [(group, list(inside)) for group, inside in groupby(answers, key=lambda one: one.group)]


def _page(template: str, title: str, record: Record, **parts: Any) -> bytes:
    page = _templates().get_template(template)
    return page.render(title=title, record=record.document, sha256=record.sha256, **parts).encode()


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("fairness.evidence"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
