"""Resources with a few elements made odd, as JSON text, from valid ones.

Each choice is made by a function, so that Hypothesis, a seeded generator or a loop over everything can drive
it.
"""

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Choose = Callable[[Sequence[Any]], Any]
Place = tuple[Any, Any]  # a dict or list, and the key or position inside it

AGAIN = "__again__"  # a key that starts so is written without it: the same key a second time

DATES = (
    "2020",
    "2020-02",
    "2020-02-30",
    "2019-02-29",
    "2020-02-29",
    "1900-02-29",
    "2000-02-29",
    "2021-04-31",
    "2020-13",
    "2020-00",
    "0000",
    "0001-01-01",
    "9999-12-31",
    "9999-12-31T23:59:59.999999999-14:00",
    "1000-01-01T00:00:00+14:00",
    "2020-02-01T10:11:12",
    "2020-02-01T10:11:12Z",
    "2020-02-01T10:11:12z",
    "2020-02-01t10:11:12Z",
    "2020-02-01 10:11:12Z",
    "2020-02-01T10:11Z",
    "2020-02-01T24:00:00Z",
    "2020-02-01T23:59:60Z",
    "2020-02-01T10:11:12.Z",
    "2020-02-01T10:11:12.123456789Z",
    "2020-02-01T10:11:12.12345678901Z",
    "2020-02-01T10:11:12+14:01",
    "2020-02-01T10:11:12-14:00",
    "2020-02-01T10:11:12-00:00",
    "2020-02-01T10:11:12+0100",
    "2020-02-01T10:11:12Z\n",
    "2020-02-01\n",
    " 2020-02-01",
    "20200201",
    "+2020-02-01",
    "２０２０-02-01",
    "10:11:12",
    "10:11:12.5",
    "24:00:00",
    "10:11",
    "10:11:60",
)
TEXTS = (
    "",
    " ",
    "  ",
    "\n",
    "\t",
    "\r\n",
    "\x0b",
    "\x0c",
    "\x00",
    "\x1c",
    "\x7f",
    "\x85",
    "\xa0",
    "\u1680",
    "\u2003",
    "\u2028",
    "\u200b",
    "\u202f",
    "\u205f",
    "\u3000",
    "\ufeff",
    "\ud800",
    "a b",
    "a  b",
    " a",
    "a ",
    "a\nb",
    "a\tb",
    "a\n",
    "a\x0bb",
    "a\xa0b",
    "é",
    "a é",
    "😀",
    "a" * 255,
    "a" * 256,
    "a_b",
    "a/b",
    "true",
    "1",
    "1.5",
    "urn:oid:2.16.840.1",
    "urn:oid:3.1",
    "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
    "http://example.org/a b",
    "<div>",
    "Patient",
    "Observation",
)
NUMBERS = (
    0,
    1,
    -1,
    1.0,
    1.5,
    -0.0,
    1e-7,
    1e15,
    1e16,
    1e300,
    -1e300,
    5e-324,
    2**31 - 1,
    2**31,
    -(2**31),
    -(2**31) - 1,
    2**53 + 1,
    2**63,
    10**30,
    10**400,
)
OTHERS: tuple[Any, ...] = (
    None,
    True,
    False,
    [],
    {},
    [None],
    [[]],
    [{}],
    [""],
    ["a"],
    [1],
    {"": 1},
    {"value": 1.5},
    {"value": "1.5"},
    {"value": None},
    {"text": "a"},
    {"text": ""},
    {"reference": "Patient/1"},
    {"reference": ""},
    {"start": "2020-02-30"},
    {"url": "http://example.org"},
    {"url": "http://example.org", "valueString": "a", "valueCode": "b"},
    {"extension": [{"url": "http://example.org"}]},
    {"id": "a b"},
    {"id": "\u2003"},
    {"fhir_comments": "a"},
    {"resourceType": "Patient"},
    {"resourceType": "Medication", "id": "m"},
    {"coding": [{"code": "a", "code ": "b"}]},
    {"coding": [None]},
)
ODD = DATES + TEXTS + NUMBERS + OTHERS
NAMES = (
    "unknown",
    "resource_type",
    "resourceType",
    "fhir_comments",
    "id",
    "extension",
    "modifierExtension",
    "contained",
    "text",
    "meta",
    "language",
    "implicitRules",
    "value",
    "valueString",
    "valueQuantity",
    "valueInteger",
    "valueBoolean",
    "valueTime",
    "effectivePeriod",
    "effectiveInstant",
    "onsetAge",
    "abatementString",
    "deceasedBoolean",
    "deceasedDateTime",
    "multipleBirthInteger",
    "medicationReference",
    "medicationCodeableConcept",
    "performedString",
    "class",
    "class_fhir",
    "status__ext",
    "assigner",
    "identifier",
    "note",
    "item",
    "answer",
    "component",
)


def mutant(resource: dict[str, Any], choose: Choose, most: int = 2) -> bytes:
    """JSON text of a copy of `resource` in which one to `most` elements were made odd."""
    changed = copy.deepcopy(resource)
    for _ in range(choose(range(1, most + 1))):
        places = list(_places(changed))
        if places:
            choose(_WAYS)(*choose(places), choose)
    return as_text(changed, compact=choose((True, False)))


def as_text(resource: Any, compact: bool = False) -> bytes:
    """JSON text as a sender may write it; lone surrogates and repeated keys stay what they are."""
    separators = (",", ":") if compact else (", ", ": ")
    return json.dumps(resource, separators=separators).replace(f'"{AGAIN}', '"').encode()


def _places(node: Any) -> Iterator[Place]:
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in list(inside):
        yield node, key
        yield from _places(value)


def _drop(within: Any, key: Any, choose: Choose) -> None:
    del within[key]


def _replace(within: Any, key: Any, choose: Choose) -> None:
    within[key] = copy.deepcopy(choose(ODD))


def _empty(within: Any, key: Any, choose: Choose) -> None:
    within[key] = type(within[key])()


def _nothing(within: Any, key: Any, choose: Choose) -> None:
    within[key] = None


def _retype(within: Any, key: Any, choose: Choose) -> None:
    within[key] = choose((str, lambda it: [it], lambda it: {"value": it}, bool))(within[key])


def _repeat(within: Any, key: Any, choose: Choose) -> None:
    if isinstance(within, list):
        within.append(copy.deepcopy(within[key]))
    else:
        within[AGAIN + str(key)] = copy.deepcopy(choose((within[key], *ODD)))


def _add(within: Any, key: Any, choose: Choose) -> None:
    name = choose((*NAMES, f"_{key}"))
    if isinstance(within, dict):
        within[name] = copy.deepcopy(choose((within[key], *ODD)))


def _rename(within: Any, key: Any, choose: Choose) -> None:
    if isinstance(within, dict):
        within[choose((*NAMES, f"_{key}", str(key).upper()))] = within.pop(key)


def _nest(within: Any, key: Any, choose: Choose) -> None:
    inner: Any = {"url": "http://example.org", "valueString": "a"}
    for _ in range(choose(range(7))):
        inner = {"url": "http://example.org", "extension": [inner]}
    if isinstance(within, dict):
        within["extension"] = [inner]


_WAYS = (_drop, _replace, _replace, _empty, _nothing, _retype, _repeat, _add, _add, _rename, _nest)
