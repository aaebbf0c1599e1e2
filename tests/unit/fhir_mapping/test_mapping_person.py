"""Age, sex and the demographics that fairness asks for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from mapping_samples import NOW, Resource, bundle, feature, features, patient

from fhir_mapping.person import demographics
from fhir_mapping.record import PatientRecord
from fhir_mapping.values import FeatureValue

CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
OMB = "urn:oid:2.16.840.1.113883.6.238"
NULL_FLAVOR = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"


def person(resource: Resource | None, kind: str, at: datetime = NOW) -> FeatureValue:
    """Age or sex of a patient."""
    chart = PatientRecord.of_bundle(bundle(*([resource] if resource else [])))
    return features(feature(kind=kind)).extract(chart, at)["f"]


def who(**elements: Any) -> demographics.Demographics:
    """Demographics of a patient."""
    return demographics.of(PatientRecord.of_bundle(bundle(patient(**elements))), NOW)


def birth_sex(code: str) -> Resource:
    """The us-core-birthsex extension."""
    return {"url": f"{CORE}us-core-birthsex", "valueCode": code}


def recorded_sex(code: str) -> Resource:
    """The us-core-sex extension in its coded form."""
    return {"url": f"{CORE}us-core-sex", "valueCode": code}


def omb(element: str, *codes: str, system: str = OMB) -> Resource:
    """The us-core-race or us-core-ethnicity extension."""
    parts: list[Resource] = [
        {"url": "ombCategory", "valueCoding": {"system": system, "code": code}} for code in codes
    ]
    return {"url": f"{CORE}{element}", "extension": [*parts, {"url": "text", "valueString": "as told"}]}


@pytest.mark.parametrize(
    ("at", "years"),
    [(datetime(2026, 4, 1, 23, 59, tzinfo=UTC), 57), (datetime(2026, 4, 2, tzinfo=UTC), 58)],
)
def test_age_changes_on_the_birthday(at: datetime, years: int) -> None:
    """Age is in completed years at the index time, a year more from the birthday on."""
    found = person(patient(), "age", at)
    assert (found.value, found.unit, found.source) == (years, "a", "Patient/p1")


@pytest.mark.parametrize(
    ("birth", "reason"),
    [
        ("1968", "birth-date-partial"),
        (None, "not-recorded"),
        ("2027-01-01", "date-in-future"),
        ("1850-01-01", "out-of-range"),
    ],
)
def test_age_that_is_not_certain_is_missing(birth: str | None, reason: str) -> None:
    """A partial, absent, future or implausible birth date gives no age but a reason."""
    assert person(patient(birthDate=birth), "age").reason == reason


def test_partial_birth_date_with_one_age_is_enough() -> None:
    """A birth month is enough when every day of it gives the same age."""
    assert person(patient(birthDate="1968-04"), "age").value == 58


@pytest.mark.parametrize("kind", ["age", "sex"])
def test_person_that_was_not_sent_is_not_provided(kind: str) -> None:
    """Without a Patient resource, age and sex are missing."""
    assert person(None, kind).reason == "not-provided"


@pytest.mark.parametrize("kind", ["age", "sex"])
def test_invalid_patient_gives_neither_age_nor_sex(kind: str) -> None:
    """A Patient resource that is not valid FHIR is not used."""
    assert person(patient(birthday="1968-04-02"), kind).reason == "invalid-resource"


@pytest.mark.parametrize(
    ("elements", "value", "element"),
    [
        ({"extension": [birth_sex("F")], "gender": "male"}, 0.0, "us-core-birthsex"),
        ({"extension": [birth_sex("M")], "gender": "female"}, 1.0, "us-core-birthsex"),
        ({"extension": [recorded_sex("248153007")], "gender": "female"}, 1.0, "us-core-sex"),
        ({"extension": [birth_sex("UNK"), recorded_sex("248152002")]}, 0.0, "us-core-sex"),
        ({"extension": [birth_sex("UNK")], "gender": "male"}, 1.0, "gender"),
        ({"gender": "female"}, 0.0, "gender"),
    ],
)
def test_sex_is_read_from_the_first_source_that_tells(elements: Resource, value: float, element: str) -> None:
    """Birth sex comes before recorded sex and gender; the element that was read is named."""
    found = person(patient(**elements), "sex")
    assert (found.value, found.text) == (value, element)


@pytest.mark.parametrize(
    ("gender", "reason"),
    [("other", "answer-not-listed"), ("unknown", "answer-not-listed"), (None, "not-recorded")],
)
def test_other_sex_is_missing_and_not_guessed(gender: str | None, reason: str) -> None:
    """A gender that is neither female nor male gives no number."""
    assert person(patient(gender=gender), "sex").reason == reason


@pytest.mark.parametrize("gender", ["female", "male", "other", "unknown", None])
def test_demographic_sex_keeps_the_recorded_word(gender: str | None) -> None:
    """For fairness, sex is told as recorded, and None when it is not."""
    assert who(gender=gender).sex == gender


def test_two_races_are_a_set_of_two() -> None:
    """A person of two races has both; none is chosen."""
    assert who(extension=[omb("us-core-race", "2054-5", "2106-3")]).race == {"2054-5", "2106-3"}


def test_race_and_ethnicity_are_kept_apart() -> None:
    """The ethnicity extension says nothing about race."""
    found = who(extension=[omb("us-core-ethnicity", "2135-2")])
    assert (found.race, found.ethnicity) == (frozenset(), {"2135-2"})


@pytest.mark.parametrize("code", ["ASKU", "UNK"])
def test_declined_and_unknown_race_stay_what_they_are(code: str) -> None:
    """A declined and an unknown answer are told apart from each other and from silence."""
    assert who(extension=[omb("us-core-race", code, system=NULL_FLAVOR)]).race == {code}


@pytest.mark.parametrize(
    "extension", [None, [], [{"url": f"{CORE}us-core-race"}], "race", [5], [omb("us-core-race")]], ids=repr
)
def test_absent_or_unreadable_race_is_the_empty_set(extension: Any) -> None:
    """Where the record says nothing that can be read, race is empty and nothing is raised."""
    assert who(extension=extension).race == frozenset()


def test_demographics_without_a_patient_are_absent() -> None:
    """Without a Patient resource nothing is known."""
    assert demographics.of(PatientRecord.of_bundle(bundle()), NOW) == demographics.Demographics()


@pytest.mark.parametrize("birth", ["1968", "not a date", None])
def test_demographic_age_is_none_when_not_certain(birth: str | None) -> None:
    """An age that cannot be told is None."""
    assert who(birthDate=birth).age is None
