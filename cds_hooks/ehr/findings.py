"""The list of breaches that a conformance check fills, and the checks that every message type shares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

__all__ = ["Findings"]


class Findings:
    """Breaches of CDS Hooks 2.0, each as `cds-hooks_2.0@N place: what is wrong`.

    The numbers are those of the Inferno kit's requirement list. No message quotes a value, for cards speak
    of a patient.
    """

    def __init__(self) -> None:
        """Start without a breach."""
        self.messages: list[str] = []

    def add(self, requirement: int, place: str, problem: str) -> None:
        """Note a breach of a requirement at a place such as `cards[0].source.label`."""
        self.messages.append(f"cds-hooks_2.0@{requirement} {place}: {problem}")

    def require(self, holds: bool, requirement: int, place: str, problem: str) -> None:
        """Note a breach when a condition does not hold."""
        if not holds:
            self.add(requirement, place, problem)

    def text(
        self, holder: Mapping[str, Any], name: str, requirement: int, place: str, *, required: bool = True
    ) -> str | None:
        """Return a text member; note when it is absent although required, or is no text.

        A null is left to `presence`, which notes it once.
        """
        if name not in holder:
            self.require(not required, requirement, f"{place}.{name}", "is missing")
            return None
        value = holder[name]
        self.require(
            value is None or isinstance(value, str), requirement, f"{place}.{name}", "must be a string"
        )
        return value if isinstance(value, str) else None

    def array(self, holder: Mapping[str, Any], name: str, requirement: int, place: str) -> list[Any]:
        """Return an optional array member, empty when absent; note when it is no array."""
        value = holder.get(name, [])
        self.require(isinstance(value, list), requirement, f"{place}.{name}", "must be an array")
        return value if isinstance(value, list) else []

    def url(
        self, holder: Mapping[str, Any], name: str, requirement: int, place: str, *, required: bool = False
    ) -> None:
        """Note when a member is no absolute http or https URL."""
        value = self.text(holder, name, requirement, place, required=required)
        if value is not None:
            self.require(_is_absolute(value), requirement, f"{place}.{name}", "must be an absolute URL")

    def coding(self, value: Any, requirement: int, place: str, *, displayed: int | None = None) -> None:
        """Note when a value is no Coding or lacks code or system.

        `displayed` is the requirement that makes display mandatory; without one it is optional (@220).
        """
        if not isinstance(value, dict):
            self.add(requirement, place, "must be a Coding")
            return
        self.text(value, "code", 216, place)
        self.text(value, "system", 217, place)
        self.text(value, "display", displayed or 220, place, required=displayed is not None)

    def presence(self, node: Any, place: str, allowed_empty: str) -> None:
        """Note every null or empty element (@3) and every extension that is no object (@214) of a node.

        `allowed_empty` is the one place whose array may be empty. Inside FHIR resources extensions are
        arrays and arrays may hold null, as FHIR JSON says.
        """
        pending = [(place, node, False)]
        while pending:  # without recursion: an answer may be nested deeply
            here, value, in_resource = pending.pop()
            if value is None:
                self.add(3, here, "must not be null")
            elif value in ("", [], {}) and here != allowed_empty:
                self.add(3, here, "must not be empty")
            if here.endswith(".extension") and not in_resource:
                self.require(isinstance(value, dict), 214, here, "must be a JSON object")
            pending.extend(reversed(list(_children(here, value, in_resource))))


def _children(place: str, node: Any, in_resource: bool) -> Iterator[tuple[str, Any, bool]]:
    """Yield (place, element, is it inside a FHIR resource) of what an object or array holds."""
    if isinstance(node, dict):
        in_resource = in_resource or "resourceType" in node
        for name, value in node.items():
            yield f"{place}.{name}", value, in_resource
    elif isinstance(node, list):
        for position, value in enumerate(node):
            if not (in_resource and value is None):
                yield f"{place}[{position}]", value, in_resource


def _is_absolute(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in url
