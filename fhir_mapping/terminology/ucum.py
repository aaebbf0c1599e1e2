"""Tells a UCUM unit from a typing error, by the grammar of the Unified Code for Units of Measure.

Only the form is read: that every atom and prefix exists, and that they are put together as UCUM allows. What
they come to is told by `fhir_mapping.terminology.scales`.
"""

import re
from functools import cache
from importlib import resources
from typing import NamedTuple

from fhir_mapping.yamlfile import read_yaml

__all__ = ["Part", "fault", "parts"]

_ANNOTATION = re.compile(r"\{[!-z|~]*\}")
_EXPONENT = re.compile(r"[+-]?[1-9][0-9]{0,3}")
_NUMBER = re.compile(r"[1-9][0-9]*")
_DEEPEST = 32  # parentheses in parentheses; no unit of measure has more than two


class Part(NamedTuple):
    """An atom with its prefix, a number or an annotation, and its exponent: 0 for a note on its part."""

    text: str
    exponent: int


def parts(unit: str) -> tuple[Part, ...]:
    """What a unit is the product of, in its order; raises ValueError that says what is wrong with it."""
    if not unit:
        raise _Fault("is empty; dimensionless is `1`")
    reader = _Reader(unit)
    end = reader.term(0, 0, 1)
    if end != len(unit):
        raise _Fault(f"cannot be read from `{unit[end:]}` on")
    return tuple(reader.parts)


def fault(unit: str) -> str | None:
    """What is wrong with a unit, in words; None when it is a UCUM unit (case-sensitive codes)."""
    try:
        parts(unit)
    except _Fault as error:
        return str(error)
    return None


@cache
def _atoms() -> tuple[frozenset[str], int]:
    """Units as they may stand in a term, with every prefix, and the length of the longest."""
    text = (resources.files("fhir_mapping") / "data" / "ucum.yaml").read_text(encoding="utf-8")
    table = read_yaml(text)
    metric, other = table["metric"], table["other"]
    units = {*metric, *other, *(prefix + atom for prefix in table["prefixes"] for atom in metric)}
    return frozenset(units), max(map(len, units))


class _Fault(ValueError):
    """Raised where a term stops making sense."""


class _Reader:
    """Reads a unit from left to right; each method takes where to begin and returns where it ended.

    `sign` is -1 for what is divided by.
    """

    def __init__(self, unit: str) -> None:
        self.unit = unit
        self.parts: list[Part] = []

    def term(self, at: int, depth: int, sign: int) -> int:
        """Components joined by `.` and `/`; a term may begin with `/`."""
        if depth > _DEEPEST:
            raise _Fault("is nested too deeply")
        joint = self.unit[at : at + 1]
        at = self.component(at + 1, depth, -sign) if joint == "/" else self.component(at, depth, sign)
        while (joint := self.unit[at : at + 1]) in (".", "/"):
            at = self.component(at + 1, depth, -sign if joint == "/" else sign)
        return at

    def component(self, at: int, depth: int, sign: int) -> int:
        """A term in parentheses, an annotation, a number, or a unit with exponent and annotation."""
        if self.unit[at : at + 1] == "(":
            at = self.term(at + 1, depth + 1, sign)
            if self.unit[at : at + 1] != ")":
                raise _Fault("has a parenthesis that is not closed")
            return at + 1
        annotation = _ANNOTATION.match(self.unit, at)
        if annotation is not None:
            self.parts.append(Part(annotation[0], sign))
            return annotation.end()
        end = self.simple(at, sign)
        annotation = _ANNOTATION.match(self.unit, end)
        if annotation is None:
            return end
        self.parts.append(Part(annotation[0], 0))
        return annotation.end()

    def simple(self, at: int, sign: int) -> int:
        """An atom, with its prefix and exponent, or a number; the longest atom that fits is taken."""
        unit = self.unit
        units, longest = _atoms()
        for end in range(min(at + longest, len(unit)), at, -1):
            if unit[at:end] in units:
                exponent = _EXPONENT.match(unit, end)
                self.parts.append(Part(unit[at:end], sign * int(exponent[0]) if exponent else sign))
                return exponent.end() if exponent is not None else end
        number = _NUMBER.match(unit, at)
        if number is not None:
            self.parts.append(Part(number[0], sign))
            return number.end()
        rest = unit[at:]
        raise _Fault(f"has no unit `{rest}` in it" if rest else "ends where a unit is due")
