"""A valid request with any element dropped, replaced or doubled: never a failure of the service."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hospital import DIABETES, RESPONSE, Hospital, Json
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cds_hooks.ehr.conformance import violations
from models.registry import Registry

ODD: list[Any] = [
    None,
    True,
    -1,
    1e308,
    10**30,
    "",
    "\u0000",
    "Patient/another",
    "2026-02-30",
    [],
    [None],
    {},
    {"resourceType": "Bundle", "entry": [{}]},
    {"resourceType": "OperationOutcome"},
]
HOOKS = {DIABETES: "patient-view", RESPONSE: "order-sign"}


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory, catalogue: Registry) -> Iterator[tuple[Hospital, Json]]:
    """A hospital with Maria's request to each service."""
    hospital = Hospital(tmp_path_factory.mktemp("mutations"), catalogue)
    yield hospital, {name: hospital.request("maria-lindqvist", hook) for name, hook in HOOKS.items()}
    hospital.close()


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every (holder, key) pair of a JSON value."""
    keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for key in keys:
        yield node, key
        yield from places(node[key])


def mutate(body: Json, draw: Any) -> None:
    """Drop, replace or double one element, in place."""
    all_places = list(places(body))
    holder, key = all_places[draw(st.integers(0, len(all_places) - 1))]
    kind = draw(st.sampled_from(["drop", "replace", "double", "wrap"]))
    if kind == "drop":
        del holder[key]
    elif kind == "replace":
        holder[key] = copy.deepcopy(draw(st.sampled_from(ODD)))
    elif kind == "wrap":
        holder[key] = draw(st.sampled_from([[holder[key]], {"value": holder[key]}]))
    elif isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    else:
        holder[f"{key}2"] = copy.deepcopy(holder[key])
        holder[key] = [holder[key], holder[key]]


@pytest.mark.parametrize("service", HOOKS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(data=st.data())
def test_no_single_odd_element_makes_the_service_fail(
    service: str, valid: tuple[Hospital, Json], data: st.DataObject
) -> None:
    """The answer is 200 with cards that conform, or a 4xx with an OperationOutcome that says something."""
    hospital, bodies = valid
    body = copy.deepcopy(bodies[service])
    for _ in range(data.draw(st.integers(1, 3))):
        mutate(body, data.draw)
    answer = hospital.post(body, service)
    document = json.loads(answer.data)
    if answer.status_code == 200:
        assert violations(document) == []
    else:
        assert answer.status_code in (400, 412)
        assert document["resourceType"] == "OperationOutcome"
        assert all(issue["diagnostics"] for issue in document["issue"])
