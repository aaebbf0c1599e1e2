"""The groups a patient belongs to, for the gate: what the record says, with odd words counted as unknown."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from fairness.errors import GroupError
from fairness.groups import (
    Membership,
    ethnicity_values,
    further_memberships,
    memberships,
    race_values,
    sex_value,
)
from fhir_mapping.person import demographics
from fhir_mapping.record import PatientRecord

__all__ = ["groups_of"]

_UNKNOWN = "unknown"


def groups_of(record: PatientRecord, now: datetime) -> tuple[Membership, ...]:
    """Every group of the patient at `now`; never raises for what a record may hold.

    A code that is not an OMB category counts as `unknown` beside the ones that are.
    """
    person = demographics.of(record, now)
    race = _all_known(race_values, person.race_1997)
    first = memberships(
        sex=_known(sex_value, person.sex) if person.sex else None,
        age=person.age,
        race=race,
        ethnicity=_all_known(ethnicity_values, person.ethnicity_1997),
    )
    return first + further_memberships(
        race=race,
        combined_2024=person.combined_2024,
        language=person.language,
        coverage=person.coverage,
    )


def _known(check: Callable[[str], object], recorded: str) -> str:
    try:
        check(recorded)
    except GroupError:
        return _UNKNOWN
    return recorded


def _all_known(check: Callable[[Collection[str]], object], recorded: Collection[str]) -> set[str]:
    return {_known(lambda one: check([one]), each) for each in recorded}
