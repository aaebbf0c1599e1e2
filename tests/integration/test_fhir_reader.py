"""What the FHIR reader makes of the answers of a server: reads, pages, faults, limits."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from fhir_stub import CANARY, PATIENT, Reply, Stub, observation, page, running

from fhir_mapping.record import PatientRecord
from fhir_mapping.server.reader import Answer, FhirReader, Limits

SEARCH = "Observation?patient={{context.patientId}}&code=http://loinc.org|4548-4,http://loinc.org|17856-6"
ISSUE = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "incomplete"}]}
HINT = {"resourceType": "OperationOutcome", "issue": [{"severity": "information", "code": "informational"}]}


@pytest.fixture
def stub() -> Iterator[Stub]:
    with running() as one:
        yield one


def fetch(stub: Stub, templates: dict[str, str], **limits: Any) -> dict[str, Answer]:
    return FhirReader(stub.base, CANARY, [stub.origin], Limits(**limits)).fetch(templates, PATIENT)


def search(stub: Stub, **limits: Any) -> Answer:
    return fetch(stub, {"observations": SEARCH}, **limits)["observations"]


def ids(answer: Answer) -> list[str]:
    assert answer.raw is not None, answer.failure
    return [entry["resource"]["id"] for entry in json.loads(answer.raw).get("entry", [])]


def test_a_read_gives_the_resource_as_it_was_sent(stub: Stub) -> None:
    """A read answers with the bytes of the resource."""
    body = json.dumps({"resourceType": "Patient", "id": PATIENT, "birthDate": "1970-01-01"}).encode()
    stub.on(f"Patient/{PATIENT}", Reply(body))
    assert fetch(stub, {"patient": "Patient/{{context.patientId}}"}) == {"patient": Answer(body)}


def test_the_token_and_the_codes_arrive(stub: Stub) -> None:
    """A search carries the bearer token, asks for FHIR JSON, and keeps the codes with their systems."""
    stub.on("Observation", Reply(page(observation(1))))
    assert ids(search(stub)) == ["o1"]
    call = stub.calls[0]
    assert call.headers["Authorization"] == f"Bearer {CANARY}"
    assert call.headers["Accept"] == "application/fhir+json"
    assert f"patient={PATIENT}&code=http://loinc.org%7C4548-4,http://loinc.org%7C17856-6" in call.path


def test_no_token_means_no_authorization_header(stub: Stub) -> None:
    """An open server is asked without an Authorization header."""
    stub.on("Observation", Reply(page()))
    FhirReader(stub.base, None, [stub.origin]).fetch({"observations": SEARCH}, PATIENT)
    assert "Authorization" not in stub.calls[0].headers


def test_pages_are_merged_into_one_bundle(stub: Stub) -> None:
    """All pages come as one searchset without links, in order, that the record can read."""
    first = page(observation(1), observation(2), following=f"{stub.base}?_getpages=a")
    stub.on("Observation", Reply(first))
    stub.replies["/fhir"] = [Reply(page(observation(3), following="Observation?page=3", total=4))]
    stub.decide = lambda path: Reply(page(observation(4), total=4)) if "page=3" in path else None
    answer = search(stub)
    assert ids(answer) == ["o1", "o2", "o3", "o4"]
    assert answer.raw is not None
    assert "link" not in json.loads(answer.raw)
    assert len(PatientRecord.of_bundle(answer.raw, PATIENT).resources) == 4


def test_an_empty_search_is_an_answer(stub: Stub) -> None:
    """A search that finds nothing is a Bundle without entries, not a failure."""
    stub.on("Observation", Reply({"resourceType": "Bundle", "type": "searchset", "total": 0}))
    assert ids(search(stub)) == []


def test_more_pages_than_the_limit_are_no_answer(stub: Stub) -> None:
    """A search that does not end within the page limit fails, and no further page is asked for."""
    stub.on("Observation", Reply(page(observation(1), following="Observation?page=2")))
    assert search(stub, pages=3) == Answer(None, "too-many-pages")
    assert len(stub.calls) == 3


def test_a_failed_page_fails_the_search(stub: Stub) -> None:
    """Pages that came before a failed one are not passed off as the answer."""
    stub.on("Observation", Reply(page(observation(1), following="Observation?page=2")), Reply(status=500))
    assert search(stub) == Answer(None, "server-error")


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (204, "wrong-content"),
        (301, "redirect-refused"),
        (400, "query-refused"),
        (401, "token-refused"),
        (403, "scope-missing"),
        (404, "not-found"),
        (410, "not-found"),
        (500, "server-error"),
        (504, "unavailable"),
    ],
)
def test_each_status_has_its_failure(stub: Stub, status: int, failure: str) -> None:
    """A status other than 200 is a failure that says what the EHR's people have to look at."""
    stub.on(f"Patient/{PATIENT}", Reply(ISSUE, status=status))
    assert fetch(stub, {"patient": "Patient/{{context.patientId}}"})["patient"] == Answer(None, failure)
    assert len(stub.calls) == 1


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        (b"<html>please log in</html>", "not-json"),
        (b"", "not-json"),
        (b'{"resourceType": "Bundle", "entry": [', "not-json"),
        (b"[" * 100_000, "wrong-content"),
        (b'{"resourceType": "Bundle", "entry": [' + b"[" * 100_000, "not-json"),
        ([], "wrong-content"),
        ({"resourceType": "Patient", "id": PATIENT}, "wrong-content"),
        ({"resourceType": "Bundle", "type": "transaction-response"}, "wrong-content"),
        (ISSUE, "operation-outcome"),
        (page(observation(1), {"resource": ISSUE}), "incomplete"),
        (page(observation(1), total=2), "incomplete"),
    ],
)
def test_what_is_no_whole_search_is_no_answer(stub: Stub, body: Any, failure: str) -> None:
    """A body that is no complete searchset fails the key."""
    stub.on("Observation", Reply(body))
    assert search(stub) == Answer(None, failure)


