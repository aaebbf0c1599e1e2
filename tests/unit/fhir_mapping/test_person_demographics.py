"""Race, ethnicity, sex, language and coverage as US Core and HL7 record them, and both OMB roll-ups."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_mapping.person import demographics, omb
from fhir_mapping.record import PatientRecord

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SAMPLES = os.environ.get("BEDSIDE_FHIR_SAMPLES")
needs_samples = pytest.mark.skipif(not SAMPLES, reason="BEDSIDE_FHIR_SAMPLES does not name the FHIR samples")
NULL = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
HL7 = "http://hl7.org/fhir/StructureDefinition/"


def answered(url: str, *parts: tuple[str, str]) -> dict[str, Any]:
    """A race or ethnicity extension with (part, code) answers."""
    codings = [
        {"url": part, "valueCoding": {"system": omb.OMB if "-" in code else NULL, "code": code}}
        for part, code in parts
    ]
    return {"url": url, "extension": [*codings, {"url": "text", "valueString": "as told"}]}


def who(*extensions: dict[str, Any], beside: tuple[dict[str, Any], ...] = (), **elements: Any) -> Any:
    """Demographics of a patient with these extensions."""
    patient = {"resourceType": "Patient", "id": "p", "extension": list(extensions), **elements}
    resources = [json.dumps(one).encode() for one in (patient, *beside)]
    return demographics.of(PatientRecord.of_resources("p", resources), NOW)


def race(*parts: tuple[str, str]) -> dict[str, Any]:
    return answered(demographics.RACE, *parts)


def ethnicity(*parts: tuple[str, str]) -> dict[str, Any]:
    return answered(demographics.ETHNICITY, *parts)


def test_several_races_each_count() -> None:
    """A person who gives two answers counts in both groups."""
    person = who(race(("ombCategory", "2106-3"), ("ombCategory", "2028-9")))
    assert person.race_1997 == {"2106-3", "2028-9"}


def test_a_detailed_code_alone_is_rolled_up() -> None:
    """Filipino without a category is an answer to the race question."""
    person = who(race(("detailed", "2036-2")))
    assert (person.race, person.race_1997) == ({"2036-2"}, {"2028-9"})


def test_category_beside_its_own_detail_is_one_answer() -> None:
    """Hispanic or Latino with Dominican is one ethnicity."""
    assert who(ethnicity(("ombCategory", "2135-2"), ("detailed", "2184-0"))).ethnicity_1997 == {"2135-2"}


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ([("ombCategory", "ASKU")], "declined"),
        ([("ombCategory", "UNK")], "unknown"),
        ([], "unknown"),
        ([("ombCategory", "UNK"), ("ombCategory", "ASKU")], "declined"),
    ],
)
def test_no_answer_has_its_reason(parts: list[tuple[str, str]], told: str) -> None:
    """Declined, unknown and text alone are told apart from an answer and from silence."""
    assert who(race(*parts)).race_1997 == {told}


def test_nothing_recorded_is_absent() -> None:
    """Without the extension nobody was asked, as far as the record tells."""
    person = who()
    assert (person.race_1997, person.ethnicity_1997, person.combined_2024) == (({"absent"},) * 3)


def test_an_answer_beside_a_null_flavour_counts() -> None:
    """One answer is an answer, whatever stands beside it."""
    assert who(race(("ombCategory", "UNK"), ("ombCategory", "2054-5"))).race_1997 == {"2054-5"}


def test_code_of_another_system_is_no_answer() -> None:
    """A local code that looks like an OMB code is not taken for one."""
    extension = race(("ombCategory", "2106-3"))
    extension["extension"][0]["valueCoding"]["system"] = "http://local.example/race"
    assert who(extension).race_1997 == {"unknown"}


def test_combined_question_joins_ethnicity() -> None:
    """In the roll-up of 2024 Hispanic or Latino stands beside the races."""
    person = who(race(("ombCategory", "2106-3")), ethnicity(("ombCategory", "2135-2")))
    assert person.combined_2024 == {"white", "hispanic-or-latino"}


def test_not_hispanic_is_no_category_of_2024() -> None:
    """The combined question has no answer for what somebody is not."""
    person = who(ethnicity(("ombCategory", "2186-5")))
    assert person.combined_2024 == {"unknown"}


@pytest.mark.parametrize(
    ("codes", "found"),
    [
        ({"2106-3", "2120-4"}, {"middle-eastern-or-north-african"}),
        ({"2106-3", "2120-4", "2108-9"}, {"middle-eastern-or-north-african", "white"}),
        ({"2106-3"}, {"white"}),
    ],
)
def test_middle_eastern_leaves_white_in_2024(codes: set[str], found: set[str]) -> None:
    """Egyptian under White becomes its own category; European beside it stays White."""
    assert omb.combined_2024(codes, ()) == found
    assert omb.race_1997(codes) == {"2106-3"}


@pytest.mark.parametrize(
    ("extension", "sex", "source"),
    [
        ({"url": f"{demographics.US_CORE}us-core-birthsex", "valueCode": "F"}, "female", "us-core-birthsex"),
        (
            {
                "url": f"{demographics.US_CORE}us-core-individual-sex",
                "valueCoding": {"system": "http://snomed.info/sct", "code": "248152002"},
            },
            "female",
            "us-core-individual-sex",
        ),
        (
            {
                "url": f"{HL7}patient-sexParameterForClinicalUse",
                "extension": [
                    {"url": "value", "valueCodeableConcept": {"coding": [{"code": "female-typical"}]}}
                ],
            },
            "female",
            "sexParameterForClinicalUse",
        ),
        (
            {
                "url": f"{HL7}individual-recordedSexOrGender",
                "extension": [
                    {"url": "value", "valueCodeableConcept": {"coding": [{"code": "female"}]}},
                    {"url": "type", "valueCodeableConcept": {"coding": [{"code": "76689-9"}]}},
                ],
            },
            "female",
            "recordedSexOrGender",
        ),
    ],
)
def test_every_extension_for_sex_is_read(extension: dict[str, Any], sex: str, source: str) -> None:
    """Older and newer extensions say the sex, before the administrative gender, and the source is told."""
    person = who(extension, gender="male")
    assert (person.sex, person.sex_source, person.gender) == (sex, source, "male")


def test_a_complex_clinical_sex_is_not_overruled() -> None:
    """A clinical sex that is neither female nor male typical is not replaced by an office's entry."""
    complex_sex = {
        "url": f"{HL7}patient-sexParameterForClinicalUse",
        "extension": [{"url": "value", "valueCodeableConcept": {"coding": [{"code": "specified"}]}}],
    }
    assert who(complex_sex, gender="female").sex == "specified"


