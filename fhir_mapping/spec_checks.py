"""What a feature's fields may say: code systems, units and statuses that exist.

The types of the fields are seen to before. A URL, a unit or a status with a typing error would go unseen: the
feature would find nothing in any chart.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from fhir_mapping.errors import SpecError
from fhir_mapping.readers.statuses import statuses
from fhir_mapping.terminology.ucum import fault
from fhir_mapping.yamlfile import read_yaml

Step = str | int

_MEDICATIONS = ("MedicationRequest", "MedicationStatement", "MedicationAdministration")
_KINDS: Mapping[str, Sequence[str]] = {
    "condition": ("Condition",),
    "medication": _MEDICATIONS,
    "procedure": ("Procedure",),
    "allergy": ("AllergyIntolerance",),
    "family_history": ("FamilyMemberHistory",),
    "encounter": ("Encounter",),
    "questionnaire": ("QuestionnaireResponse",),
}
_TABLES = {
    "statuses": "status",
    "clinical": "clinical",
    "verification": "verification",
    "criticality": "criticality",
    "classes": "classes",
}


def check(feature: Mapping[str, Any]) -> None:
    """Raise SpecError, with the path to the field, for the first thing in a feature that does not exist."""
    for path, system in _systems(feature, ()):
        _check_system(system, path)
    for path, unit in _units(feature):
        wrong = fault(unit)
        if wrong is not None:
            raise SpecError(f"`{unit}` is no UCUM unit: it {wrong}", *path)
    _check_statuses(feature)
    _check_active(feature)


@cache
def code_systems() -> Mapping[str, str]:
    """Title of every code system that a feature may name, by its URL."""
    text = (resources.files("fhir_mapping") / "data" / "code-systems.yaml").read_text(encoding="utf-8")
    systems: dict[str, str] = read_yaml(text)["systems"]
    return systems


def _systems(value: Any, path: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], str]]:
    """Every `system` in a feature, with its path."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        if key == "system" and isinstance(inner, str):
            yield (*path, key), inner
        else:
            yield from _systems(inner, (*path, key))


def _check_system(system: str, path: tuple[Step, ...]) -> None:
    if system in code_systems() or system.startswith("urn:oid:"):
        return
    near = difflib.get_close_matches(system, code_systems(), n=1)
    remedy = f"did you mean {near[0]}?" if near else "write urn:oid: for one that has no known URL"
    raise SpecError(f"code system `{system}` is unknown; {remedy}", *path)


def _units(feature: Mapping[str, Any]) -> Iterator[tuple[tuple[Step, ...], str]]:
    if isinstance(feature.get("unit"), str):
        yield ("unit",), feature["unit"]
    for unit in feature.get("units") or ():
        yield ("units", unit), unit


def _check_statuses(feature: Mapping[str, Any]) -> None:
    kinds = _KINDS.get(str(feature.get("kind")), ())
    table = statuses()
    for field, name in _TABLES.items():
        by_kind = getattr(table, name)
        known = {code for kind in kinds for code in by_kind.get(kind, ())}
        never = table.never.get(name, frozenset())
        for at, code in enumerate(feature.get(field) or ()) if known else ():
            if code not in known:
                raise SpecError(f"`{code}` is none of FHIR's: {', '.join(sorted(known))}", field, at)
            if code in never:
                raise SpecError(f"`{code}` never counts; take it out", field, at)


def _check_active(feature: Mapping[str, Any]) -> None:
    """What is active is told by its statuses already; a category is neither counted nor timed."""
    if feature.get("active"):
        for field in ("clinical", "statuses"):
            if field in feature:
                raise SpecError("`active` says which statuses count; leave this out", field)
    if feature.get("categories") and feature.get("value", "any") != "any":
        raise SpecError("`categories` give the level of the newest entry; leave this out", "value")
