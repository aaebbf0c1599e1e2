"""Onsets and abatements that are told as an age, a range of ages or in words, not as a date.

An age and a birth date give a span of time, not a day: a person of 60 has been so for up to a year. Whether
something lies before the index time or in a window is told by the span; a number of days never is.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from fhir_mapping.readers.window import placed
from fhir_mapping.record import PatientRecord
from fhir_mapping.resources import AllergyIntolerance, Condition
from fhir_mapping.terminology.code_systems import canonical
from fhir_mapping.terminology.units import UCUM
from fhir_mapping.times import EARLIEST, DateError, IndexTime, bounds
from fhir_mapping.wire import Quantity, Range, decoder

__all__ = ["ONSET_UNKNOWN", "Span", "abatement", "onset", "onset_placed"]

ONSET_UNKNOWN = "onset-unknown"
IN_WORDS = "in-words"
"""Says that something is over, in words that give no time."""

_UNTOLD = "date-missing"
_LATEST = datetime.max.replace(tzinfo=UTC)
_DAYS = {"a": 365.25, "mo": 30.4375, "wk": 7.0, "d": 1.0}
# Calendar years and months differ from their mean lengths by up to this much.
_SLACK = {"a": timedelta(days=2), "mo": timedelta(days=3)}
_decode_age = decoder(Quantity)
_decode_range = decoder(Range)
_decode_words = decoder(str)


class Span(NamedTuple):
    """Earliest and latest moment that are possible."""

    first: datetime
    last: datetime


def onset(record: PatientRecord, entry: Condition | AllergyIntolerance) -> Span | str | None:
    """When an entry began that gives its onset without a date; None for one with a date, or without onset.

    `onset-unknown` where it is told in words, without the patient's birth date, or as a period without start.
    """
    if entry.onsetDateTime is not None:
        return None
    if entry.onsetPeriod is not None:
        return None if entry.onsetPeriod.start is not None else ONSET_UNKNOWN
    if bytes(entry.onsetAge) or bytes(entry.onsetRange):
        return _lived(record, entry.onsetAge, entry.onsetRange) or ONSET_UNKNOWN
    return ONSET_UNKNOWN if bytes(entry.onsetString) else None


def onset_placed(
    found: Span | str, recorded: str | None, index: IndexTime, earliest: datetime
) -> tuple[datetime | None, str | None]:
    """As `window.placed` for what `onset` found; `recorded` is the day of recording, before which it began.

    A span counts as a partial date does. An onset that is not known counts where any time does; it is stale
    when it was recorded before the window, and otherwise nobody can tell.
    """
    on_record = placed(recorded, index, EARLIEST)
    if recorded is not None and on_record[0] is None:
        return on_record
    if isinstance(found, str):
        if earliest == EARLIEST:
            return on_record[0] or EARLIEST, None
        is_stale = recorded is not None and bounds(recorded, index.zone)[1] < earliest
        return None, "stale" if is_stale else found
    last = min(found.last, bounds(recorded, index.zone)[1]) if recorded is not None else found.last
    if found.first > index.moment:
        return None, "after-index-time"
    if last > index.moment and recorded is None:
        return None, "date-partial"
    return (None, "stale") if last < earliest else (found.first, None)


def abatement(record: PatientRecord, condition: Condition) -> Span | str | None:
    """When a condition was over; None when nothing says that it was.

    `in-words` for words, `date-missing` for an age without the patient's birth date and a period without
    bounds. Raises DateError.
    """
    if condition.abatementDateTime is not None:
        return Span(*bounds(condition.abatementDateTime, record.zone))
    period = condition.abatementPeriod
    if period is not None:
        if period.start is None and period.end is None:
            return _UNTOLD
        first = bounds(period.start, record.zone) if period.start is not None else (EARLIEST, EARLIEST)
        return Span(first[0], bounds(period.end, record.zone)[1] if period.end is not None else first[1])
    if bytes(condition.abatementAge) or bytes(condition.abatementRange):
        return _lived(record, condition.abatementAge, condition.abatementRange) or _UNTOLD
    return _in_words(condition.abatementString) if bytes(condition.abatementString) else None


def _in_words(raw: msgspec.Raw) -> str:
    try:
        return IN_WORDS if _decode_words(raw).strip() else "invalid-resource"
    except msgspec.MsgspecError:
        return "invalid-resource"


def _lived(record: PatientRecord, age: msgspec.Raw, ages: msgspec.Raw) -> Span | None:
    """The time at which the patient was of an age, or of a range of ages; None where that is not told."""
    patient = record.patient
    if patient is None or patient.birthDate is None or not record.accepts_patient():
        return None
    try:
        born = Span(*bounds(patient.birthDate, record.zone))
        if bytes(age):
            return _at_age(_decode_age(age), born)
        range_: Range = _decode_range(ages)
    except (DateError, msgspec.MsgspecError):
        return None
    low = _at_age(range_.low, born) if range_.low is not None else Span(born.first, born.last)
    high = _at_age(range_.high, born) if range_.high is not None else Span(born.first, _LATEST)
    if low is None or high is None or low.first > high.last:
        return None
    return Span(low.first, high.last)


def _at_age(age: Quantity, born: Span) -> Span | None:
    """The time at which somebody was of a completed age in UCUM `a`, `mo`, `wk` or `d`."""
    unit = (age.code if age.code is not None else age.unit) or ""
    if unit not in _DAYS or canonical(age.system or UCUM) != UCUM:
        return None
    if age.value is None or age.value < 0.0 or age.comparator not in (None, "<", "<=", ">", ">="):
        return None
    slack = _SLACK.get(unit, timedelta())
    try:
        first = born.first + timedelta(days=age.value * _DAYS[unit]) - slack
        last = born.last + timedelta(days=(age.value + 1.0) * _DAYS[unit]) + slack
    except OverflowError:
        return None
    if age.comparator in ("<", "<="):
        first = born.first
    return Span(max(first, born.first), _LATEST if age.comparator in (">", ">=") else last)
