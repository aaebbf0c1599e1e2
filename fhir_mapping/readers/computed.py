"""Features that are computed from other features."""

import math
from collections.abc import Mapping, Sequence

from fhir_mapping.readers.reasons import NEARNESS
from fhir_mapping.spec import AnyOf, Derived
from fhir_mapping.values import FeatureValue, missing


class AnyOfReader:
    """Compiled form of an `any_of` feature."""

    kinds: tuple[str, ...] = ()
    __slots__ = ("name", "needs", "spec")

    def __init__(self, spec: AnyOf) -> None:
        self.spec = spec
        self.name = spec.name
        self.needs = spec.inputs

    def compute(self, known: Mapping[str, FeatureValue]) -> FeatureValue:
        """1 when any known input is not 0; missing only when all inputs are."""
        inputs = [known[name] for name in self.needs]
        hit = next((one for one in inputs if one.known and one.value != 0.0), None)
        if hit is not None:
            return FeatureValue(self.name, 1.0, date=hit.date, source=hit.source)
        if any(one.known for one in inputs):
            recorded = next((one for one in inputs if one.state == "ok"), None)
            return FeatureValue(self.name, 0.0, "ok" if recorded else "none-recorded")
        return missing(self.name, most_telling([one.reason for one in inputs]))


class DerivedReader:
    """Compiled form of a `derived` feature."""

    kinds: tuple[str, ...] = ()
    __slots__ = ("low_high", "name", "needs", "spec")

    def __init__(self, spec: Derived) -> None:
        self.spec = spec
        self.name = spec.name
        self.needs = spec.inputs if spec.prefer is None else (*spec.inputs, spec.prefer)
        self.low_high = spec.range or (-math.inf, math.inf)

    def compute(self, known: Mapping[str, FeatureValue]) -> FeatureValue:
        """The preferred feature when known, else the formula; the older of the two inputs gives the date.

        ratio = a / b; difference = a - b; bmi = weight in kg / (height in cm / 100)^2.
        """
        spec = self.spec
        if spec.prefer is not None and known[spec.prefer].known:
            seen = known[spec.prefer]
            return FeatureValue(
                self.name,
                seen.value,
                seen.state,
                None,
                spec.unit,
                seen.date,
                seen.source,
                seen.original_value,
                seen.original_unit,
            )
        first, second = (known[name] for name in spec.inputs)
        if not (first.known and second.known):
            asked = (first, second) if spec.prefer is None else (first, second, known[spec.prefer])
            reason = most_telling([one.reason for one in asked if not one.known])
            return missing(self.name, reason, spec.unit)
        value = _formula(spec.formula, first.value, second.value)
        if value is None:
            return missing(self.name, "undefined", spec.unit)
        low, high = self.low_high
        if not low <= value <= high:
            return missing(self.name, "out-of-range", spec.unit)
        dates = sorted(date for date in (first.date, second.date) if date is not None)
        sources = ", ".join(source for source in (first.source, second.source) if source is not None)
        return FeatureValue(
            self.name, value, unit=spec.unit, date=dates[0] if dates else None, source=sources or None
        )


def most_telling(reasons: Sequence[str | None]) -> str:
    """The reason nearest to a usable value: an unreadable unit says more than an input that is not there."""
    told = [reason for reason in reasons if reason is not None]
    return max(told, key=lambda reason: NEARNESS.get(reason, -1), default="input-missing")


def _formula(formula: str, a: float, b: float) -> float | None:
    if formula == "difference":
        return a - b
    denominator = b if formula == "ratio" else (b / 100.0) ** 2
    return a / denominator if denominator > 0.0 else None
