"""Which JSON values are surely valid for each FHIR R4 primitive type.

Each type here accepts a part of what fhir_core's type of the same name accepts, never more; what it refuses
is undecided, not invalid. Patterns are ASCII and anchored, because fhir_core's own patterns run in Rust's
regular expressions, whose whitespace and `$` differ from Python's.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

from msgspec import Meta

_YEAR = r"[12][0-9]{3}"
_DAY_OF_ANY_YEAR = (
    r"(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
)
_LEAP_DAY = r"(?:[12][0-9](?:0[48]|[2468][048]|[13579][26])|(?:1[26]|2[048])00)-02-29"
_DAY = f"(?:{_YEAR}-{_DAY_OF_ANY_YEAR}|{_LEAP_DAY})"
_PARTIAL = rf"{_YEAR}(?:-(?:0[1-9]|1[0-2]))?"
# A second of 60 (leap second) is left to fhir_core.
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?"
_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"

_INT32 = 2**31 - 1
# fhir_core reads the text of a number; within this range it is short and finite.
_LARGEST_DECIMAL = 1e15


def _text(pattern: str, longest: int | None = None) -> Any:
    return Annotated[str, Meta(pattern=rf"\A(?:{pattern})\Z", max_length=longest)]


def _whole(least: int) -> Any:
    return Annotated[int, Meta(ge=least, le=_INT32)]


# fhir_core accepts any text for uri, url, canonical, markdown and xhtml, the empty one too.
PRIMITIVES: Mapping[str, Any] = MappingProxyType(
    {
        "boolean": bool,
        "string": Annotated[str, Meta(min_length=1)],  # together with `has_odd_space`
        "code": _text(r"[!-~]++(?: [!-~]++)*+"),
        "id": _text(r"[A-Za-z0-9\-.]+", longest=255),
        "uri": str,
        "url": str,
        "canonical": str,
        "markdown": str,
        "xhtml": str,
        "decimal": Annotated[float, Meta(ge=-_LARGEST_DECIMAL, le=_LARGEST_DECIMAL)],
        "integer": _whole(-_INT32),
        "unsignedInt": _whole(0),
        "positiveInt": _whole(1),
        "date": _text(f"{_DAY}|{_PARTIAL}"),
        "dateTime": _text(f"{_DAY}(?:T{_CLOCK}{_ZONE})?|{_PARTIAL}"),
        "instant": _text(f"{_DAY}T{_CLOCK}{_ZONE}"),
        "time": _text(_CLOCK),
    }
)

# For text that `is_tidy`, where no code can hold a space that it may not; spares a pattern for each code.
TIDY_PRIMITIVES: Mapping[str, Any] = MappingProxyType({**PRIMITIVES, "code": PRIMITIVES["string"]})

# A space beside a quote or another space: between the tokens of JSON, or at the edge of a string.
_LOOSE_SPACE = re.compile(rb" (?:(?<=\" )|[ \"])")

# Whitespace that does not count as content of a FHIR string: U+000B, 000C, 0085, 00A0, 1680, 2000 to 200A,
# 2028, 2029, 202F, 205F, 3000; as UTF-8 and as JSON escapes. JSON allows no raw control characters.
_ODD_SPACE = re.compile(
    rb"\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80"
    rb"|\\f|\\u(?:00(?:0[bc]|1[c-f]|85|a0)|1680|20(?:0[0-9a]|2[89f]|5f)|3000)",
    re.IGNORECASE,
)


def is_tidy(raw: bytes) -> bool:
    """Whether JSON text is ASCII, without escapes, and no string in it begins or ends with a space or holds
    two spaces in a row. Compact JSON mostly is."""
    return raw.isascii() and b"\\" not in raw and _LOOSE_SPACE.search(raw) is None


def has_odd_space(raw: bytes) -> bool:
    """Whether JSON text may hold whitespace other than space, tab and line ends inside a string.

    Without it, a FHIR string is valid exactly when it is not empty, which needs no pattern.
    """
    if raw.isascii() and b"\\" not in raw:
        return False
    return _ODD_SPACE.search(raw) is not None
