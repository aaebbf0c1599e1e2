"""The first pass where the newest value is enough: of a patient's results under a code, one line is kept.

The others are forgotten at once, so that neither disk nor second pass sees them. What is kept beside the
leading line is everything odd: results that may be newer, or that may count in a way only the reader knows.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, tzinfo
from functools import cache
from typing import Any, NamedTuple

import msgspec

from fhir_mapping.bulk.interest import Interest
from fhir_mapping.bulk.leads import ALIKE, MIXED, NOTHING, Hidden, Lead
from fhir_mapping.bulk.lines import Lines
from fhir_mapping.bulk.marks import Marks, owner_digest
from fhir_mapping.bulk.outline import UNDECODABLE, patient_of
from fhir_mapping.bulk.scan import Kept, Look, Tally
from fhir_mapping.bulk.slots import KIND, Slot, Slots
from fhir_mapping.features import FeatureSet
from fhir_mapping.readers.observations import ObservationReader
from fhir_mapping.record import LISTS
from fhir_mapping.resources import Observation
from fhir_mapping.times import DateError, IndexTime, bounds, instant

HELD_BYTES = 8 * 2**20
"""Leading lines that are held in memory before they are handed on."""

_NEEDED = frozenset(("id", "status", "code", "subject", "effectiveDateTime", "valueQuantity"))
# Full dateTimes of this shape, and of one zone, are in order of time when they are in order of text.
_SHAPE, _MARKS_OF_SHAPE = slice(4, 17, 3), "--T::"
_SECONDS = 19


class Newest(NamedTuple):
    """What the pass needs to know of a job: interest, slots, index time, and whether a resource that cannot
    be read takes back what is concluded from the absence of others."""

    interest: Interest
    slots: Slots
    at: IndexTime
    is_strict: bool

    @classmethod
    def of(cls, features: FeatureSet, index: datetime, zone: tzinfo) -> "Newest | None":
        """None when no feature is about newest values alone."""
        slots = Slots.of(features)
        if not slots.features:
            return None
        is_strict = not features.kinds.isdisjoint(LISTS)
        return cls(Interest.of(features), slots, IndexTime.at(index, zone), is_strict)


class _Held:
    """A leading line while its piece is read; `hidden` grows with what it makes superfluous."""

    __slots__ = ("date", "hidden", "id", "line", "moment", "zone")

    def __init__(self, line: bytes, name: str | None, date: str, moment: datetime) -> None:
        self.line = line
        self.id = name
        self.date = date
        self.zone = date[_SECONDS:]
        self.moment = moment
        self.hidden: Hidden = NOTHING

    def hides(self, other: "_Held") -> None:
        """Note that this line makes another leading line superfluous, with all that that one hides."""
        is_alike = self.zone == other.zone and MIXED not in (self.hidden, other.hidden)
        self.hidden = ALIKE if is_alike else MIXED


class _Person:
    """The leading lines of one patient by slot."""

    __slots__ = ("digest", "held", "owner")

    def __init__(self, owner: str, digest: int, slots: int) -> None:
        self.owner = owner
        self.digest = digest
        self.held: list[_Held | None] = [None] * slots


class _Table:
    """Leading lines of a part of an export, by patient and slot; `size` are the bytes that it holds, `taken`
    the lines that it was given."""

    def __init__(self, plan: Newest, marks: Marks) -> None:
        self._plan = plan
        self._width = len(plan.slots.features)
        self._people: dict[str, _Person] = {}
        self._mark = marks.marker(KIND)
        self.size = self.taken = 0

    def take(self, line: bytes, one: Any, slot: Slot) -> bool | None:
        """Whether a line has to be kept as it is, because it neither leads nor is hidden; None when it is
        not a result of a known patient."""
        about = one.subject
        if about is None or one.kind != KIND:
            return None
        person = self._people.get(about.reference)
        if person is None and (person := self._met(about.reference)) is None:
            return None
        self.taken += 1
        self._mark(one.id, person.digest)
        held, date = person.held[slot.number], one.effectiveDateTime
        if held is not None and date is not None and date[_SECONDS:] == held.zone and date < held.date:
            if held.hidden == NOTHING:
                held.hidden = ALIKE
            return False
        return self._contend(person.held, slot, line, one)

    def _met(self, reference: str | None) -> _Person | None:
        owner = patient_of(reference)
        if reference is None or owner is None or "://" in reference:
            return None  # an absolute URL may be another server's: only the whole chart tells
        person = self._people[reference] = _Person(owner, owner_digest(owner), self._width)
        return person

    def _contend(self, row: list[_Held | None], slot: Slot, line: bytes, one: Any) -> bool:
        held, new = row[slot.number], _leading(line, one, slot.reader, self._plan.at)
        if held is None:
            row[slot.number] = new
            self.size += len(line) if new is not None else 0
            return new is None
        if new is None:
            if one.effectiveDateTime is None or not _is_hidden(one.effectiveDateTime, held, self._plan.at):
                return True
            held.hidden = MIXED
            return False
        if new.moment == held.moment:
            return True
        if new.moment > held.moment:
            row[slot.number] = new
            new.hides(held)
        else:
            held.hides(new)
        return False

    def emptied(self) -> Iterator[Kept]:
        """All leading lines; the table then holds nothing."""
        for person in self._people.values():
            for feature, held in zip(self._plan.slots.features, person.held, strict=True):
                if held is not None:
                    lead = Lead(feature, held.date, held.hidden)
                    yield Kept(person.owner, KIND, held.id, None, held.line, lead)
        self._people.clear()
        self.size = 0


def _leading(line: bytes, one: Any, reader: ObservationReader, index: IndexTime) -> _Held | None:
    """The line as a leading one, or None when it may not be usable or its date is of another shape."""
    date: str | None = one.effectiveDateTime
    quantity = one.valueQuantity
    if date is None or quantity is None or one.status not in reader.statuses:
        return None
    value, _ = reader.units.convert(quantity)
    if value is None or not reader.low <= value <= reader.high or date[_SHAPE] != _MARKS_OF_SHAPE:
        return None
    try:
        moment = instant(date)
    except DateError:
        return None
    return _Held(line, one.id, date, moment) if len(date) > _SECONDS and moment <= index.moment else None


def _is_hidden(date: str, held: _Held, index: IndexTime) -> bool:
    """Whether a line that cannot lead is certain not to count beside a leading one: it is older, or later
    than the index time."""
    try:
        first = bounds(date, index.zone)[0]
    except DateError:
        return False
    return first < held.moment or first > index.moment


@cache
def _decoder(is_strict: bool, with_parts: bool) -> Callable[[bytes], Any]:
    """Decodes a line as the slim view of Observation does, with its type; in full when it has to be known
    that the slim view could read the line."""
    fields = [
        (one.name, one.type, one.default)
        for one in msgspec.structs.fields(Observation)
        if is_strict or one.name in _NEEDED or (with_parts and one.name == "component")
    ]
    kind = ("kind", str, msgspec.field(name="resourceType"))
    return msgspec.json.Decoder(msgspec.defstruct("Line", [kind, *fields], gc=False)).decode


def scan_newest(lines: Lines, plan: Newest, tally: Tally, marks: Marks) -> Iterator[Kept]:
    """The lines to keep; `marks` takes every line that a feature touches, kept or not."""
    look = Look(lines, plan.interest, tally)
    if lines.kind not in (KIND, None):
        yield from marks.taking(filter(None, map(look, lines)))
        return
    table = _Table(plan, marks)
    decode, take = _decoder(plan.is_strict, plan.interest.hints is not None), table.take
    hints = plan.interest.hints
    by_code, touched = plan.slots.by_code, plan.interest.codes[KIND] or {}
    passed = 0
    for line in lines:
        try:
            one = decode(line)
            (coding,) = one.code.coding
            slot = by_code.get(coding.code)
            is_open = hints is not None and not hints.is_settled(coding.system, one.component)
        except (*UNDECODABLE, AttributeError, TypeError, ValueError):
            slot, one, is_open = None, None, True
        if is_open:  # it may tell of more, or of something else, than its code says
            slot = one = None
        if slot is not None and coding.system in slot.systems and (told := take(line, one, slot)) is not None:
            passed += 1
            if told:
                yield Kept(patient_of(one.subject.reference) or "", KIND, one.id, None, line)
            elif table.size > HELD_BYTES:
                yield from table.emptied()
        elif (
            slot is None
            and one is not None
            and one.kind == KIND
            and coding.code
            and coding.code not in touched
        ):
            passed += 1
        elif (odd := look(line)) is not None:
            marks.take(odd)
            yield odd
    yield from table.emptied()
    tally.read += passed
    tally.kept += table.taken
    if passed:
        tally.kinds.add(KIND)
