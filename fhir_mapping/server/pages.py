"""What a FHIR server's answer is: a resource, a page of a search, or nothing that may be used."""

from typing import Any

import msgspec

from fhir_mapping.server.origin import ReadError
from fhir_mapping.wire import Link, decoder

# The sign by which whoever reads a Bundle knows that there is more; the server's own address for it may hold
# the patient's id, and is left out.
_GAP = {"relation": "next", "url": "urn:bedside:not-read"}


class _Issue(msgspec.Struct):
    severity: str = ""


class _Resource(msgspec.Struct, rename="camel"):
    """What tells one resource from another, and an error from a hint."""

    resource_type: str = ""
    id: str | None = None
    issue: list[_Issue] = []


class _Search(msgspec.Struct):
    mode: str | None = None


class _Entry(msgspec.Struct):
    resource: _Resource | None = None
    search: _Search | None = None


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


class Searchset:
    """The pages of a search as they come in: entries once each, and what is known to lack."""

    def __init__(self) -> None:
        self.pages = 0
        self.entries: list[msgspec.Raw] = []
        self._seen: set[tuple[str, str]] = set()
        self._matches = 0
        self._total = 0
        self._tells_error = False

    @property
    def complete(self) -> bool:
        """Whether the server said of no error, and counted no more matches than it sent.

        Some servers cut a search short without a next link, and some count what they then withhold. A count
        that is only an estimate looks the same, so a higher one is always a doubt.
        """
        return not self._tells_error and self._matches >= self._total

    def take(self, page: Page) -> None:
        """Add a page; a resource that came before is left out, for pages may shift between two calls."""
        self.pages += 1
        self._total = max(self._total, page.total or 0)
        for raw in page.entry:
            self._add(raw, _outline_entry(raw))

    def _add(self, raw: msgspec.Raw, entry: _Entry) -> None:
        resource = entry.resource or _Resource()
        if resource.id is not None:
            key = (resource.resource_type, resource.id)
            if key in self._seen:
                return
            self._seen.add(key)
        if resource.resource_type == "OperationOutcome":
            self._tells_error |= any(issue.severity in ("error", "fatal") for issue in resource.issue)
        elif entry.search is None or entry.search.mode in (None, "match"):
            self._matches += 1
        self.entries.append(raw)

    def bundle(self, whole: bool) -> bytes:
        """One Bundle of all entries; with a next link unless it is the whole answer."""
        bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset"}
        if not whole:
            bundle["link"] = [_GAP]
        if self.entries:
            bundle["entry"] = self.entries
        return msgspec.json.encode(bundle)


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
    """One page of a search; raises ReadError when it is none."""
    page = outline(body)
    if page.resource_type != "Bundle" or page.type not in (None, "searchset"):
        raise ReadError("wrong-content")
    return page


def _outline_entry(raw: msgspec.Raw) -> _Entry:
    """What can be told of an entry; an odd one is left to whoever reads the Bundle."""
    try:
        entry: _Entry = _decode_entry(raw)
    except msgspec.DecodeError:
        return _Entry()
    return entry
