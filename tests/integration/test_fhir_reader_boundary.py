"""Whom the FHIR reader may call, and where its bearer token may not go."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fhir_stub import CANARY, PATIENT, Reply, Stub, observation, page, running

from fhir_mapping.errors import MappingError, PayloadError
from fhir_mapping.server.reader import Answer, FhirReader, Limits, ServerNotAllowed

SEARCH = {"observations": "Observation?patient={{context.patientId}}"}


@pytest.fixture
def stub() -> Iterator[Stub]:
    with running() as one:
        yield one


@pytest.fixture
def foreign() -> Iterator[Stub]:
    with running() as one:
        yield one


def fetch(stub: Stub, templates: dict[str, str] = SEARCH, patient: str = PATIENT) -> dict[str, Answer]:
    return FhirReader(stub.base, CANARY, [stub.origin]).fetch(templates, patient)


ALLOWED = ["https://ehr.example/fhir", "http://127.0.0.1:8080", "http://clinic.example"]


@pytest.mark.parametrize(
    "server",
    [
        "http://127.0.0.1:8080.evil/fhir",
        "http://127.0.0.1:8080@evil.example/fhir",
        "http://evil.example#@127.0.0.1:8080/fhir",
        "http://127.0.0.1:8080\\@evil.example/fhir",
        "http://127.0.0.1:8081/fhir",
        "http://127.0.0.1/fhir",
        "http://localhost:8080/fhir",
        "https://ehr.example.evil/fhir",
        "https://evil-ehr.example/fhir",
        "https://ehr.example./fhir",
        "https://user:secret@ehr.example/fhir",
        "https://ehr.example:444/fhir",
        "http://ehr.example:443/fhir",
        "http://clinic.example/fhir",
        "https://ehr.example/fhir?x=1",
        "https://ehr.example/fhir#x",
        "https://ehr.example/fhir/../admin",
        "https://ehr.example/%2e%2e/admin",
        "https://ehr.example/fhir\r\nHost: evil.example",
        "https://ehr.example/fhir\n",
        " https://ehr.example/fhir",
        "https://ehr.exаmple/fhir",
        "ftp://ehr.example/fhir",
        "//ehr.example/fhir",
        "https:ehr.example",
        "",
    ],
)
def test_a_server_that_is_not_allowed_is_refused(server: str) -> None:
    """A server whose origin is not exactly an allowed one is refused before any call."""
    with pytest.raises(ServerNotAllowed) as refused:
        FhirReader(server, CANARY, ALLOWED)
    assert isinstance(refused.value, MappingError)
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize(
    "server", ["https://ehr.example/other/base", "https://EHR.example:443/fhir/", "http://127.0.0.1:8080"]
)
def test_any_base_of_an_allowed_origin_is_taken(server: str) -> None:
    """Scheme, host without regard to case, and port decide; the default port may be written or not."""
    assert FhirReader(server, CANARY, ALLOWED)


def test_without_an_allowed_server_nothing_is_called() -> None:
    """An installation that allows no server allows none, also when an entry is no URL."""
    with pytest.raises(ServerNotAllowed):
        FhirReader("https://ehr.example/fhir", None, ["", "*", "ehr.example"])


@pytest.mark.parametrize("path", ["/fhir/Observation", "/steal"])
def test_a_next_link_to_another_server_is_not_followed(stub: Stub, foreign: Stub, path: str) -> None:
    """The server that a foreign next link names is not called, so it cannot see the token."""
    stub.on("Observation", Reply(page(observation(1), following=f"{foreign.origin}{path}")))
    assert fetch(stub)["observations"] == Answer(None, "foreign-link")
    assert foreign.calls == []


@pytest.mark.parametrize(
    "link",
    [
        "/admin/users",
        "../admin",
        "/fhir/../admin",
        "/fhir/%2E%2e/admin",
        "/fhirsecret/Observation",
        "//evil.example/fhir/Observation",
        "http://user@127.0.0.1/fhir/Observation",
        "file:///etc/hostname",
        "/fhir/Observation?a=b c",
    ],
)
def test_a_next_link_outside_the_base_is_not_followed(stub: Stub, link: str) -> None:
    """A next link must stay below the server's base path."""
    stub.on("Observation", Reply(page(observation(1), following=link)))
    assert fetch(stub)["observations"] == Answer(None, "foreign-link")
    assert len(stub.calls) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(stub: Stub, foreign: Stub, status: int) -> None:
    """A redirect is a failure, and its target is not called."""
    stub.on("Observation", Reply(status=status, headers={"Location": f"{foreign.base}/Observation"}))
    assert fetch(stub)["observations"] == Answer(None, "redirect-refused")
    assert foreign.calls == []


def test_a_redirect_within_the_server_is_not_followed(stub: Stub) -> None:
    """A redirect to the same server is refused too."""
    stub.on("Observation", Reply(status=302, headers={"Location": f"{stub.base}/Observation?b"}))
    assert fetch(stub)["observations"] == Answer(None, "redirect-refused")
    assert len(stub.calls) == 1


