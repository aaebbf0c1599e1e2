"""Whether an illness began before an age, as far as the recorded onset tells."""

from datetime import UTC, date
from typing import NamedTuple

import msgspec

from fhir_mapping.terminology.code_systems import canonical
from fhir_mapping.terminology.units import UCUM
from fhir_mapping.times import DateError, bounds
from fhir_mapping.wire import NamedConcept, Period, Quantity, Range

_YEARS = {"a": 1.0, "mo": 1.0 / 12.0, "wk": 7.0 / 365.25, "d": 1.0 / 365.25}
_EVER = float("inf")


class Illness(msgspec.Struct, gc=False):
    """FHIR FamilyMemberHistory.condition; an onset in words is not read."""

    code: NamedConcept | None = None
    onsetAge: Quantity | None = None  # noqa: N815 - FHIR's own names
    onsetRange: Range | None = None  # noqa: N815
    onsetPeriod: Period | None = None  # noqa: N815


class _Span(NamedTuple):
    """Ages in years that are possible; `below` says that `high` itself is not."""

    low: float
    high: float
    below: bool = False


def began_before(illness: Illness, years: int, born: str | None) -> bool | None:
    """Whether an illness surely began before (surely not before) an age in years; None when that is not told.

    An age is in UCUM `a`, `mo`, `wk` or `d`; a period needs the relative's date of birth.
    """
    if illness.onsetAge is not None:
        return _within(_span(illness.onsetAge), years)
    if illness.onsetRange is not None:
        return _within(_range(illness.onsetRange), years)
    if illness.onsetPeriod is not None and born is not None:
        return _dated(illness.onsetPeriod, years, born)
    return None


def _within(span: _Span | None, years: int) -> bool | None:
    if span is None:
        return None
    if span.high < years or (span.below and span.high <= years):
        return True
    return False if span.low >= years else None


def _span(age: Quantity) -> _Span | None:
    unit = age.code if age.code is not None else age.unit
    factor = _YEARS.get(unit or "") if canonical(age.system or UCUM) == UCUM else None
    if factor is None or age.value is None or age.value < 0.0:
        return None
    value = age.value * factor
    if age.comparator is None:
        return _Span(value, value)
    if age.comparator in ("<", "<="):
        return _Span(0.0, value, age.comparator == "<")
    return _Span(value, _EVER) if age.comparator in (">", ">=") else None


def _range(range_: Range) -> _Span | None:
    low = _span(range_.low) if range_.low is not None else _Span(0.0, 0.0)
    high = _span(range_.high) if range_.high is not None else _Span(_EVER, _EVER)
    if low is None or high is None or low.low > high.high:
        return None
    return _Span(low.low, high.high)


def _dated(period: Period, years: int, born: str) -> bool | None:
    try:
        birth = bounds(born, UTC)  # days of a calendar, which are compared with days
        first = bounds(period.start, UTC)[0] if period.start is not None else None
        last = bounds(period.end, UTC)[1] if period.end is not None else None
    except DateError:
        return None
    if last is not None and last.date() < _birthday(birth[0].date(), years):
        return True
    return False if first is not None and first.date() >= _birthday(birth[1].date(), years) else None


def _birthday(born: date, years: int) -> date:
    """The day on which an age is reached; those born on a leap day reach it on 1 March."""
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        return born.replace(year=min(born.year + years, 9999), month=3, day=1)
