"""Reading of a hook call: what is refused with which element, and what is read with care."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from cds_hooks.errors import BadRequest
from cds_hooks.hooks import hooks
from cds_hooks.protocol import HookCall, read_call

INSTANCE = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"
VALUES: dict[str, Any] = {
    "id": "123",
    "reference": "Practitioner/1",
    "references": ["MedicationRequest/1"],
    "bundle": {"resourceType": "Bundle", "entry": []},
    "resource": {"resourceType": "AllergyIntolerance"},
}


def request(hook: str = "patient-view", **changed: Any) -> dict[str, Any]:
    """A request with every field of its hook's context."""
    context = {name: VALUES[field.kind] for name, field in hooks()[hook].context.items()}
    return {"hook": hook, "hookInstance": INSTANCE, "context": context, **changed}


def read(body: Any, *offered: str) -> HookCall:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_call(data, offered or ("patient-view",))


def refused(body: Any, *offered: str) -> str | None:
    with pytest.raises(BadRequest) as caught:
        read(body, *offered)
    return caught.value.expression


@pytest.mark.parametrize("hook", sorted(hooks()))
def test_the_whole_context_of_a_hook_is_read(hook: str) -> None:
    """Each hook of the library is accepted with all its fields."""
    assert read(request(hook), hook).context.patient_id == "123"


@pytest.mark.parametrize(
    ("hook", "name", "optional"),
    [(hook, name, field.optional) for hook, kind in hooks().items() for name, field in kind.context.items()],
)
def test_a_field_may_be_absent_only_where_the_hook_says_so(hook: str, name: str, optional: bool) -> None:
    """A required field that is missing is named; an optional one is not missed."""
    body = request(hook)
    del body["context"][name]
    if optional:
        assert name not in read(body, hook).context.texts
    else:
        assert refused(body, hook) == f"context.{name}"


@pytest.mark.parametrize(
    ("hook", "name"), [(hook, name) for hook, kind in hooks().items() for name in kind.context]
)
def test_a_field_of_another_kind_is_named(hook: str, name: str) -> None:
    """A number fits no field of any context."""
    body = request(hook)
    body["context"][name] = 7
    assert refused(body, hook) == f"context.{name}"


@pytest.mark.parametrize("blank", ["", "  ", None, "x" * 256])
def test_a_blank_or_endless_id_is_named(blank: Any) -> None:
    """Text that identifies nobody is no patientId."""
    body = request()
    body["context"]["patientId"] = blank
    assert refused(body) == "context.patientId"


@pytest.mark.parametrize(
    ("body", "expression"),
    [
        (b"", None),
        (b"{", None),
        (b"[]", None),
        (b"null", None),
        (b'"text"', None),
        (b'{"hook": NaN}', None),
        (b"\xff\xfe{}", None),
        (b"[" * 100_000, None),
        (b'{"extension":' + b'{"a":' * 100_000, None),
        (b"{}", "hook"),
        ({"hook": None}, "hook"),
        ({"hook": 7}, "hook"),
        ({"hook": "patient-view"}, "hookInstance"),
        (request() | {"hook": ""}, "hook"),
        (request("order-sign"), "hook"),
        (request(hookInstance="not-a-uuid"), "hookInstance"),
        (request(hookInstance=7), "hookInstance"),
        (request(context=None), "context"),
        (request(context=[]), "context"),
        (request(prefetch=[]), "prefetch"),
        (request(prefetch="x"), "prefetch"),
    ],
)
def test_what_is_wrong_is_named(body: Any, expression: str | None) -> None:
    """A body that cannot be read at all names nothing; any other names the element."""
    assert refused(body) == expression


def test_text_that_is_not_utf_8_is_refused_even_where_nobody_reads_it() -> None:
    """JSON is UTF-8 throughout (RFC 8259)."""
    body = json.dumps(request()).encode()[:-1] + b', "unread": "\xff"}'
    assert refused(body) is None


def test_no_sentence_quotes_the_request() -> None:
    """The hook that was sent is the client's own text."""
    with pytest.raises(BadRequest) as caught:
        read(request() | {"hook": "canary"})
    assert "canary" not in " ".join(caught.value.sentences)


def test_a_patient_may_be_named_by_a_reference() -> None:
    """Some clients send Patient/123."""
    body = request()
    body["context"]["patientId"] = "Patient/123"
    assert read(body).context.texts["patientId"] == "123"


def test_one_odd_payload_leaves_the_others_as_they_are() -> None:
    """The careful reading keeps what can be read and gives a path to what cannot."""
    good = {"resourceType": "Patient", "id": "123"}
    odd = {"resourceType": "Bundle", "entry": [{"resource": good}, {"resource": {"resourceType": 7}}]}
    call = read(request(prefetch={"patient": good, "conditions": odd, "procedures": None, "drugs": 7}))
    assert {key: payload is not None for key, payload in call.payloads.items()} == {
        "patient": True,
        "conditions": True,
        "procedures": False,
    }
    assert [issue.path for issue in call.issues] == [
        "prefetch.conditions.entry[1].resource.resourceType",
        "prefetch.drugs",
    ]


@pytest.mark.parametrize("odd", [False, True])
def test_the_bytes_of_a_resource_are_found_again(odd: bool) -> None:
    """Both ways of reading give the bytes of each entry in its place."""
    entries = [{"resource": {"resourceType": "Condition", "id": str(n)}} for n in range(3)]
    sent: dict[str, Any] = {"conditions": {"resourceType": "Bundle", "entry": entries}}
    if odd:
        sent["conditions"]["entry"].insert(1, {"resource": 7})
    call = read(request(prefetch=sent))
    payload = call.payloads["conditions"]
    assert payload is not None
    read_as = [entry.resource.id for entry in payload.entry or () if entry.resource]
    found = [msgspec.json.decode(raw) for raw in call.raw("conditions")]
    ids = [one["id"] if isinstance(one, dict) else None for one in found]
    assert ids == read_as == (["0", None, "1", "2"] if odd else ["0", "1", "2"])


@pytest.mark.parametrize("odd", [7, {"resourceType": "Patient", "id": "123"}])
def test_a_prefetch_key_that_is_no_name_is_not_shown(odd: Any) -> None:
    """A client's own text could be a patient's name."""
    call = read(request(prefetch={"Jane Doe": odd, "Jane Doe 2": odd}))
    shown = [*call.payloads, *(issue.path for issue in call.issues)]
    assert shown
    assert not any("Jane" in text for text in shown)


def test_a_prefetch_of_null_is_as_good_as_none() -> None:
    """The member may be null as a whole."""
    assert read(request(prefetch=None)).payloads == {}


@pytest.mark.parametrize("beside", [None, 7])
def test_the_bytes_of_a_patient_say_what_was_sent(beside: Any) -> None:
    """A Patient by itself is found again whole, whatever stands beside it in the prefetch."""
    patient = {"resourceType": "Patient", "id": "123", "gender": "female", "_birthDate": {"id": "b"}}
    call = read(request(prefetch={"patient": patient} | ({"odd": beside} if beside else {})))
    assert [msgspec.json.decode(raw) for raw in call.raw("patient")] == [patient]
