"""HTTP between the EHR and a CDS service: discovery and hook calls, with limits and plain errors."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from typing import IO, Any

from cds_hooks.ehr.errors import BrokenAnswer, CannotPlay, ServiceFailed, ServiceRefused, ServiceUnreachable

__all__ = ["Answer", "CdsService", "WireLimits", "outcome_text"]

_NO_EXPLANATION = "the body holds no OperationOutcome that explains it"


@dataclass(frozen=True, slots=True)
class WireLimits:
    """What the EHR puts up with: seconds to wait on the socket, bytes of an answer."""

    timeout_seconds: float = 30.0
    answer_bytes: int = 10_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """A decoded 200 answer and how long it took."""

    document: Any
    seconds: float


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A hook call carries a patient's data: it goes to the address that was named, nowhere else."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> None:
        return None


class CdsService:
    """A CDS service at a base URL. Redirects are not followed, proxies of the environment not used."""

    def __init__(self, base_url: str, limits: WireLimits | None = None) -> None:
        """Prepare without a call; raises CannotPlay when the URL is no plain http or https address."""
        self.base_url = _checked(base_url)
        self._limits = limits or WireLimits()
        self._opener = urllib.request.build_opener(_NoRedirects, urllib.request.ProxyHandler({}))

    def discovery(self) -> Any:
        """Fetch the discovery document; raises ServiceError."""
        return self._exchange(f"{self.base_url}/cds-services", None).document

    def call(self, service: str, body: dict[str, Any]) -> Answer:
        """Post a hook request to a service; raises ServiceError, which tells what an error body explains."""
        path = urllib.parse.quote(service, safe="")
        return self._exchange(f"{self.base_url}/cds-services/{path}", json.dumps(body).encode())

    def _exchange(self, url: str, body: bytes | None) -> Answer:
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310 - _checked allows http(s)
        started = time.perf_counter()
        try:
            with self._opener.open(request, timeout=self._limits.timeout_seconds) as response:
                document = self._document(response)
        except urllib.error.HTTPError as error:
            with error:
                raise self._refusal(error) from None
        except (HTTPException, OSError) as error:
            raise ServiceUnreachable(f"no CDS service answers at {self.base_url} ({_why(error)})") from None
        return Answer(document, time.perf_counter() - started)

    def _document(self, response: HTTPResponse) -> Any:
        if response.status != HTTPStatus.OK:
            raise BrokenAnswer(f"cds-hooks_2.0@74: HTTP {response.status} instead of 200", response.status)
        content = response.read(self._limits.answer_bytes + 1)
        if len(content) > self._limits.answer_bytes:
            raise BrokenAnswer(f"the answer is longer than {self._limits.answer_bytes} bytes", HTTPStatus.OK)
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise BrokenAnswer("cds-hooks_2.0@1: the answer is not JSON", HTTPStatus.OK) from None

    def _refusal(self, error: urllib.error.HTTPError) -> Exception:
        try:
            explanation = outcome_text(json.loads(error.read(self._limits.answer_bytes)))
        except (HTTPException, OSError, ValueError, RecursionError):
            explanation = ""
        message = f"HTTP {error.code}: {explanation or _NO_EXPLANATION}"
        if error.code < HTTPStatus.BAD_REQUEST:
            return BrokenAnswer(f"cds-hooks_2.0@74: HTTP {error.code} instead of 200", error.code)
        refused = error.code < HTTPStatus.INTERNAL_SERVER_ERROR
        return (ServiceRefused if refused else ServiceFailed)(message, error.code)


def outcome_text(document: Any) -> str:
    """Return what an OperationOutcome says, its issues joined; empty when it is none or says nothing."""
    if not isinstance(document, dict) or document.get("resourceType") != "OperationOutcome":
        return ""
    issues = document.get("issue")
    texts = (_issue_text(issue) for issue in issues) if isinstance(issues, list) else ()
    return "; ".join(text for text in texts if text)


def _issue_text(issue: Any) -> str:
    if not isinstance(issue, dict):
        return ""
    details = issue.get("details")
    candidates = [
        details.get("text") if isinstance(details, dict) else None,
        issue.get("diagnostics"),
        issue.get("code"),
    ]
    return next((text for text in candidates if isinstance(text, str) and text), "")


def _checked(base_url: str) -> str:
    problem = "is no address of a CDS service; write it as http://127.0.0.1:8080"
    try:
        parts = urllib.parse.urlsplit(base_url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not base_url.isascii() or any(sign in base_url for sign in " ?#@"):
        raise CannotPlay(f"the URL {problem}")
    return base_url.rstrip("/").removesuffix("/cds-services")


def _why(error: Exception) -> str:
    """Name the kind of failure in words; the error's own text may hold what the service sent."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, TimeoutError):
        return "no answer in time"
    if isinstance(reason, ConnectionRefusedError):
        return "connection refused"
    if isinstance(reason, (HTTPException, ConnectionError)):
        return "the connection broke or was not HTTP"
    return (reason.strerror if isinstance(reason, OSError) else None) or type(reason).__name__
