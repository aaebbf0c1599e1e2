"""What a FHIR server's answer is: a resource, a page of a search, or nothing that may be used."""

from collections.abc import Sequence
from typing import Any

import msgspec

from fhir_mapping.server.origin import ReadError
from fhir_mapping.wire import Link, decoder


class _Issue(msgspec.Struct):
    severity: str = ""


class _Outcome(msgspec.Struct, rename="camel"):
    resource_type: str = ""
    issue: list[_Issue] = []


class _Entry(msgspec.Struct):
    resource: _Outcome | None = None


class Page(msgspec.Struct, rename="camel"):
    """Outline of an answer; entries stay bytes."""

    resource_type: str
    id: str | None = None
    type: str | None = None
    total: int | None = None
    entry: list[msgspec.Raw] = []
    link: list[Link] = []

    @property
    def next(self) -> str | None:
        """URL of the page that follows, as the server wrote it."""
        return next((link.url for link in self.link if link.relation == "next" and link.url), None)


_decode_page = decoder(Page)
_decode_entry = decoder(_Entry)


def outline(body: bytes) -> Page:
    """Outline of a resource or Bundle; raises ReadError for an OperationOutcome and for what is no FHIR
    JSON."""
    try:
        page: Page = _decode_page(body)
    except msgspec.ValidationError:
        raise ReadError("wrong-content") from None
    except msgspec.DecodeError:
        raise ReadError("not-json") from None
    if page.resource_type == "OperationOutcome":
        raise ReadError("operation-outcome")
    return page


def resource(body: bytes, kind: str, resource_id: str) -> bytes:
    """The body itself when it is the resource that was asked for; raises ReadError for any other."""
    page = outline(body)
    if (page.resource_type, page.id) != (kind, resource_id):
        raise ReadError("wrong-content")
    return body


def search_page(body: bytes) -> Page:
    """One page of a search; raises ReadError when it is none, or says that the server could not search it
    all."""
    page = outline(body)
    if page.resource_type != "Bundle" or page.type not in (None, "searchset"):
        raise ReadError("wrong-content")
    if any(_tells_error(entry) for entry in page.entry):
        raise ReadError("incomplete")
    return page


def searchset(entries: Sequence[msgspec.Raw], total: int | None) -> bytes:
    """One Bundle of all entries, without links.

    `total` is what the server counted: some cut a search short without a next link. Raises ReadError then.
    """
    if total is not None and len(entries) < total:
        raise ReadError("incomplete")
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "total": len(entries)}
    if entries:
        bundle["entry"] = entries
    return msgspec.json.encode(bundle)


def _tells_error(entry: msgspec.Raw) -> bool:
    """Whether an entry is an OperationOutcome of an error."""
    if b"OperationOutcome" not in bytes(entry):
        return False
    try:
        found: _Outcome | None = _decode_entry(entry).resource
    except msgspec.DecodeError:
        return False
    if found is None or found.resource_type != "OperationOutcome":
        return False
    return any(issue.severity in ("error", "fatal") for issue in found.issue)