def test_an_unknown_birth_sex_asks_the_next_source() -> None:
    """UNK is no answer, so the administrative gender is taken, and named as the source."""
    unknown = {"url": f"{demographics.US_CORE}us-core-birthsex", "valueCode": "UNK"}
    person = who(unknown, gender="female")
    assert (person.sex, person.sex_source) == ("female", "gender")


@pytest.mark.parametrize(
    ("spoken", "language"),
    [
        ([("es-MX", True), ("en-US", False)], "es"),
        ([("en-US", None)], "en"),
        ([("en", None), ("es", None)], None),
        ([("en-US", None), ("en-GB", None)], "en"),
        ([("haw", True)], "haw"),
    ],
)
def test_preferred_language(spoken: list[tuple[str, bool | None]], language: str | None) -> None:
    """The preferred language counts, or the only one; two without a preference are not decided."""
    communication = [
        {"language": {"coding": [{"code": code}]}} | ({} if preferred is None else {"preferred": preferred})
        for code, preferred in spoken
    ]
    assert who(communication=communication).language == language


def coverage(system: str, code: str, **elements: Any) -> dict[str, Any]:
    return {
        "resourceType": "Coverage",
        "status": "active",
        "beneficiary": {"reference": "Patient/p"},
        "payor": [{"display": "x"}],
        "type": {"coding": [{"system": system, "code": code}]},
        **elements,
    }


@pytest.mark.parametrize(
    ("one", "found"),
    [
        (coverage("https://nahdo.org/sopt", "121"), {"medicare"}),
        (coverage("https://nahdo.org/sopt", "3712"), {"other-government"}),
        (coverage("urn:x", "1"), {"other"}),
        (coverage("https://nahdo.org/sopt", "2", status="cancelled"), set()),
        (coverage("https://nahdo.org/sopt", "2", period={"end": "2025-01-01"}), set()),
        (coverage("https://nahdo.org/sopt", "2", period={"start": "2026-01-01"}), {"medicaid"}),
        (coverage("https://nahdo.org/sopt", "2", beneficiary={"reference": "Patient/other"}), set()),
    ],
)
def test_coverage_in_force(one: dict[str, Any], found: set[str]) -> None:
    """Insurance counts while it is active, in force at the index time, and this patient's."""
    assert who(beside=(one,)).coverage == found


@given(st.lists(st.one_of(st.text(max_size=8), st.from_regex(r"\d{4}-\d", fullmatch=True))))
def test_any_code_is_rolled_up_or_left(codes: list[str]) -> None:
    """No code, however odd, makes a roll-up fail, and each gives only categories that exist."""
    assert omb.race_1997(codes) <= {"1002-5", "2028-9", "2054-5", "2076-8", "2106-3", "2131-1"}
    assert len(omb.combined_2024(codes, codes)) <= 7


@needs_samples
def test_demographics_of_the_us_core_sample() -> None:
    """All 572 patients of the demographic sample are read, group by group as its README counts them."""
    path = Path(str(SAMPLES)) / "synthea-uscore-demographics" / "Patient.ndjson.gz"
    races: Counter[str] = Counter()
    ethnicities: Counter[str] = Counter()
    languages: Counter[str | None] = Counter()
    for line in gzip.decompress(path.read_bytes()).splitlines():
        patient_id = json.loads(line)["id"]
        person = demographics.of(PatientRecord.of_resources(patient_id, [line]), NOW)
        races.update(person.race_1997)
        ethnicities.update(person.ethnicity_1997)
        languages[person.language] += 1
    assert races == {"2106-3": 505, "2054-5": 32, "2076-8": 12, "2028-9": 11, "1002-5": 6, "unknown": 6}
    assert ethnicities == {"2186-5": 515, "2135-2": 57}
    assert (languages["en"], languages["es"], languages[None]) == (521, 41, 0)


@needs_samples
def test_mixed_race_of_a_us_core_example() -> None:
    """The example with three categories and two details keeps all three."""
    line = (Path(str(SAMPLES)) / "us-core-examples" / "patient-example.json").read_bytes()
    person = demographics.of(PatientRecord.of_resources("example", [line]), NOW)
    assert person.race_1997 == {"2106-3", "1002-5", "2028-9"}
    assert person.ethnicity_1997 == {"2135-2"}
    assert person.language == "es"
