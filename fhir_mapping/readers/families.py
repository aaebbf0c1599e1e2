"""Illnesses of relatives: who, what, and at which age it began."""

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
from fhir_mapping.readers.onset import Illness, began_before
from fhir_mapping.readers.statuses import IGNORED, by_code, statuses
from fhir_mapping.readers.words import displays_of, says_another
from fhir_mapping.record import PatientRecord
from fhir_mapping.resources import FamilyMemberHistory
from fhir_mapping.spec import FamilyHistory
from fhir_mapping.terminology.names import Naming
from fhir_mapping.times import IndexTime
from fhir_mapping.wire import CodeableConcept, decoder
from fhir_mapping.yamlfile import read_yaml

_HEALTH_UNKNOWN = "health-unknown"
_DEGREES = {"first": ("first",), "second": ("second",), "any": ("first", "second", "further")}


class _Relative(msgspec.Struct, gc=False):
    condition: list[Illness] | None = None
    bornDate: str | None = None  # noqa: N815 - FHIR's own name


_decode_relative = decoder(_Relative)


class _Relatives(msgspec.Struct, frozen=True):
    systems: tuple[str, ...]
    first: tuple[str, ...]
    second: tuple[str, ...]
    further: tuple[str, ...]
    not_by_blood: tuple[str, ...]

    def pairs(self, *groups: str) -> CodePairs:
        """(code, system) pairs of some of the groups."""
        codes = [code for group in groups for code in getattr(self, group)]
        return frozenset((code, system) for code in codes for system in self.systems)


@cache
def _relatives() -> _Relatives:
    text = (resources.files("fhir_mapping") / "data" / "relatives.yaml").read_text(encoding="utf-8")
    return msgspec.convert(read_yaml(text), _Relatives)


class FamilyReader(EntryReader):
    """Compiled form of a `family_history` feature."""

    __slots__ = (
        "codes",
        "known",
        "naming",
        "onset_before",
        "others",
        "relationships",
        "statuses",
        "systems",
    )

    def __init__(self, spec: FamilyHistory) -> None:
        """Raises SpecError when there are no codes of illnesses, or two ways to say whose."""
        super().__init__(spec, ("FamilyMemberHistory",))
        if spec.degree is not None and spec.relationships:
            raise SpecError("takes the place of `degree`; keep one of the two", "relationships")
        table = _relatives()
        self.codes = frozenset(resolve_codes(spec.valueset, spec.codes))
        self.systems = systems_of(self.codes)
        self.naming = Naming(self.codes, displays_of(spec.codes))
        listed = frozenset((one.code, one.system) for one in spec.relationships)
        self.relationships = listed or table.pairs(*_DEGREES[spec.degree or "any"])
        self.others = table.pairs("first", "second", "further", "not_by_blood") - self.relationships
        self.onset_before = spec.onset_before
        self.statuses = frozenset(spec.statuses)
        self.known = statuses().status["FamilyMemberHistory"]

    def meaning(self) -> dict[str, object]:
        """What the digest holds beside the spec."""
        return {"codes": sorted(self.codes), "relationships": sorted(self.relationships)}

    def standing(self, record: PatientRecord, at: int, index: IndexTime) -> str | None:
        """A relative counts with one of the illnesses, begun before the age where one is asked for.

        Of a relative whose health is recorded as unknown, nobody can say that there is none of it.
        """
        history = cast(FamilyMemberHistory, record.resources[at])
        kin = self._kin(history.code)
        standing = by_code(history.status, self.statuses, self.known)
        if kin == IGNORED or (standing == IGNORED and history.status != _HEALTH_UNKNOWN):
            return IGNORED
        if history.status == _HEALTH_UNKNOWN:
            return _HEALTH_UNKNOWN
        try:
            illness = self._ill(_decode_relative(record.raw(at)))
        except msgspec.MsgspecError:
            illness = "invalid-resource"
        return IGNORED if illness == IGNORED else kin or standing or illness

    def _kin(self, relationship: CodeableConcept | None) -> str | None:
        if carries(relationship, self.relationships):
            return None
        return IGNORED if carries(relationship, self.others) else NOT_CODED

    def _ill(self, relative: _Relative) -> str | None:
        told = {self._one(illness, relative.bornDate) for illness in relative.condition or ()}
        if None in told:
            return None
        return next((reason for reason in ("onset-unknown", NOT_CODED) if reason in told), IGNORED)

    def _one(self, illness: Illness, born: str | None) -> str | None:
        if not carries(illness.code, self.codes):
            told = tells(illness.code, self.codes, self.systems)
            return IGNORED if told or says_another([illness.code], self.naming) else NOT_CODED
        if self.onset_before is None:
            return None
        early = began_before(illness, self.onset_before, born)
        if early is None:
            return "onset-unknown"
        return None if early else IGNORED
