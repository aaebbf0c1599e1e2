"""The first pass where the newest value is enough: of a patient's results under a code, one line is kept.

The others are forgotten at once, so that neither disk nor second pass sees them. What is kept beside the
leading line is everything odd: results that may be newer, or that may count in a way only the reader knows.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Literal, NamedTuple

import msgspec

from fhir_mapping.bulk.blocks import decoded
from fhir_mapping.bulk.interest import Interest
from fhir_mapping.bulk.leads import ALIKE, MIXED, NOTHING, Hidden, Lead
from fhir_mapping.bulk.lines import Lines
from fhir_mapping.bulk.marks import Marks, owner_digest
from fhir_mapping.bulk.outline import patient_of
from fhir_mapping.bulk.scan import Kept, Look, Tally, scan
from fhir_mapping.bulk.slots import KIND, Slot, Slots
from fhir_mapping.features import FeatureSet
from fhir_mapping.readers.elsewhere import Hints
from fhir_mapping.readers.observations import ObservationReader
from fhir_mapping.resources import Observation
from fhir_mapping.times import DateError, IndexTime, bounds, instant
from fhir_mapping.wire import Coding

HELD_BYTES = 8 * 2**20
"""Leading lines that are held in memory before they are handed on."""

# Decodes a line in full, so that it is known that the slim view can read what is forgotten.
_decoder = msgspec.json.Decoder(Observation)
# Full dateTimes of this shape, and of one zone, are in order of time when they are in order of text.
_SHAPE, _MARKS_OF_SHAPE = slice(4, 17, 3), "--T::"
_SECONDS = 19


class Newest(NamedTuple):
    """What the pass needs to know of a job: interest, slots, index time."""

    interest: Interest
    slots: Slots
    at: IndexTime

    @classmethod
    def of(cls, features: FeatureSet, index: datetime, zone: tzinfo) -> "Newest | None":
        """None when no feature is about newest values alone."""
        slots = Slots.of(features)
        if not slots.features:
            return None
        return cls(Interest.of(features), slots, IndexTime.at(index, zone))


class _Held(msgspec.Struct, gc=False):
    """A leading line while its piece is read; `zone` is what follows the seconds of its date, `hidden` grows
    with what it makes superfluous."""

    line: bytes
    id: str | None
    date: str
    moment: datetime
    zone: str
    hidden: Hidden = NOTHING

    def hides(self, other: "_Held") -> None:
        """Note that this line makes another leading line superfluous, with all that that one hides."""
        is_alike = self.zone == other.zone and MIXED not in (self.hidden, other.hidden)
        self.hidden = ALIKE if is_alike else MIXED

    def gives_way(self, line: bytes, name: str | None, date: str, moment: datetime) -> None:
        """Become a newer line of the same zone, which hides what led before."""
        self.line, self.id, self.date, self.moment = line, name, date, moment
        self.hidden = self.hidden or ALIKE


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
        touched = plan.interest.codes[KIND]
        # False for a code that is touched and has no slot; what is not here is not touched.
        self._slots: dict[str, Slot | Literal[False]] = dict.fromkeys(touched or (), False)
        self._slots.update(plan.slots.by_code)
        self._is_any = touched is None  # some feature has to look at every code itself
        self._hints = plan.interest.hints
        self._marks = marks
        self.size = self.taken = 0

    def take(
        self, found: Sequence[Observation | None], lines: Sequence[bytes]
    ) -> tuple[list[Kept], list[int]]:
        """Take in what is plain of some lines: results of known patients under one code of a slot, or under
        codes that no feature touches.

        Gives the lines that have to be kept as they are, because they neither lead nor are hidden, and the
        places of the lines that are not plain, of which nothing was taken in.
        """
        kept: list[Kept] = []
        odd: list[int] = []
        names: list[str | None] = []
        owners: list[int] = []
        slot_of, person_of, is_any = self._slots.get, self._people.get, self._is_any
        index, hints = self._plan.at, self._hints
        for at, one in enumerate(found):
            if one is None:
                odd.append(at)
                continue
            try:
                codings: list[Coding] = one.code.coding  # type: ignore[union-attr, assignment] # None: caught
                coding = codings[0] if len(codings) == 1 else self._asked(codings)
                if hints is not None and not _is_settled(codings, one, hints):
                    odd.append(at)
                    continue
                slot = slot_of(coding.code)  # type: ignore[arg-type] # None is no code of a feature
                if slot is None:
                    if is_any or not coding.code:
                        odd.append(at)
                    continue
                reference = one.subject.reference  # type: ignore[union-attr] # may be None: caught
            except (AttributeError, TypeError, ValueError, IndexError):
                odd.append(at)
                continue
            person = person_of(reference)  # type: ignore[arg-type] # None is nobody
            if person is None:
                person = self._met(reference or "")
            if not slot or person is None or coding.system not in slot.systems:
                odd.append(at)
                continue
            names.append(one.id)
            owners.append(person.digest)
            held, date = person.held[slot.number], one.effectiveDateTime
            if held is not None and date is not None and date[_SECONDS:] == held.zone:
                if date < held.date:
                    held.hidden = held.hidden or ALIKE
                    continue
                if date > held.date and (moment := _usable(one, slot.reader, index)) is not None:
                    held.gives_way(lines[at], one.id, date, moment)
                    continue
            if self._contend(person.held, slot, lines[at], one):
                kept.append(Kept(person.owner, KIND, one.id, None, lines[at]))
        self._marks.extend(KIND, names, owners)
        self.taken += len(names)
        return kept, odd

    def _asked(self, codings: Sequence[Coding]) -> Coding:
        """The only one of several codings that a feature touches, or one of them where none is touched.

        Raises ValueError where that cannot be told.
        """
        touched = [one for one in codings if one.code in self._slots]
        if len(touched) > 1 or not all(one.code for one in codings):
            raise ValueError
        return touched[0] if touched else codings[0]

    def _met(self, reference: str) -> _Person | None:
        owner = patient_of(reference)
        if owner is None or "://" in reference:
            return None  # an absolute URL may be another server's: only the whole chart tells
        person = self._people[reference] = _Person(owner, owner_digest(owner), self._width)
        return person

    def _contend(self, row: list[_Held | None], slot: Slot, line: bytes, one: Observation) -> bool:
        """Whether a line has to be kept, because it cannot be told to be older or newer than the leading
        one."""
        held, date, new = row[slot.number], one.effectiveDateTime, None
        if date is not None and (moment := _usable(one, slot.reader, self._plan.at)) is not None:
            new = _Held(line, one.id, date, moment, date[_SECONDS:])
        if held is None:
            row[slot.number] = new
            self.size += len(line) if new is not None else 0
            return new is None
        if new is None:
            if date is None or not _is_hidden(date, held, self._plan.at):
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


def _usable(one: Observation, reader: ObservationReader, index: IndexTime) -> datetime | None:
    """The moment of a result that may lead; None when it may not be usable or its date is of another
    shape."""
    date, quantity = one.effectiveDateTime, one.valueQuantity
    if date is None or quantity is None or one.status not in reader.statuses:
        return None
    value, _ = reader.units.convert(quantity)
    if value is None or not reader.low <= value <= reader.high or date[_SHAPE] != _MARKS_OF_SHAPE:
        return None
    try:
        moment = instant(date)
    except DateError:
        return None
    return moment if len(date) > _SECONDS and moment <= index.moment else None


def _is_settled(codings: Sequence[Coding], one: Observation, hints: Hints) -> bool:
    """Whether a result is what its codes say; else it may tell of more, or of something else."""
    return any(coding.code and hints.is_settled(coding.system, one.component) for coding in codings)


def _is_hidden(date: str, held: _Held, index: IndexTime) -> bool:
    """Whether a line that cannot lead is certain not to count beside a leading one: it is older, or later
    than the index time."""
    try:
        first = bounds(date, index.zone)[0]
    except DateError:
        return False
    return first < held.moment or first > index.moment


def scan_newest(lines: Lines, plan: Newest, tally: Tally, marks: Marks) -> Iterator[Kept]:
    """The lines to keep; `marks` takes every line that a feature touches, kept or not."""
    if lines.kind not in (KIND, None):
        yield from marks.taking(scan(lines, plan.interest, tally))
        return
    table, look = _Table(plan, marks), Look(lines, plan.interest, tally)
    plain = 0
    for found, whole in decoded(lines, _decoder):
        kept, odd = table.take(found, whole)
        plain += len(found) - len(odd)
        yield from kept
        if table.size > HELD_BYTES:
            yield from table.emptied()
        if odd:
            yield from marks.taking(filter(None, map(look, lines.singly(whole, odd))))
    yield from table.emptied()
    tally.read += plain
    tally.kept += table.taken
    if plain:
        tally.kinds.add(KIND)
