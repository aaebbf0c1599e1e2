"""Codes of a feature's spec, held against their systems: one that is mistyped is found in no chart."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from fhir_mapping.errors import SpecError
from fhir_mapping.terminology.check_digits import LOINC, is_well_formed
from fhir_mapping.terminology.code_systems import canonical, code_systems, normal_code

__all__ = ["check_codes"]

Step = str | int


def check_codes(feature: Mapping[str, Any]) -> None:
    """Raise SpecError, with the path to the field, for an unknown code system, one by another name than its
    canonical URL, and a code that cannot be one of its system."""
    for path, coding in _codings(feature, ()):
        system, code = coding["system"], coding.get("code")
        _check_system(system, (*path, "system"))
        if isinstance(code, str):
            _check_code(code, system, (*path, "code"))
    panels = feature.get("panels")
    for at, panel in enumerate(panels if isinstance(panels, list) else ()):
        system, _, code = str(panel).rpartition("|")
        _check_code(code, system or LOINC, ("panels", at))


def _codings(value: Any, path: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], Mapping[str, Any]]]:
    """Everything in a feature that names a `system`, with its path."""
    if isinstance(value, dict) and isinstance(value.get("system"), str):
        yield path, value
        return
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _codings(inner, (*path, key))


def _check_system(system: str, path: tuple[Step, ...]) -> None:
    usual = canonical(system)
    if usual != system:
        raise SpecError(f"code system `{system}` is {code_systems()[usual]}; write {usual}", *path)
    if system in code_systems() or system.startswith("urn:oid:"):
        return
    near = difflib.get_close_matches(system, code_systems(), n=1)
    remedy = f"did you mean {near[0]}?" if near else "write urn:oid: for one that has no known URL"
    raise SpecError(f"code system `{system}` is unknown; {remedy}", *path)


def _check_code(code: str, system: str, path: tuple[Step, ...]) -> None:
    if not code.strip():
        raise SpecError("is empty; give a code", *path)
    if not is_well_formed(code, system):
        title = code_systems().get(system, system)
        raise SpecError(f"`{code}` is no code of {title}: form or check digit is wrong", *path)
    usual = normal_code(system, code)
    if usual != code:
        raise SpecError(f"`{code}` is written {usual} in {code_systems()[system]}", *path)
