"""What a broken or hostile FHIR server can do to the reader: fail a key, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
import requests
from fhir_stub import CANARY, PATIENT, Reply, Stub, observation, page, running
from hypothesis import given
from hypothesis import strategies as st

from fhir_mapping.server import pages
from fhir_mapping.server.origin import ReadError, ServerBase
from fhir_mapping.server.reader import Answer, FhirReader, Limits
from fhir_mapping.server.transport import BoundedAdapter, retry_after

SEARCH = {"observations": "Observation?patient={{context.patientId}}"}
TEXTS = st.text('aZ0 \u20ac\\"', max_size=4)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
RESOURCES = st.fixed_dictionaries({}, optional={"resourceType": TEXTS, "id": TEXTS | JSON, "issue": JSON})
ENTRIES = st.lists(
    st.fixed_dictionaries({}, optional={"resource": RESOURCES, "search": JSON}) | JSON, max_size=4
)
BUNDLES = st.fixed_dictionaries(
    {"resourceType": st.sampled_from(["Bundle", "Patient"])},
    optional={
        "entry": ENTRIES,
        "total": st.integers() | JSON,
        "link": JSON,
        "type": st.just("searchset") | JSON,
    },
)


@pytest.fixture
def stub() -> Iterator[Stub]:
    with running() as one:
        yield one


def search(stub: Stub, **limits: Any) -> Answer:
    reader = FhirReader(stub.base, CANARY, [stub.origin], Limits(**limits))
    return reader.fetch(SEARCH, PATIENT)["observations"]


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\x00\xff\x16\x03\x01",
        b"SSH-2.0-server\r\n",
        b"HTTP/1.1 two hundred OK\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br, gzip\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n{}",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nSet-Cookie: \xff=\x00; expires=never\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Type: \xe2\x82\xac; charset=x-none\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 503 Busy\r\nRetry-After: \xb2\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_what_is_no_http_fails_the_key(stub: Stub, sent: bytes) -> None:
    """Bytes that are no proper answer are a failure, never an exception."""
    stub.on("Observation", Reply(sent, bare=True))
    answer = search(stub)
    assert answer.raw is None
    assert answer.failure


@given(BUNDLES)
def test_no_body_breaks_the_reader(body: dict[str, Any]) -> None:
    """Any JSON is a page or a ReadError, and a page can be put into a Bundle that reads back."""
    found = pages.Searchset()
    try:
        found.take(pages.search_page(msgspec.json.encode(body)))
    except ReadError:
        return
    read = pages.search_page(found.bundle(found.complete))
    assert read.entry == found.entries
    assert (read.next is None) == found.complete


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(body: bytes) -> None:
    """Bytes that are not even JSON of an object are a ReadError."""
    with pytest.raises(ReadError):
        pages.search_page(b"\xff" + body)


@given(TEXTS | st.integers().map(str) | st.datetimes().map(str))
def test_any_retry_after_is_a_time_to_wait(text: str) -> None:
    """Whatever the header holds, the wait is a number that is not negative."""
    assert retry_after({"Retry-After": text}) >= 0


@pytest.mark.parametrize("fault", [{"wait_s": 5.0}, {"head_drip_s": 0.5}, {"drip_s": 0.5}])
def test_a_slow_server_holds_no_thread(stub: Stub, fault: dict[str, float]) -> None:
    """Shortly after the deadline no thread of ours waits on the server, however slowly it goes on sending."""
    stub.on("Observation", Reply(page(*map(observation, range(20))), **fault))
    assert search(stub, deadline_s=0.3) == Answer(None, "deadline")
    assert _soon(lambda: not _readers())


def test_a_missing_scope_is_told_by_the_header_too(stub: Stub) -> None:
    """Servers that answer a missing scope with 401 say so in WWW-Authenticate (RFC 6750)."""
    told = {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="patient/Observation.rs"'}
    stub.on("Observation", Reply(status=401, headers=told))
    assert search(stub) == Answer(None, "scope-missing")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_but_a_read_is_sent(stub: Stub, method: str) -> None:
    """A call that could change something, or be repeated to harm, does not leave the adapter."""
    base = ServerBase.allowed(stub.base, [stub.origin])
    adapter = BoundedAdapter(base, CANARY, Limits(), time.monotonic() + 1)
    with pytest.raises(ReadError):
        adapter.send(requests.Request(method, f"{stub.base}/Observation").prepare())
    assert stub.calls == []


def test_a_cookie_of_the_server_does_not_outlive_the_fetch(stub: Stub) -> None:
    """What a server sets in one call's session is not sent with the next call."""
    stub.on("Observation", Reply(page(), headers={"Set-Cookie": "session=1"}))
    search(stub)
    search(stub)
    assert [call.headers.get("Cookie") for call in stub.calls] == [None, None]


@pytest.mark.parametrize(("servers", "loaded"), [([], False), (["https://ehr.example"], True)])
def test_http_is_loaded_at_start_where_it_may_be_needed(servers: list[str], loaded: bool) -> None:
    """An installation that may call back pays for the import at start, any other never."""
    script = (
        f"import sys; from cds_hooks.callback import Callback; Callback({servers!r});"
        "sys.exit('fhirclient' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == loaded


def _readers() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name.startswith("fhir-reader")]


def _soon(holds: Callable[[], bool], seconds: float = 1.0) -> bool:
    ends = time.monotonic() + seconds
    while not holds() and time.monotonic() < ends:
        time.sleep(0.01)
    return holds()
