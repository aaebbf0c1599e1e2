"""Places in a record, written as `regulatory/device/claim`: names and positions between slashes."""

from collections.abc import Mapping, Sequence
from typing import Any

_NOTHING: tuple[Any, ...] = (None, "", [], {}, ())


def found_at(document: Any, pointer: str) -> Any:
    """The value at a place, None when there is none; a position may be counted from 0."""
    here = document
    for name in pointer.split("/"):
        if isinstance(here, Mapping):
            here = here.get(name)
        elif isinstance(here, Sequence) and not isinstance(here, str) and name.isdigit():
            here = here[int(name)] if int(name) < len(here) else None
        else:
            return None
    return here


def is_told(value: Any) -> bool:
    """Whether a value says something; False and 0 do, empty texts and lists do not."""
    return not any(value is one or (type(value) is type(one) and value == one) for one in _NOTHING)
