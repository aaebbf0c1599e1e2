"""Features of the times of observations: their trend, and how long ago they were made."""

from collections.abc import Sequence

from fhir_mapping.issues import Issue
from fhir_mapping.readers.candidates import Candidate
from fhir_mapping.readers.observations import Found, ObservationReader
from fhir_mapping.readers.since import DAY_LENGTH, days_since
from fhir_mapping.readers.trends import slope_per_year
from fhir_mapping.record import PatientRecord
from fhir_mapping.times import IndexTime, bounds
from fhir_mapping.values import FeatureValue, missing

TIMED = frozenset(("trend", "days_since", "days_since_first"))
"""Values of an `observation` feature that this reader is for."""


class TimedObservationReader(ObservationReader):
    """Compiled form of an `observation` feature with `trend`, `days_since` or `days_since_first`.

    Like the others it is missing when a value that bears on it cannot be read: for a trend any in the window.
    Date and source are those of the newest value, or of the one that days are counted from.
    """

    __slots__ = ()

    @property
    def unit(self) -> str | None:
        """The values' unit per year, days, or None for yes or no."""
        if self.at_least is not None:
            return None
        return f"{self.canonical or 1}/a" if self.which == "trend" else "d"

    def _none(self, record: PatientRecord, refused: str) -> FeatureValue:
        return missing(self.name, super()._none(record, refused).reason or refused, self.unit)

    def _gathered(
        self, record: PatientRecord, ordered: Sequence[Candidate], panels: frozenset[int]
    ) -> tuple[list[Found], str | None]:
        """As for the others; of a month that reaches beyond the latest value, nobody knows which is later."""
        found, trouble = super()._gathered(record, ordered, panels)
        if self.which != "days_since" or not found or trouble is not None:
            return found, trouble
        latest = bounds(record.resources[found[0].at].began or "", record.zone)[1]
        dated = [record.resources[at].began or "" for at, reason in ordered if reason is None]
        beyond = any(len(date) < DAY_LENGTH and bounds(date, record.zone)[1] > latest for date in dated)
        return found, "date-partial" if beyond else None

    def _value(self, record: PatientRecord, found: list[Found], index: IndexTime) -> FeatureValue:
        trend = self.which == "trend"
        if trend and self._is_vague(record, found):
            return missing(self.name, "date-partial", self.unit)
        dates = [record.resources[one.at].began or "" for one in found]
        number, chosen, reason = (
            self._slope(dates, found, index)
            if trend
            else days_since(dates, index, self.which != "days_since")
        )
        if number is None:
            return missing(self.name, reason or "undefined", self.unit)
        if self.at_least is not None:
            number = 1.0 if number >= self.at_least else 0.0
        at = found[chosen].at
        return FeatureValue(self.name, number, unit=self.unit, date=dates[chosen], source=record.source(at))

    def _slope(
        self, dates: list[str], found: list[Found], index: IndexTime
    ) -> tuple[float | None, int, str | None]:
        slope, reason = slope_per_year(dates, [one.value for one in found], self.points, index.zone)
        return slope, 0, reason

    def _is_vague(self, record: PatientRecord, found: list[Found]) -> bool:
        """Whether a value has no place on a line, dated with a month or a year; each leaves an issue."""
        vague = [one.at for one in found if len(record.resources[one.at].began or "") < DAY_LENGTH]
        told = f"feature {self.name} could not use this"
        record.issues.extend(Issue(record.path(at), "date-partial", told) for at in vague)
        return bool(vague)
