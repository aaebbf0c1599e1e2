"""Text in a terminal's columns: how wide it is, how it is wrapped, what must never reach the screen."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

__all__ = ["printable", "width_of", "wrap"]


def printable(text: str) -> str:
    """Return the text without control characters: a foreign service must not steer the terminal.

    Line ends stay, tabs become a space; invisible format characters, such as U+200B, are dropped.
    """
    text = text.replace("\r\n", "\n").replace("\t", " ")
    return "".join(sign for sign in text if sign == "\n" or unicodedata.category(sign) not in _UNSEEN)


_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def width_of(text: str) -> int:
    """Return the columns that a text takes: two for wide characters, none for combining marks."""
    if text.isascii():
        return len(text)
    return sum(_columns(sign) for sign in text)


def wrap(text: str, width: int, *, first: str = "", rest: str = "") -> list[str]:
    """Break a text at spaces into lines of at most `width` columns, indents included.

    The first line starts with `first`, the others with `rest`; words longer than a line are cut.
    """
    lines: list[str] = []
    line, indent = "", first
    for word in _pieces(text, width - max(width_of(first), width_of(rest))):
        longer = f"{line} {word}" if line else word
        if line and width_of(indent) + width_of(longer) > width:
            lines.append(indent + line)
            line, indent = word, rest
        else:
            line = longer
    return [*lines, indent + line] if line else lines


def _pieces(text: str, room: int) -> Iterator[str]:
    for word in text.split():
        piece = ""
        for sign in word:
            if piece and width_of(piece) + _columns(sign) > room:
                yield piece
                piece = ""
            piece += sign
        yield piece


def _columns(sign: str) -> int:
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1
