"""The HTTP side of the FHIR reader: a fhirclient server whose every call passes through our adapter.

fhirclient sets no timeout, follows redirects and reads bodies of any size; the adapter sets the bounds and is
the only place that holds the bearer token. Imported at start by whoever sets up reading: an installation
that never calls back does not pay for it (about 0.3 s), and no request does.
"""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from io import BytesIO
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import requests
import urllib3
from fhirclient.server import FHIRServer  # type: ignore[import-untyped]  # it publishes no types
from requests.adapters import HTTPAdapter

from fhir_mapping.server.origin import Limits, ReadError, ServerBase
from fhir_mapping.server.sockets import Sockets

# urllib3 logs the address of each call, which names the patient.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)

RETRIED = {429, 502, 503}
PAUSE_S = 0.1
CHUNK = 64 * 1024
_SLUGS = {
    401: "token-refused",
    403: "scope-missing",
    404: "not-found",
    410: "not-found",
    429: "rate-limited",
    502: "unavailable",
    503: "unavailable",
    504: "unavailable",
}


class Connection:
    """A FHIR server for the length of one fetch; usable from several threads, done with after `close`."""

    def __init__(
        self,
        base: ServerBase,
        token: str | None,
        limits: Limits,
        ends: float,
        ca_bundle: Path | None = None,
    ) -> None:
        """`ends` is the deadline on the monotonic clock; the token is sent to `base` only.

        `ca_bundle` replaces the public certificate authorities.
        """
        self._adapter = BoundedAdapter(base, token, limits, ends)
        self._server = FHIRServer(None, base_uri=base.url)
        session: requests.Session = self._server.session
        session.trust_env = False
        session.max_redirects = 0
        session.verify = True if ca_bundle is None else str(ca_bundle)
        session.headers["User-Agent"] = "bedside"
        session.mount("https://", self._adapter)
        session.mount("http://", self._adapter)

    def get(self, path: str) -> bytes:
        """Body of a successful GET of a path below the base, or of a full URL; raises ReadError."""
        try:
            body: bytes = self._server.request_data(path)
        except requests.RequestException:
            raise ReadError("unreachable") from None
        return body

    def close(self) -> None:
        """Forget the token and close the sockets; a call still under way in a thread gets no further."""
        self._adapter.forget()
        self._server.session.close()


class BoundedAdapter(HTTPAdapter):
    """GETs of one server within limits; raises ReadError for all but a complete answer with status 200."""

    def __init__(self, base: ServerBase, token: str | None, limits: Limits, ends: float) -> None:
        self._sockets = Sockets()
        super().__init__(max_retries=0)
        self._base = base
        self._token = token
        self._limits = limits
        self._ends = ends

    def __repr__(self) -> str:
        return "BoundedAdapter()"

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools, of connections that can be ended; called by the base class."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._sockets.pools()

    def forget(self) -> None:
        """Drop the token, refuse further calls, and end those under way."""
        self._token = None
        self._ends = 0.0
        self._sockets.end()

    def send(  # the signature is that of requests
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: object = None,
        verify: bool | str = True,
        cert: object = None,
        proxies: object = None,
    ) -> requests.Response:
        """Send within our limits; of the arguments only `request` and `verify` count."""
        # Nothing but reads: a call that is repeated after a failure must not change anything.
        if request.method != "GET" or not self._base.admits(request.url):
            raise ReadError("foreign-link")
        for attempt in range(self._limits.retries + 1):
            until = min(self._ends, monotonic() + self._limits.per_call_s)
            response = self._open(request, until, verify)
            status = response.status_code
            if status == 200:
                response.raw = BytesIO(self._body(response.raw, until))
                return response
            response.raw.close()
            pause = retry_after(response.headers)
            if status not in RETRIED or attempt == self._limits.retries or monotonic() + pause >= self._ends:
                raise ReadError(_slug(status, response.headers))
            sleep(pause)
        raise ReadError("deadline")

    def _open(self, request: requests.PreparedRequest, until: float, verify: bool | str) -> requests.Response:
        left = until - monotonic()
        if left <= 0:
            raise ReadError("deadline")
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        try:
            return super().send(request, stream=True, timeout=left, verify=verify)
        except requests.Timeout:
            raise ReadError("deadline") from None
        except requests.exceptions.SSLError:
            raise ReadError("tls") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError):
            raise ReadError("unreachable") from None
        finally:
            # requests hangs the request on what it raises and returns.
            request.headers.pop("Authorization", None)

    def _body(self, raw: urllib3.HTTPResponse, until: float) -> bytes:
        body = bytearray()
        try:
            # read1 hands over what has come, so that a dripping server meets the clock here.
            while chunk := raw.read1(CHUNK, decode_content=True):
                body += chunk
                if len(body) > self._limits.bytes:
                    raise ReadError("too-large")
                if monotonic() > until:
                    raise ReadError("deadline")
        except urllib3.exceptions.TimeoutError:
            raise ReadError("deadline") from None
        except urllib3.exceptions.HTTPError:
            raise ReadError("cut-off") from None
        finally:
            raw.close()
        return bytes(body)


def _slug(status: int, headers: Mapping[str, str]) -> str:
    if status == 401 and "insufficient_scope" in headers.get("WWW-Authenticate", ""):
        return "scope-missing"
    if status in _SLUGS:
        return _SLUGS[status]
    if status < 400:
        return "redirect-refused" if status >= 300 else "wrong-content"
    return "query-refused" if status < 500 else "server-error"


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds to wait before a repeat: of Retry-After, as seconds or as a date, else a short pause."""
    asked = headers.get("Retry-After", "").strip()
    if asked.isdecimal():
        return float(asked)
    try:
        when = parsedate_to_datetime(asked)
    except ValueError:
        return PAUSE_S
    # A date in "-0000" comes back without a zone, and means UTC.
    return max(PAUSE_S, (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
