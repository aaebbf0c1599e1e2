"""Requests that no EHR should send: each gets an exact answer, and none of them tells who the patient is."""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from hospital import DIABETES, RESPONSE, Hospital, Json, coded, resources

from cds_hooks.telemetry import JsonLines

CANARY = "canary4711"
WAIST = "8280-0"


@pytest.fixture
def body(hospital: Hospital) -> Json:
    """Maria's request, with an id and a name that must not show up anywhere."""
    text = json.dumps(hospital.request("maria-lindqvist")).replace("maria-lindqvist", CANARY)
    made: Json = json.loads(text)
    made["prefetch"]["patient"]["name"] = [{"family": CANARY, "given": [CANARY]}]
    return made


@pytest.fixture
def told(hospital: Hospital, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Any:
    """Function that gives all that an operator could read after a call: log records, stderr, metrics."""
    caplog.set_level(logging.DEBUG)

    def read() -> str:
        records = [f"{JsonLines().format(one)} {one.__dict__}" for one in caplog.records]
        captured = capfd.readouterr()
        return "\n".join([*records, captured.out, captured.err, hospital.metrics()])

    return read


def without(body: Json, *path: str) -> Json:
    """The body without one element."""
    *way, last = path
    node = body
    for step in way:
        node = node[step]
    del node[last]
    return body


def replaced(body: Json, value: Any, *path: str) -> Json:
    """The body with one element replaced."""
    *way, last = path
    node = body
    for step in way:
        node = node[step]
    node[last] = value
    return body


def nested(depth: int) -> bytes:
    return b'{"hook": "patient-view", "context": ' + b"[" * depth + b"]" * depth + b"}"


REFUSED: dict[str, tuple[Callable[[Json], Any], str | None]] = {
    "not JSON": (lambda body: f"{CANARY} has come".encode(), None),
    "an empty body": (lambda body: b"", None),
    "JSON cut off": (lambda body: json.dumps(body).encode()[:-200], None),
    "text that is not UTF-8": (lambda body: b'{"hook": "\xff", ' + json.dumps(body).encode()[1:], None),
    "ten thousand nested arrays": (lambda body: nested(10_000), None),
    "NaN, which JSON does not have": (lambda body: replaced(body, float("nan"), "context", "x"), None),
    "an array": (lambda body: [body], None),
    "no hook": (lambda body: without(body, "hook"), "hook"),
    "a hook that is a number": (lambda body: replaced(body, 7, "hook"), "hook"),
    "a blank hook": (lambda body: replaced(body, " ", "hook"), "hook"),
    "another service's hook": (lambda body: replaced(body, "order-sign", "hook"), "hook"),
    "no hookInstance": (lambda body: without(body, "hookInstance"), "hookInstance"),
    "a hookInstance that is no UUID": (lambda body: replaced(body, CANARY, "hookInstance"), "hookInstance"),
    "no context": (lambda body: without(body, "context"), "context"),
    "a context that is null": (lambda body: replaced(body, None, "context"), "context"),
    "a context that is a text": (lambda body: replaced(body, CANARY, "context"), "context"),
    "no patientId": (lambda body: without(body, "context", "patientId"), "context.patientId"),
    "a patientId that is a number": (
        lambda body: replaced(body, 1, "context", "patientId"),
        "context.patientId",
    ),
    "a blank patientId": (lambda body: replaced(body, " ", "context", "patientId"), "context.patientId"),
    "an endless patientId": (
        lambda body: replaced(body, CANARY * 100, "context", "patientId"),
        "context.patientId",
    ),
    "no userId": (lambda body: without(body, "context", "userId"), "context.userId"),
    "an encounterId that is an object": (
        lambda body: replaced(body, {"id": CANARY}, "context", "encounterId"),
        "context.encounterId",
    ),
    "another patient's prefetch": (
        lambda body: replaced(body, f"{CANARY}-other", "prefetch", "patient", "id"),
        "context.patientId",
    ),
    "a prefetch that is an array": (lambda body: replaced(body, [CANARY], "prefetch"), "prefetch"),
}


@pytest.mark.requirement("cds-hooks_2.0@76")
@pytest.mark.parametrize("name", REFUSED)
def test_a_request_that_cannot_be_read_is_400(name: str, hospital: Hospital, body: Json, told: Any) -> None:
    """The answer is a 400 whose OperationOutcome names the element, and nobody's data."""
    broken, element = REFUSED[name]
    answer = hospital.post(broken(body))
    assert answer.status_code == 400
    assert answer.get_json()["resourceType"] == "OperationOutcome"
    (issue,) = answer.get_json()["issue"]
    assert issue["severity"] == "error"
    assert issue.get("expression", [None]) == [element]
    assert element is None or element.rsplit(".", 1)[-1] in issue["diagnostics"]
    assert CANARY not in answer.text + told()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("draftOrders", None),
        ("draftOrders", [CANARY]),
        ("selections", None),
        ("selections", CANARY),
        ("selections", [{"reference": CANARY}]),
    ],
)
def test_an_order_context_that_does_not_fit_is_400(
    field: str, value: Any, hospital: Hospital, told: Any
) -> None:
    """Draft orders that are no Bundle and selections that are no texts are named."""
    order = hospital.request("maria-lindqvist", "order-select")
    answer = hospital.post(replaced(order, value, "context", field), RESPONSE)
    assert answer.status_code == 400
    assert answer.get_json()["issue"][0]["expression"] == [f"context.{field}"]
    assert CANARY not in answer.text + told()


