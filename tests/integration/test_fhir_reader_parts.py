"""When a FHIR server's search is whole, when it is a part, and what becomes of a part."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fhir_stub import CANARY, PATIENT, Reply, Stub, observation, page, running

from fhir_mapping.record import PatientRecord
from fhir_mapping.server.reader import Answer, FhirReader, Limits

SEARCH = "Condition?patient={{context.patientId}}"
ERROR = {"resource": {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}}
INCLUDED = {"resource": {"resourceType": "Encounter", "id": "e1"}, "search": {"mode": "include"}}


@pytest.fixture
def stub() -> Iterator[Stub]:
    with running() as one:
        yield one


def search(stub: Stub, partial: bool = True, spent_s: float = 0.0, **limits: Any) -> Answer:
    reader = FhirReader(stub.base, CANARY, [stub.origin], Limits(**limits))
    return reader.fetch({"key": SEARCH}, PATIENT, ["key"] if partial else [], spent_s)["key"]


def ids(answer: Answer) -> list[str]:
    assert answer.raw is not None, answer.failure
    return [entry["resource"]["id"] for entry in json.loads(answer.raw)["entry"]]


def two_pages(stub: Stub, second: Reply) -> None:
    stub.on("Condition", Reply(page(observation(1), following="Condition?page=2")), second)


FAULTS = {
    "server-error": Reply(status=500),
    "token-refused": Reply(status=401),
    "not-json": Reply(b"<html>"),
    "foreign-link": Reply(page(observation(2), following="https://elsewhere.example/fhir")),
    "incomplete": Reply(page(observation(2), total=3)),
    "wrong-content": Reply({"resourceType": "Patient", "id": "1"}),
}


@pytest.mark.parametrize("slug", FAULTS)
def test_a_part_is_handed_over_where_it_will_do(slug: str, stub: Stub) -> None:
    """What came before the fault is the answer, with the gap named."""
    two_pages(stub, FAULTS[slug])
    answer = search(stub)
    assert (answer.failure, answer.gap) == (None, slug)
    assert ids(answer)[0] == "o1"


@pytest.mark.parametrize("slug", FAULTS)
def test_a_part_is_no_answer_elsewhere(slug: str, stub: Stub) -> None:
    """For a key that must be whole the fault is the answer."""
    two_pages(stub, FAULTS[slug])
    assert search(stub, partial=False) == Answer(None, slug)


def test_a_record_knows_that_a_part_is_not_the_whole(stub: Stub) -> None:
    """A part has a next link, so that "nothing there" is not concluded from it; a whole answer has none."""
    two_pages(stub, Reply(status=503))
    part = search(stub).raw
    stub.on("Condition", Reply(page(observation(1))))
    whole = search(stub).raw
    assert part is not None
    assert whole is not None
    assert PatientRecord.of_bundle(part, PATIENT).incomplete
    assert not PatientRecord.of_bundle(whole, PATIENT).incomplete


def test_a_fault_before_the_first_page_is_a_failure(stub: Stub) -> None:
    """Of nothing there is no part."""
    stub.on("Condition", Reply(status=500))
    assert search(stub) == Answer(None, "server-error")


def test_the_address_of_the_missing_page_is_not_kept(stub: Stub) -> None:
    """The server's own link, which may name the patient, is not in the Bundle."""
    stub.on("Condition", Reply(page(observation(1), following=f"Condition?patient={PATIENT}&page=2")))
    raw = search(stub, pages=1).raw
    assert raw is not None
    assert PATIENT not in raw.decode()


@pytest.mark.parametrize("total", [None, 0, 1, 2])
def test_a_total_that_is_met_is_no_gap(stub: Stub, total: int | None) -> None:
    """As many matches as the server counted, or more, are the whole answer."""
    stub.on("Condition", Reply(page(observation(1), observation(2), total=total)))
    assert search(stub, partial=False).failure is None


def test_included_resources_are_no_matches(stub: Stub) -> None:
    """What came along with the matches does not make up for a match that lacks."""
    stub.on("Condition", Reply(page(observation(1), INCLUDED, total=2)))
    assert search(stub).gap == "incomplete"


def test_an_error_among_the_entries_is_a_gap(stub: Stub) -> None:
    """A server that says that it could not search everything has not given the whole answer."""
    stub.on("Condition", Reply(page(observation(1), ERROR)))
    assert search(stub).gap == "incomplete"
    assert search(stub, partial=False) == Answer(None, "incomplete")


def test_a_resource_on_two_pages_counts_once(stub: Stub) -> None:
    """Pages that shifted between two calls do not double a resource."""
    two_pages(stub, Reply(page(observation(1), observation(2))))
    assert ids(search(stub)) == ["o1", "o2"]


def test_a_resource_that_slipped_between_two_pages_is_a_gap(stub: Stub) -> None:
    """A resource that came twice does not stand for one that never came."""
    stub.on("Condition", Reply(page(observation(1), following="Condition?page=2", total=2)))
    stub.decide = lambda path: Reply(page(observation(1), total=2)) if "page=2" in path else None
    assert search(stub).gap == "incomplete"


def test_a_link_that_leads_back_ends_at_the_page_limit(stub: Stub) -> None:
    """A server whose next link names the same page again is left after the limit."""
    stub.on("Condition", Reply(page(observation(1), following="Condition?page=1")))
    assert search(stub, pages=4).gap == "too-many-pages"
    assert len(stub.calls) == 4


def test_more_entries_than_the_limit_are_not_taken(stub: Stub) -> None:
    """A search with too many entries is too large, however few bytes each has."""
    stub.on("Condition", Reply(page(*map(observation, range(11)))))
    assert search(stub, partial=False, entries=10) == Answer(None, "too-large")


def test_unknown_fields_change_nothing(stub: Stub) -> None:
    """A Bundle, entry or resource with elements that FHIR does not know is read, and sent on as it is."""
    odd = {**observation(1, vendorScore={"a": [1]}), "vendorRank": 3}
    stub.on("Condition", Reply(page(odd, observation(2), vendorTime="now", meta={"tag": 1})))
    answer = search(stub, partial=False)
    assert answer.raw is not None, answer.failure
    assert json.loads(answer.raw)["entry"][0] == odd


@pytest.mark.parametrize(
    "entry", [{}, {"resource": None}, {"resource": {"id": 7}}, {"search": 3}, {"resource": []}]
)
def test_an_odd_entry_costs_no_other(entry: dict[str, Any], stub: Stub) -> None:
    """An entry of another shape is left to the record; the search is an answer."""
    stub.on("Condition", Reply(page(entry, observation(2))))
    answer = search(stub, partial=False)
    assert answer.raw is not None, answer.failure
    assert json.loads(answer.raw)["entry"] == [entry, observation(2)]


def test_time_spent_before_counts(stub: Stub) -> None:
    """A call that has used up its deadline before asks nothing."""
    stub.on("Condition", Reply(page(observation(1))))
    assert search(stub, deadline_s=2, spent_s=2) == Answer(None, "deadline")
    assert stub.calls == []
