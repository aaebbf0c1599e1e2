"""Units and spellings of a feature's spec, held against UCUM: a mistyped one gives wrong numbers."""

from collections.abc import Mapping
from typing import Any

from fhir_mapping.errors import SpecError
from fhir_mapping.terminology import catalogue
from fhir_mapping.terminology.conversions import conversion_fault, spelling_fault
from fhir_mapping.terminology.ucum import fault

__all__ = ["check_units"]


def check_units(feature: Mapping[str, Any]) -> None:
    """Raise SpecError, with the path to the field, for what is no UCUM unit, for a factor that UCUM or the
    analyte's molar mass contradicts, and for a spelling that means something else."""
    unit, analyte = feature.get("unit"), _analyte(feature)
    if unit is not None:
        _check_unit(unit, "unit")
    units, spellings = feature.get("units") or {}, feature.get("spellings") or {}
    canonical = unit or (analyte.unit if analyte is not None else None)
    for one, how in units.items():
        _check_unit(one, "units", one)
        wrong = conversion_fault(one, canonical, how, analyte)
        if wrong is not None:
            raise SpecError(f"`{one}` {wrong}", "units", one)
    known = analyte.spellings if analyte is not None and feature.get("analyte") else {}
    accepted = {canonical: 1.0, **(analyte.units if known and analyte is not None else {}), **units}
    for spelling, one in spellings.items():
        wrong = spelling_fault(spelling, one, accepted, known)
        if wrong is not None:
            raise SpecError(f"`{spelling}` {wrong}", "spellings", spelling)


def _check_unit(unit: str, *path: str) -> None:
    wrong = fault(unit)
    if wrong is not None:
        raise SpecError(f"`{unit}` is no UCUM unit: it {wrong}", *path)


def _analyte(feature: Mapping[str, Any]) -> catalogue.Analyte | None:
    """The analyte that a feature names, or the one to which all of its codes belong."""
    known = catalogue.analytes()
    if feature.get("analyte") is not None:
        return known.get(feature["analyte"])
    codes = {(one.get("system"), one.get("code")) for one in feature.get("codes") or ()}
    fitting = (
        one for one in known.values() if codes <= {(code["system"], code["code"]) for code in one.codes}
    )
    return next(fitting, None) if codes else None
