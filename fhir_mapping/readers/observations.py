"""Numbers and coded answers from Observation."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, cast

from fhir_mapping.errors import SpecError
from fhir_mapping.issues import Issue
from fhir_mapping.readers.candidates import NOT_CODED, Candidate, candidates
from fhir_mapping.readers.reasons import TOLD, nearer
from fhir_mapping.readers.resolved import resolve, told_elsewhere
from fhir_mapping.record import PatientRecord
from fhir_mapping.resources import Observation as ObservationResource
from fhir_mapping.spec import Answer, Observation
from fhir_mapping.terminology.code_systems import meant
from fhir_mapping.terminology.units import UCUM
from fhir_mapping.times import EARLIEST, IndexTime
from fhir_mapping.values import FeatureValue, missing
from fhir_mapping.wire import CodeableConcept, Component, Quantity, decode_components

_ONE = ("latest", "first", "days_since", "days_since_first")
_LARGEST_INTEGER = 2**31  # FHIR integers have 32 bits
_LEAST_POINTS = 3


class Found(NamedTuple):
    """One usable value: position in the record, value in canonical unit, as sent, answer's label."""

    at: int
    value: float
    quantity: Quantity | None
    text: str | None


class ObservationReader:
    """Compiled form of an `observation` feature."""

    kinds = ("Observation",)
    __slots__ = (
        "answers",
        "at_least",
        "bounded",
        "canonical",
        "codes",
        "elsewhere",
        "high",
        "low",
        "name",
        "pairs",
        "panels",
        "plain",
        "points",
        "range",
        "spec",
        "statuses",
        "units",
        "which",
        "window",
    )

    def __init__(self, spec: Observation) -> None:
        """Raises SpecError when the feature names neither an analyte nor codes, or no unit for numbers."""
        self.spec = spec
        self.name = spec.name
        self.codes, self.panels, self.units, limits = resolve(spec)
        self.pairs = frozenset(self.codes)
        self.canonical = self.units.canonical
        self.low, self.high = limits if limits is not None else (-math.inf, math.inf)
        self.range = limits
        self.window = spec.seconds
        self.bounded = self.window != math.inf
        self.statuses = frozenset(spec.statuses)
        self.which = spec.value
        self.points = spec.points
        if self.points != _LEAST_POINTS and self.which != "trend":
            raise SpecError("is for `value: trend` alone; leave it out", "points")
        self.at_least = spec.at_least
        self.elsewhere = told_elsewhere(spec, self.codes)
        simple = not (self.panels or spec.answers or spec.at_least is not None or self.elsewhere)
        self.plain = self.which == "latest" and simple
        self.answers = {(answer.system, answer.code): answer for answer in spec.answers}

    @property
    def touched(self) -> tuple[tuple[str, str], ...]:
        """(code, system) of every observation that can matter, also where its value is not read."""
        unread = sorted(self.elsewhere.unread) if self.elsewhere is not None else ()
        return (*self.codes, *self.panels, *unread)

    def read(self, record: PatientRecord, index: IndexTime) -> FeatureValue:
        """The feature at an index time."""
        codes = record.codes
        direct = codes.positions(self.codes)
        panels = codes.positions(self.panels) if self.panels else []
        earliest = index.back(self.window) if self.bounded else EARLIEST
        doubts = dict.fromkeys(codes.nameless((*self.codes, *self.panels)), NOT_CODED)
        if self.elsewhere is not None:
            told = self.elsewhere.find(record, (*direct, *panels))
            panels, doubts = [*panels, *told.parts], {**told.doubts, **doubts}
        ordered, aside = candidates(
            record, (*direct, *panels), doubts, self.statuses, index, earliest,
            oldest_first=self.which in ("first", "days_since_first"),
        )  # fmt: skip
        found, trouble = self._gathered(record, ordered, frozenset(panels))
        if trouble is not None and not (self.which == "any" and any(one.value for one in found)):
            return self._none(record, trouble)
        return self._value(record, found, index) if found else self._none(record, aside)

    def settled(
        self, record: PatientRecord, newest: ObservationResource, at: int, index: IndexTime
    ) -> FeatureValue | None:
        """The value of the newest observation under a plain feature's codes, when it is in the canonical unit
        and nothing about it is odd; None otherwise."""
        quantity, when = newest.valueQuantity, newest.effectiveDateTime
        if quantity is None or when is None or (value := quantity.value) is None:
            return None
        unit = self.canonical
        plain = (
            quantity.code == unit
            and quantity.unit == unit
            and quantity.system == UCUM
            and quantity.comparator is None
            and self.low <= value <= self.high
            and newest.dataAbsentReason is None
            and self._in_time(newest, when, index)
            and record.accepts(at)
        )
        return (
            FeatureValue(self.name, value, "ok", None, unit, when, f"Observation/{newest.id}")
            if plain
            else None
        )

    def absent(self, record: PatientRecord) -> FeatureValue:
        """The feature when no observation has one of its codes."""
        return self._none(record, "not-recorded")

    def _in_time(self, chosen: ObservationResource, text: str, index: IndexTime) -> bool:
        """Whether a full dateTime lies in the window and was known; False for one that cannot be read."""
        try:
            moment, issued = datetime.fromisoformat(text), chosen.issued
            if issued is not None and datetime.fromisoformat(issued) > index.moment:
                return False
            return moment <= index.moment and (not self.bounded or moment >= index.back(self.window))
        except (ValueError, TypeError):
            return False

    def _gathered(
        self, record: PatientRecord, ordered: Sequence[Candidate], panels: frozenset[int]
    ) -> tuple[list[Found], str | None]:
        """Usable values, and why one that bears on the feature could not be used, which leaves an issue.

        The newest decides for `latest`, readable or not; an older one in its place would be yesterday's news.
        """
        found: list[Found] = []
        seen: set[str] = set()
        trouble: str | None = None
        for at, reason in ordered:
            one = self._usable(record, at, at in panels) if reason is None else reason
            if one == "not-recorded":  # a panel without the part that is asked for
                told = f"holds no component that feature {self.name} reads"
                record.issues.append(Issue(record.path(at), "no-component", told))
            elif isinstance(one, Found):
                ident = record.resources[at].id
                if ident is None or ident not in seen:  # what was sent twice counts once
                    found.append(one)
                    seen |= {ident} if ident is not None else set()
            elif one in TOLD:
                record.issues.append(Issue(record.path(at), one, f"feature {self.name} could not use this"))
                trouble = one if trouble is None else nearer(trouble, one)
            if self.which in _ONE and (found or trouble is not None):
                break
        return found, trouble

    def _matches(self, concept: CodeableConcept | None) -> bool:
        if concept is None or concept.coding is None:
            return False
        return any(meant(coding) in self.pairs for coding in concept.coding)

    def _usable(self, record: PatientRecord, at: int, panel: bool) -> Found | str:
        """The value at a position, or the reason why it cannot be used."""
        whole = _observation(record, at)
        holder = self._component(whole) if panel else whole
        if holder is None or isinstance(holder, str):
            return holder or "not-recorded"
        if holder.dataAbsentReason is not None:
            return "no-value"
        if self.answers:
            answer = self._answer(holder.valueCodeableConcept)
            if answer is None:
                return "no-value" if holder.valueCodeableConcept is None else "answer-not-listed"
            value, quantity, text = answer.value, None, answer.label
        else:
            quantity, text = holder.valueQuantity, None
            if quantity is None:
                if holder.valueInteger is None:
                    return "no-value"
                if abs(holder.valueInteger) > _LARGEST_INTEGER:
                    return "invalid-resource"
                if not self.units.is_unambiguous:
                    return "unit-missing"
                quantity = Quantity(value=float(holder.valueInteger), code=self.canonical)
            converted, reason = self.units.convert(quantity)
            if converted is None:
                return reason or "no-value"
            value = converted
            if not self.low <= value <= self.high:
                return "out-of-range"
        if not record.accepts(at):
            return "invalid-resource" if record.concerns(whole) else "other-subject"
        return Found(at, value, quantity, text)

    def _component(self, resource: ObservationResource) -> Component | str | None:
        """The component that the feature asks for, None when there is none, or why it cannot be told."""
        raw = bytes(resource.component)
        if not raw:
            return None
        try:
            components: list[Component] = decode_components(raw)
        except ValueError:
            return "invalid-resource"
        matching = [one for one in components if self._matches(one.code)]
        return "ambiguous" if len(matching) > 1 else matching[0] if matching else None

    def _answer(self, concept: CodeableConcept | None) -> Answer | None:
        for coding in (concept.coding or ()) if concept is not None else ():
            code, system = meant(coding)
            answer = self.answers.get((system or "", code or ""))
            if answer is not None:
                return answer
        return None

    def _none(self, record: PatientRecord, refused: str) -> FeatureValue:
        if refused not in TOLD and record.doubts(self.kinds):
            return missing(self.name, "incomplete", self.unit)
        unread = record.codes.untitled or record.incomplete
        if self.which == "count" and refused not in TOLD and unread:
            return missing(self.name, "incomplete", self.unit)
        if self.which == "count" and refused not in TOLD and record.provides(self.kinds):
            return FeatureValue(self.name, 0.0, "none-recorded", unit="1")
        if refused == "not-recorded" and not record.provides(self.kinds):
            refused = "not-provided"
        return missing(self.name, refused, self.canonical or None)

    @property
    def unit(self) -> str | None:
        """Unit of the feature; None for yes or no, and for numbers that answers stand for."""
        if self.which == "count":
            return "1"
        flag = self.at_least is not None or self.which == "any"
        return None if flag else self.units.canonical or None

    def _value(self, record: PatientRecord, found: list[Found], index: IndexTime) -> FeatureValue:
        shown = found[0]
        which = self.which
        if which in ("latest", "first"):
            value = shown.value
        elif which == "count":
            value = float(len(found))
        elif which == "any":
            value = 1.0 if any(one.value for one in found) else 0.0
        elif which == "mean":
            value = math.fsum(one.value for one in found) / len(found)
        else:
            shown = (min if which == "min" else max)(found, key=lambda one: one.value)
            value = shown.value
        if self.at_least is not None:
            value = 1.0 if value >= self.at_least else 0.0
        # What was sent is told for one value only: beside a mean or a count it would be somebody's guess.
        quantity = shown.quantity if which not in ("count", "any", "mean") else None
        sent = quantity is not None and quantity.value != value
        return FeatureValue(
            self.name,
            value,
            "ok",
            None,
            self.unit,
            record.resources[shown.at].began,
            record.source(shown.at),
            quantity.value if sent and quantity else None,
            (quantity.unit or quantity.code) if sent and quantity else None,
            shown.text,
        )


def _observation(record: PatientRecord, at: int) -> ObservationResource:
    return cast(ObservationResource, record.resources[at])
