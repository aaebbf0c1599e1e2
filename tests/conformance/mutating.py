"""What becomes of an element when it is dropped, retyped, emptied, doubled or made wrong."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]
Place = tuple[Any, ...]

DROPPED, DOUBLED = object(), object()
RETYPED: list[Any] = [DROPPED, DOUBLED, "", [], {}, None, -5, True, "x", [5], {"x": 5}]
WRONG: Mapping[str, tuple[str, ...]] = {
    "reference": ("Patient/somebody-else", "urn:uuid:0"),
    "status": ("nonsense", "unknown"),
    "unit": ("stone", "umol/L"),
}
SAYS_SOMETHING = ("code", "system", "display", "reference", "text", "linkId", "questionnaire")
DATED = ("DateTime", "date", "Date", "authoredOn", "authored", "issued", "dateAsserted", "start", "end")
DATES = ("2026-02-30", "2026-05-01T10:00:00", "yesterday")


def places(value: Any, at: Place) -> Iterator[Place]:
    """The path of an element and of all that is in it."""
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*at, key))


def mutations(value: Any, name: Any) -> Iterator[Any]:
    """What takes the place of an element; never another text or number that says as much as its own."""
    is_date = isinstance(name, str) and name.endswith(DATED)
    for wrong in (*RETYPED, *WRONG.get(name, ()), *(DATES if is_date else ())):
        says_as_much = isinstance(value, (int, float)) and wrong == -5
        is_code = name in SAYS_SOMETHING and wrong == "x"
        if wrong is DOUBLED and not isinstance(value, list):
            continue
        if not (says_as_much or is_code or wrong == value):
            yield wrong


def mutated(resource: Json, place: Place, wrong: Any) -> Json:
    """The resource with one element changed."""
    resource = copy.deepcopy(resource)
    holder: Any = resource
    for key in place[:-1]:
        holder = holder[key]
    if wrong is DROPPED:
        del holder[place[-1]]
    elif wrong is DOUBLED:
        holder[place[-1]] = holder[place[-1]] * 2
    else:
        holder[place[-1]] = wrong
    return resource


def every_mutation(resource: Json, element: str) -> Iterator[tuple[str, str, Json]]:
    """The path of each change inside an element, the change in words, and the changed resource."""
    for place in places(resource[element], (element,)):
        value: Any = resource
        for key in place:
            value = value[key]
        for wrong in mutations(value, place[-1]):
            what = {id(DROPPED): "dropped", id(DOUBLED): "doubled"}.get(id(wrong), repr(wrong))
            yield ".".join(map(str, place)), what, mutated(resource, place, wrong)
