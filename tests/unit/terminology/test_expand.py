"""Expansion of a value set on a terminology server: all of it, or an error that says what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.valueset import ValueSet
from terminology_stub import SNOMED, URL, TerminologyStub, running, snomed

from fhir_mapping.errors import SpecError
from fhir_mapping.server.origin import Limits, ServerNotAllowed
from fhir_mapping.terminology.expand import INCOMPLETE, ExpansionFailed, ExpansionLimits, Source, expand
from fhir_mapping.terminology.site import SiteTerminology

TODAY = date(2026, 11, 24)
DEFINITION = json.dumps(
    {"resourceType": "ValueSet", "id": "hf", "status": "active", "compose": {"include": [{"system": SNOMED}]}}
).encode()


@pytest.fixture
def stub() -> Iterator[TerminologyStub]:
    """A terminology server that holds 25 codes."""
    with running(TerminologyStub(codes=snomed(25))) as one:
        yield one


def limits(*, codes: int = 1000, **calls: Any) -> ExpansionLimits:
    """Limits of a test: pages of ten codes."""
    return ExpansionLimits(Limits(**{"deadline_s": 10.0, "per_call_s": 5.0, "page_size": 10, **calls}), codes)


def expanded(stub: TerminologyStub, source: Source | None = None, **more: Any) -> dict[str, Any]:
    """The file that an expansion gives."""
    more.setdefault("limits", limits())
    document: dict[str, Any] = json.loads(expand(source or Source(url=URL), stub.base, today=TODAY, **more))
    return document


def test_all_pages_are_read(stub: TerminologyStub) -> None:
    """Three pages become one enumeration, in the order of the server."""
    concepts = expanded(stub)["compose"]["include"][0]["concept"]
    assert [c["code"] for c in concepts] == [c["code"] for c in stub.codes]
    assert [asked.query["offset"] for asked in stub.asked] == ["0", "10", "20"]


def test_the_file_says_version_source_and_date(stub: TerminologyStub) -> None:
    """Who reads the file later sees what was expanded, where and when."""
    document = expanded(stub)
    assert (document["url"], document["version"], document["date"]) == (URL, "2026-09", "2026-11-24")
    assert f"http://127.0.0.1:{stub.port}" in document["description"]


def test_the_file_is_valid_fhir(stub: TerminologyStub) -> None:
    """What is written is an R4 ValueSet."""
    assert ValueSet.model_validate(expanded(stub)).id == "heart-failure"


def test_the_file_takes_the_place_of_a_shipped_value_set(stub: TerminologyStub, tmp_path: Path) -> None:
    """Under the id of a shipped value set, the site's folder gives the expanded codes."""
    (tmp_path / "valuesets").mkdir()
    document = expanded(stub, name="hypertension")
    (tmp_path / "valuesets" / "any-name.json").write_text(json.dumps(document))
    codes = SiteTerminology.load(tmp_path, quiet=True).valueset("hypertension", (("x", "y"),))
    assert codes == tuple((c["code"], SNOMED) for c in stub.codes)


def test_a_definition_is_posted(stub: TerminologyStub) -> None:
    """A value set that the server does not hold goes along as a parameter."""
    expanded(stub, Source(definition=DEFINITION))
    assert {asked.method for asked in stub.asked} == {"POST"}
    assert stub.asked[0].parameters["valueSet"]["resource"] == json.loads(DEFINITION)


def test_a_definition_that_is_none_is_not_sent(stub: TerminologyStub) -> None:
    """A file of another resource type is refused before any call."""
    with pytest.raises(SpecError, match=r"the definition: \$\.resourceType"):
        expanded(stub, Source(definition=b'{"resourceType": "Patient"}'))
    assert stub.asked == []


def test_the_version_of_a_canonical_url_is_asked_for(stub: TerminologyStub) -> None:
    """What follows the bar is the version of the value set."""
    expanded(stub, Source(url=f"{URL}|2026-09"))
    assert (stub.asked[0].query["url"], stub.asked[0].query["valueSetVersion"]) == (URL, "2026-09")


@pytest.mark.parametrize("most", [1000, 7])
@pytest.mark.parametrize("has_total", [True, False])
def test_a_server_that_sends_less_than_asked_is_read_to_its_end(
    stub: TerminologyStub, most: int, has_total: bool
) -> None:
    """A short page is no end: the total is, or an empty page where the server gives none."""
    stub.has_total, stub.most = has_total, most
    assert len(expanded(stub)["compose"]["include"][0]["concept"]) == 25


