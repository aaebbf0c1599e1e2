"""Units of measurement per analyte: what is accepted, and how it becomes the canonical unit.

A unit that the table does not list makes the value missing with a reason; it is never guessed. Annotations in
braces are no part of a unit (`fhir_mapping.terminology.annotations`).
"""

from functools import lru_cache
from typing import NamedTuple

from fhir_mapping.terminology.annotations import LONGEST_UNIT, Forms
from fhir_mapping.terminology.code_systems import canonical
from fhir_mapping.terminology.ucum import fault
from fhir_mapping.wire import Quantity

UCUM = "http://unitsofmeasure.org"


class Conversion(NamedTuple):
    """canonical = times * value + plus. Affine, because HbA1c in mmol/mol is (IFCC to NGSP)."""

    times: float
    plus: float


class UnitTable(NamedTuple):
    """Accepted unit spellings of one analyte (UCUM codes and what laboratories send) with their conversions;
    `forms` knows them under other annotations."""

    canonical: str
    accepted: dict[str, Conversion]
    forms: Forms[Conversion]

    @property
    def is_unambiguous(self) -> bool:
        """Whether every accepted unit means the same number, so that a number without a unit can be read."""
        return all(one == Conversion(1.0, 0.0) for one in self.accepted.values())

    def convert(self, quantity: Quantity) -> tuple[float | None, str | None]:
        """Value in the canonical unit, or None and the reason why there is none.

        A factor of exactly one leaves the value bit-identical. Reasons: `no-value`, `censored` (a
        comparator such as "<"), `unit-missing`, `unit-not-accepted`, `unit-conflict` (code and text are
        two different units, accepted or not).
        """
        value = quantity.value
        if value is None:
            return None, "no-value"
        if quantity.comparator is not None:
            return None, "censored"
        if quantity.code == self.canonical and quantity.unit == self.canonical and quantity.system == UCUM:
            return value, None
        conversion, reason = self._conversion(quantity)
        if conversion is None:
            return None, reason
        times, plus = conversion
        return (value if times == 1.0 else value * times) + plus, None

    def _conversion(self, quantity: Quantity) -> tuple[Conversion | None, str | None]:
        code, text = quantity.code, quantity.unit
        if code is None and text is None:
            return None, "unit-missing"
        by_code = self._meaning(code) if code is not None else None
        by_text = self._meaning(text) if text is not None else None
        is_ucum = quantity.system is not None and canonical(quantity.system) == UCUM
        foreign = quantity.system is not None and not is_ucum
        if by_code is not None and by_text is not None:
            return (None, "unit-conflict") if by_code != by_text else (by_text, None)
        if by_code is not None and not foreign:
            return (None, "unit-conflict") if _is_unit(text) else (by_code, None)
        if by_text is not None and not (is_ucum and code is not None) and not _is_unit(code):
            return by_text, None
        return None, "unit-not-accepted" if by_text is None else "unit-conflict"

    def _meaning(self, unit: str) -> Conversion | None:
        return self.accepted.get(unit) or self.forms.get(unit)


def _is_unit(text: str | None) -> bool:
    """Whether a text that is not accepted is a unit by UCUM's own grammar, so that it says something else."""
    return text is not None and len(text) <= LONGEST_UNIT and _fault(text) is None


_fault = lru_cache(maxsize=1024)(fault)


def table(canonical: str, units: dict[str, object], spellings: dict[str, str]) -> UnitTable:
    """Build a UnitTable from its data form; raises ValueError that names the offending unit."""
    accepted = {canonical: Conversion(1.0, 0.0)}
    for unit, how in units.items():
        accepted[unit] = _conversion(unit, how)
    for spelling, unit in spellings.items():
        if unit not in accepted:
            raise ValueError(f"spelling {spelling!r} stands for {unit!r}, which is not in `units`")
        accepted[spelling] = accepted[unit]
    return UnitTable(canonical, accepted, Forms(accepted, (canonical, *units)))


def _conversion(unit: str, how: object) -> Conversion:
    if isinstance(how, (int, float)) and not isinstance(how, bool):
        return Conversion(float(how), 0.0)
    if isinstance(how, dict) and set(how) <= {"times", "plus"}:
        return Conversion(float(how.get("times", 1.0)), float(how.get("plus", 0.0)))
    raise ValueError(f"unit {unit!r} needs a factor or {{times, plus}}")
