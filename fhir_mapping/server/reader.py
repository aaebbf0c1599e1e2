"""Reads from the EHR's FHIR server what the prefetch lacks; HTTP itself is in `transport`.

An answer is complete or a failure: a search of which one page is missing is no answer, because "none
recorded" would be read out of it. Failures are slugs:

token-refused, scope-missing, not-found, query-refused, rate-limited, unavailable, server-error    HTTP status
unreachable, tls, deadline, cut-off, too-large, redirect-refused                                   transport
foreign-link, too-many-pages, incomplete, operation-outcome, not-json, wrong-content               content
template-refused, patient-id-refused                                                               never asked
"""

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import msgspec

from fhir_mapping.errors import PayloadError
from fhir_mapping.server import pages
from fhir_mapping.server.origin import Limits, ReadError, ServerBase, ServerNotAllowed

if TYPE_CHECKING:
    from fhir_mapping.server.transport import Connection

__all__ = ["Answer", "FhirReader", "Limits", "ServerNotAllowed"]

WORKERS = 4
_PATIENT = re.compile(r"\{\{\s*context\.patientId\s*\}\}")
_ID = re.compile(r"(?!\.+$)[A-Za-z0-9_.-]{1,128}")
_READ = re.compile(rf"(?P<type>[A-Z][A-Za-z]+)/(?P<id>{_ID.pattern})")
# Neither a placeholder that is still open, nor a fragment, nor a backslash.
_SEARCH = re.compile(r"[A-Z][A-Za-z]+\?(?![^{}#\\]*[{}#\\])[!-~]+")
_TOKEN = re.compile(r"[!-~]+")


@dataclass(frozen=True)
class Answer:
    """What came for one key: JSON of a resource or of a whole searchset Bundle, or the slug of a failure."""

    raw: bytes | None
    failure: str | None = None


class FhirReader:
    """Reader of one FHIR server with the token of one hook call.

    Raises ServerNotAllowed when the server is not allowed (`ServerBase.allowed`), PayloadError when the token
    cannot stand in a header.
    """

    def __init__(
        self, server: str, token: str | None, allowed: Sequence[str], limits: Limits | None = None
    ) -> None:
        self._base = ServerBase.allowed(server, allowed)
        if token is not None and not _TOKEN.fullmatch(token):
            raise PayloadError("fhirAuthorization.access_token", "is no bearer token")
        self._token = token
        self._limits = limits or Limits()

    def __repr__(self) -> str:
        return f"FhirReader(token={'none' if self._token is None else 'hidden'}, limits={self._limits})"

    def fetch(self, templates: Mapping[str, str], patient_id: str) -> dict[str, Answer]:
        """Answer of each key's query, all within one deadline; failures are answers too, nothing is raised.

        A template is a read (`Patient/1`) or a search (`Condition?patient=1`); `{{context.patientId}}` in it
        is filled with `patient_id`.
        """
        if not templates:
            return {}
        if not _ID.fullmatch(patient_id):
            return dict.fromkeys(templates, Answer(None, "patient-id-refused"))
        # The import comes before the clock: it is paid once per worker.
        from fhir_mapping.server.transport import Connection

        ends = monotonic() + self._limits.deadline_s
        connection = Connection(self._base, self._token, self._limits, ends)
        pool = ThreadPoolExecutor(min(WORKERS, len(templates)), thread_name_prefix="fhir-reader")
        try:
            asked = {
                key: pool.submit(self._answer, connection, _PATIENT.sub(patient_id, template))
                for key, template in templates.items()
            }
            wait(asked.values(), timeout=max(0.0, ends - monotonic()))
        finally:
            # Not waited for: a thread that still hangs in a call must not hold up the hook.
            pool.shutdown(wait=False, cancel_futures=True)
            connection.close()
        return {key: _in_time(future) for key, future in asked.items()}

    def _answer(self, connection: "Connection", query: str) -> Answer:
        try:
            if read := _READ.fullmatch(query):
                return Answer(pages.resource(connection.get(query), read["type"], read["id"]))
            if _SEARCH.fullmatch(query):
                return Answer(self._search(connection, query))
        except ReadError as failed:
            return Answer(None, failed.slug)
        return Answer(None, "template-refused")

    def _search(self, connection: "Connection", query: str) -> bytes:
        """All pages of a search as one Bundle."""
        url = query if "_count=" in query else f"{query}&_count={self._limits.page_size}"
        entries: list[msgspec.Raw] = []
        size = 0
        for _ in range(self._limits.pages):
            body = connection.get(url)
            size += len(body)
            if size > self._limits.bytes:
                raise ReadError("too-large")
            page = pages.search_page(body)
            entries += page.entry
            if page.next is None:
                return pages.searchset(entries, page.total)
            url = self._inside(page.next)
        raise ReadError("too-many-pages")

    def _inside(self, link: str) -> str:
        url = urljoin(self._base.url, link)
        if not self._base.admits(url):
            raise ReadError("foreign-link")
        return url


def _in_time(future: "Future[Answer]") -> Answer:
    return future.result() if future.done() and not future.cancelled() else Answer(None, "deadline")
