"""GitHub-flavoured Markdown as plain text: what a card's detail says, readable in a terminal.

It knows what cards use: headings, paragraphs, lists, quotes, code, tables, emphasis, links. It loses the
styling, never the words.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from itertools import groupby

from cds_hooks.ehr.columns import printable, width_of, wrap

__all__ = ["plain_lines"]

_FENCE = re.compile(r"^\s*(```|~~~)")
_ITEM = re.compile(r"^(\s*)([-*+]|\d{1,3}[.)])\s+(.*)$")
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")
_RULE = re.compile(r"^\s*([-*_])(\s*\1){2,}\s*$")
_DIVIDER = re.compile(r"^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")
_CELL_BREAK = re.compile(r"(?<!\\)\|")
_COLUMN_GAP = "  "
_CODE_INDENT = "    "

_INLINE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"<br\s*/?>", re.IGNORECASE), " "),
    (re.compile(r"!\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (re.compile(r"\[([^\]]+)\]\(\s*<?([^)\s>]+)>?[^)]*\)"), r"\1 (\2)"),
    (re.compile(r"<(https?://[^>\s]+)>"), r"\1"),
    (re.compile(r"(?<!\\)(`+)(.+?)\1"), r"\2"),
    (re.compile(r"(?<![\\*])\*\*(?=\S)(.+?)(?<=\S)\*\*"), r"\1"),
    (re.compile(r"(?<![\\\w])__(?=\S)(.+?)(?<=\S)__(?!\w)"), r"\1"),
    (re.compile(r"(?<![\\*\w])\*(?=[^\s*])(.+?)(?<=[^\s*\\])\*(?![\w*])"), r"\1"),
    (re.compile(r"(?<![\\\w])_(?=\S)(.+?)(?<=[^\s\\])_(?!\w)"), r"\1"),
    (re.compile(r"~~(?=\S)(.+?)(?<=\S)~~"), r"\1"),
    (re.compile(r"\\([!-/:-@\[-`{-~])"), r"\1"),
)


def plain_lines(markdown: str, width: int) -> list[str]:
    """Return the text in lines of at most `width` columns; blank lines part its blocks."""
    lines: list[str] = []
    for kind, block in _blocks(printable(markdown).split("\n")):
        rendered = _RENDERERS[kind](block, width)
        if rendered and lines:
            lines.append("")
        lines += rendered
    return lines


def _blocks(source: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield (kind, lines) of each block; kinds are code, table, heading, quote, list and paragraph."""
    kinds = list(_kinds(source))
    for (kind, _), group in groupby(zip(kinds, source, strict=True), key=lambda pair: pair[0]):
        if kind != "blank":
            yield kind, [line for _, line in group]


def _kinds(source: list[str]) -> Iterator[tuple[str, int]]:
    """Yield the kind of each line, with a number that parts neighbouring headings."""
    in_code, previous = False, "blank"
    for number, line in enumerate(source):
        if _FENCE.match(line):
            in_code = not in_code
            previous = "blank"
        elif in_code:
            previous = "code"
        else:
            previous = _kind(line, source[number + 1] if number + 1 < len(source) else "", previous)
        yield previous, number if previous == "heading" else 0


def _kind(line: str, following: str, previous: str) -> str:
    if not line.strip():
        return "blank"
    if "|" in line and (previous == "table" or _starts_table(line, following)):
        return "table"
    if _RULE.match(line):
        return "blank"
    if _HEADING.match(line):
        return "heading"
    if line.lstrip().startswith(">"):
        return "quote"
    return "list" if _ITEM.match(line) or (previous == "list" and line.startswith(" ")) else "paragraph"


def _starts_table(line: str, following: str) -> bool:
    """Say whether a line is a table's heading: the next one, and not itself, is the divider."""
    return "|" in following and bool(_DIVIDER.match(following)) and not _DIVIDER.match(line)


def _inline(text: str) -> str:
    for pattern, replacement in _INLINE:
        text = pattern.sub(replacement, text)
    # An entity may stand for a control character or a line end.
    return " ".join(printable(html.unescape(text)).split())


def _code(block: list[str], width: int) -> list[str]:
    fits = width - len(_CODE_INDENT)
    return [
        cut
        for line in block
        for cut in (
            [_CODE_INDENT + line.rstrip()]
            if width_of(line) <= fits
            else wrap(line, width, first=_CODE_INDENT, rest=_CODE_INDENT)
        )
    ]


def _heading(block: list[str], width: int) -> list[str]:
    found = _HEADING.match(block[0])
    return wrap(_inline(found.group(1) if found else block[0]), width)


def _quote(block: list[str], width: int) -> list[str]:
    text = " ".join(line.lstrip().removeprefix(">") for line in block)
    return wrap(_inline(text), width, first="  ", rest="  ")


def _paragraph(block: list[str], width: int) -> list[str]:
    """Join lines but for hard breaks: two spaces or a backslash at the end, or `<br>`."""
    joined = "\n".join(re.sub(r"( {2,}|\\)$", "<br>", line) for line in block[:-1]) + f"\n{block[-1]}"
    parts = re.split(r"<br\s*/?>\n?", joined, flags=re.IGNORECASE)
    return [line for part in parts for line in wrap(_inline(part.replace("\n", " ")), width)]


def _list(block: list[str], width: int) -> list[str]:
    items: list[tuple[str, str]] = []
    for line in block:
        if found := _ITEM.match(line):
            depth = min(len(found.group(1)) // 2, 4)
            marker = found.group(2) if found.group(2)[0].isdigit() else "-"
            items.append(("  " * depth + marker + " ", found.group(3)))
        else:
            marker, text = items[-1]
            items[-1] = (marker, f"{text} {line.strip()}")
    return [
        line
        for marker, text in items
        for line in wrap(_inline(text), width, first=marker, rest=" " * len(marker))
    ]


def _table(block: list[str], width: int) -> list[str]:
    """Set a table in columns when it fits, else as one line of `heading: value` pairs a row."""
    rows = [_cells(line) for line in block if not _DIVIDER.match(line)]
    columns = max(len(row) for row in rows)
    rows = [row + [""] * (columns - len(row)) for row in rows]
    widths = [max(width_of(row[place]) for row in rows) for place in range(columns)]
    if sum(widths) + len(_COLUMN_GAP) * (columns - 1) <= width:
        ruled = [rows[0], ["-" * size for size in widths], *rows[1:]]
        return [_COLUMN_GAP.join(map(_padded, row, widths)).rstrip() for row in ruled]
    pairs = (
        "; ".join(_pair(*named) for named in zip(rows[0], row, strict=True) if named[1]) for row in rows[1:]
    )
    return [line for text in pairs for line in wrap(text, width, first="- ", rest="  ")]


def _cells(line: str) -> list[str]:
    inner = re.sub(r"^\s*\||(?<!\\)\|\s*$", "", line)
    return [_inline(cell) for cell in _CELL_BREAK.split(inner)]


def _padded(cell: str, size: int) -> str:
    return cell + " " * (size - width_of(cell))


def _pair(heading: str, value: str) -> str:
    return f"{heading}: {value}" if heading else value


_RENDERERS: dict[str, Callable[[list[str], int], list[str]]] = {
    "code": _code,
    "heading": _heading,
    "list": _list,
    "paragraph": _paragraph,
    "quote": _quote,
    "table": _table,
}
