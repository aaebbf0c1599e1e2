"""What features over lists of entries have in common: which entries count, and what is concluded from them.

An entry that matches and cannot be used is never "nothing recorded": the feature is then missing, with the
reason, unless another entry answers the question by itself.
"""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from fhir_mapping.code_index import has_code_in
from fhir_mapping.errors import SpecError
from fhir_mapping.issues import Issue
from fhir_mapping.readers.lifetimes import ONSET_UNKNOWN, onset, onset_placed
from fhir_mapping.readers.reasons import nearer
from fhir_mapping.readers.since import DAY_LENGTH, days_since
from fhir_mapping.readers.statuses import IGNORED
from fhir_mapping.readers.window import placed
from fhir_mapping.record import PatientRecord
from fhir_mapping.resources import AllergyIntolerance, Condition, Resource
from fhir_mapping.spec import Code
from fhir_mapping.terminology import catalogue
from fhir_mapping.terminology.code_systems import meant
from fhir_mapping.times import EARLIEST, IndexTime
from fhir_mapping.values import FeatureValue, missing
from fhir_mapping.wire import CodeableConcept

SINCE = frozenset(("days_since", "days_since_first"))
NOT_CODED = "not-coded"
PRODUCT_UNKNOWN = "product-unknown"
NAMED_IN_WORDS = "named-in-words"
_MAY_BE = frozenset((NOT_CODED, PRODUCT_UNKNOWN))
_DOUBTS = _MAY_BE | {NAMED_IN_WORDS}
_ELSEWHERE = frozenset(("after-index-time", "stale"))

CodePairs = frozenset[tuple[str, str]]


class Seen(NamedTuple):
    """Entries that count as (sort key, position), newest first, and why others could not be judged."""

    found: list[tuple[datetime, int]]
    trouble: str | None


_NOTHING = Seen([], None)


class EntryReader:
    """A feature that asks whether, how often or how long ago a list holds certain entries."""

    __slots__ = ("kinds", "name", "spec", "which", "window")

    def __init__(self, spec: Any, kinds: tuple[str, ...]) -> None:
        self.spec = spec
        self.name: str = spec.name
        self.kinds = kinds
        self.which: str = spec.value
        self.window: float = spec.seconds

    def candidates(self, record: PatientRecord) -> Sequence[tuple[int, str | None]]:
        """Positions to look at; with the reason where an entry's code cannot be told."""
        return [(at, None) for kind in self.kinds for at in record.of_kind(kind)]

    def standing(self, record: PatientRecord, at: int, index: IndexTime) -> str | None:
        """None for an entry that counts as far as its statuses and details go, IGNORED for one that does not,
        else the reason why nobody can tell."""
        raise NotImplementedError

    def gather(self, record: PatientRecord, index: IndexTime) -> Seen:
        """The entries that count, each resource id once, whatever the order of the payload."""
        candidates = self.candidates(record)
        if not candidates:
            return _NOTHING
        found: dict[tuple[str, str | int], tuple[datetime, int]] = {}
        trouble: str | None = None
        earliest = EARLIEST if self.window == math.inf else index.back(self.window)
        for at, doubt in candidates:
            when, problem = self._judged(record, at, doubt, index, earliest)
            if problem is not None:
                trouble = problem if trouble is None else nearer(trouble, problem)
            elif when is not None:
                resource = record.resources[at]
                key = (resource.kind, resource.id if resource.id is not None else at)
                found[key] = max(found.get(key, (when, at)), (when, at))
        resources = record.resources
        ordered = sorted(found.values(), key=lambda one: (one[0], resources[one[1]].id or ""), reverse=True)
        return Seen(ordered, trouble)

    def _judged(
        self, record: PatientRecord, at: int, doubt: str | None, index: IndexTime, earliest: datetime
    ) -> tuple[datetime | None, str | None]:
        """Sort key of an entry that counts, or the reason why it cannot be used, which leaves an issue;
        neither for one that does not count."""
        standing = self.standing(record, at, index)
        ambiguous = "ambiguous" if record.is_ambiguous(at) else None
        if standing == IGNORED and ambiguous is None:
            return None, None
        resource = record.resources[at]
        when, undated = self._placed(record, resource, index, earliest)
        if undated is None and _is_recorded_after(resource, index):
            return None, None
        # What an entry is about comes first: of one that may be anything, nothing else is known either.
        problem = doubt or ambiguous or standing or undated
        if undated in _ELSEWHERE or (doubt in _DOUBTS and not record.concerns(resource)):
            return None, None
        if not record.accepts(at):
            if not record.concerns(resource):
                return None, "other-subject"
            return None, doubt if doubt in _MAY_BE else "invalid-resource"
        if problem is not None:
            record.issues.append(Issue(record.path(at), problem, f"feature {self.name} did not use this"))
        return when, problem

    def _placed(
        self, record: PatientRecord, resource: Resource, index: IndexTime, earliest: datetime
    ) -> tuple[datetime | None, str | None]:
        if isinstance(resource, (Condition, AllergyIntolerance)):
            vague = onset(record, resource)
            if vague is not None:
                return onset_placed(vague, resource.recordedDate, index, earliest)
        date = resource.began
        if date is None and self.window == math.inf:
            # An undated entry counts where any time does.
            return EARLIEST, None
        return placed(date, index, earliest)

    def read(self, record: PatientRecord, index: IndexTime) -> FeatureValue:
        """The feature at an index time."""
        found, trouble = self.gather(record, index)
        if found and self.which == "any":
            return self._told(record, 1.0, found[0][1])
        if trouble is None and record.doubts(self.kinds):
            trouble = "incomplete"
        if trouble is not None:
            return missing(self.name, trouble, self.unit)
        if found:
            return self._measured(record, index, [at for _, at in found])
        if not record.provides(self.kinds):
            return missing(self.name, "not-provided", self.unit)
        if self.which in SINCE:
            return missing(self.name, "not-recorded", self.unit)
        return FeatureValue(self.name, 0.0, "none-recorded")

    @property
    def unit(self) -> str | None:
        """`d` for a time since, none for a count and for yes or no."""
        return "d" if self.which in SINCE else None

    def _measured(self, record: PatientRecord, index: IndexTime, found: list[int]) -> FeatureValue:
        if self.which not in SINCE:
            return self._told(record, float(len(found)), found[0])
        vague = [at for at in found if _has_vague_onset(record, at)]
        if vague:
            told = f"feature {self.name} cannot count days from an onset without a date"
            record.issues.extend(Issue(record.path(at), ONSET_UNKNOWN, told) for at in vague)
            return missing(self.name, ONSET_UNKNOWN, self.unit)
        dates = [record.resources[at].began for at in found]
        days, chosen, reason = days_since(dates, index, first=self.which == "days_since_first")
        if days is None:
            return self._without_days(record, found, reason or "date-missing")
        return self._told(record, days, found[chosen])

    def _without_days(self, record: PatientRecord, found: list[int], reason: str) -> FeatureValue:
        """Missing, with an issue at each entry whose date gives no day."""
        told = f"feature {self.name} cannot count days from this"
        for at in found:
            if len(record.resources[at].began or "") < DAY_LENGTH:
                record.issues.append(Issue(record.path(at), reason, told))
        return missing(self.name, reason, self.unit)

    def _told(self, record: PatientRecord, value: float, at: int) -> FeatureValue:
        date, source = record.resources[at].began, record.source(at)
        return FeatureValue(self.name, value, unit=self.unit, date=date, source=source)


