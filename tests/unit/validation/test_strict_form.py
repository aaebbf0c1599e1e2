"""What the strict form proves, and what it leaves to fhir.resources."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fhir_mapping.validate import TOUCHED_TYPES, problems
from fhir_mapping.validation.authority import findings, model_of
from fhir_mapping.validation.proof import proves
from fhir_mapping.validation.strict import strict_struct

OBSERVATION = {"resourceType": "Observation", "status": "final", "code": {"text": "Heart rate"}}
ORDER = {
    "resourceType": "MedicationRequest",
    "status": "active",
    "intent": "order",
    "subject": {"display": "x"},
}
DRUG = {"medicationCodeableConcept": {"text": "a"}}
URL = "http://example.org"


def proved(resource: dict[str, Any], **changes: Any) -> bool:
    """Whether a resource with some elements changed is proved."""
    return proves(resource["resourceType"], json.dumps({**resource, **changes}).encode())


def without(resource: dict[str, Any], name: str) -> dict[str, Any]:
    """A resource without one element."""
    return {key: value for key, value in resource.items() if key != name}


@pytest.mark.parametrize(
    "changes",
    [
        {"modifierExtension": [{"url": URL, "valueBoolean": True}]},
        {"component": [{"code": {"text": "a"}, "modifierExtension": [{"url": URL, "valueBoolean": True}]}]},
        {"implicitRules": URL},
        {"focus": [{"reference": "Patient/child"}]},
    ],
)
def test_what_changes_the_meaning_is_not_proved(changes: dict[str, Any]) -> None:
    """It may be valid; whoever takes the proof takes the resource for what its elements say."""
    assert findings("Observation", json.dumps(OBSERVATION | changes).encode()) == ()
    assert not proved(OBSERVATION, **changes)


def test_a_word_in_a_text_changes_no_meaning() -> None:
    """Only the element of that name does: a display text may speak of a focus."""
    raw = json.dumps(OBSERVATION | {"method": {"text": "focus"}}).encode()
    assert problems("Observation", raw, "x") == []


@pytest.mark.parametrize("name", ["status", "code"])
def test_an_element_that_must_be_there_is_required(name: str) -> None:
    """Both the primitive and the complex elements that the standard requires."""
    assert proved(OBSERVATION)
    assert not proved(without(OBSERVATION, name))


def test_of_a_choice_one_element_is_proved_and_two_are_not() -> None:
    """`value[x]` has one type at a time."""
    assert proved(OBSERVATION, valueString="a")
    assert not proved(OBSERVATION, valueString="a", valueInteger=1)


def test_choices_of_one_resource_are_counted_apart() -> None:
    """`effective[x]` does not count for `value[x]`."""
    assert proved(OBSERVATION, valueString="a", effectiveDateTime="2020")
    assert not proved(OBSERVATION, effectivePeriod={"start": "2020"}, effectiveDateTime="2020")


def test_a_required_choice_must_be_made() -> None:
    """A medication order names its medication, once."""
    assert proved(ORDER, **DRUG)
    assert not proved(ORDER)
    assert not proved(ORDER, **DRUG, medicationReference={"reference": "Medication/1"})


@pytest.mark.parametrize(
    "changes",
    [
        {"unknown": 1},
        {"issued": None},
        {"_issued": {"id": "a"}},
        {"issued": "2016-12-31T23:59:60Z"},
        {"valueString": ""},
        {"valueString": "\u2003"},
        {"valueQuantity": {"value": "1.5"}},
        {"valueInteger": 1.0},
        {"valueInteger": 2**31},
        {"category": {"text": "a"}},
        {"category": [None]},
        {"id": "a b"},
        {"id": "a" * 256},
        {"status": "final "},
        {"effectiveDateTime": "2021-02-29"},
        {"effectiveDateTime": "2020-01-01T10:00:00"},
        {"contained": [{"resourceType": "Medication"}]},
        {"resourceType": "Condition"},
    ],
    ids=str,
)
def test_what_is_unusual_or_wrong_is_not_proved(changes: dict[str, Any]) -> None:
    """Anything outside the common form is left to fhir.resources, valid or not."""
    assert not proves("Observation", json.dumps({**OBSERVATION, **changes}).encode())


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff", b'{"id": "\xff"}', b"[" * 100_000, b"null"])
def test_what_is_no_resource_is_not_proved(raw: bytes) -> None:
    """Broken JSON is undecided, not an error."""
    assert not proves("Observation", raw)


def test_a_repeated_key_is_judged_each_time() -> None:
    """A key that comes twice must be right both times."""
    assert not proves("Observation", b'{"status": "final", "status": null, "code": {}}')
    assert not proves("Observation", b'{"status": null, "status": "final", "code": {}}')


def test_extensions_nest_three_deep_and_no_deeper() -> None:
    """Nesting without a limit would be a proof that fhir.resources cannot follow."""

    def nested(depth: int) -> dict[str, Any]:
        inner: dict[str, Any] = {"url": URL, "valueString": "a"}
        for _ in range(depth - 1):
            inner = {"url": URL, "extension": [inner]}
        return inner

    assert proved(OBSERVATION, extension=[nested(3)])
    assert not proved(OBSERVATION, extension=[nested(4)])


def test_an_element_named_by_a_reserved_word_keeps_its_name() -> None:
    """`Encounter.class` is read under that name."""
    assert proved({"resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"}})


@pytest.mark.parametrize("resource_type", TOUCHED_TYPES)
def test_every_touched_type_has_a_strict_form(resource_type: str) -> None:
    """No type lost its strict form to an element that cannot be derived."""
    assert strict_struct(model_of(resource_type)) is not None
