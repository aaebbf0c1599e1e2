"""Holds a spec's own units and spellings against UCUM: a typing error is a wrong number for every patient."""

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

from fhir_mapping.terminology.scales import Scale, arbitrary, scale
from fhir_mapping.terminology.tables import Analyte

__all__ = ["conversion_fault", "spelling_fault"]

_SAME = 1e-6
# Published factors between mass and moles are rounded (18 for glucose, 38.67 for cholesterol).
_SAME_BY_MOLAR_MASS = 5e-3
_AMOUNTS = frozenset(("g", "mol", "eq"))


def conversion_fault(
    unit: str, canonical: str | None, how: Any, analyte: Analyte | None = None
) -> str | None:
    """What is wrong with `how` as the way from a unit to the canonical one, with the remedy; None if nothing.

    The factor must be finite and above 0, and agree with UCUM within 1e-6 where both measure the same; from
    mass to moles within 0.5 %, by molar mass and valence of the analyte where it has them. A relation with
    `plus` is asked for its dimension alone, and nothing is asked where UCUM cannot tell: units set
    by a procedure, counted things, `Cel`. Both units must be valid UCUM.
    """
    steps = _steps(how)
    if steps is None:
        return "needs a factor above 0, or {times, plus}; all finite numbers"
    one = scale(unit)
    other = scale(canonical) if canonical is not None else None
    if one is None or other is None:
        return None
    difference = Counter(one.dimensions)
    difference.subtract(other.dimensions)
    differing = {base: exponent for base, exponent in difference.items() if exponent}
    if not differing:
        expected, tolerance = _same_kind(one, other), _SAME
    elif _is_open(differing, one, other):
        return None
    elif set(differing) <= _AMOUNTS and sum(differing.values()) == 0:
        expected, tolerance = _by_analyte(differing, one, other, analyte), _SAME_BY_MOLAR_MASS
    else:
        return f"does not measure what `{canonical}` does; take it out"
    times, plus = steps
    if plus or expected is None or math.isclose(times, expected, rel_tol=tolerance):
        return None
    return f"is {expected:.10g} times `{canonical}`, not {times:.10g}"


def spelling_fault(
    spelling: str, unit: str, accepted: Mapping[str, Any], known: Mapping[str, str]
) -> str | None:
    """What is wrong with a spelling of an accepted unit; None if nothing.

    `accepted` are conversions by unit, the canonical one among them, `known` the units of the analyte's own
    spellings. A spelling must not be another accepted unit, stand for another one already, or be UCUM for
    another
    size of the same quantity.
    """
    how = accepted.get(unit)
    if how is None:
        return None  # told when the table is built, with its own words
    if spelling in accepted:
        same = _steps(accepted[spelling]) == _steps(how)
        return None if same else f"is a unit of its own here; it cannot stand for `{unit}`"
    other = known.get(spelling, unit)
    if _steps(accepted.get(other)) != _steps(how):
        return f"stands for `{other}` already; it cannot stand for `{unit}`"
    size = _proportion(spelling, unit)
    if size is not None and not math.isclose(size, 1.0, rel_tol=_SAME):
        return f"is UCUM for {size:.10g} times `{unit}`; put it among `units` with its factor"
    return None


def _steps(how: Any) -> tuple[float, float] | None:
    """(times, plus) of a factor or of {times, plus}; None for anything else, and unless finite with times
    above 0."""
    fields = how if isinstance(how, Mapping) else {"times": how}
    if not set(fields) <= {"times", "plus"}:
        return None
    times, plus = fields.get("times", 1.0), fields.get("plus", 0.0)
    if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in (times, plus)):
        return None
    try:
        times, plus = float(times), float(plus)
    except OverflowError:
        return None
    return (times, plus) if 0.0 < times < math.inf and math.isfinite(plus) else None


def _same_kind(one: Scale, other: Scale) -> float | None:
    """How much of `other` is in `one`, of the same dimensions; None where they are of different things, such
    as FEU and DDU."""
    if one.notes and other.notes and one.notes != other.notes:
        return None
    if one.counted and other.counted and one.counted != other.counted:
        return None
    return one.factor / other.factor


def _is_open(differing: Mapping[str, int], one: Scale, other: Scale) -> bool:
    """Whether units of different dimensions may still measure one thing, as far as UCUM can tell."""
    if one.counted or other.counted:
        return True
    return "osm" in differing or not arbitrary().isdisjoint(differing)


def _by_analyte(
    differing: Mapping[str, int], one: Scale, other: Scale, analyte: Analyte | None
) -> float | None:
    """How much of `other` is in `one`, with the analyte's molar mass (g/mol) and valence (eq/mol)."""
    moles, equivalents = differing.get("mol", 0), differing.get("eq", 0)
    expected = one.factor / other.factor
    if moles + equivalents:
        if analyte is None or analyte.molar_mass is None:
            return None
        expected *= analyte.molar_mass ** (moles + equivalents)
    if equivalents:
        if analyte is None or analyte.valence is None:
            return None
        expected /= analyte.valence**equivalents
    return expected


def _proportion(text: str, unit: str) -> float | None:
    """How much of a unit a text is that happens to be UCUM of the same dimensions, else None."""
    try:
        one, other = scale(text), scale(unit)
    except ValueError:
        return None
    if one is None or other is None or one.dimensions != other.dimensions:
        return None
    return None if one.counted or other.counted else _same_kind(one, other)
