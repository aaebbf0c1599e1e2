"""Which search parameters each resource type has, and the elements that they look at."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple

import msgspec

from cds_hooks.ehr.errors import UnsupportedQuery
from cds_hooks.ehr.json_file import Resource

__all__ = ["Parameter", "parameter", "searchable_types", "values_at"]

ParameterKind = Literal["token", "date", "reference"]


class Parameter(NamedTuple):
    """A search parameter: how its values compare, and the paths of its elements."""

    kind: ParameterKind
    elements: tuple[str, ...]


# FHIR R4 gives these to every resource type.
_COMMON = {"_id": Parameter("token", ("id",)), "_lastUpdated": Parameter("date", ("meta.lastUpdated",))}


class _Group(msgspec.Struct, forbid_unknown_fields=True):
    token: dict[str, tuple[str, ...]] = {}
    date: dict[str, tuple[str, ...]] = {}
    reference: dict[str, tuple[str, ...]] = {}


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    source: str
    version: str
    notes: list[str]
    types: dict[str, _Group]


@cache
def _table() -> dict[str, dict[str, Parameter]]:
    text = files("cds_hooks.ehr").joinpath("data", "search_parameters.json").read_bytes()
    table = msgspec.json.decode(text, type=_Table)
    return {resource_type: _COMMON | dict(_named(group)) for resource_type, group in table.types.items()}


def _named(group: _Group) -> Iterator[tuple[str, Parameter]]:
    for name, elements in group.token.items():
        yield name, Parameter("token", elements)
    for name, elements in group.date.items():
        yield name, Parameter("date", elements)
    for name, elements in group.reference.items():
        yield name, Parameter("reference", elements)


def searchable_types() -> list[str]:
    """Return the resource types that can be searched, sorted."""
    return sorted(_table())


def parameter(resource_type: str, name: str) -> Parameter:
    """Return a search parameter; raises UnsupportedQuery that names the type or parameter when unknown."""
    known = _table().get(resource_type)
    if known is None:
        raise UnsupportedQuery(f"searches on {resource_type} are not supported")
    if name not in known:
        raise UnsupportedQuery(f"the search parameter {name!r} of {resource_type} is not supported")
    return known[name]


def values_at(resource: Resource, paths: tuple[str, ...]) -> Iterator[Any]:
    """Yield the elements at dotted paths; a path goes through every item of an array."""
    for path in paths:
        found: list[Any] = [resource]
        for step in path.split("."):
            found = [child for node in found if isinstance(node, dict) for child in _listed(node.get(step))]
        yield from found


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
