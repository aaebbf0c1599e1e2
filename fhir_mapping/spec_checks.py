"""What a feature's fields may say: codes, units and statuses that exist.

The types of the fields are seen to before. A URL, a unit or a status with a typing error would go unseen: the
feature would find nothing in any chart.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from fhir_mapping.errors import SpecError
from fhir_mapping.readers.statuses import statuses
from fhir_mapping.spec_codes import check_codes
from fhir_mapping.spec_units import check_units

_MEDICATIONS = ("MedicationRequest", "MedicationStatement", "MedicationAdministration")
_KINDS: Mapping[str, Sequence[str]] = {
    "condition": ("Condition",),
    "medication": _MEDICATIONS,
    "procedure": ("Procedure",),
    "allergy": ("AllergyIntolerance",),
    "family_history": ("FamilyMemberHistory",),
    "encounter": ("Encounter",),
    "questionnaire": ("QuestionnaireResponse",),
    "observation": ("Observation",),
}
_TABLES = {
    "statuses": "status",
    "clinical": "clinical",
    "verification": "verification",
    "criticality": "criticality",
    "classes": "classes",
}


def check(feature: Mapping[str, Any]) -> None:
    """Raise SpecError, with the path to the field, for the first thing in a feature that does not exist or
    contradicts itself."""
    check_codes(feature)
    check_units(feature)
    _check_statuses(feature)
    _check_active(feature)


def _check_statuses(feature: Mapping[str, Any]) -> None:
    kinds = _KINDS.get(str(feature.get("kind")), ())
    table = statuses()
    for field, name in _TABLES.items():
        by_kind = getattr(table, name)
        known = {code for kind in kinds for code in by_kind.get(kind, ())}
        never = table.never.get(name, frozenset())
        for at, code in enumerate(feature.get(field) or ()) if known else ():
            if code not in known:
                raise SpecError(f"`{code}` is none of FHIR's: {', '.join(sorted(known - never))}", field, at)
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
