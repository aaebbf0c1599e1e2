"""Who the patient is, as the record says it: age, sex, race, ethnicity, language, coverage.

Race and ethnicity are sets and are never guessed; "declined", "unknown" and "absent" stay three different
things. Raw codes are kept beside both roll-ups, so that another rule can be applied to the same record.
"""

from datetime import datetime

import msgspec

from fhir_mapping.person import coverage, omb
from fhir_mapping.person.extensions import Found, codes_of, extensions
from fhir_mapping.person.language import preferred_language
from fhir_mapping.record import PatientRecord
from fhir_mapping.resources import Patient
from fhir_mapping.times import DateError, IndexTime, completed_years

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
HL7 = "http://hl7.org/fhir/StructureDefinition/"
RACE = f"{US_CORE}us-core-race"
ETHNICITY = f"{US_CORE}us-core-ethnicity"
OMB = omb.OMB

# Elements that sex is read from, in order of preference; the first that says anything counts. The first was
# made for clinical use, the last is what an office wrote down.
_SEX_URLS = {
    f"{HL7}patient-sexParameterForClinicalUse": "sexParameterForClinicalUse",
    f"{US_CORE}us-core-birthsex": "us-core-birthsex",
    f"{US_CORE}us-core-sex": "us-core-sex",
    f"{US_CORE}us-core-individual-sex": "us-core-individual-sex",
    f"{HL7}individual-recordedSexOrGender": "recordedSexOrGender",
}
SEX_SOURCES = (*_SEX_URLS.values(), "gender")
_GENDER_IDENTITY = (f"{HL7}individual-genderIdentity", f"{US_CORE}us-core-genderIdentity")
_SEX_CODES = {
    "F": "female",
    "M": "male",
    "248152002": "female",
    "248153007": "male",
    "female-typical": "female",
    "male-typical": "male",
    "female": "female",
    "male": "male",
}
# These say that no answer was given, so the next source is asked.
_NO_ANSWER = frozenset(("UNK", "ASKU", "unknown", "asked-declined", "asked-unknown"))


class Demographics(msgspec.Struct, frozen=True):
    """What a record says about a person.

    `age` in completed years. `sex`: female, male, other words as recorded, None when absent; `sex_source` the
    element it stands in. `race` and `ethnicity` hold codes as recorded, category and detailed (OMB codes,
    `UNK`, `ASKU`). `race_1997`, `ethnicity_1997` and `combined_2024` are the roll-ups under the rule
    `fhir_mapping.person.omb.RULE`; each holds `declined`, `unknown` or `absent` when there is no answer.
    `language` is the primary BCP-47 subtag, `coverage` the kinds of insurance in force.
    """

    age: int | None = None
    sex: str | None = None
    sex_source: str | None = None
    gender: str | None = None
    gender_identity: frozenset[str] = frozenset()
    race: frozenset[str] = frozenset()
    ethnicity: frozenset[str] = frozenset()
    race_1997: frozenset[str] = frozenset((omb.ABSENT,))
    ethnicity_1997: frozenset[str] = frozenset((omb.ABSENT,))
    combined_2024: frozenset[str] = frozenset((omb.ABSENT,))
    language: str | None = None
    coverage: frozenset[str] = frozenset()


def of(record: PatientRecord, index: datetime) -> Demographics:
    """Demographics of a record's patient at an aware index time; all absent without a Patient resource, and
    where two contradict each other."""
    patient = record.patient
    if patient is None or record.patients_differ:
        return Demographics()
    found = extensions(patient)
    race, ethnicity = codes_of(found.get(RACE, ()), OMB), codes_of(found.get(ETHNICITY, ()), OMB)
    sex_word, source = _sex(patient, found)
    combined = omb.combined_2024(race, ethnicity)
    asked = RACE in found
    return Demographics(
        age=_age(patient, IndexTime.at(index, record.zone)),
        sex=sex_word,
        sex_source=source,
        gender=patient.gender,
        gender_identity=frozenset(code for url in _GENDER_IDENTITY for code in codes_of(found.get(url, ()))),
        race=race,
        ethnicity=ethnicity,
        race_1997=_or_why(omb.race_1997(race), race, asked),
        ethnicity_1997=_or_why(omb.ethnicity_1997(ethnicity), ethnicity, ETHNICITY in found),
        combined_2024=_or_why(combined, race | ethnicity, asked or ETHNICITY in found),
        language=preferred_language(patient),
        coverage=coverage.in_force(record, index),
    )


def sex(patient: Patient) -> tuple[str | None, str | None]:
    """(sex, element it was read from); the first of SEX_SOURCES that says anything.

    An answer that is neither female nor male ends the search: a less clinical element must not overrule it.
    """
    raw = bytes(patient.extension)
    # No name of such an extension is without the word, unless it is spelt in escapes.
    told = b"sex" in raw or b"Sex" in raw or b"\\u" in raw
    return _sex(patient, extensions(patient) if told else {})


def _sex(patient: Patient, found: Found) -> tuple[str | None, str | None]:
    for url, name in _SEX_URLS.items():
        if url not in found:
            continue
        answers = codes_of(found[url]) - _NO_ANSWER
        words = {_SEX_CODES.get(code, code) for code in answers}
        if len(words) == 1:
            return words.pop(), name
        if words:
            return "other", name  # several answers at once
    gender = patient.gender
    return (_SEX_CODES.get(gender, gender) if gender else None), "gender"


def _age(patient: Patient, index: IndexTime) -> int | None:
    if patient.birthDate is None:
        return None
    try:
        return completed_years(patient.birthDate, index.today)
    except DateError:
        return None


def _or_why(answers: frozenset[str], codes: frozenset[str], said_something: bool) -> frozenset[str]:
    return answers or frozenset((omb.not_given(codes, said_something),))
