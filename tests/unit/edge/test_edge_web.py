"""Manners of HTTP answers: OperationOutcome for every error, headers, CORS, HTML for browsers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hospital import DIABETES, Hospital

from cds_hooks import pages
from cds_hooks.pages import Described
from models.registry import Registry

ROOT = Path(__file__).parents[3]
PREFLIGHT = {
    "Origin": "https://a.example.org",
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"/cds-services/{DIABETES}", 405),
        ("PUT", f"/cds-services/{DIABETES}", 405),
        ("GET", f"/cds-services/{DIABETES}/feedback", 405),
        ("POST", "/cds-services", 405),
        ("GET", "/nothing", 404),
        ("GET", "/models/nothing", 404),
        ("POST", "/cds-services/nothing", 404),
        ("POST", f"/cds-services/{DIABETES}/", 404),
        ("POST", f"/cds-services/{DIABETES}", 415),
        ("POST", f"/cds-services/{DIABETES}/feedback", 415),
    ],
)
def test_every_error_is_an_operation_outcome(hospital: Hospital, method: str, path: str, status: int) -> None:
    """Status and FHIR body, whatever the address."""
    answer = hospital.client.open(path, method=method)
    assert answer.status_code == status
    assert answer.get_json()["resourceType"] == "OperationOutcome"
    assert answer.get_json()["issue"][0]["diagnostics"]


def test_a_wrong_method_is_told_the_right_ones(hospital: Hospital) -> None:
    """405 comes with Allow (RFC 9110)."""
    assert hospital.client.get(f"/cds-services/{DIABETES}").headers["Allow"] == "OPTIONS, POST"


def test_json_may_be_declared_with_a_charset_or_as_fhir(hospital: Hospital) -> None:
    """Content types that mean JSON are taken."""
    for kind in ("application/json; charset=utf-8", "application/fhir+json"):
        answer = hospital.client.post(f"/cds-services/{DIABETES}", data=b"{}", content_type=kind)
        assert answer.status_code == 400


def test_a_compressed_body_is_refused(hospital: Hospital) -> None:
    """What cannot be read is told apart from bad JSON."""
    answer = hospital.client.post(
        f"/cds-services/{DIABETES}",
        data=b"x",
        content_type="application/json",
        headers={"Content-Encoding": "gzip"},
    )
    assert answer.status_code == 415


@pytest.mark.parametrize("path", ["/", "/models", "/cds-services", "/nothing"])
def test_no_answer_may_be_framed_sniffed_or_kept(hospital: Hospital, path: str) -> None:
    """Security headers are on every answer, errors included."""
    headers = hospital.client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path", ["/cds-services", f"/cds-services/{DIABETES}", f"/cds-services/{DIABETES}/feedback"]
)
def test_every_origin_may_call_when_the_operator_says_so(
    tmp_path: Path, catalogue: Registry, path: str
) -> None:
    """`*` opens discovery, services and feedback, with the headers that clients send."""
    hospital = Hospital(tmp_path, catalogue, BEDSIDE_CORS_ORIGINS="*")
    headers = hospital.client.options(path, headers=PREFLIGHT).headers
    hospital.close()
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Access-Control-Allow-Headers"] == "authorization, content-type"
    assert "POST" in headers["Access-Control-Allow-Methods"]


def test_pages_and_operations_are_not_for_other_origins(tmp_path: Path, catalogue: Registry) -> None:
    """CORS ends at CDS Hooks."""
    hospital = Hospital(tmp_path, catalogue, BEDSIDE_CORS_ORIGINS="*")
    answer = hospital.client.get("/metrics", headers={"Origin": "https://a.example.org"})
    hospital.close()
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/models", f"/models/{DIABETES}"])
def test_browsers_get_pages_and_programs_get_json(hospital: Hospital, path: str) -> None:
    """The Accept header decides; without one it is JSON."""
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    assert hospital.client.get(path, headers=browser).mimetype == "text/html"
    assert hospital.client.get(path, headers={"Accept": "*/*"}).mimetype == "application/json"
    assert hospital.client.get(path).mimetype == "application/json"


def test_the_front_page_leads_to_the_rest(hospital: Hospital) -> None:
    """Every address it names is there."""
    for path in hospital.client.get("/").get_json()["links"]:
        assert hospital.client.get(f"/{path}").status_code == 200


PAGES = (
    "/",
    "/models",
    f"/models/{DIABETES}",
    f"/models/{DIABETES}/evidence",
    f"/models/{DIABETES}/evidence/record.json",
    "/evidence/section-1557.json",
)


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_served_unless_switched_off(hospital: Hospital, path: str) -> None:
    """Each of the pages that the setting takes away is there without it."""
    assert hospital.client.get(path).status_code == 200


def test_pages_can_be_switched_off(tmp_path: Path, catalogue: Registry) -> None:
    """With BEDSIDE_PAGES=off no page is served, cards carry no link to one, and hooks work as before."""
    hospital = Hospital(tmp_path, catalogue, BEDSIDE_PAGES="off")
    others = ("/cds-services", "/healthz", "/readyz", "/metrics")
    assert {hospital.client.get(path).status_code for path in PAGES} == {404}
    assert {hospital.client.get(path).status_code for path in others} == {200}
    card = hospital.post(hospital.request("maria-lindqvist")).get_json()["cards"][0]
    assert "/models" not in json.dumps(card)
    assert "url" not in card["source"]
    hospital.close()


def test_every_page_is_told_in_the_security_notes(hospital: Hospital) -> None:
    """SECURITY.md names each address that answers without a login."""
    notes = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    rules = {str(rule) for rule in hospital.client.application.url_map.iter_rules()}
    heads = {rule.partition("<")[0].rstrip("/") or "/" for rule in rules}
    assert {head for head in heads if f"`{head}" not in notes and f"POST {head}" not in notes} == set()


def test_a_models_page_is_made_once(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking for it again and again costs those who wait for cards nothing."""
    made: list[Described] = []
    make = pages.model_page

    def counted(model: Described) -> str:
        made.append(model)
        return make(model)

    monkeypatch.setattr(pages, "model_page", counted)
    told = {
        hospital.client.get(f"/models/{DIABETES}", headers={"Accept": "text/html"}).data for _ in range(3)
    }
    assert (len(told), len(made)) == (1, 1)
