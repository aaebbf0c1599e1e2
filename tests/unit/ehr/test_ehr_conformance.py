"""The conformance checks: a good answer passes, and each broken one fails for its own reason."""

from __future__ import annotations

import copy
import csv
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_hooks.ehr.conformance import discovery_violations, violations

Json = dict[str, Any]
Change = Callable[[Json], object]

GOOD: Json = {
    "cards": [
        {
            "uuid": "1d2d7a3e-0001-4000-8000-000000000001",
            "summary": "s" * 139,
            "detail": "**why**",
            "indicator": "info",
            "source": {
                "label": "Somebody",
                "url": "https://a.example",
                "icon": "https://a.example/i.png",
                "topic": {"code": "t", "system": "https://a.example/topics", "display": "T"},
            },
            "suggestions": [
                {
                    "label": "Order a test",
                    "uuid": "1d2d7a3e-0002-4000-8000-000000000001",
                    "isRecommended": True,
                    "actions": [
                        {
                            "type": "create",
                            "description": "Order it",
                            "resource": {"resourceType": "ServiceRequest", "extension": [{"url": "x"}]},
                        },
                        {
                            "type": "update",
                            "description": "Change it",
                            "resource": {
                                "resourceType": "ServiceRequest",
                                "id": "1",
                                "_given": [None, {"id": "a"}],
                            },
                        },
                        {"type": "delete", "description": "Drop it", "resourceId": "ServiceRequest/2"},
                    ],
                },
                {"label": "Wait"},
            ],
            "selectionBehavior": "at-most-one",
            "overrideReasons": [{"code": "r", "system": "https://a.example/reasons", "display": "Seen"}],
            "links": [
                {"label": "Guide", "url": "https://a.example/g", "type": "absolute"},
                {"label": "App", "url": "https://a.example/l", "type": "smart", "appContext": "x=1"},
            ],
            "extension": {"com.example.run": {"version": "1"}},
        }
    ],
    "systemActions": [{"type": "delete", "resourceId": "ServiceRequest/3"}],
    "extension": {"com.example.run": {"id": "1"}},
}


def card(change: Change) -> Change:
    return lambda answer: change(answer["cards"][0])


def source(change: Change) -> Change:
    return card(lambda found: change(found["source"]))


def suggestion(change: Change) -> Change:
    return card(lambda found: change(found["suggestions"][0]))


def action(position: int, change: Change) -> Change:
    return suggestion(lambda found: change(found["actions"][position]))


def link(position: int, change: Change) -> Change:
    return card(lambda found: change(found["links"][position]))


def put(**members: Any) -> Change:
    return lambda holder: holder.update(members)


def drop(name: str) -> Change:
    return lambda holder: holder.pop(name)


