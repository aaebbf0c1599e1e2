"""Nothing of a call back, good or bad, shows the token or the patient outside the answer."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from fhir_stub import CANARY, Reply, Stub, observation, page, running
from hospital import Hospital, Json

from models.registry import Registry

PERSON = "pat-canary-4711"
NAME = "Canary-Surname"
GOSSIP = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "invalid", "diagnostics": f"{NAME} {PERSON} Bearer {CANARY}"}],
}
FAULTS = {
    "refused": Reply(GOSSIP, status=401),
    "no scope": Reply(GOSSIP, status=403),
    "busy": Reply(GOSSIP, status=503),
    "outcome": Reply(GOSSIP),
    "redirect": Reply(status=302, headers={"Location": f"https://{PERSON}.example/{CANARY}"}),
    "foreign link": Reply(page(observation(1), following=f"https://{PERSON}.example/{CANARY}")),
    "cut off": Reply({**GOSSIP, "resourceType": "Patient"}, length=9_999),
    "not JSON": Reply(f"<p>{NAME} {CANARY}".encode()),
    "no HTTP": Reply(f"{NAME} {CANARY}\r\n\r\n".encode(), bare=True),
    "odd resource": Reply(page({"resource": {"resourceType": "Condition", "id": PERSON, "code": NAME}})),
}


@pytest.fixture
def stub() -> Iterator[Stub]:
    with running() as one:
        yield one


@pytest.fixture
def caller(tmp_path: Path, catalogue: Registry, stub: Stub) -> Iterator[Hospital]:
    opened = Hospital(tmp_path, catalogue, BEDSIDE_FHIR_SERVERS=stub.origin)
    yield opened
    opened.close()


def nameless(hospital: Hospital, stub: Stub) -> Json:
    """A request of a patient whose id and name are known words, with no prefetch and the right to read."""
    body = hospital.request("maria-lindqvist")
    body["context"]["patientId"] = PERSON
    access = {"access_token": CANARY, "token_type": "Bearer", "expires_in": 300}
    return {**body, "prefetch": {}, "fhirServer": stub.base, "fhirAuthorization": access}


@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_shows_token_or_patient(
    fault: str, caller: Hospital, stub: Stub, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """DEBUG logs, answer, counters and ledger hold neither, whatever the server sends."""
    caplog.set_level(logging.DEBUG)
    stub.decide = lambda _: FAULTS[fault]
    answer = caller.post(nameless(caller, stub))
    assert stub.calls
    assert answer.status_code == 412
    logged = caplog.text + "".join(repr(vars(record)) for record in caplog.records)
    books = b"".join(path.read_bytes() for path in tmp_path.glob("ledger.db*")).decode("latin-1")
    for shown in (logged, answer.text, caller.metrics(), books):
        assert not [word for word in (CANARY, PERSON, NAME) if word in shown]


def test_the_token_is_only_in_the_header(caller: Hospital, stub: Stub) -> None:
    """The server sees the token in the Authorization header of each call, and nowhere else."""
    stub.decide = lambda _: Reply(page())
    caller.post(nameless(caller, stub))
    assert len(stub.calls) > 1
    for call in stub.calls:
        assert CANARY not in call.path
        assert [name for name, value in call.headers.items() if CANARY in value] == ["Authorization"]
