"""A FHIR query as a prefetch template writes it: `Patient/123`, or `Observation?patient=123&code=4548-4`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from cds_hooks.ehr.errors import UnsupportedQuery

__all__ = ["Clause", "Read", "Search", "SortKey", "parse_query", "split_unescaped", "unescape"]

_READ = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9.-]{1,64})")
_TYPE = re.compile(r"[A-Z][A-Za-z]+")
_COUNT = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Read:
    """Read one resource by its id."""

    resource_type: str
    resource_id: str


@dataclass(frozen=True, slots=True)
class Clause:
    """One parameter of a search: any of `values` may match; their escapes are still in place."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SortKey:
    """One rule of `_sort`: a search parameter, and whether its largest value comes first."""

    name: str
    descending: bool


@dataclass(frozen=True, slots=True)
class Search:
    """Search one resource type: every clause must match; `count` None means all."""

    resource_type: str
    clauses: tuple[Clause, ...]
    sort: tuple[SortKey, ...]
    count: int | None


def parse_query(query: str) -> Read | Search:
    """Parse a FHIR query relative to the server's base; raises UnsupportedQuery for what is outside.

    Parameter names are not checked against the resource type here. No error quotes a value: it may be the
    patient's id.
    """
    path, _, parameters = query.partition("?")
    if read := _READ.fullmatch(path):
        if parameters:
            raise UnsupportedQuery("a read of one resource takes no parameters")
        return Read(read.group(1), read.group(2))
    if not _TYPE.fullmatch(path):
        raise UnsupportedQuery("only Type/id and Type?parameter=value are supported")
    return _search(path, parse_qsl(parameters, keep_blank_values=True))


def split_unescaped(text: str, separator: str) -> list[str]:
    """Split at each separator that no backslash escapes (FHIR R4, Search, "Escaping Search Parameters")."""
    parts, start, escaped = [], 0, False
    for place, character in enumerate(text):
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == separator:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]


def unescape(text: str) -> str:
    r"""Undo the escapes `\,` `\|` `\$` and `\\` of a search value."""
    return re.sub(r"\\([\\,|$])", r"\1", text)


def _search(resource_type: str, pairs: list[tuple[str, str]]) -> Search:
    clauses: list[Clause] = []
    sort: tuple[SortKey, ...] = ()
    count: int | None = None
    for name, value in pairs:
        values = _values(name, value)
        if name == "_count":
            count = _parsed_count(value)
        elif name == "_sort":
            sort = tuple(SortKey(key.removeprefix("-"), key.startswith("-")) for key in values)
        else:
            clauses.append(Clause(_without_modifier(name), values))
    return Search(resource_type, tuple(clauses), sort, count)


def _values(name: str, value: str) -> tuple[str, ...]:
    values = tuple(part for part in split_unescaped(value, ",") if part)
    if not values:
        # An empty value would widen the search to every patient, as when a token resolves to nothing.
        raise UnsupportedQuery(f"the search parameter {name!r} has no value")
    return values


def _parsed_count(value: str) -> int:
    if not _COUNT.fullmatch(value):
        raise UnsupportedQuery("_count needs a whole number")
    return int(value)


def _without_modifier(name: str) -> str:
    plain, _, modifier = name.partition(":")
    if modifier == "in":
        raise UnsupportedQuery(
            f"{name!r} needs a terminology server, which a Bundle does not have; list the codes in {plain!r}"
        )
    if modifier:
        raise UnsupportedQuery(f"the modifier in {name!r} is not supported")
    return plain