def test_a_hint_of_the_server_does_not_spoil_a_search(stub: Stub) -> None:
    """An outcome entry that tells of no error leaves the search an answer."""
    stub.on("Observation", Reply(page(observation(1), {"resource": HINT, "search": {"mode": "outcome"}})))
    assert search(stub).failure is None


def test_another_patient_than_asked_for_is_no_answer(stub: Stub) -> None:
    """A read that comes back with another id fails."""
    stub.on(f"Patient/{PATIENT}", Reply({"resourceType": "Patient", "id": "other"}))
    assert fetch(stub, {"patient": f"Patient/{PATIENT}"})["patient"] == Answer(None, "wrong-content")


@pytest.mark.parametrize("status", [429, 502, 503])
def test_a_busy_server_is_asked_once_more(stub: Stub, status: int) -> None:
    """After 429, 502 or 503 the call is repeated once, and a good answer then counts."""
    stub.on("Observation", Reply(status=status), Reply(page(observation(1))))
    assert ids(search(stub)) == ["o1"]


def test_a_server_that_stays_busy_is_asked_twice_only(stub: Stub) -> None:
    """A second 429 ends it."""
    stub.on("Observation", Reply(status=429))
    assert search(stub) == Answer(None, "rate-limited")
    assert len(stub.calls) == 2


def test_retry_after_is_waited_for(stub: Stub) -> None:
    """A Retry-After that fits the deadline is honoured."""
    stub.on("Observation", Reply(status=429, headers={"Retry-After": "1"}), Reply(page(observation(1))))
    started = time.monotonic()
    assert ids(search(stub)) == ["o1"]
    assert time.monotonic() - started >= 1


@pytest.mark.parametrize(
    "after", ["60", format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)]
)
def test_a_retry_after_beyond_the_deadline_is_not_waited_for(stub: Stub, after: str) -> None:
    """A Retry-After that does not fit the deadline fails at once, as seconds and as a date."""
    stub.on("Observation", Reply(status=503, headers={"Retry-After": after}))
    started = time.monotonic()
    assert search(stub) == Answer(None, "unavailable")
    assert time.monotonic() - started < 1
    assert len(stub.calls) == 1


@pytest.mark.parametrize("fault", [{"wait_s": 2.0}, {"drip_s": 0.05}, {"head_drip_s": 0.15}])
def test_the_deadline_ends_a_slow_answer(stub: Stub, fault: dict[str, float]) -> None:
    """A server that is silent, or drips, costs the deadline and no more; a fast key keeps its answer."""
    stub.on("Observation", Reply(page(*map(observation, range(20))), **fault))
    stub.on("Condition", Reply(page()))
    started = time.monotonic()
    both = {"observations": SEARCH, "conditions": "Condition?patient=1"}
    answers = fetch(stub, both, deadline_s=0.5)
    assert time.monotonic() - started < 1
    assert answers["observations"] == Answer(None, "deadline")
    assert answers["conditions"].failure is None


def test_one_call_may_not_use_up_the_deadline(stub: Stub) -> None:
    """A call ends after its own limit, before the deadline."""
    stub.on("Observation", Reply(page(), wait_s=2))
    started = time.monotonic()
    assert search(stub, deadline_s=5, per_call_s=0.3) == Answer(None, "deadline")
    assert time.monotonic() - started < 1


def test_keys_are_fetched_side_by_side(stub: Stub) -> None:
    """Four slow keys take as long as one."""
    kinds = ["Observation", "Condition", "Procedure", "MedicationRequest"]
    for kind in kinds:
        stub.on(kind, Reply(page(), wait_s=0.4))
    started = time.monotonic()
    answers = fetch(stub, {kind: f"{kind}?patient=1" for kind in kinds})
    assert [answer.failure for answer in answers.values()] == [None] * 4
    assert time.monotonic() - started < 1.2


def test_a_body_that_breaks_off_is_no_answer(stub: Stub) -> None:
    """A body shorter than its Content-Length fails, even if it is whole JSON."""
    stub.on("Observation", Reply(page(observation(1)), length=10_000))
    assert search(stub) == Answer(None, "cut-off")


def test_a_huge_body_is_not_read_to_its_end(stub: Stub) -> None:
    """Reading stops at the byte limit."""
    stub.on("Observation", Reply(b" " * 5_000_000))
    assert search(stub, bytes=100_000) == Answer(None, "too-large")


def test_the_byte_limit_counts_all_pages(stub: Stub) -> None:
    """Pages that are small each but too large together fail."""
    stub.on("Observation", Reply(page(*map(observation, range(50)), following="Observation?page=2")))
    assert search(stub, bytes=6_000) == Answer(None, "too-large")


def test_a_packed_body_is_unpacked(stub: Stub) -> None:
    """A gzip answer is read like any other."""
    packed = gzip.compress(json.dumps(page(observation(1))).encode())
    stub.on("Observation", Reply(packed, headers={"Content-Encoding": "gzip"}))
    assert ids(search(stub)) == ["o1"]


def test_the_byte_limit_counts_what_is_unpacked(stub: Stub) -> None:
    """A small gzip body that unpacks to a huge one fails."""
    packed = gzip.compress(b" " * 20_000_000)
    stub.on("Observation", Reply(packed, headers={"Content-Encoding": "gzip"}))
    assert search(stub, bytes=100_000) == Answer(None, "too-large")


def test_nobody_at_the_address_is_a_failure() -> None:
    """A server that is down makes every key fail, and raises nothing."""
    with running() as gone:
        pass
    assert search(gone) == Answer(None, "unreachable")
