"""Reads from the EHR's FHIR server what the prefetch lacks; HTTP itself is in `transport`.

An answer is complete or a failure, because "none recorded" would be read out of half a list. For the keys of
which the caller says that a part will do, what came before the failure is handed over with the gap named.
Slugs of failures and gaps:

token-refused, scope-missing, not-found, query-refused, rate-limited, unavailable, server-error    HTTP status
unreachable, tls, deadline, cut-off, too-large, redirect-refused                                   transport
foreign-link, too-many-pages, incomplete, operation-outcome, not-json, wrong-content               content
template-refused, patient-id-refused                                                               never asked
"""

import re
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from fhir_mapping.errors import PayloadError
from fhir_mapping.server import pages
from fhir_mapping.server.origin import Limits, ReadError, ServerBase, ServerNotAllowed

if TYPE_CHECKING:
    from fhir_mapping.server.transport import Connection

__all__ = ["Answer", "FhirReader", "Limits", "ServerNotAllowed"]

# One for each key that a service may ask for.
WORKERS = 8
_PATIENT = re.compile(r"\{\{\s*context\.patientId\s*\}\}")
_ID = re.compile(r"(?!\.+$)[A-Za-z0-9_.-]{1,128}")
_READ = re.compile(rf"(?P<type>[A-Z][A-Za-z]+)/(?P<id>{_ID.pattern})")
# Neither a placeholder that is still open, nor a fragment, nor a backslash.
_SEARCH = re.compile(r"[A-Z][A-Za-z]+\?(?![^{}#\\]*[{}#\\])[!-~]+")
_TOKEN = re.compile(r"[!-~]+")


@dataclass(frozen=True)
class Answer:
    """What came for one key: JSON of a resource or of a searchset Bundle, or the slug of a failure.

    With a `gap`, which is a slug too, the Bundle is a part of the answer; it then has a next link.
    """

    raw: bytes | None
    failure: str | None = None
    gap: str | None = None


class FhirReader:
    """Reader of one FHIR server with the token of one hook call.

    `ca_bundle` is a PEM file of the authorities that may vouch for the server, in place of the public ones.
    Raises ServerNotAllowed when the server is not allowed (`ServerBase.allowed`), PayloadError when the token
    cannot stand in a header.
    """

    def __init__(
        self,
        server: str,
        token: str | None,
        allowed: Sequence[str],
        limits: Limits | None = None,
        ca_bundle: Path | None = None,
    ) -> None:
        self._base = ServerBase.allowed(server, allowed)
        if token is not None and not _TOKEN.fullmatch(token):
            raise PayloadError("fhirAuthorization.access_token", "is no bearer token")
        self._token = token
        self._limits = limits or Limits()
        self._ca_bundle = ca_bundle

    def __repr__(self) -> str:
        return f"FhirReader(token={'none' if self._token is None else 'hidden'}, limits={self._limits})"

    def fetch(
        self,
        templates: Mapping[str, str],
        patient_id: str,
        partial: Collection[str] = (),
        spent_s: float = 0.0,
    ) -> dict[str, Answer]:
        """Answer of each key's query, all within one deadline; failures are answers too, nothing is raised.

        A template is a read (`Patient/1`) or a search (`Condition?patient=1`); `{{context.patientId}}` in it
        is filled with `patient_id`. Of the keys in `partial` a part of a search will do. `spent_s` are the
        seconds of the deadline that the call has used up before.
        """
        if not templates:
            return {}
        if not _ID.fullmatch(patient_id):
            return dict.fromkeys(templates, Answer(None, "patient-id-refused"))
        # The import comes before the clock: it is paid once per process, at start where reading is set up.
        from fhir_mapping.server.transport import Connection

        ends = monotonic() + self._limits.deadline_s - spent_s
        connection = Connection(self._base, self._token, self._limits, ends, self._ca_bundle)
        pool = ThreadPoolExecutor(min(WORKERS, len(templates)), thread_name_prefix="fhir-reader")
        try:
            asked = {
                key: pool.submit(self._answer, connection, _PATIENT.sub(patient_id, query), key in partial)
                for key, query in templates.items()
            }
            wait(asked.values(), timeout=max(0.0, ends - monotonic()))
            return {key: _in_time(future) for key, future in asked.items()}
        finally:
            # Not waited for: a thread that still hangs in a call must not hold up the hook.
            pool.shutdown(wait=False, cancel_futures=True)
            connection.close()

    def _answer(self, connection: "Connection", query: str, part_will_do: bool) -> Answer:
        try:
            if read := _READ.fullmatch(query):
                return Answer(pages.resource(connection.get(query), read["type"], read["id"]))
            if _SEARCH.fullmatch(query):
                return self._search(connection, query, part_will_do)
        except ReadError as failed:
            return Answer(None, failed.slug)
        return Answer(None, "template-refused")

    def _search(self, connection: "Connection", query: str, part_will_do: bool) -> Answer:
        """All pages of a search as one Bundle."""
        found = pages.Searchset()
        try:
            self._collect(connection, query, found)
        except ReadError as failed:
            if not (part_will_do and found.pages):
                raise
            return Answer(found.bundle(whole=False), gap=failed.slug)
        return Answer(found.bundle(whole=True))

    def _collect(self, connection: "Connection", query: str, found: pages.Searchset) -> None:
        """Add page after page to `found`; raises ReadError when that is not the whole answer."""
        limits = self._limits
        url = query if "_count=" in query else f"{query}&_count={limits.page_size}"
        size = 0
        for _ in range(limits.pages):
            body = connection.get(url)
            size += len(body)
            if size > limits.bytes:
                raise ReadError("too-large")
            page = pages.search_page(body)
            found.take(page)
            if len(found.entries) > limits.entries:
                raise ReadError("too-large")
            if page.next is None:
                if not found.complete:
                    raise ReadError("incomplete")
                return
            url = self._inside(page.next)
        raise ReadError("too-many-pages")

    def _inside(self, link: str) -> str:
        url = urljoin(self._base.url, link)
        if not self._base.admits(url):
            raise ReadError("foreign-link")
        return url


def _in_time(future: "Future[Answer]") -> Answer:
    return future.result() if future.done() and not future.cancelled() else Answer(None, "deadline")