def test_a_server_that_sends_all_at_once_is_understood(stub: TerminologyStub) -> None:
    """A server that ignores the page size and says no total has sent all of it."""
    stub.pages, stub.has_total = False, False
    assert len(expanded(stub)["compose"]["include"][0]["concept"]) == 25


def test_abstract_entries_are_no_codes_of_a_patient(stub: TerminologyStub) -> None:
    """An abstract entry is left out, and the entries below it count."""
    stub.codes = [{"system": SNOMED, "code": "106063007", "abstract": True, "contains": snomed(2)}]
    stub.total = 3
    concepts = expanded(stub)["compose"]["include"][0]["concept"]
    assert [c["code"] for c in concepts] == ["84114007", "84114008"]


def test_systems_are_kept_apart(stub: TerminologyStub) -> None:
    """Each code system becomes an include of its own, with its version."""
    icd = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "version": "2026", "code": "I50.9"}
    stub.codes = [*snomed(1), icd]
    assert [part.get("version") for part in expanded(stub)["compose"]["include"]] == [None, "2026"]


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ({"codes": snomed(25), "total": 40}, "says 40 codes and sends 25"),
        ({"codes": snomed(10), "pages": False, "has_total": False}, "does not page"),
        ({"codes": [], "has_total": True}, "the expansion is empty"),
        ({"codes": [{"display": "nothing"}]}, "a code without system"),
        ({"codes": snomed(5), "extension": [{"url": INCOMPLETE, "valueBoolean": "true"}]}, "too costly"),
        ({"reply": (302, {"Location": "http://127.0.0.1:9/"}, b"")}, "sends elsewhere"),
        ({"reply": (200, {}, b"<html>")}, "is no JSON"),
        ({"reply": (200, {}, b"{}")}, "no ValueSet with an expansion"),
        ({"reply": (200, {}, b'{"resourceType": "OperationOutcome"}')}, "reported an error"),
        ({"reply": (401, {}, b"{}")}, "refused the token"),
        ({"reply": (404, {}, b"{}")}, "does not know the value set"),
        ({"reply": (422, {}, b"{}")}, "may not hold the code systems"),
        ({"reply": (500, {}, b"{}")}, "the server failed"),
        ({"reply": (503, {"Retry-After": "60"}, b"{}")}, "not available"),
    ],
)
def test_what_is_not_complete_is_an_error(behaviour: dict[str, Any], message: str) -> None:
    """Every way to fall short ends in a message that says what to do, and in no file."""
    with running(TerminologyStub(**behaviour)) as stub, pytest.raises(ExpansionFailed, match=message):
        expanded(stub)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        (limits(codes=24), "more than 24 codes"),
        (limits(pages=2), "more than 2 pages"),
        (limits(bytes=200), "larger than allowed"),
    ],
)
def test_bounds_hold(stub: TerminologyStub, bounds: ExpansionLimits, message: str) -> None:
    """Codes, pages and bytes are bounded."""
    with pytest.raises(ExpansionFailed, match=message):
        expanded(stub, limits=bounds)


def test_a_server_that_is_away_is_told(stub: TerminologyStub) -> None:
    """A closed port is an error with a remedy."""
    away = TerminologyStub(port=9)
    with pytest.raises(ExpansionFailed, match="cannot be reached"):
        expanded(away)


@pytest.mark.parametrize(
    "server", ["http://tx.example.org/fhir", "ftp://x/", "https://me@tx.example.org", "tx"]
)
def test_only_https_and_the_loopback_are_called(server: str) -> None:
    """A token must not travel in the clear, nor an address hide who is asked."""
    with pytest.raises(ServerNotAllowed):
        expand(Source(url=URL), server, today=TODAY)


def test_the_token_goes_with_every_page_and_into_no_message(stub: TerminologyStub) -> None:
    """The bearer token is sent to the server, and an error does not quote it."""
    stub.codes[24:] = [{"display": "nothing"}]
    with pytest.raises(ExpansionFailed) as caught:
        expanded(stub, token="secret-canary")
    assert {asked.headers["Authorization"] for asked in stub.asked} == {"Bearer secret-canary"}
    assert "canary" not in str(caught.value)


def test_a_token_with_white_space_is_refused(stub: TerminologyStub) -> None:
    """What cannot stand in a header is refused before any call."""
    with pytest.raises(ExpansionFailed, match="no bearer token"):
        expanded(stub, token="two words")
    assert stub.asked == []
