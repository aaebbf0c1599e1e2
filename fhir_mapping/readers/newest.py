"""The newest values of all features that ask for nothing else, found in one pass over a chart.

Most charts hold full dateTimes of one zone under each code; then the newest text is the newest value, and
nothing needs indexing or sorting. Whatever is odd about a feature's observations leaves it to its own reader,
which gives the same several times slower.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeGuard

from fhir_mapping.readers.observations import ObservationReader
from fhir_mapping.record import PatientRecord
from fhir_mapping.resources import Observation
from fhir_mapping.terminology.code_systems import DOTTED, names_of
from fhir_mapping.times import IndexTime
from fhir_mapping.values import FeatureValue

__all__ = ["NewestValues", "asks_for_newest", "systems_of"]

# Statuses that are in order, accepted or not; any other is looked at with care.
_PLAIN_STATUSES = frozenset(
    ("final", "amended", "corrected", "preliminary", "registered", "cancelled", "entered-in-error")
)
_ZONE = len("2026-01-31T00:00:00")
_NOTHING: Mapping[str, FeatureValue] = {}


class _Place(NamedTuple):
    """A feature by number, with the systems of one of its codes and the statuses that it accepts."""

    number: int
    systems: frozenset[str]
    statuses: frozenset[str]


class NewestValues:
    """Features of one model that want the newest value of a code and nothing else."""

    __slots__ = ("_by_code", "_readers", "names")

    def __init__(self, readers: Iterable[object]) -> None:
        self._readers: Sequence[ObservationReader] = [one for one in readers if asks_for_newest(one)]
        self.names = tuple(reader.name for reader in self._readers)
        by_code: dict[str, tuple[_Place, ...]] = {}
        for number, reader in enumerate(self._readers):
            for code in {code for code, _ in reader.codes}:
                place = _Place(number, systems_of(reader, code), reader.statuses)
                by_code[code] = (*by_code.get(code, ()), place)
        self._by_code = by_code

    def read(self, record: PatientRecord, index: IndexTime) -> Mapping[str, FeatureValue]:
        """Values by feature name, without those that need to be read with care."""
        if not self._readers or record.is_ambiguous(-1):
            return _NOTHING
        look_up, width = self._by_code.get, len(self._readers)
        leading: list[Observation | None] = [None] * width
        dates, zones, positions = [""] * width, [""] * width, [-1] * width
        odd: set[int] = set()
        for at, resource in enumerate(record.resources):
            if type(resource) is not Observation:
                continue
            concept = resource.code
            codings = concept.coding if concept is not None else None
            if not codings:
                return _NOTHING  # nobody can tell which feature it is about
            for coding in codings:
                places = look_up(coding.code)  # type: ignore[arg-type] # None is no code of a feature
                if places is None:
                    if not coding.code:
                        return _NOTHING
                    continue
                when, status = resource.effectiveDateTime, resource.status
                for number, systems, accepted in places:
                    if coding.system not in systems:
                        if not coding.system:
                            odd.add(number)
                        continue
                    if when is None or status not in _PLAIN_STATUSES:
                        odd.add(number)
                        continue
                    newest, zone = dates[number], when[_ZONE:]
                    if not zone or zone != zones[number]:
                        if zones[number] or not zone:  # a day, or two zones: text order is not time order
                            odd.add(number)
                            continue
                        zones[number] = zone
                    if when > newest:
                        if status in accepted:
                            leading[number], dates[number], positions[number] = resource, when, at
                    elif when == newest and positions[number] != at:
                        odd.add(number)
        found: dict[str, FeatureValue] = {}
        for number, reader in enumerate(self._readers):
            if number in odd:
                continue
            chosen = leading[number]
            if chosen is not None:
                value = reader.settled(record, chosen, positions[number], index)
            else:
                value = None if zones[number] else reader.absent(record)
            if value is not None:
                found[reader.name] = value
        return found


def asks_for_newest(reader: object) -> TypeGuard[ObservationReader]:
    """Whether a reader wants the newest value of codes that are written in one way only."""
    if type(reader) is not ObservationReader or not reader.plain:
        return False
    return all(system not in DOTTED for _, system in reader.codes)


def systems_of(reader: ObservationReader, code: str) -> frozenset[str]:
    """Systems in which a code is the reader's, under all their names."""
    return frozenset(name for own, system in reader.codes if own == code for name in names_of(system))
