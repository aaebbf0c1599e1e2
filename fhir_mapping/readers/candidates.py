"""The observations that a feature may take its value from, in order of time, and what stands against each.

An observation that may bear on the value and cannot be read is never passed over in silence: the reader tells
which reason stands against it, and what follows depends on what the feature asks (`decided`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from fhir_mapping.readers.reasons import nearer
from fhir_mapping.readers.statuses import UNKNOWN, statuses
from fhir_mapping.readers.window import placed
from fhir_mapping.record import PatientRecord
from fhir_mapping.resources import Observation
from fhir_mapping.times import DateError, IndexTime, bounds

NOT_CODED = "not-coded"

Candidate = tuple[int, str | None]
"""Position of an observation, and why it cannot be judged by its date and status (None: it can)."""


def candidates(
    record: PatientRecord,
    positions: Sequence[int],
    doubts: Mapping[int, str],
    accepted: frozenset[str],
    index: IndexTime,
    earliest: datetime,
    oldest_first: bool,
) -> tuple[list[Candidate], str]:
    """Observations in order of time, newest first unless `oldest_first`, and why others do not count.

    First come those of which nobody can tell the time, since each may be the newest (the oldest): undated, of
    an unreadable or too coarse date, or under an id that stands for two different contents. Equal times come
    in descending (ascending) order of resource id. `doubts` are others that may be meant, with the reason why
    nobody can tell, such as the right code without its system.
    """
    unplaced: list[Candidate] = []
    timed: list[tuple[datetime, str, int, str | None]] = []
    aside = "not-recorded"
    known = set(positions)
    for at in dict.fromkeys((*positions, *doubts)):
        resource = record.resources[at]
        if not isinstance(resource, Observation):
            continue
        standing = _standing(resource, accepted)
        if standing == "status-not-accepted":
            aside = nearer(aside, standing)
            continue
        when, reason = _placed(resource, index, earliest)
        if reason in ("after-index-time", "stale"):
            aside = nearer(aside, str(reason))
        elif record.is_ambiguous(at):
            unplaced.append((at, "ambiguous"))
        elif when is None:
            unplaced.append((at, reason))
        else:
            why = standing if at in known else doubts.get(at, standing)
            timed.append((when, resource.id or "", at, why))
    timed.sort(key=lambda one: one[:3], reverse=not oldest_first)
    unplaced.sort(key=lambda one: record.resources[one[0]].id or "")
    return [*unplaced, *((at, why) for _, _, at, why in timed)], aside


def _standing(resource: Observation, accepted: frozenset[str]) -> str | None:
    if resource.status in accepted:
        return None
    known = statuses().status["Observation"]
    return "status-not-accepted" if resource.status in known and resource.status != "unknown" else UNKNOWN


def _placed(
    resource: Observation, index: IndexTime, earliest: datetime
) -> tuple[datetime | None, str | None]:
    """As `window.placed`; a result that was issued after the index time was not known then."""
    if resource.issued is not None:
        try:
            if bounds(resource.issued, index.zone)[0] > index.moment:
                return None, "after-index-time"
        except DateError:
            pass  # an unreadable time of issue says nothing about the value's own date
    return placed(resource.began, index, earliest)
