"""Features that ask whether a list holds certain codes: conditions, medications, procedures, draft orders."""

import math
from collections.abc import Iterator
from datetime import datetime

from fhir_mapping.errors import SpecError
from fhir_mapping.readers.window import placed
from fhir_mapping.record import PatientRecord
from fhir_mapping.resources import Condition as ConditionResource
from fhir_mapping.resources import MedicationRequest, Resource
from fhir_mapping.spec import Category, Code, Condition, Draft, Medication, Procedure
from fhir_mapping.terminology import catalogue
from fhir_mapping.times import EARLIEST, IndexTime
from fhir_mapping.values import FeatureValue, missing
from fhir_mapping.wire import CodeableConcept

_UNREADABLE = frozenset(("date-format", "date-without-zone"))
_NO_ORDER = frozenset(("proposal", "plan", "option"))
_REFUTED = frozenset(("refuted", "entered-in-error"))


def resolve_codes(valueset: str | None, codes: tuple[Code, ...], name: str) -> catalogue.Codes:
    """Codes of a feature: its value set's and its own; raises SpecError when there are none."""
    found = tuple((code.code, code.system) for code in codes)
    if valueset is not None:
        found = catalogue.valueset(valueset) + found
    if not found:
        raise SpecError(f"feature `{name}`: needs `valueset` or `codes`")
    return found


def carries(concept: CodeableConcept | None, codes: frozenset[tuple[str, str]]) -> bool:
    """Whether a concept has one of the (code, system) pairs."""
    if concept is None or concept.coding is None:
        return False
    return any((coding.code, coding.system) in codes for coding in concept.coding)


class ListReader:
    """Compiled form of a `condition`, `medication` or `procedure` feature with value any or count."""

    __slots__ = ("codes", "kinds", "name", "spec", "statuses", "systems", "which", "window")

    def __init__(self, spec: Condition | Medication | Procedure) -> None:
        """Raises SpecError when there are no codes."""
        self.spec = spec
        self.name = spec.name
        self.codes = frozenset(resolve_codes(spec.valueset, spec.codes, spec.name))
        self.systems = frozenset(system for _, system in self.codes)
        self.window = spec.seconds
        self.which = spec.value
        self.kinds: tuple[str, ...]
        if isinstance(spec, Medication):
            self.kinds, self.statuses = spec.resources, frozenset(spec.statuses)
        elif isinstance(spec, Procedure):
            self.kinds, self.statuses = ("Procedure",), frozenset(spec.statuses)
        else:
            self.kinds, self.statuses = ("Condition",), frozenset(spec.clinical)

    def matches(self, record: PatientRecord, index: IndexTime) -> list[tuple[datetime, int]]:
        """(sort key, position) of every entry that counts, newest first."""
        found = []
        for at in record.codes.within(self.codes, self.systems):
            resource = record.resources[at]
            if resource.kind not in self.kinds or not self._status_counts(resource):
                continue
            if not record.concerns(resource):
                record.accepts(at)  # leaves the issue
                continue
            when, reason = self._placed(resource, index)
            if when is not None and record.accepts(at):
                found.append((when, at))
            elif when is not None or reason in _UNREADABLE:
                # An entry that is there but cannot be used is not "nothing recorded".
                record.accepts(at)
                record.doubt((resource.kind,))
        found.sort(key=lambda one: (one[0], record.resources[one[1]].id or ""), reverse=True)
        return found

    def _placed(self, resource: Resource, index: IndexTime) -> tuple[datetime | None, str | None]:
        date = resource.began
        if date is None:
            # An undated entry cannot be placed: it counts where any time does, and nowhere else.
            return (EARLIEST, None) if self.window == math.inf else (None, "date-missing")
        return placed(date, index, EARLIEST if self.window == math.inf else index.back(self.window))

    def _status_counts(self, resource: Resource) -> bool:
        if isinstance(resource, MedicationRequest):
            return resource.status in self.statuses and _is_order(resource)
        if not isinstance(resource, ConditionResource):
            return resource.status in self.statuses
        if any(code in _REFUTED for code in _codes(resource.verificationStatus)):
            return False
        clinical = list(_codes(resource.clinicalStatus))
        return not clinical or any(code in self.statuses for code in clinical)

    def read(self, record: PatientRecord, index: IndexTime) -> FeatureValue:
        """The feature at an index time."""
        found = self.matches(record, index)
        if found:
            value = float(len(found)) if self.which == "count" else 1.0
            at = found[0][1]
            return FeatureValue(self.name, value, date=record.resources[at].began, source=record.source(at))
        if record.doubts(self.kinds):
            return missing(self.name, "incomplete")
        if record.provides(self.kinds):
            return FeatureValue(self.name, 0.0, "none-recorded")
        return missing(self.name, "not-provided")