def test_fifty_megabytes_are_413(hospital: Hospital, body: Json, told: Any) -> None:
    """A body over the limit is not read, and the answer names the limit."""
    padded = replaced(body, CANARY * 5_300_000, "prefetch", "patient", "text")
    answer = hospital.post(padded)
    assert answer.status_code == 413
    assert "16 MB" in answer.get_json()["issue"][0]["diagnostics"]
    assert CANARY not in answer.text + told()


@pytest.mark.requirement("cds-hooks_2.0@1")
@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_that_is_not_declared_as_json_is_415(
    content_type: str, hospital: Hospital, body: Json
) -> None:
    """JSON is asked for by its media type."""
    answer = hospital.client.post(
        f"/cds-services/{DIABETES}", data=json.dumps(body), content_type=content_type
    )
    assert answer.status_code == 415
    assert "application/json" in answer.get_json()["issue"][0]["diagnostics"]


def test_a_service_that_is_not_there_is_404(hospital: Hospital, body: Json, told: Any) -> None:
    """An unknown id is told without being repeated."""
    answer = hospital.post(body, CANARY)
    assert answer.status_code == 404
    assert answer.get_json()["issue"][0]["code"] == "not-found"
    assert CANARY not in answer.text + told()


def waist(change: Callable[[Json], Any]) -> Callable[[Json], Any]:
    """A change to the waist of a request."""
    return lambda body: change(coded(body, "observations", WAIST)[0])


def number(value: Any) -> Callable[[Json], Any]:
    """A change of the waist's value."""
    return waist(lambda found: found["valueQuantity"].__setitem__("value", value))


def unit(*words: str) -> Callable[[Json], Any]:
    """A waist with only these words as unit."""
    quantity = {"value": 104.0, **dict(zip(("unit", "code"), words, strict=False))}
    return waist(lambda found: found.__setitem__("valueQuantity", quantity))