def _has_vague_onset(record: PatientRecord, at: int) -> bool:
    resource = record.resources[at]
    if not isinstance(resource, (Condition, AllergyIntolerance)):
        return False
    return onset(record, resource) is not None


def _is_recorded_after(resource: Resource, index: IndexTime) -> bool:
    """Whether an entry was written down only after the index time, whenever what it tells began."""
    recorded: str | None = getattr(resource, "recordedDate", None)
    return recorded is not None and placed(recorded, index, EARLIEST)[1] == "after-index-time"


def resolve_codes(valueset: str | None, codes: tuple[Code, ...]) -> catalogue.Codes:
    """Codes of a feature: its value set's and its own; raises SpecError when there are none."""
    found = tuple((code.code, code.system) for code in codes)
    if valueset is not None:
        try:
            found = catalogue.valueset(valueset) + found
        except SpecError as error:
            raise SpecError(str(error), "valueset") from None
    if not found:
        raise SpecError("needs `valueset` or `codes`")
    return found


def carries(concept: CodeableConcept | None, codes: CodePairs) -> bool:
    """Whether a concept has one of the (code, system) pairs."""
    if concept is None or concept.coding is None:
        return False
    return any(meant(coding) in codes for coding in concept.coding)


def tells(concept: CodeableConcept | None, codes: CodePairs, systems: frozenset[str]) -> bool:
    """Whether the codes of a concept tell what it is not, beside a list of codes that it does not carry.

    One code in a code system of the list (canonical URLs) does: there the two can be compared. Words do not,
    nor codes of other systems, and neither does a code of the list that stands without its system.
    """
    if not has_code_in(concept, systems):
        return False
    bare = [one.code for one in (concept.coding if concept is not None else None) or () if not one.system]
    return not bare or not any(code in bare for code, _ in codes)


def systems_of(codes: CodePairs) -> frozenset[str]:
    """Code systems of (code, system) pairs."""
    return frozenset(system for _, system in codes)
