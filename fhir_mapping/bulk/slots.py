"""Which codes belong to one feature alone, and to one that asks for nothing but the newest value.

Of such a code most lines can be forgotten as soon as a newer one is met: see `fhir_mapping.bulk.newest`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from fhir_mapping.features import FeatureSet
from fhir_mapping.readers.newest import asks_for_newest, systems_of
from fhir_mapping.readers.observations import ObservationReader

KIND = "Observation"


class Slot(msgspec.Struct, frozen=True):
    """A feature's place in the table of newest values, and the systems of one of its codes."""

    number: int
    reader: ObservationReader
    systems: frozenset[str]


class Slots(NamedTuple):
    """Codes of the features whose newest value is enough; `features` are their names by number."""

    by_code: Mapping[str, Slot]
    features: tuple[str, ...]

    @classmethod
    def of(cls, features: FeatureSet) -> "Slots":
        """Slots of a feature set; none when some feature reads Observations whatever their code."""
        touching = [one for one in features.readers.values() if KIND in one.kinds]
        readers = [one for one in touching if isinstance(one, ObservationReader)]
        if len(readers) < len(touching):
            return cls({}, ())
        users = Counter(code for one in readers for code in _codes(one))
        plain = [
            one for one in readers if asks_for_newest(one) and all(users[code] == 1 for code in _codes(one))
        ]
        by_code = {
            code: Slot(number, reader, systems_of(reader, code))
            for number, reader in enumerate(plain)
            for code in _codes(reader)
        }
        return cls(by_code, tuple(one.name for one in plain))


def _codes(reader: ObservationReader) -> Iterator[str]:
    yield from {code for code, _ in (*reader.codes, *reader.panels)}