LEFT_OUT: dict[str, tuple[Callable[[Json], Any], str]] = {
    "a number in quotes": (number("104"), "no-value"),
    "a value that is an object": (number({"v": 104}), "no-value"),
    "a waist of seven metres": (number(700), "out-of-range"),
    "a negative waist": (number(-104), "out-of-range"),
    "a waist beyond all numbers": (number(1e300), "out-of-range"),
    "a unit that nobody knows": (unit(f"{CANARY}s"), "unit-not-accepted"),
    "a unit of another quantity": (unit("kg", "kg"), "unit-not-accepted"),
    "no unit": (unit(), "unit-missing"),
    "a withdrawn result": (
        waist(lambda one: one.__setitem__("status", "entered-in-error")),
        "status-not-accepted",
    ),
    "a cancelled result": (waist(lambda one: one.__setitem__("status", "cancelled")), "status-not-accepted"),
    "a status that is a number": (waist(lambda one: one.__setitem__("status", 7)), "status-unknown"),
    "a result without a status": (waist(lambda one: one.pop("status")), "status-unknown"),
    "a result without a date": (waist(lambda one: one.pop("effectiveDateTime")), "date-missing"),
    "a date that is no date": (
        waist(lambda one: one.__setitem__("effectiveDateTime", CANARY)),
        "date-format",
    ),
    "a time without a zone": (
        waist(lambda one: one.__setitem__("effectiveDateTime", one["effectiveDateTime"][:19])),
        "date-without-zone",
    ),
    "a result of a far future": (
        waist(lambda one: one.__setitem__("effectiveDateTime", "2999-01-01")),
        "after-index-time",
    ),
    "a code that is a text": (waist(lambda one: one.__setitem__("code", CANARY)), "not-recorded"),
    "another patient's result": (
        waist(lambda one: one.__setitem__("subject", {"reference": f"Patient/{CANARY}-other"})),
        "other-subject",
    ),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_result_that_cannot_be_used_is_missing(
    name: str, hospital: Hospital, body: Json, told: Any
) -> None:
    """One odd entry costs itself only: the card stands, and the finding is missing with its reason."""
    change, reason = LEFT_OUT[name]
    change(body)
    answer = hospital.post(body)
    assert answer.status_code == 200
    assert len(answer.get_json()["cards"]) == 1
    found = hospital.features()["waist"]
    assert (found["state"], found["reason"]) == ("missing", reason)
    assert CANARY not in told()


def test_a_day_without_a_time_is_a_date(hospital: Hospital, body: Json) -> None:
    """A day without time and zone is a date like any other."""
    found = coded(body, "observations", WAIST)[0]
    found["effectiveDateTime"] = found["effectiveDateTime"][:10]
    hospital.post(body)
    assert hospital.features()["waist"]["value"] == 112


def test_a_bundle_without_a_type_is_read(hospital: Hospital, body: Json) -> None:
    """A searchset that forgets to say so loses nothing."""
    del body["prefetch"]["observations"]["type"]
    hospital.post(body)
    assert hospital.features()["bmi"]["value"] == 35


@pytest.mark.parametrize("entry", [None, 7, "text", [], {}, {"resource": 7}, {"resource": {"id": "x"}}])
def test_an_entry_that_is_no_resource_is_an_issue(entry: Any, hospital: Hospital, body: Json) -> None:
    """Each such entry is noted with its place, and the others are read."""
    body["prefetch"]["observations"]["entry"].insert(0, entry)
    answer = hospital.post(body)
    assert (answer.status_code, len(answer.get_json()["cards"])) == (200, 1)
    assert any(path.startswith("prefetch.observations.entry[0]") for path in hospital.issues())


@pytest.mark.parametrize("value", [7, "text", True, [], {}])
def test_a_problem_list_that_is_none_is_asked_for_again(value: Any, hospital: Hospital, body: Json) -> None:
    """A problem list that cannot be read counts as not sent."""
    body["prefetch"]["conditions"] = value
    answer = hospital.post(body)
    assert answer.status_code == 412
    assert "conditions" in answer.get_json()["issue"][0]["diagnostics"]


def test_one_odd_entry_does_not_change_what_the_others_say(hospital: Hospital, body: Json) -> None:
    """The score is the one without the odd entry."""
    plain = hospital.post(copy.deepcopy(body)).get_json()["cards"][0]["summary"]
    resources(body, "observations")[0]["component"] = CANARY
    body["prefetch"]["observations"]["entry"].append({"resource": {"resourceType": CANARY}})
    assert hospital.post(body).get_json()["cards"][0]["summary"] == plain
