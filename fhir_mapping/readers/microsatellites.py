"""Microsatellite instability of a tumour as a number."""

from datetime import tzinfo
from typing import Any

from fhir_mapping.errors import SpecError
from fhir_mapping.genomics import Biomarker
from fhir_mapping.readers.genomic_results import MICROSATELLITES, GenomicReader
from fhir_mapping.record import PatientRecord
from fhir_mapping.spec_genomics import Microsatellite
from fhir_mapping.times import DateError, IndexTime, bounds
from fhir_mapping.values import FeatureValue


class MicrosatelliteReader(GenomicReader):
    """Compiled form of a `microsatellite` feature."""

    __slots__ = ("levels",)

    def __init__(self, spec: Microsatellite) -> None:
        """Raises SpecError when no level has a number."""
        super().__init__(spec, MICROSATELLITES)
        if not spec.levels:
            raise SpecError("must give a number to at least one of stable, low and high", "levels")
        self.levels: dict[str, float] = {str(level): number for level, number in spec.levels.items()}

    def read(self, record: PatientRecord, index: IndexTime) -> FeatureValue:
        """The level of the newest usable result; two of the same time that differ contradict each other."""
        findings, refused = self.results(record, index)
        trouble = self.trouble(record, refused)
        if trouble is not None:
            return trouble
        kind = MICROSATELLITES[0]
        found = [one for one in findings.biomarkers if one.kind == kind]
        usable = [one for one in found if one.reason is None]
        if not found:
            return self.unrecorded(record, refused)
        if not usable:
            return self.refused(record, found[0].reason or "no-value", *(one.origin for one in found))
        newest = usable[0]
        same_time = [one for one in usable if _time(one, index.zone) == _time(newest, index.zone)]
        if len({_word(one) for one in same_time}) > 1:
            return self.refused(record, "conflicting-calls", *(one.origin for one in same_time))
        value = self.levels.get(_word(newest))
        if value is None:
            return self.refused(record, "answer-not-listed", newest.origin)
        return self.found(value, newest.origin, _word(newest))

    def told(self) -> dict[str, Any]:
        """What a third party needs to know to send this."""
        return {"levels": self.levels, "value": "latest"}


def _word(marker: Biomarker) -> str:
    return (marker.answer.word if marker.answer is not None else None) or ""


def _time(marker: Biomarker, zone: tzinfo) -> object:
    date = marker.origin.date or marker.origin.issued or ""
    try:
        return bounds(date, zone)[0]
    except DateError:
        return date
