"""HTTP to a CDS service, against a real server on loopback."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from cds_hooks.ehr.errors import BrokenAnswer, CannotPlay, ServiceFailed, ServiceRefused, ServiceUnreachable
from cds_hooks.ehr.wire import CdsService, WireLimits, outcome_text

if TYPE_CHECKING:
    from conftest import CannedService


def outcome(*issues: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "OperationOutcome", "issue": list(issues)}


def test_call_posts_json_and_returns_the_answer(cds_service: CannedService) -> None:
    """A call posts the body as JSON to {base}/cds-services/{id} and decodes what comes back."""
    cds_service.give("a", {"cards": []})
    answer = CdsService(cds_service.url).call("a", {"hook": "patient-view", "name": "Zoë \ud800"})
    assert answer.document == {"cards": []}
    assert cds_service.received == [("/cds-services/a", {"hook": "patient-view", "name": "Zoë \ud800"})]


def test_service_id_is_one_path_segment(cds_service: CannedService) -> None:
    """A service id cannot lead the call, and the patient's data, to another path."""
    with pytest.raises(ServiceRefused):
        CdsService(cds_service.url).call("../admin?x", {})
    assert cds_service.received[0][0] == "/cds-services/..%2Fadmin%3Fx"


@pytest.mark.parametrize("suffix", ["", "/", "/cds-services", "/cds-services/"])
def test_base_url_may_name_the_discovery(cds_service: CannedService, suffix: str) -> None:
    """The base URL may be written with a slash or with the path of the discovery."""
    cds_service.offer()
    assert CdsService(cds_service.url + suffix).discovery() == {"services": []}


@pytest.mark.parametrize(
    ("status", "kind"), [(400, ServiceRefused), (412, ServiceRefused), (503, ServiceFailed)]
)
def test_error_status_tells_the_operation_outcome(
    cds_service: CannedService, status: int, kind: type[ServiceRefused]
) -> None:
    """4xx is a refusal, 5xx a failure; both say what the service's OperationOutcome says."""
    body = outcome({"severity": "error", "code": "required", "details": {"text": "no prefetch key: patient"}})
    cds_service.give("a", body, status)
    with pytest.raises(kind, match=f"HTTP {status}: no prefetch key: patient") as caught:
        CdsService(cds_service.url).call("a", {})
    assert caught.value.status == status


def test_error_page_is_not_shown(cds_service: CannedService) -> None:
    """An error body that is no OperationOutcome is not printed: nobody knows what is in it."""
    cds_service.give("a", b"<html>SMITH</html>", 500)
    with pytest.raises(ServiceFailed, match="no OperationOutcome") as caught:
        CdsService(cds_service.url).call("a", {})
    assert "SMITH" not in str(caught.value)


def test_redirect_is_not_followed(cds_service: CannedService) -> None:
    """A redirect does not move a patient's data to another address; it is a broken answer."""
    cds_service.give("a", b"", 307)
    with pytest.raises(BrokenAnswer, match="HTTP 307 instead of 200"):
        CdsService(cds_service.url).call("a", {})
    assert len(cds_service.received) == 1


def test_other_success_is_broken(cds_service: CannedService) -> None:
    """A 2xx status other than 200 is not what CDS Hooks asks for."""
    cds_service.give("a", {"cards": []}, 202)
    with pytest.raises(BrokenAnswer, match=r"cds-hooks_2\.0@74: HTTP 202"):
        CdsService(cds_service.url).call("a", {})


@pytest.mark.parametrize("content", [b"", b"<html>SMITH", b'{"cards": [', b"[" * 100_000])
def test_answer_that_is_not_json_is_broken(cds_service: CannedService, content: bytes) -> None:
    """A 200 answer that is not JSON is named as such, without its content."""
    cds_service.give("a", content)
    with pytest.raises(BrokenAnswer, match="not JSON") as caught:
        CdsService(cds_service.url).call("a", {})
    assert "SMITH" not in str(caught.value)


def test_endless_answer_is_cut(cds_service: CannedService) -> None:
    """An answer above the limit is refused instead of filling the memory."""
    cds_service.give("a", {"cards": ["x" * 100]})
    with pytest.raises(BrokenAnswer, match="longer than 50 bytes"):
        CdsService(cds_service.url, WireLimits(answer_bytes=50)).call("a", {})


def test_nobody_listening_is_unreachable() -> None:
    """A port without a listener is told as unreachable with its reason."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(ServiceUnreachable, match="connection refused") as caught:
        CdsService(f"http://127.0.0.1:{port}").discovery()
    assert caught.value.status is None


def test_silent_service_is_unreachable_in_time() -> None:
    """A service that accepts the call and never answers is given up after the timeout."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        service = CdsService(f"http://127.0.0.1:{server.getsockname()[1]}", WireLimits(timeout_seconds=0.1))
        with pytest.raises(ServiceUnreachable, match="no answer in time"):
            service.discovery()


def test_service_that_hangs_up_is_unreachable() -> None:
    """A connection closed without an answer is told as broken, not as a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            connection, _ = server.accept()
            connection.recv(65_536)
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(ServiceUnreachable, match="the connection broke"):
            CdsService(f"http://127.0.0.1:{server.getsockname()[1]}").discovery()
        thread.join()


def test_proxy_of_the_environment_is_not_used(
    cds_service: CannedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy named in the environment never sees a patient's data."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    cds_service.offer()
    assert CdsService(cds_service.url).discovery() == {"services": []}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8080",
        "file:///etc/passwd",
        "http://",
        "http://a b",
        "http://u:p@a",
        "http://a:x",
        "http://[",
        "http://a?b",
        "http://é",
    ],
)
def test_bad_address_is_refused_before_any_call(url: str) -> None:
    """What is no plain http or https address is refused with an example, and not repeated."""
    with pytest.raises(CannotPlay, match=r"http://127\.0\.0\.1:8080"):
        CdsService(url)


def test_outcome_text_joins_the_issues() -> None:
    """Every issue speaks: by its details, else its diagnostics, else its code."""
    text = outcome_text(outcome({"details": {"text": "one"}}, {"diagnostics": "two"}, {"code": "three"}, {}))
    assert text == "one; two; three"


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "x",
        {"issue": [{"diagnostics": "x"}]},
        outcome(),
        {"resourceType": "OperationOutcome", "issue": 5},
    ],
)
def test_other_documents_have_no_outcome_text(document: Any) -> None:
    """What is no OperationOutcome, or says nothing, has no text."""
    assert outcome_text(document) == ""
