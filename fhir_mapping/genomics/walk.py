"""Finds the Observations and reports in what was sent: alone, contained, in Bundles, in Parameters."""

from collections.abc import Iterable
from typing import Any

import msgspec

from fhir_mapping.genomics.wire import (
    Head,
    Observation,
    Report,
    decode_entry,
    decode_head,
    decode_observation,
    decode_parameter,
    decode_report,
)
from fhir_mapping.issues import Issue
from fhir_mapping.wire import decode_any, where

MAX_DEPTH = 12
"""Containers inside containers; what lies deeper is an issue."""


class Found(msgspec.Struct, frozen=True):
    """One Observation: where it is, what it is called, and the references that mean it."""

    observation: Observation
    path: str
    source: str
    keys: tuple[str, ...]


class Contents(msgspec.Struct):
    """What was found: Observations, references of reports with their status, what could not be read."""

    found: list[Found]
    reports: list[tuple[str | None, str]]
    issues: list[Issue]


def walk(resources: Iterable[tuple[str, bytes | msgspec.Raw]]) -> Contents:
    """All Observations in some resources; each pair is the path to tell in issues, and the JSON.

    A resource that is there twice with the same content counts once.
    """
    walker = _Walker()
    for path, raw in resources:
        walker.resource(raw, path, None, None, 0)
    return Contents(walker.found, walker.reports, walker.issues)


class _Walker:
    def __init__(self) -> None:
        self.found: list[Found] = []
        self.reports: list[tuple[str | None, str]] = []
        self.issues: list[Issue] = []
        self._seen: dict[str, list[Any]] = {}

    def resource(self, raw: Any, path: str, url: str | None, owner: str | None, depth: int) -> None:
        """Read one resource of any type and all that lie in it; `owner` is the source of what contains it."""
        if depth > MAX_DEPTH:
            self._issue(path, "too-deep", f"more than {MAX_DEPTH} containers inside each other")
            return
        try:
            head: Head = decode_head(raw)
            source = self._source(head, path, owner)
            if head.resource_type == "Observation":
                self._observation(raw, path, source, url, owner, head)
            elif head.resource_type == "DiagnosticReport":
                self._report(decode_report(raw), owner)
        except msgspec.MsgspecError as error:
            self._structural(error, path)
            return
        for i, inner in enumerate(head.contained or ()):
            self.resource(inner, f"{path}.contained[{i}]", None, source, depth + 1)
        for i, inner in enumerate(head.entry or ()):
            self._entry(inner, f"{path}.entry[{i}]", depth)
        self._parameters(head.parameter or [], f"{path}.parameter", depth)

    def _source(self, head: Head, path: str, owner: str | None) -> str:
        if not head.id:
            return path
        return f"{owner}#{head.id.lstrip('#')}" if owner else f"{head.resource_type}/{head.id}"

    def _observation(
        self, raw: Any, path: str, source: str, url: str | None, owner: str | None, head: Head
    ) -> None:
        earlier = self._seen.setdefault(source, [])
        if earlier:
            content = decode_any(raw)
            if any(content == decode_any(one) for one in earlier):
                return
            self._issue(path, "same-id-differs", "another resource with this id has other content")
        earlier.append(raw)
        keys = [source] if head.id else []
        keys += [url] if url else []
        self.found.append(Found(decode_observation(raw), path, source, tuple(keys)))

    def _report(self, report: Report, owner: str | None) -> None:
        own = owner or (f"DiagnosticReport/{report.id}" if report.id else "")
        for one in report.result or ():
            reference = one.reference or ""
            self.reports.append((report.status, own + reference if reference.startswith("#") else reference))

    def _entry(self, raw: msgspec.Raw, path: str, depth: int) -> None:
        try:
            entry = decode_entry(raw)
        except msgspec.MsgspecError as error:
            self._structural(error, path)
            return
        if bytes(entry.resource):
            self.resource(entry.resource, f"{path}.resource", entry.full_url, None, depth + 1)

    def _parameters(self, raws: list[msgspec.Raw], path: str, depth: int) -> None:
        told, carried = False, False
        for i, raw in enumerate(raws):
            try:
                parameter = decode_parameter(raw)
            except msgspec.MsgspecError as error:
                self._structural(error, f"{path}[{i}]")
                continue
            told = told or parameter.name == "presence"
            if bytes(parameter.resource):
                carried = True
                self.resource(parameter.resource, f"{path}[{i}].resource", None, None, depth + 1)
            if depth < MAX_DEPTH:
                self._parameters(parameter.part or [], f"{path}[{i}].part", depth + 1)
        if told and not carried:
            self._issue(path, "presence-not-read", "presence in a range without a result is no finding")

    def _structural(self, error: msgspec.MsgspecError, path: str) -> None:
        inner, expected = where(error)
        self._issue(f"{path}{inner}", "structure", expected)

    def _issue(self, path: str, code: str, message: str) -> None:
        self.issues.append(Issue(path=path, code=code, message=message))
