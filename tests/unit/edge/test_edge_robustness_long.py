"""Nothing that a client can send makes the service fail: it is answered, or refused with a 4xx."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hospital import DIABETES, RESPONSE, Hospital, Json
from hypothesis import given, settings
from hypothesis import strategies as st

from models.registry import Registry

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20)
JSON_VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
EXAMPLES = settings(max_examples=2500, deadline=None)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, catalogue: Registry) -> Iterator[Hospital]:
    """One hospital for all examples."""
    opened = Hospital(Path(tmp_path_factory.mktemp("house")), catalogue)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def bodies(house: Hospital) -> dict[str, Json]:
    """A good request for each service."""
    return {
        DIABETES: house.request("maria-lindqvist"),
        RESPONSE: house.request("maria-lindqvist", "order-select"),
    }


def places(node: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every element of a JSON value."""
    if way:
        yield way
    steps = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, inner in steps:
        yield from places(inner, (*way, step))


@EXAMPLES
@given(body=st.binary(max_size=200))
def test_bytes_are_refused(house: Hospital, body: bytes) -> None:
    """Arbitrary bytes are a bad request, to a service and to its feedback."""
    assert house.post(body).status_code == 400
    assert house.post(body, f"{DIABETES}/feedback").status_code == 400


@EXAMPLES
@given(value=JSON_VALUES)
def test_json_of_any_shape_is_refused(house: Hospital, value: Any) -> None:
    """JSON that is no request is a bad request."""
    assert house.post(value).status_code == 400
    assert house.post({"feedback": value}, f"{DIABETES}/feedback").status_code == 400


@EXAMPLES
@given(data=st.data(), value=JSON_VALUES)
@pytest.mark.parametrize("service", [DIABETES, RESPONSE])
def test_a_request_with_any_element_replaced_is_answered_or_refused(
    house: Hospital, bodies: dict[str, Json], service: str, data: st.DataObject, value: Any
) -> None:
    """Whatever stands in any place of a good request: 200, 400 or 412."""
    body = copy.deepcopy(bodies[service])
    *way, last = data.draw(st.sampled_from(list(places(body))))
    node = body
    for step in way:
        node = node[step]
    node[last] = value
    assert house.post(json.dumps(body).encode("utf-8", "surrogatepass"), service).status_code in (
        200,
        400,
        412,
    )


@EXAMPLES
@given(data=st.data())
def test_a_request_that_ends_early_is_refused(
    house: Hospital, bodies: dict[str, Json], data: st.DataObject
) -> None:
    """A truncated body is never taken for a whole one."""
    whole = json.dumps(bodies[DIABETES]).encode()
    assert house.post(whole[: data.draw(st.integers(0, len(whole) - 1))]).status_code == 400
