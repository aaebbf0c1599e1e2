"""Expands a value set once, at deploy time, on the site's terminology server, into a file of its codes.

The rules are those of `fhir_mapping.server`: one deadline, bounds on pages, bytes and codes, no redirects,
the token only to its own origin. An expansion is complete or an error: were a page missing, "none recorded"
would be read in the chart of a patient who has the code.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from fhir_mapping.errors import MappingError
from fhir_mapping.server.origin import Limits, ReadError, ServerBase, ServerNotAllowed
from fhir_mapping.terminology.documents import Contains, Expansion, ValueSet, decode

INCOMPLETE = "http://hl7.org/fhir/StructureDefinition/valueset-toocostly"
_CANONICAL = re.compile(r"(?:https?://|urn:)[!-~]+")
_NOT_IN_ID = re.compile(r"[^A-Za-z0-9.-]+")
_TOKEN = re.compile(r"[!-~]+")
_REMEDIES = {
    "token-refused": "the server refused the token; renew it",
    "scope-missing": "the token lacks the right to expand; ask for a wider scope",
    "not-found": "the server does not know the value set, or cannot expand; check both addresses",
    "query-refused": "the server refused the request; it may not hold the code systems of this value set",
    "rate-limited": "the server asks to slow down; try again later",
    "unavailable": "the server is not available; try again later",
    "server-error": "the server failed; see its log",
    "unreachable": "the server cannot be reached; check its address and the network",
    "tls": "the server's certificate is not trusted; install its authority's",
    "deadline": "the server took too long; give more seconds",
    "cut-off": "the answer was cut off; try again",
    "too-large": "the answer is larger than allowed; split the value set",
    "redirect-refused": "the server sends elsewhere; give the address that it sends to",
    "operation-outcome": "the server reported an error instead of an expansion; see its log",
    "not-json": "the answer is no JSON; check the address",
    "wrong-content": "the answer is no ValueSet with an expansion; check the address",
}


class ExpansionFailed(MappingError):
    """A value set could not be expanded in full; the message says why and what to do, without the token."""


@dataclass(frozen=True)
class ExpansionLimits:
    """How far one expansion goes: the limits of its calls, codes in all, codes asked for per page."""

    calls: Limits = field(
        default_factory=lambda: Limits(deadline_s=120.0, per_call_s=60.0, pages=200, page_size=1000)
    )
    codes: int = 100_000


@dataclass(frozen=True)
class Source:
    """What to expand: the canonical URL (version after `|`) of a value set that the server holds, or the
    definition of one that it does not."""

    url: str | None = None
    definition: bytes | None = None

    @classmethod
    def of(cls, text: str, read: Callable[[str], bytes]) -> "Source":
        """A canonical URL as it is; anything else names a file, which `read` gives the bytes of."""
        return cls(url=text) if _CANONICAL.fullmatch(text) else cls(definition=read(text))


def expand(
    source: Source,
    server: str,
    token: str | None = None,
    *,
    name: str | None = None,
    today: date,
    limits: ExpansionLimits | None = None,
    ca_bundle: Path | None = None,
) -> bytes:
    """A FHIR ValueSet in JSON with every code of the expansion enumerated, its version, source and date.

    `name` becomes the id (the last part of the canonical URL if None): that of a shipped value set makes
    the file take its place. `ca_bundle` replaces the public certificate authorities.

    Raises ServerNotAllowed for a server that is not https (http is for the loopback), SpecError for a
    definition that is no ValueSet, ExpansionFailed for all else.
    """
    limits = limits or ExpansionLimits()
    if source.definition is not None:
        decode(source.definition, "the definition", ValueSet)
    base = ServerBase.allowed(server, [_origin(server)])
    if token is not None and not _TOKEN.fullmatch(token):
        raise ExpansionFailed("the token is no bearer token; check the variable that holds it")
    # Imported here: requests and fhirclient cost 0.3 s, which only who expands should pay.
    from fhir_mapping.terminology.operation import Operation

    operation = Operation(base, token, limits.calls, monotonic() + limits.calls.deadline_s, ca_bundle)
    try:
        pages = list(_pages(operation.expand, source, limits))
    except ReadError as failed:
        raise ExpansionFailed(_REMEDIES.get(failed.slug, f"the call failed: {failed.slug}")) from None
    finally:
        operation.close()
    codes = [code for page in pages for code in _expansion(page).codes()]
    return _written(pages[0], codes, source, _origin(server), name, today)


def _pages(
    ask: Callable[[str, bytes | None], bytes], source: Source, limits: ExpansionLimits
) -> Iterator[ValueSet]:
    """Pages until the last one (`_is_last`), within the limits of pages and codes."""
    size, known, received = limits.calls.page_size, set[tuple[str | None, str | None]](), 0
    for number in range(limits.calls.pages):
        page = _page(ask(*_request(source, received, size)))
        expansion = _expansion(page)
        found = [(entry.code, entry.system) for entry in expansion.entries()]
        if number and found and known.issuperset(found):
            raise ExpansionFailed(
                "the server sends its first page again: it does not page; ask for larger ones"
            )
        known.update(found)
        received += len(found)
        if max(expansion.total or 0, received) > limits.codes:
            raise ExpansionFailed(
                f"the value set has more than {limits.codes} codes; allow more, or choose a narrower one"
            )
        yield page
        if _is_last(expansion, len(found), received, size):
            return
        if not found:
            raise ExpansionFailed(
                f"the server says {expansion.total} codes and sends {received}; see its log"
            )
    raise ExpansionFailed(f"the value set takes more than {limits.calls.pages} pages; ask for larger ones")


def _is_last(expansion: Expansion, found: int, received: int, size: int) -> bool:
    """Whether nothing follows a page of `found` entries, `received` in all, when `size` were asked for."""
    if expansion.total is not None:
        return received >= expansion.total
    if expansion.offset is None:
        return found != size  # it does not page: what it sends is all that it has
    return found == 0  # a server may send less than asked for, so that only an empty page is the end


def _request(source: Source, offset: int, count: int) -> tuple[str, bytes | None]:
    """Path below the base, and the body of a POST where there is one."""
    if source.definition is None:
        url, _, version = (source.url or "").partition("|")
        asked = {"url": url, **({"valueSetVersion": version} if version else {})}
        return f"ValueSet/$expand?{urlencode({**asked, 'offset': offset, 'count': count})}", None
    parameters = [
        {"name": "valueSet", "resource": msgspec.Raw(source.definition)},
        {"name": "offset", "valueInteger": offset},
        {"name": "count", "valueInteger": count},
    ]
    body = msgspec.json.encode({"resourceType": "Parameters", "parameter": parameters})
    return "ValueSet/$expand", body


def _page(body: bytes) -> ValueSet:
    try:
        page = msgspec.json.decode(body, type=ValueSet)
    except msgspec.ValidationError:
        raise ReadError("wrong-content") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ReadError("not-json") from None
    if page.resource_type == "OperationOutcome":
        raise ReadError("operation-outcome")
    if page.resource_type != "ValueSet" or page.expansion is None:
        raise ReadError("wrong-content")
    if any(extension.url == INCOMPLETE for extension in page.expansion.extension):
        raise ExpansionFailed(
            "the server calls this expansion too costly and sends a part; ask for a narrower one"
        )
    return page


def _expansion(page: ValueSet) -> Expansion:
    return page.expansion or Expansion()


def _written(
    first: ValueSet, codes: list[Contains], source: Source, server: str, name: str | None, today: date
) -> bytes:
    """The file: one include for each code system and version, in the order of the server."""
    if not codes:
        raise ExpansionFailed(
            "the expansion is empty; check the value set's version and the server's content"
        )
    url = first.url or (source.url or "").partition("|")[0]
    document: dict[str, Any] = {
        "resourceType": "ValueSet",
        "id": name or _id(first, url),
        "url": url or None,
        "version": first.version,
        "name": first.name,
        "title": first.title,
        "status": "active",
        "date": today.isoformat(),
        "description": f"Expanded on {today.isoformat()} by the terminology server {server} "
        f"from version {first.version or 'not said'}; codes enumerated, {len(codes)} in all.",
        "copyright": first.copyright,
        "compose": {"include": _includes(codes)},
    }
    present = {key: value for key, value in document.items() if value is not None}
    return msgspec.json.format(msgspec.json.encode(present), indent=1) + b"\n"


def _includes(codes: list[Contains]) -> list[dict[str, Any]]:
    systems: dict[tuple[str, str | None], dict[str, dict[str, str]]] = {}
    for one in codes:
        if not one.system or not one.code:
            raise ExpansionFailed("the expansion holds a code without system; see the server's log")
        concept = {"code": one.code, **({"display": one.display} if one.display else {})}
        systems.setdefault((one.system, one.version), {}).setdefault(one.code, concept)
    return [
        {"system": system, **({"version": version} if version else {}), "concept": list(concepts.values())}
        for (system, version), concepts in systems.items()
    ]


def _id(first: ValueSet, url: str) -> str:
    text = _NOT_IN_ID.sub("-", first.id or urlsplit(url).path.rpartition("/")[2]).strip("-")[:64]
    if not text:
        raise ExpansionFailed("the value set has neither id nor URL to name the file's id by; give one")
    return text


def _origin(server: str) -> str:
    """Scheme, host and port, which may stand in a file; ServerBase refuses what has more."""
    parts = urlsplit(server)
    if not parts.scheme or not parts.netloc or "@" in parts.netloc:
        raise ServerNotAllowed("the server must be a plain http(s) URL, without user, query and fragment")
    return f"{parts.scheme}://{parts.netloc}"
