"""Allergies and intolerances, by what the entry is about or by the substance of a reaction."""

from functools import cache
from importlib import resources
from typing import cast

import msgspec

from fhir_mapping.errors import SpecError
from fhir_mapping.readers.entries import (
    NOT_CODED,
    CodePairs,
    EntryReader,
    carries,
    resolve_codes,
    systems_of,
    tells,
)
from fhir_mapping.readers.statuses import IGNORED, by_concept, refuted, statuses
from fhir_mapping.readers.words import displays_of, says_another
from fhir_mapping.record import PatientRecord
from fhir_mapping.resources import AllergyIntolerance
from fhir_mapping.spec import Allergy
from fhir_mapping.terminology.names import Naming
from fhir_mapping.times import IndexTime
from fhir_mapping.wire import NamedConcept, decoder
from fhir_mapping.yamlfile import read_yaml

_NOT_SAID = "unable-to-assess"


class _Reaction(msgspec.Struct, gc=False):
    substance: NamedConcept | None = None


class _About(msgspec.Struct, gc=False):
    code: NamedConcept | None = None


_decode_reactions = decoder(list[_Reaction])
_decode_about = decoder(_About)


@cache
def no_known_allergy() -> CodePairs:
    """(code, system) pairs which say that there is no allergy, or that nobody asked."""
    text = (resources.files("fhir_mapping") / "data" / "no-known-allergy.yaml").read_text(encoding="utf-8")
    return frozenset((code, system) for system, codes in read_yaml(text)["codes"].items() for code in codes)


class AllergyReader(EntryReader):
    """Compiled form of an `allergy` feature."""

    __slots__ = ("clinical", "codes", "criticality", "known", "naming", "systems")

    def __init__(self, spec: Allergy) -> None:
        """Raises SpecError when there are no codes, or one that says that there is no allergy."""
        super().__init__(spec, ("AllergyIntolerance",))
        self.codes = frozenset(resolve_codes(spec.valueset, spec.codes))
        denials = self.codes & no_known_allergy()
        if denials:
            raise SpecError(f"{min(denials)[0]} says that there is no allergy; take it out", "codes")
        self.systems = systems_of(self.codes)
        self.naming = Naming(self.codes, displays_of(spec.codes))
        self.clinical = frozenset(spec.clinical)
        self.criticality = frozenset(spec.criticality)
        known = statuses()
        self.known = known.clinical["AllergyIntolerance"], known.verification["AllergyIntolerance"]

    def meaning(self) -> dict[str, object]:
        """What the digest holds beside the spec."""
        return {"codes": sorted(self.codes)}

    def standing(self, record: PatientRecord, at: int, index: IndexTime) -> str | None:
        """Refuted and erroneous entries never count, and neither does "no known allergy"."""
        allergy = cast(AllergyIntolerance, record.resources[at])
        clinical, verification = self.known
        told = (
            refuted(allergy.verificationStatus, verification),
            by_concept(allergy.clinicalStatus, self.clinical, clinical),
            self._severity(allergy.criticality),
            self._about(record, at, allergy),
        )
        return IGNORED if IGNORED in told else next((reason for reason in told if reason is not None), None)

    def _severity(self, criticality: str | None) -> str | None:
        if not self.criticality or criticality in self.criticality:
            return None
        known = statuses().criticality["AllergyIntolerance"]
        return IGNORED if criticality in known and criticality != _NOT_SAID else "detail-missing"

    def _about(self, record: PatientRecord, at: int, allergy: AllergyIntolerance) -> str | None:
        if carries(allergy.code, no_known_allergy()):
            return IGNORED
        raw = bytes(allergy.reaction)
        try:
            reactions: list[_Reaction] = _decode_reactions(raw) if raw else []
        except msgspec.MsgspecError:
            return "invalid-resource"
        substances = [one.substance for one in reactions if one.substance is not None]
        if any(carries(concept, self.codes) for concept in (allergy.code, *substances)):
            return None
        about = [] if tells(allergy.code, self.codes, self.systems) else self._code(record, at)
        if allergy.code is None and not substances:
            return NOT_CODED
        untold = [*about, *(one for one in substances if not tells(one, self.codes, self.systems))]
        return IGNORED if all(says_another([one], self.naming) for one in untold) else NOT_CODED

    @staticmethod
    def _code(record: PatientRecord, at: int) -> list[NamedConcept]:
        """What the entry is about, with displays; none where only its reactions tell."""
        about: _About = _decode_about(record.raw(at))
        return [about.code] if about.code is not None else []
