"""What every kind of feature is made of: fields that all share, codes, answers, assumptions, windows."""

import re
from typing import Literal

import msgspec

from fhir_mapping.errors import SpecError

Bounds = tuple[float, float]

_WINDOW = re.compile(r"(\d{1,6})([dmy])\Z", re.ASCII)
_DAYS = {"d": 1.0, "m": 30.4375, "y": 365.25}
_LIFE = 150 * _DAYS["y"]


class Code(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One code; system is the code system's canonical URL."""

    system: str
    code: str
    display: str | None = None


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The number that a coded answer stands for."""

    system: str
    code: str
    value: float
    label: str | None = None


class Category(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One level of a nominal feature, with the codes that mean it."""

    value: float
    label: str
    valueset: str | None = None
    codes: tuple[Code, ...] = ()


class Assumption(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value that stands in for a missing one, and why that is fair; the card shows it as assumed."""

    value: float
    because: str


class Common(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """Fields of every feature.

    `range` holds plausible values (outside: missing, `out-of-range`), `domain` the span of the training
    population (outside: the model does not apply), both in `unit`. `window` counts back from the index time:
    `90d`, `6m`, `2y` or `any`.
    """

    name: str
    label: str
    input: bool = True
    required: bool = False
    when_missing: Literal["integrate", "nan"] | Assumption = "integrate"
    unit: str | None = None
    range: Bounds | None = None
    domain: Bounds | None = None
    window: str = "any"
    note: str | None = None

    @property
    def seconds(self) -> float:
        """Length of the look-back window in seconds; infinite for `any`."""
        return window_seconds(self.window)


def window_seconds(window: str) -> float:
    """Seconds of a window such as `90d`, `6m`, `2y`; infinity for `any`. Raises SpecError."""
    if window == "any":
        return float("inf")
    match = _WINDOW.match(window)
    if match is None:
        raise SpecError("must be `any` or a number with d, m or y, such as `365d`", "window")
    days = int(match[1]) * _DAYS[match[2]]
    if not 0.0 < days <= _LIFE:
        raise SpecError("must be longer than nothing and at most 150y; write `any` for all times", "window")
    return days * 86_400.0