class CategoryReader:
    """Compiled form of a nominal `condition` feature."""

    kinds = ("Condition",)
    __slots__ = ("levels", "name", "spec")

    def __init__(self, spec: Condition) -> None:
        """Raises SpecError when a level has no codes or a code belongs to two levels."""
        self.spec = spec
        self.name = spec.name
        self.levels = tuple((level, self._reader(spec, level)) for level in spec.categories)
        seen: dict[tuple[str, str], str] = {}
        for level, reader in self.levels:
            for code in reader.codes:
                if seen.setdefault(code, level.label) != level.label:
                    raise SpecError(
                        f"feature `{spec.name}`: code {code[0]} is in `{seen[code]}` and `{level.label}`"
                    )

    @staticmethod
    def _reader(spec: Condition, level: Category) -> ListReader:
        one = Condition(
            name=spec.name,
            label=level.label,
            valueset=level.valueset,
            codes=level.codes,
            clinical=spec.clinical,
            window=spec.window,
        )
        return ListReader(one)

    def read(self, record: PatientRecord, index: IndexTime) -> FeatureValue:
        """The level of the newest matching entry; two levels of the same date are ambiguous."""
        found = [
            (when, at, level)
            for level, reader in self.levels
            for when, at in reader.matches(record, index)[:1]
        ]
        if not found and record.doubts(("Condition",)):
            return missing(self.name, "incomplete")
        if not found:
            return missing(self.name, "not-listed" if record.provides(("Condition",)) else "not-provided")
        found.sort(key=lambda one: one[0], reverse=True)
        when, at, level = found[0]
        if len(found) > 1 and found[1][0] == when:
            return missing(self.name, "ambiguous")
        return FeatureValue(
            self.name,
            level.value,
            date=record.resources[at].began,
            source=record.source(at),
            text=level.label,
        )


class DraftReader:
    """Compiled form of a `draft` feature."""

    kinds: tuple[str, ...] = ()
    __slots__ = ("codes", "name", "spec")

    def __init__(self, spec: Draft) -> None:
        """Raises SpecError when there are no codes."""
        self.spec = spec
        self.name = spec.name
        self.codes = frozenset(resolve_codes(spec.valueset, spec.codes, spec.name))

    def read(self, record: PatientRecord, index: IndexTime) -> FeatureValue:
        """1 when a draft has one of the codes, else 0."""
        for draft in record.drafts:
            if record.concerns(draft) and carries(draft.code, self.codes):
                return FeatureValue(self.name, 1.0, source=f"{draft.kind}/{draft.id}")
        return FeatureValue(self.name, 0.0, "none-recorded")


def _codes(concept: CodeableConcept | None) -> Iterator[str]:
    for coding in (concept.coding or ()) if concept is not None else ():
        if coding.code is not None:
            yield coding.code


def _is_order(resource: MedicationRequest) -> bool:
    """Whether a MedicationRequest says that the drug was ordered: not a proposal, a plan or a prohibition."""
    return not resource.doNotPerform and resource.intent not in _NO_ORDER
