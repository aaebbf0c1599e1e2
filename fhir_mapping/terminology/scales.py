"""What a UCUM unit comes to: a factor and the dimensions that it has, so that two units can be compared.

The numbers are those of UCUM, with one difference: mol, eq and osm are dimensions of their own instead of
numbers, and so is each unit that only a procedure defines, such as `[IU]`.
"""

import math
from collections import Counter
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import NamedTuple

import msgspec

from fhir_mapping.terminology.ucum import Part, parts
from fhir_mapping.yamlfile import read_yaml

__all__ = ["Scale", "arbitrary", "scale"]

Dimensions = Mapping[str, int]


class Scale(NamedTuple):
    """Factor to base units, exponents by base unit, and what stands in braces.

    `counted` are braces in place of a unit (`{drinks}/d`), `notes` those that say of what a unit is
    (`ng/mL{FEU}`).
    """

    factor: float
    dimensions: Dimensions
    counted: frozenset[str] = frozenset()
    notes: frozenset[str] = frozenset()


class _Table(msgspec.Struct, frozen=True):
    """`data/ucum-scales.yaml`."""

    prefixes: dict[str, str]
    base: tuple[str, ...]
    arbitrary: tuple[str, ...]
    definitions: dict[str, str]


def scale(unit: str) -> Scale | None:
    """The scale of a UCUM unit; None for one without proportions (`Cel`, `[pH]`) or of absurd size.

    Raises ValueError for what is no UCUM unit.
    """
    factor, dimensions = 1.0, Counter[str]()
    read = parts(unit)
    for part in read:
        known = _atom(part)
        if known is None:
            return None
        factor = _times(factor, known.factor, part.exponent)
        for base, exponent in known.dimensions.items():
            dimensions[base] += exponent * part.exponent
    if not 0.0 < factor < math.inf:
        return None
    braces = [part for part in read if part.text.startswith("{")]
    return Scale(
        factor,
        {base: exponent for base, exponent in dimensions.items() if exponent},
        frozenset(part.text for part in braces if part.exponent),
        frozenset(part.text for part in braces if not part.exponent),
    )


def arbitrary() -> frozenset[str]:
    """Dimensions that are units set by a procedure; nothing converts them into others."""
    return frozenset(_table().arbitrary)


@cache
def _table() -> _Table:
    text = (resources.files("fhir_mapping") / "data" / "ucum-scales.yaml").read_text(encoding="utf-8")
    return msgspec.convert(read_yaml(text), _Table)


def _atom(part: Part) -> Scale | None:
    """Scale of an atom with its prefix, of a number, or of braces, which come to 1."""
    if part.text.startswith("{"):
        return Scale(1.0, {})
    if part.text.isdigit():
        return Scale(float(part.text), {})
    return _known(part.text)


@cache
def _known(text: str) -> Scale | None:
    """Scale of an atom as UCUM defines it; an atom goes before a prefix with a shorter one."""
    table = _table()
    if text in table.base or text in table.arbitrary:
        return Scale(1.0, {text: 1})
    definition = table.definitions.get(text)
    if definition is not None:
        number, _, unit = definition.partition(" ")
        inner = scale(unit)
        return None if inner is None else inner._replace(factor=float(number) * inner.factor)
    for prefix, value in table.prefixes.items():
        bare = text.removeprefix(prefix)
        if bare != text and bare and (inner := _known(bare)) is not None:
            return inner._replace(factor=float(value) * inner.factor)
    return None


def _times(factor: float, other: float, exponent: int) -> float:
    try:
        return factor * other**exponent
    except OverflowError:
        return math.inf