def test_proxies_of_the_environment_are_not_used(
    stub: Stub, foreign: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy variable does not send the call, and the token in it, elsewhere."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, foreign.origin)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    stub.on("Observation", Reply(page()))
    assert fetch(stub)["observations"].failure is None
    assert foreign.calls == []


def test_passwords_of_the_environment_are_not_used(
    stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A netrc entry for the server's host does not put a password into the call."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password secret\n", encoding="ascii")
    monkeypatch.setenv("NETRC", str(netrc))
    stub.on("Observation", Reply(page()))
    FhirReader(stub.base, None, [stub.origin]).fetch(SEARCH, PATIENT)
    assert "Authorization" not in stub.calls[0].headers


@pytest.mark.parametrize(
    "template",
    [
        "https://evil.example/Observation?patient=1",
        "//evil.example/Observation?x=1",
        "../Observation?patient=1",
        "Patient/..",
        "Patient/1/$everything",
        "Observation?patient={{context.userId}}",
        "Observation?patient=1#x",
        "Observation?patient=1 2",
        "$export",
        "",
    ],
)
def test_an_odd_template_is_not_asked(stub: Stub, template: str) -> None:
    """A query that is neither a read nor a search below the base is refused without a call."""
    assert fetch(stub, {"key": template})["key"] == Answer(None, "template-refused")
    assert stub.calls == []


@pytest.mark.parametrize("patient", ["..", "1&_include=*", "1/../2", "a b", "", "é", "1\n"])
def test_an_odd_patient_id_is_not_asked(stub: Stub, patient: str) -> None:
    """A patient id that could change the query is refused without a call."""
    assert fetch(stub, SEARCH, patient)["observations"] == Answer(None, "patient-id-refused")
    assert stub.calls == []


@pytest.mark.parametrize("token", [f"{CANARY}\r\nX: y", f"{CANARY} x", f"{CANARY}é", ""])
def test_a_token_that_cannot_stand_in_a_header_is_refused(token: str) -> None:
    """A token with white space or other letters is refused, by a message that does not quote it."""
    with pytest.raises(PayloadError) as refused:
        FhirReader("https://ehr.example/fhir", token, ALLOWED)
    assert CANARY not in str(refused.value)


def test_logs_show_neither_token_nor_patient(stub: Stub, caplog: pytest.LogCaptureFixture) -> None:
    """At DEBUG level, over good answers and faults, no log line holds the token or the patient's id."""
    caplog.set_level(logging.DEBUG)
    next_page = page(observation(1), following="Observation?page=2")
    for fault in (Reply(status=401), Reply(status=503), Reply(b"x", length=99), Reply(b"no json")):
        stub.on("Observation", Reply(next_page), fault)
        assert fetch(stub)["observations"].failure
    with running() as gone:
        pass
    assert fetch(gone)["observations"].failure == "unreachable"
    written = caplog.text + "".join(repr(record.__dict__) for record in caplog.records)
    assert CANARY not in written
    assert PATIENT not in written


def test_the_reader_does_not_show_its_token() -> None:
    """Neither repr nor str of the reader holds the token."""
    reader = FhirReader("https://ehr.example/fhir", CANARY, ALLOWED)
    assert CANARY not in f"{reader!r} {reader} {[reader]}"


def test_errors_and_session_hold_no_token(stub: Stub) -> None:
    """What the transport raises, followed through its causes, and the closed session hold no token."""
    from time import monotonic

    from fhir_mapping.server.origin import ReadError, ServerBase
    from fhir_mapping.server.transport import Connection

    stub.on("Observation", Reply(wait_s=1))
    base = ServerBase.allowed(stub.base, [stub.origin])
    connection = Connection(base, CANARY, Limits(per_call_s=0.1), monotonic() + 1)
    with pytest.raises(ReadError) as failed:
        connection.get("Observation?patient=1")
    cause: BaseException | None = failed.value
    shown = ""
    while cause is not None:
        request = getattr(cause, "request", None)
        shown += repr(cause) + repr(vars(cause)) + repr(getattr(request, "headers", ""))
        cause = cause.__context__
    connection.close()
    assert "Timeout" in shown
    assert CANARY not in shown
    assert CANARY not in repr(vars(connection._server.session)) + repr(vars(connection._adapter))
    assert stub.calls[0].headers["Authorization"].endswith(CANARY)


def test_fhirclient_is_not_loaded_before_a_read() -> None:
    """A worker that has a reader but never fetches has not loaded fhirclient or requests."""
    script = (
        "import sys; from fhir_mapping.server.reader import FhirReader;"
        "FhirReader('https://e.example/f', 't', ['https://e.example']).fetch({}, '1');"
        "sys.exit(bool({'fhirclient', 'requests', 'urllib3'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
