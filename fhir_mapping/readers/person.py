"""Age and sex."""

from fhir_mapping.issues import Issue
from fhir_mapping.person import demographics
from fhir_mapping.record import PatientRecord
from fhir_mapping.spec import Age, Sex
from fhir_mapping.times import DateError, IndexTime, completed_years
from fhir_mapping.values import FeatureValue, missing


class AgeReader:
    """Compiled form of an `age` feature."""

    kinds = ("Patient",)
    unit = "a"
    __slots__ = ("name", "spec")

    def __init__(self, spec: Age) -> None:
        self.spec = spec
        self.name = spec.name

    def read(self, record: PatientRecord, index: IndexTime) -> FeatureValue:
        """Completed years at an index time; missing for a partial birth date that allows two ages."""
        patient, trouble = record.patient, record.patient_trouble
        if patient is None or trouble is not None:
            return missing(self.name, trouble or "not-provided", "a")
        if patient.birthDate is None:
            return self._untold(record, "not-recorded")
        try:
            years = completed_years(patient.birthDate, index.today)
        except DateError as error:
            return self._untold(record, error.code)
        if years is None:
            return self._untold(record, "birth-date-partial")
        low, high = self.spec.range or (0.0, 130.0)
        if not low <= years <= high:
            return self._untold(record, "out-of-range")
        return FeatureValue(self.name, float(years), unit="a", source=f"Patient/{patient.id}")

    def _untold(self, record: PatientRecord, reason: str) -> FeatureValue:
        path = f"{record.patient_path}.birthDate"
        record.issues.append(Issue(path, reason, f"gives no age for feature {self.name}"))
        return missing(self.name, reason, "a")


class SexReader:
    """Compiled form of a `sex` feature."""

    kinds = ("Patient",)
    __slots__ = ("name", "spec")

    def __init__(self, spec: Sex) -> None:
        self.spec = spec
        self.name = spec.name

    def read(self, record: PatientRecord, index: IndexTime) -> FeatureValue:
        """1 male, 0 female; `text` names the element that it was read from."""
        patient, trouble = record.patient, record.patient_trouble
        if patient is None or trouble is not None:
            return missing(self.name, trouble or "not-provided")
        sex, element = demographics.sex(patient)
        if sex not in ("male", "female"):
            reason = "not-recorded" if sex is None else "answer-not-listed"
            path = record.patient_path if element is None else f"{record.patient_path}.{element}"
            record.issues.append(Issue(path, reason, f"gives no value for feature {self.name}"))
            return missing(self.name, reason)
        return FeatureValue(
            self.name, 1.0 if sex == "male" else 0.0, source=f"Patient/{patient.id}", text=element
        )
