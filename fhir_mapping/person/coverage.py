"""Which kinds of health insurance are in force, by the groups of `data/coverage-types.yaml`."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from functools import cache
from importlib.resources import files
from typing import Any, cast

from fhir_mapping.issues import Issue
from fhir_mapping.readers.statuses import IGNORED, by_code, statuses
from fhir_mapping.record import PatientRecord
from fhir_mapping.resources import Coverage
from fhir_mapping.times import DateError, bounds
from fhir_mapping.wire import CodeableConcept
from fhir_mapping.yamlfile import read_yaml

OTHER = "other"
_ACTIVE = frozenset(("active",))


@cache
def _systems() -> Mapping[str, Any]:
    text = (files("fhir_mapping") / "data" / "coverage-types.yaml").read_text(encoding="utf-8")
    systems: Mapping[str, Any] = read_yaml(text)["systems"]
    return systems


def in_force(record: PatientRecord, index: datetime) -> frozenset[str]:
    """Groups of the active insurances at an aware index time; `other` for a kind that is not in the table.

    Empty when the record holds none: that is not the same as having none. An insurance of which nobody can
    tell whether it is in force, or of which kind it is, is in no group and leaves an issue.
    """
    groups = (_group_of(record, at, index) for at in record.of_kind("Coverage"))
    return frozenset(group for group in groups if group is not None)


def _group_of(record: PatientRecord, at: int, index: datetime) -> str | None:
    one = cast(Coverage, record.resources[at])
    standing = by_code(one.status, _ACTIVE, statuses().status["Coverage"])
    if standing == IGNORED:
        return None
    reason, group = standing, None
    try:
        if reason is None and not _covers(one, index, record.zone):
            return None
    except DateError as error:
        reason = error.code
    if reason is None:
        group = _group(one.code)
        reason = "not-coded" if group is None else None
    if not record.accepts(at):
        return None
    if reason is not None:
        record.issues.append(Issue(record.path(at), reason, "gives no kind of insurance"))
    return group if reason is None else None


def _covers(one: Coverage, index: datetime, zone: tzinfo) -> bool:
    """Whether an insurance is in force as far as its period tells; raises DateError."""
    period = one.period
    begun = period is None or period.start is None or bounds(period.start, zone)[0] <= index
    return begun and (period is None or period.end is None or bounds(period.end, zone)[1] >= index)


def _group(kind: CodeableConcept | None) -> str | None:
    """The group of a kind of insurance, None where it has no code in a code system."""
    named = [one for one in (kind.coding if kind is not None else None) or () if one.code and one.system]
    for coding in named:
        table = _systems().get(coding.system or "")
        if table is None or not coding.code:
            continue
        key = coding.code[0] if table["by"] == "first-digit" else coding.code
        group: str | None = table["groups"].get(key)
        if group is not None:
            return group
    return OTHER if named else None