BROKEN: list[tuple[int, str, Change]] = [
    (3, "detail", card(put(detail=""))),
    (3, "links", card(put(links=[]))),
    (3, "url", source(put(url=None))),
    (3, "systemActions", put(systemActions=[])),
    (3, "extension", put(extension={})),
    (3, "priority", action(0, lambda found: found["resource"].update(priority=""))),
    (74, "response.cards", drop("cards")),
    (74, "response.cards", put(cards={"a": 1})),
    (74, "cards[0]", put(cards=["text"])),
    (75, "systemActions", put(systemActions={"a": 1})),
    (75, "systemActions[0]", put(systemActions=["x"])),
    (80, "uuid", card(put(uuid=7))),
    (80, "same uuid", lambda answer: answer["cards"].append(copy.deepcopy(answer["cards"][0]))),
    (83, "140 characters", card(put(summary="s" * 140))),
    (83, "summary", card(drop("summary"))),
    (83, "summary", card(put(summary=5))),
    (85, "detail", card(put(detail=["x"]))),
    (87, "indicator", card(drop("indicator"))),
    (88, "indicator", card(put(indicator="success"))),
    (88, "indicator", card(put(indicator="hard-stop"))),
    (90, "source", card(drop("source"))),
    (90, "source", card(put(source="Somebody"))),
    (92, "suggestions", card(put(suggestions={"label": "x"}))),
    (92, "suggestions[0]", card(put(suggestions=["x"]))),
    (93, "selectionBehavior", card(drop("selectionBehavior"))),
    (95, "selectionBehavior", card(put(selectionBehavior="all"))),
    (96, "selectionBehavior", card(put(selectionBehavior=1))),
    (98, "overrideReasons", card(put(overrideReasons={"code": "x"}))),
    (98, "overrideReasons[0]", card(put(overrideReasons=["x"]))),
    (100, "display", card(lambda found: found["overrideReasons"][0].pop("display"))),
    (103, "links", card(put(links={"label": "x"}))),
    (103, "links[0]", card(put(links=["x"]))),
    (105, "label", source(drop("label"))),
    (107, "url", source(put(url="a.example"))),
    (111, "icon", source(put(icon="/i.png"))),
    (115, "topic", source(put(topic="t"))),
    (117, "label", suggestion(drop("label"))),
    (119, "uuid", suggestion(put(uuid=7))),
    (
        119,
        "same uuid",
        card(lambda found: found["suggestions"][1].update(uuid=found["suggestions"][0]["uuid"])),
    ),
    (121, "isRecommended", suggestion(put(isRecommended="yes"))),
    (122, "only one", card(lambda found: found["suggestions"][1].update(isRecommended=True))),
    (124, "actions", suggestion(put(actions={"type": "create"}))),
    (124, "actions[0]", suggestion(put(actions=["x"]))),
    (127, "type", action(0, put(type="CREATE"))),
    (127, "type", action(0, drop("type"))),
    (128, "description", action(0, drop("description"))),
    (130, "resource", action(0, put(resource="ServiceRequest/1"))),
    (130, "resource", action(0, put(resource={"id": "no type"}))),
    (131, "resource", action(0, drop("resource"))),
    (132, "resource", action(1, drop("resource"))),
    (132, "id", action(1, lambda found: found["resource"].pop("id"))),
    (133, "resource", action(2, put(resource="ServiceRequest/2"))),
    (134, "resourceId", action(2, drop("resourceId"))),
    (135, "resourceId", action(2, put(resourceId=2))),
    (135, "resourceId", action(2, put(resourceId="2"))),
    (138, "label", link(0, drop("label"))),
    (139, "url", link(0, drop("url"))),
    (139, "url", link(0, put(url="/guide"))),
    (141, "type", link(0, drop("type"))),
    (142, "type", link(0, put(type="relative"))),
    (144, "appContext", link(1, put(appContext={"x": 1}))),
    (147, "appContext", link(0, put(appContext="x"))),
    (214, "extension", card(put(extension=[{"url": "x"}]))),
    (214, "extension", put(extension="x")),
    (216, "code", source(lambda found: found["topic"].pop("code"))),
    (217, "system", source(lambda found: found["topic"].pop("system"))),
    (220, "display", source(lambda found: found["topic"].update(display=1))),
]


def test_complete_answer_passes() -> None:
    """An answer that uses every element rightly, with null inside a FHIR array, breaks nothing."""
    assert violations(GOOD) == []


def test_silence_passes() -> None:
    """An empty list of cards is the right way to say nothing (cds-hooks_2.0@77)."""
    assert violations({"cards": []}) == []


@pytest.mark.parametrize(("requirement", "place", "change"), BROKEN)
def test_one_fault_gives_one_violation(requirement: int, place: str, change: Change) -> None:
    """Each single fault is found once, under its requirement, with its place."""
    answer = copy.deepcopy(GOOD)
    change(answer)
    found = violations(answer)
    assert len(found) == 1
    assert found[0].startswith(f"cds-hooks_2.0@{requirement} ")
    assert place in found[0]


def test_several_recommended_are_right_when_any_may_be_chosen() -> None:
    """With selectionBehavior any, several suggestions may be recommended (cds-hooks_2.0@122)."""
    answer = copy.deepcopy(GOOD)
    answer["cards"][0]["selectionBehavior"] = "any"
    answer["cards"][0]["suggestions"][1]["isRecommended"] = True
    assert violations(answer) == []


