"""Which kinds of health insurance are in force, by the groups of `data/coverage-types.yaml`."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from fhir_mapping.record import PatientRecord
from fhir_mapping.resources import Coverage
from fhir_mapping.times import DateError, bounds
from fhir_mapping.wire import CodeableConcept
from fhir_mapping.yamlfile import read_yaml

OTHER = "other"


@cache
def _systems() -> Mapping[str, Any]:
    text = (files("fhir_mapping") / "data" / "coverage-types.yaml").read_text(encoding="utf-8")
    systems: Mapping[str, Any] = read_yaml(text)["systems"]
    return systems


def in_force(record: PatientRecord, index: datetime) -> frozenset[str]:
    """Groups of the active insurances at an aware index time; `other` for a kind that is not in the table.

    Empty when the record holds none: that is not the same as having none.
    """
    return frozenset(
        _group(one.code)
        for one in record.resources
        if isinstance(one, Coverage)
        and one.status == "active"
        and record.concerns(one)
        and _covers(one, index)
    )


def _covers(one: Coverage, index: datetime) -> bool:
    period = one.period
    try:
        begun = period is None or period.start is None or bounds(period.start)[0] <= index
        return begun and (period is None or period.end is None or bounds(period.end)[1] >= index)
    except DateError:
        return False


def _group(kind: CodeableConcept | None) -> str:
    for coding in (kind.coding or ()) if kind is not None else ():
        table = _systems().get(coding.system or "")
        if table is None or not coding.code:
            continue
        key = coding.code[0] if table["by"] == "first-digit" else coding.code
        group: str | None = table["groups"].get(key)
        if group is not None:
            return group
    return OTHER
