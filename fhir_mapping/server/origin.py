"""Where a FHIR server is and how far a read may go: base URL, limits, failures; no HTTP library here."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import unquote

from fhir_mapping.errors import MappingError

# The one grammar of the URLs that we ask. It has no place for userinfo, white space, a backslash or a
# fragment, over whose meaning URL parsers differ.
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(:(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[!-~]*?)?(?P<query>\?[!-~]*)?",
    re.IGNORECASE,
)
_PORTS = {"http": 80, "https": 443}

Origin = tuple[str, str, int]


class ServerNotAllowed(MappingError):
    """The FHIR server is none that this installation may call; the message does not quote its address."""


class ReadError(MappingError):
    """One read failed; `slug` says why. It never leaves the reader, and holds neither address nor token."""

    def __init__(self, slug: str) -> None:
        super().__init__(slug)
        self.slug = slug


@dataclass(frozen=True)
class Limits:
    """How far one `fetch` goes.

    `deadline_s`: seconds for all keys together; `per_call_s`: seconds for one HTTP call; `pages`: pages of
    one search; `bytes`: size of one answer, unpacked, all its pages together; `retries`: repeats of a call
    after 429, 502, 503; `page_size`: entries asked for per page, which a server may lower; `entries`: of one
    search, all its pages together.
    """

    deadline_s: float = 2.5
    per_call_s: float = 1.5
    pages: int = 5
    bytes: int = 8 * 1024 * 1024
    retries: int = 1
    page_size: int = 200
    entries: int = 5_000


@dataclass(frozen=True)
class ServerBase:
    """Base of a FHIR server: its origin, and the path (without a last slash) below which all is asked."""

    origin: Origin
    path: str

    @classmethod
    def allowed(cls, server: str, allowed: Sequence[str]) -> "ServerBase":
        """Base of `server`, whose scheme, host and port must equal those of an allowed URL.

        Raises ServerNotAllowed otherwise, and for http unless the host is the loopback. An allowed entry
        that is no plain http(s) URL matches nothing.
        """
        parsed = _split(server)
        if parsed is None or parsed[2]:
            raise ServerNotAllowed("fhirServer must be a plain http(s) URL, without user, query and fragment")
        origin, path, _ = parsed
        if origin[0] == "http" and not _is_loopback(origin[1]):
            raise ServerNotAllowed("fhirServer must be https")
        if origin not in [known[0] for entry in allowed if (known := _split(entry)) is not None]:
            raise ServerNotAllowed("fhirServer is not among the FHIR servers that this installation may call")
        return cls(origin, path.rstrip("/"))

    @property
    def url(self) -> str:
        """The base as a URL that ends in a slash."""
        scheme, host, port = self.origin
        return f"{scheme}://{host}:{port}{self.path}/"

    def admits(self, url: str | None) -> bool:
        """Whether a URL is of our origin and not outside our base path."""
        parsed = _split(url or "")
        if parsed is None:
            return False
        origin, path, _ = parsed
        return origin == self.origin and (path.rstrip("/") == self.path or path.startswith(f"{self.path}/"))


def _split(url: str) -> tuple[Origin, str, str] | None:
    """Origin, path and query of a plain URL; None for any other text."""
    match = _URL.fullmatch(url)
    if match is None:
        return None
    path, query = match["path"] or "", match["query"] or ""
    if any(sign in url for sign in "\\#") or _climbs(path):
        return None
    scheme = match["scheme"].lower()
    port = int(match["port"] or _PORTS[scheme])
    return (scheme, match["host"].lower(), port), path, query


def _climbs(path: str) -> bool:
    return any(unquote(segment) in (".", "..") for segment in path.split("/"))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
