"""Nothing empty leaves the service."""

import json
import math
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cds_hooks.extension import pruned

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=20,
)
OBJECTS = st.dictionaries(st.text(max_size=3), JSON, max_size=4)


def _inside(node: Any) -> Iterator[Any]:
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield child
        yield from _inside(child)


@given(OBJECTS)
def test_nothing_empty_is_left(node: dict[str, Any]) -> None:
    """No null, empty string, array or object stays at any depth."""
    assert not [found for found in _inside(pruned(node)) if found is None or found in ("", [], {})]


@given(OBJECTS)
def test_what_is_left_is_strict_json(node: dict[str, Any]) -> None:
    """Neither NaN nor infinity is sent."""
    json.dumps(pruned(node), allow_nan=False)


@given(OBJECTS)
def test_pruning_twice_changes_nothing(node: dict[str, Any]) -> None:
    """The result is already pruned."""
    assert pruned(pruned(node)) == pruned(node)


def test_zero_and_false_are_not_empty() -> None:
    """A value of 0 and a false stay, or a card would lose facts."""
    assert pruned({"a": 0, "b": False, "c": [0.0, math.nan], "d": {"e": None}}) == {
        "a": 0,
        "b": False,
        "c": [0.0],
    }
