"""What the features of a model touch: which resource types, and of these which codes."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from fhir_mapping.features import FeatureSet
from fhir_mapping.readers.elsewhere import Hints
from fhir_mapping.readers.observations import ObservationReader
from fhir_mapping.terminology.code_systems import DOTTED, names_of

Codes = Mapping[str, frozenset[str]]
"""Code -> the systems in which it is touched, under all their names."""

DRUG_KINDS = frozenset({"MedicationAdministration", "MedicationRequest", "MedicationStatement"})
SHARED_KINDS = frozenset({"Medication"})
"""Types that belong to no patient and that patients' resources refer to."""


class Interest(NamedTuple):
    """Types that a feature set reads; `codes[kind]` is None when every resource of the type is read. `hints`
    tell of the observations that matter under other codes, where some may."""

    codes: Mapping[str, Codes | None]
    hints: Hints | None = None

    @property
    def kinds(self) -> frozenset[str]:
        """Types that are kept, shared ones too."""
        found = frozenset(self.codes)
        return found | SHARED_KINDS if found & DRUG_KINDS else found

    @classmethod
    def of(cls, features: FeatureSet) -> "Interest":
        """Interest of a feature set; the Patient is always of interest."""
        touched: dict[str, dict[str, set[str]] | None] = {"Patient": None}
        for kind, pairs in _touched(features):
            known = touched.setdefault(kind, {})
            if pairs is None or known is None:
                touched[kind] = None
                continue
            for code, system in pairs:
                known.setdefault(code, set()).update(names_of(system))
        hints: Hints | None = None
        for reader in features.readers.values():
            if isinstance(reader, ObservationReader) and reader.elsewhere is not None:
                hints = reader.elsewhere.hints.beside(hints)
        return cls({kind: _frozen(codes) for kind, codes in touched.items()}, hints)


def _touched(features: FeatureSet) -> Iterator[tuple[str, frozenset[tuple[str, str]] | None]]:
    for reader in features.readers.values():
        pairs: frozenset[tuple[str, str]] | None = None
        if isinstance(reader, ObservationReader):
            pairs = frozenset(reader.touched)
            if any(system in DOTTED for _, system in pairs):
                pairs = None  # too many spellings of each code to look for
        # Lists are kept whole: an entry without a code may be the one that a feature asks about.
        for kind in reader.kinds:
            yield kind, pairs


def _frozen(codes: dict[str, set[str]] | None) -> Codes | None:
    return None if codes is None else {code: frozenset(systems) for code, systems in codes.items()}
