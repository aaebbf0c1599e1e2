"""Who the patient is, for fairness: age, sex, race and ethnicity as US Core records them.

Race and ethnicity are sets and are never guessed; "declined", "unknown" and "absent" stay three different
things.
"""

from datetime import UTC, datetime

import msgspec

from fhir_mapping.record import PatientRecord
from fhir_mapping.resources import Patient
from fhir_mapping.times import DateError, completed_years
from fhir_mapping.wire import Extension, decode_extensions

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
RACE = f"{US_CORE}us-core-race"
ETHNICITY = f"{US_CORE}us-core-ethnicity"
BIRTH_SEX = f"{US_CORE}us-core-birthsex"
SEX = f"{US_CORE}us-core-sex"
OMB = "urn:oid:2.16.840.1.113883.6.238"

# Elements that sex is read from, in order of preference; the first that says female or male counts.
SEX_SOURCES = ("us-core-birthsex", "us-core-sex", "gender")
_READ = frozenset((RACE, ETHNICITY, BIRTH_SEX, SEX))
_SEX_CODES = {
    "F": "female",
    "M": "male",
    "248152002": "female",
    "248153007": "male",
    "female": "female",
    "male": "male",
}


class Demographics(msgspec.Struct, frozen=True):
    """`age` in completed years; `sex` female, male, other words as recorded, or None when absent.

    `race` and `ethnicity` hold the ombCategory codes as recorded (OMB codes, `UNK`, `ASKU`); an empty set
    means that the record says nothing.
    """

    age: int | None = None
    sex: str | None = None
    race: frozenset[str] = frozenset()
    ethnicity: frozenset[str] = frozenset()


def of(record: PatientRecord, index: datetime) -> Demographics:
    """Demographics of a record's patient at an aware index time; all absent without a Patient resource."""
    patient = record.patient
    if patient is None:
        return Demographics()
    age: int | None = None
    if patient.birthDate is not None:
        try:
            age = completed_years(patient.birthDate, index.astimezone(UTC).date())
        except DateError:
            age = None
    found = _extensions(patient)
    return Demographics(age, sex(patient)[0], _categories(found.get(RACE)), _categories(found.get(ETHNICITY)))


def sex(patient: Patient) -> tuple[str | None, str | None]:
    """(sex, element it was read from); the first of SEX_SOURCES that says female or male, else what gender
    says."""
    found = _extensions(patient)
    for url, name in ((BIRTH_SEX, "us-core-birthsex"), (SEX, "us-core-sex")):
        extension = found.get(url)
        if extension is None:
            continue
        code = extension.valueCode or (extension.valueCoding.code if extension.valueCoding else None)
        if code in _SEX_CODES:
            return _SEX_CODES[code], name
    gender = patient.gender
    return (_SEX_CODES.get(gender, gender) if gender else None), "gender"


def _extensions(patient: Patient) -> dict[str, Extension]:
    raw = bytes(patient.extension)
    if not raw:
        return {}
    try:
        return {one.url: one for one in decode_extensions(raw) if one.url in _READ}
    except msgspec.MsgspecError:
        return {}


def _categories(extension: Extension | None) -> frozenset[str]:
    raw = bytes(extension.extension) if extension is not None else b""
    if not raw:
        return frozenset()
    try:
        parts = decode_extensions(raw)
    except msgspec.MsgspecError:
        return frozenset()
    codings = (part.valueCoding for part in parts if part.url == "ombCategory")
    return frozenset(coding.code for coding in codings if coding is not None and coding.code is not None)
