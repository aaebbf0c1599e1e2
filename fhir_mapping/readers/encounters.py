"""Encounters by class, such as emergency, and by type."""

from typing import cast

from fhir_mapping.errors import SpecError
from fhir_mapping.readers.entries import NOT_CODED, EntryReader, carries, resolve_codes, systems_of, tells
from fhir_mapping.readers.statuses import IGNORED, by_code, statuses
from fhir_mapping.record import PatientRecord
from fhir_mapping.resources import Encounter as EncounterResource
from fhir_mapping.spec import Encounter
from fhir_mapping.terminology.code_systems import canonical
from fhir_mapping.times import IndexTime

ACT_CODE = ("http://terminology.hl7.org/CodeSystem/v3-ActCode", "http://hl7.org/fhir/v3/ActCode")


class EncounterReader(EntryReader):
    """Compiled form of an `encounter` feature."""

    __slots__ = ("classes", "codes", "known", "statuses", "systems")

    def __init__(self, spec: Encounter) -> None:
        """Raises SpecError when neither classes nor types are asked for."""
        super().__init__(spec, ("Encounter",))
        coded = spec.valueset is not None or spec.codes
        if not coded and not spec.classes:
            raise SpecError("needs `classes`, or `valueset` or `codes`")
        listed = resolve_codes(spec.valueset, spec.codes) if coded else ()
        self.codes = frozenset(pair for pair in listed if pair[1] not in ACT_CODE)
        self.systems = systems_of(self.codes)
        self.classes = frozenset((*spec.classes, *(code for code, system in listed if system in ACT_CODE)))
        self.statuses = frozenset(spec.statuses)
        self.known = statuses().status["Encounter"]

    def meaning(self) -> dict[str, object]:
        """What the digest holds beside the spec."""
        return {"codes": sorted(self.codes), "classes": sorted(self.classes)}

    def standing(self, record: PatientRecord, at: int, index: IndexTime) -> str | None:
        """Both the class and the type have to be among those asked for, where both are."""
        encounter = cast(EncounterResource, record.resources[at])
        told = (
            by_code(encounter.status, self.statuses, self.known),
            self._class(encounter) if self.classes else None,
            self._type(encounter) if self.codes else None,
        )
        return IGNORED if IGNORED in told else next((reason for reason in told if reason is not None), None)

    def _class(self, encounter: EncounterResource) -> str | None:
        setting = encounter.setting
        if setting is None or canonical(setting.system or "") not in ACT_CODE:
            return NOT_CODED
        if setting.code in self.classes:
            return None
        return IGNORED if setting.code in statuses().classes["Encounter"] else NOT_CODED

    def _type(self, encounter: EncounterResource) -> str | None:
        types = encounter.types or ()
        if any(carries(concept, self.codes) for concept in types):
            return None
        told = [tells(one, self.codes, self.systems) for one in types]
        return IGNORED if told and all(told) else NOT_CODED