def test_message_does_not_quote_the_card() -> None:
    """A card speaks of a patient, so no message repeats its text."""
    answer = copy.deepcopy(GOOD)
    answer["cards"][0] |= {"summary": "SMITH " * 40, "indicator": "SMITH", "links": [{"url": "SMITH"}]}
    assert violations(answer) != []
    assert "SMITH" not in " ".join(violations(answer))


@pytest.mark.parametrize("answer", [None, [], "x", 5])
def test_what_is_no_object_is_one_violation(answer: Any) -> None:
    """A body that is no object breaks requirement 74 and is not looked at further."""
    assert [found.split()[0] for found in violations(answer)] == ["cds-hooks_2.0@74"]


def test_deep_answer_is_checked() -> None:
    """An answer nested beyond the recursion limit is checked, not a crash."""
    deep: Any = ""
    for _ in range(5000):
        deep = [deep]
    assert len(violations({"cards": [], "extension": {"com.example.deep": deep}})) == 1


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "cards",
                    "source",
                    "suggestions",
                    "actions",
                    "links",
                    "topic",
                    "type",
                    "services",
                    "prefetch",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON_VALUES)
def test_any_json_is_judged(document: Any) -> None:
    """Whatever JSON comes, both checks give a list and never raise."""
    assert isinstance(violations({"cards": [document]}), list)
    assert isinstance(discovery_violations({"services": [document]}), list)
    assert isinstance(violations(document), list)


DISCOVERY: Json = {
    "services": [
        {
            "hook": "patient-view",
            "id": "a",
            "title": "A",
            "description": "Does a",
            "usageRequirements": "none",
            "prefetch": {
                "patient": "Patient/{{context.patientId}}",
                "me": "Practitioner/{{userPractitionerId}}",
            },
        }
    ]
}


def service(change: Change) -> Change:
    return lambda document: change(document["services"][0])


BROKEN_DISCOVERY: list[tuple[int, Change]] = [
    (3, service(put(title=""))),
    (3, service(put(prefetch={}))),
    (6, drop("services")),
    (6, put(services={"a": 1})),
    (7, service(drop("hook"))),
    (7, put(services=["a"])),
    (8, service(put(title=5))),
    (9, service(drop("description"))),
    (10, service(drop("id"))),
    (11, service(put(prefetch=["Patient/1"]))),
    (11, service(put(prefetch={"a": 5}))),
    (12, service(put(usageRequirements=5))),
    (55, service(put(prefetch={"a": "Patient/{{context.patientId"}))),
    (56, service(put(prefetch={"a": "Observation?date=ge{{today()}}"}))),
    (57, service(put(prefetch={"a": "Medication/{{context.draftOrders.id}}"}))),
    (214, service(put(extension=["x"]))),
]


@pytest.mark.parametrize("document", [DISCOVERY, {"services": []}])
def test_good_discovery_passes(document: Json) -> None:
    """A full discovery and an empty one break nothing."""
    assert discovery_violations(document) == []


@pytest.mark.parametrize(("requirement", "change"), BROKEN_DISCOVERY)
def test_one_fault_of_discovery_gives_one_violation(requirement: int, change: Change) -> None:
    """Each single fault of a discovery is found once, under its requirement."""
    document = copy.deepcopy(DISCOVERY)
    change(document)
    assert [found.split()[0] for found in discovery_violations(document)] == [f"cds-hooks_2.0@{requirement}"]


def test_requirement_numbers_exist_for_services() -> None:
    """Every number that a broken message gives is a requirement on services in the published list."""
    folder = os.environ.get("BEDSIDE_DATA")
    if not folder:
        pytest.skip("BEDSIDE_DATA does not name the folder with the list of requirements")
    with (Path(folder) / "cds_hooks" / "requirements_cds_hooks_2.0.csv").open(newline="") as file:
        listed = {int(row["id"]) for row in csv.DictReader(file) if "Service" in row["actor"]}
    assert {number for number, *_ in (*BROKEN, *BROKEN_DISCOVERY)} <= listed
