"""Features that are computed from other features."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

import msgspec

from fhir_mapping.errors import SpecError
from fhir_mapping.readers.formulas import ANY, SAME, Input, compute, formulas, inputs_of
from fhir_mapping.readers.person import SexReader
from fhir_mapping.readers.reasons import NEARNESS
from fhir_mapping.spec import AnyOf, Derived
from fhir_mapping.times import EARLIEST, DateError, bounds
from fhir_mapping.values import UNREADABLE, FeatureValue, missing


class AnyOfReader:
    """Compiled form of an `any_of` feature."""

    kinds: tuple[str, ...] = ()
    __slots__ = ("name", "needs", "spec")

    def __init__(self, spec: AnyOf) -> None:
        self.spec = spec
        self.name = spec.name
        self.needs = spec.inputs

    def compute(self, known: Mapping[str, FeatureValue], zone: tzinfo = UTC) -> FeatureValue:
        """1 when any known input is not 0; missing when all inputs are, and when one is of which something is
        on record that nobody can read: it may be the 1."""
        inputs = [known[name] for name in self.needs]
        hit = next((one for one in inputs if one.known and one.value != 0.0), None)
        if hit is not None:
            return FeatureValue(self.name, 1.0, date=hit.date, source=hit.source)
        doubts = [one.reason for one in inputs if not one.known and one.reason in UNREADABLE]
        if doubts:
            return missing(self.name, most_telling(doubts))
        if any(one.known for one in inputs):
            recorded = next((one for one in inputs if one.state == "ok"), None)
            return FeatureValue(self.name, 0.0, "ok" if recorded else "none-recorded")
        return missing(self.name, most_telling([one.reason for one in inputs]))


class DerivedReader:
    """Compiled form of a `derived` feature."""

    kinds: tuple[str, ...] = ()
    __slots__ = ("formula", "inputs", "low_high", "name", "needs", "spec", "unit")

    def __init__(self, spec: Derived) -> None:
        """Raises SpecError when the number of inputs does not fit the formula."""
        self.spec = spec
        self.name = spec.name
        self.needs = spec.inputs if spec.prefer is None else (*spec.inputs, spec.prefer)
        self.low_high = spec.range or (-math.inf, math.inf)
        self.formula = formulas()[spec.formula]
        self.inputs = inputs_of(self.formula, len(spec.inputs))
        self.unit = spec.unit

    def check(self, readers: Mapping[str, Any]) -> None:
        """Compare the units of the inputs, and of the result, with those that the formula needs, and take on
        the unit of the result; raises SpecError. The inputs' own readers are checked before."""
        first = getattr(readers[self.spec.inputs[0]], "unit", None)
        for at, (name, wanted) in enumerate(zip(self.spec.inputs, self.inputs, strict=True)):
            wrong = _unfit(readers[name], wanted, first)
            if wrong is not None:
                raise SpecError(f"`{name}` must be {wrong}: it is the {wanted.name}", "inputs", at)
        unit = first if self.formula.unit == SAME else self.formula.unit
        if unit == ANY:
            return
        if self.spec.unit not in (None, unit):
            raise SpecError(f"is not the formula's {unit or 'none'}; leave it out", "unit")
        self.unit = unit
        if self.spec.prefer is not None:
            given = getattr(readers[self.spec.prefer], "unit", None)
            if given != unit:
                raise SpecError(f"`{self.spec.prefer}` is in {given or 'no unit'}, not in {unit}", "prefer")

    def compute(self, known: Mapping[str, FeatureValue], zone: tzinfo = UTC) -> FeatureValue:
        """The preferred feature when known, else the formula; the oldest of the inputs gives the date.

        `zone` is the time zone of their days.
        """
        spec = self.spec
        if spec.prefer is not None and known[spec.prefer].known:
            return msgspec.structs.replace(
                known[spec.prefer], name=self.name, reason=None, unit=self.unit, text=None
            )
        inputs = [known[name] for name in spec.inputs]
        if not all(one.known for one in inputs):
            asked = inputs if spec.prefer is None else [*inputs, known[spec.prefer]]
            reason = most_telling([one.reason for one in asked if not one.known])
            return missing(self.name, reason, self.unit)
        value = compute(spec.formula, [one.value for one in inputs])
        if value is None:
            return missing(self.name, "undefined", self.unit)
        low, high = self.low_high
        if not low <= value <= high:
            return missing(self.name, "out-of-range", self.unit)
        sources = ", ".join(one.source for one in inputs if one.source is not None)
        return FeatureValue(
            self.name, value, unit=self.unit, date=_oldest(inputs, zone), source=sources or None
        )


def _unfit(reader: Any, wanted: Input, first: str | None) -> str | None:
    """What an input must be and is not."""
    if wanted.kind is not None:
        return None if isinstance(reader, SexReader) else f"a feature of kind {wanted.kind}"
    given = getattr(reader, "unit", None)
    if isinstance(reader, SexReader) or wanted.unit == ANY:
        return "a number" if isinstance(reader, SexReader) else None
    accepted: tuple[str | None, ...]
    if isinstance(wanted.unit, tuple):
        accepted = wanted.unit
    else:
        accepted = (first,) if wanted.unit == SAME else (wanted.unit,)
    if given in accepted:
        return None
    return f"in {' or '.join(unit or 'no unit' for unit in accepted)}, not in {given or 'no unit'}"


def _oldest(inputs: Sequence[FeatureValue], zone: tzinfo) -> str | None:
    """The earliest of the dates, by the time that they mean; equal times by their text."""
    dates = [one.date for one in inputs if one.date is not None]
    return min(dates, key=lambda date: (_begin(date, zone), date), default=None)


def _begin(date: str, zone: tzinfo) -> datetime:
    try:
        return bounds(date, zone)[0]
    except DateError:
        return EARLIEST


def most_telling(reasons: Sequence[str | None]) -> str:
    """The reason nearest to a usable value: an unreadable unit says more than an input that is not there."""
    told = [reason for reason in reasons if reason is not None]
    return max(told, key=lambda reason: NEARNESS.get(reason, -1), default="input-missing")
