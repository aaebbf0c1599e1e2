"""References inside a Bundle: every one that names an entry of the Bundle becomes `Type/id`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cds_hooks.ehr.json_file import Resource

__all__ = ["id_from_full_url", "make_relative", "reference_index", "references", "without_version"]

_FHIR_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_VERSION = re.compile(r"/_history/[^/]+$")
_TAIL = re.compile(r"^https?://.+/([A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64})$")


def id_from_full_url(full_url: str) -> str | None:
    """Return the id that a fullUrl implies: the uuid or oid of a URN, or the last part of a URL."""
    tail = re.split(r"[:/]", full_url)[-1]
    return tail if _FHIR_ID.fullmatch(tail) else None


def without_version(reference: str) -> str:
    """Return the reference without `/_history/n`, for the Bundle holds one version of each resource."""
    return _VERSION.sub("", reference)


def reference_index(entries: list[tuple[str | None, Resource]]) -> dict[str, str]:
    """Map each fullUrl, and `Type/id` of entries that have none, to the relative reference `Type/id`."""
    index = {}
    for full_url, resource in entries:
        relative = f"{resource['resourceType']}/{resource['id']}"
        index[without_version(full_url) if full_url else relative] = relative
    return index


def make_relative(resource: Resource, index: Mapping[str, str]) -> None:
    """Rewrite, in place, the references of a resource that name an entry of the same Bundle.

    References to elsewhere (another server, a contained resource, a conditional reference) stay as they are.
    """
    for holder in _holders(resource):
        target = without_version(holder["reference"])
        tail = _TAIL.match(target)
        found = index.get(target) or (index.get(tail.group(1)) if tail else None)
        if found:
            holder["reference"] = found


def references(resource: Resource) -> Iterator[str]:
    """Yield the text of every literal reference in a resource."""
    return (holder["reference"] for holder in _holders(resource))


def _holders(node: Any) -> Iterator[Resource]:
    """Yield every object with a literal reference, without recursion: input may be nested deeply."""
    pending = [node]
    while pending:
        here = pending.pop()
        if isinstance(here, dict):
            if isinstance(here.get("reference"), str):
                yield here
            pending.extend(here.values())
        elif isinstance(here, list):
            pending.extend(here)
