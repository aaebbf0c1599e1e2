"""Cards for a terminal: what a clinician would read in the chart, in 80 to 100 columns.

Colour only repeats what a word and a symbol say already.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

import click

from cds_hooks.ehr.columns import printable, wrap
from cds_hooks.ehr.markdown import plain_lines

__all__ = ["Screen", "render_answer", "render_heading"]

_WIDEST = 100
_NARROWEST = 40
_INDENT = "    "

_SYMBOLS = {"info": "[i]", "warning": "[!]", "critical": "[!!]"}
_COLOURS = {"info": "cyan", "warning": "yellow", "critical": "red"}
_CHOICES = {"at-most-one": "choose one or none", "any": "choose any"}


@dataclass(frozen=True, slots=True)
class Screen:
    """Where cards are shown: columns, and whether colour is wanted."""

    width: int = 80
    colour: bool = False

    @classmethod
    def of(cls, stream: IO[Any]) -> Screen:
        """Measure the terminal; colour only on a terminal and without NO_COLOR (https://no-color.org)."""
        columns = shutil.get_terminal_size((80, 24)).columns
        colour = stream.isatty() and not os.environ.get("NO_COLOR")
        return cls(max(_NARROWEST, min(columns, _WIDEST)), colour)

    def paint(self, text: str, colour: str | None = None, *, bold: bool = False) -> str:
        """Return the text in a colour, or as it is when the screen has none."""
        return click.style(text, fg=colour, bold=bold or None) if self.colour else text


def render_heading(text: str, screen: Screen) -> list[str]:
    """Return a title over a line of the screen's width."""
    title = [screen.paint(line, bold=True) for line in wrap(printable(text), screen.width)]
    return [*title, "-" * screen.width]


def render_answer(answer: Any, screen: Screen, hook_instance: str) -> list[str]:
    """Return the lines of a service's answer; broken parts are left out, they are the conformance check's.

    An empty list of cards is told as silence, with the hookInstance under which its reason is recorded.
    """
    cards = _objects(answer.get("cards") if isinstance(answer, dict) else None)
    lines: list[str] = []
    for card in cards:
        lines += [*_card(card, screen), ""]
    if not cards:
        silence = "Nothing to say. The reason is in the service's ledger, under hook instance"
        lines += [*wrap(f"{silence} {printable(hook_instance)}.", screen.width), ""]
    return lines


def _card(card: dict[str, Any], screen: Screen) -> Iterator[str]:
    indicator = _text(card, "indicator")
    mark = f"{_SYMBOLS.get(indicator, '[?]')} {indicator.upper() or 'NO INDICATOR'}"
    for line in wrap(f"{mark}: {_text(card, 'summary')}", screen.width, rest=_INDENT):
        yield screen.paint(line, _COLOURS.get(indicator), bold=True)
    if detail := _raw(card, "detail"):
        yield ""
        yield from (
            _INDENT + line if line else "" for line in plain_lines(detail, screen.width - len(_INDENT))
        )
    sections = (_suggestions(card), _links(card), _override_reasons(card), _source(card))
    for section in sections:
        if section:
            yield ""
        for depth, text in section:
            yield from _indented(text, depth, screen.width)


_Section = list[tuple[int, str]]
"""Lines of a section before they are wrapped: depth of the indent, text."""


def _suggestions(card: dict[str, Any]) -> _Section:
    suggestions = _objects(card.get("suggestions"))
    if not suggestions:
        return []
    choice = _CHOICES.get(_text(card, "selectionBehavior"))
    section = [(0, f"Suggestions ({choice}):" if choice else "Suggestions:")]
    for suggestion in suggestions:
        recommended = " (recommended)" if suggestion.get("isRecommended") is True else ""
        section.append((1, f"- {_text(suggestion, 'label')}{recommended}"))
        actions = _objects(suggestion.get("actions"))
        section += [(2, f"{_text(action, 'type')}: {_text(action, 'description')}") for action in actions]
    return section


def _links(card: dict[str, Any]) -> _Section:
    links = _objects(card.get("links"))
    named = [(1, f"- {_text(link, 'label')}{_app(link)}: {_text(link, 'url')}") for link in links]
    return [(0, "Links:"), *named] if named else []


def _app(link: dict[str, Any]) -> str:
    return " (app)" if link.get("type") == "smart" else ""


def _override_reasons(card: dict[str, Any]) -> _Section:
    reasons = [_text(reason, "display") for reason in _objects(card.get("overrideReasons"))]
    named = "; ".join(reason for reason in reasons if reason)
    return [(0, f"Reasons to override: {named}")] if named else []


def _source(card: dict[str, Any]) -> _Section:
    source = card.get("source")
    if not isinstance(source, dict):
        return []
    url = _text(source, "url")
    return [(0, f"Source: {_text(source, 'label')}{f' ({url})' if url else ''}")]


def _indented(text: str, depth: int, width: int) -> list[str]:
    indent = _INDENT + "  " * depth
    return wrap(text, width, first=indent, rest=f"{indent}  ")


def _objects(value: Any) -> list[dict[str, Any]]:
    return [found for found in value if isinstance(found, dict)] if isinstance(value, list) else []


def _raw(holder: dict[str, Any], name: str) -> str:
    value = holder.get(name)
    return value if isinstance(value, str) else ""


def _text(holder: dict[str, Any], name: str) -> str:
    return printable(_raw(holder, name)).strip()
