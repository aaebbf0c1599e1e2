"""Tells a UCUM unit from a typing error, by the grammar of the Unified Code for Units of Measure.

Only the form is checked: that every atom and prefix exists, and that they are put together as UCUM allows.
What two units have to do with each other is a matter of the analytes' tables.
"""

import re
from functools import cache
from importlib import resources

from fhir_mapping.yamlfile import read_yaml

__all__ = ["fault"]

_ANNOTATION = re.compile(r"\{[!-z|~]*\}")
_EXPONENT = re.compile(r"[+-]?[1-9][0-9]*")
_NUMBER = re.compile(r"[1-9][0-9]*")
_DEEPEST = 32  # parentheses in parentheses; no unit of measure has more than two


@cache
def _atoms() -> tuple[frozenset[str], int]:
    """Units as they may stand in a term, with every prefix, and the length of the longest."""
    text = (resources.files("fhir_mapping") / "data" / "ucum.yaml").read_text(encoding="utf-8")
    table = read_yaml(text)
    metric, other = table["metric"], table["other"]
    units = {*metric, *other, *(prefix + atom for prefix in table["prefixes"] for atom in metric)}
    return frozenset(units), max(map(len, units))


def fault(unit: str) -> str | None:
    """What is wrong with a unit, in words; None when it is a UCUM unit (case-sensitive codes)."""
    if not unit:
        return "is empty; dimensionless is `1`"
    try:
        end = _term(unit, 0, 0)
    except _Fault as error:
        return str(error)
    return None if end == len(unit) else f"cannot be read from `{unit[end:]}` on"


class _Fault(ValueError):
    """Raised where a term stops making sense."""


def _term(unit: str, at: int, depth: int) -> int:
    """Read components joined by `.` and `/`; a term may begin with `/`. Returns where it ends."""
    if depth > _DEEPEST:
        raise _Fault("is nested too deeply")
    if unit[at : at + 1] == "/":
        at += 1
    at = _component(unit, at, depth)
    while unit[at : at + 1] in (".", "/"):
        at = _component(unit, at + 1, depth)
    return at


def _component(unit: str, at: int, depth: int) -> int:
    """Read a term in parentheses, an annotation, a number, or a unit with exponent and annotation."""
    if unit[at : at + 1] == "(":
        at = _term(unit, at + 1, depth + 1)
        if unit[at : at + 1] != ")":
            raise _Fault("has a parenthesis that is not closed")
        return at + 1
    annotation = _ANNOTATION.match(unit, at)
    if annotation is not None:
        return annotation.end()
    end = _simple(unit, at)
    annotation = _ANNOTATION.match(unit, end)
    return annotation.end() if annotation is not None else end


def _simple(unit: str, at: int) -> int:
    """Read an atom, with its prefix and exponent, or a number; the longest atom that fits is taken."""
    units, longest = _atoms()
    for end in range(min(at + longest, len(unit)), at, -1):
        if unit[at:end] in units:
            exponent = _EXPONENT.match(unit, end)
            return exponent.end() if exponent is not None else end
    number = _NUMBER.match(unit, at)
    if number is not None:
        return number.end()
    rest = unit[at:]
    raise _Fault(f"has no unit `{rest}` in it" if rest else "ends where a unit is due")
