"""Code systems under other names, and ICD codes in other spellings, mean what everybody means by them."""

from __future__ import annotations

from typing import Any

import pytest
from mapping_samples import (
    ICD10CM,
    LOINC,
    METFORMIN,
    NOW,
    PANEL,
    PENICILLIN,
    RXNORM,
    SNOMED,
    SYSTOLIC,
    WEIGHT,
    Resource,
    allergy,
    bundle,
    concept,
    condition,
    encounter,
    fast_record,
    feature,
    features,
    observation,
    order,
    patient,
    quantity,
    read,
)

ICD10, ICD9CM = "http://hl7.org/fhir/sid/icd-10", "http://hl7.org/fhir/sid/icd-9-cm"
DIABETES = feature(kind="condition", valueset="diabetes-mellitus")
LOINC_NAMES = (
    "urn:oid:2.16.840.1.113883.6.1",
    "http://loinc.org/",
    "https://loinc.org",
    "https://loinc.org/",
)


@pytest.mark.parametrize("name", LOINC_NAMES)
def test_a_result_is_found_under_every_name_of_loinc(name: str) -> None:
    """The quick and the careful way find an observation whose system goes by another name."""
    named = observation(71, "2026-05-01T10:00:00Z", code=WEIGHT) | {"code": concept(WEIGHT, name)}
    assert read(feature(), named).value == 71.0
    record = fast_record(bundle(patient(), named))
    assert features(feature()).extract(record, NOW)["f"].value == 71.0


@pytest.mark.parametrize("name", LOINC_NAMES)
def test_the_newest_decides_under_any_name(name: str) -> None:
    """A newer result under another name is not passed over for an older one."""
    older = observation(70, "2026-04-01T10:00:00Z", "o1")
    newer = observation(71, "2026-05-01T10:00:00Z", "o2") | {"code": concept(WEIGHT, name)}
    for listed in ((older, newer), (newer, older)):
        assert read(feature(), *listed).value == 71.0


def test_a_component_is_found_under_another_name() -> None:
    """Panel and component may name LOINC in different ways."""
    part = {"code": concept(SYSTOLIC, LOINC_NAMES[0]), "valueQuantity": quantity(128, "mm[Hg]")}
    whole = observation(valueQuantity=None, component=[part]) | {"code": concept(PANEL, LOINC_NAMES[1])}
    assert read(feature(analyte="systolic-blood-pressure"), whole).value == 128.0


def test_an_answer_is_found_under_another_name() -> None:
    """A coded answer means the same under SNOMED CT's OID."""
    answers = [{"system": SNOMED, "code": "8517006", "value": 1}]
    spec = feature(codes=[{"system": LOINC, "code": "72166-2"}], answers=answers)
    sent = concept("8517006", "urn:oid:2.16.840.1.113883.6.96")
    assert read(spec, observation(code="72166-2", valueQuantity=None, valueCodeableConcept=sent)).value == 1.0


@pytest.mark.parametrize(
    ("system", "code"),
    [
        ("urn:oid:2.16.840.1.113883.6.96", "44054006"),
        ("http://snomed.info/sct/", "44054006"),
        ("urn:oid:2.16.840.1.113883.6.90", "E11.9"),
        ("urn:oid:2.16.840.1.113883.6.90", "e119"),
        (ICD10CM, "E119"),
        (ICD10CM, "e11.9"),
        (ICD10CM, "E113211"),
        (ICD10, "E11.9"),
        (ICD10, "E119"),
        (ICD9CM, "250.00"),
        (ICD9CM, "25000"),
        ("urn:oid:2.16.840.1.113883.6.103", "250.02"),
        ("http://hl7.org/fhir/sid/icd-9-cm/diagnosis", "25002"),
        (ICD9CM, "249.00"),  # due to another disease
        (ICD9CM, "648.03"),  # before the pregnancy
        (ICD10CM, "O24.011"),
        (ICD10CM, "o2411"),
        (ICD10CM, "O24.3"),
        (ICD10CM, "O24.83"),
        (ICD10, "O24.2"),
        (ICD10, "H36.0"),  # a manifestation that names diabetes
        (ICD10, "E11.65"),  # a national code under the URL of the WHO
        ("http://fhir.de/CodeSystem/bfarm/icd-10-gm", "E11.90"),
        (SNOMED, "230572002"),  # neuropathy due to diabetes
        (SNOMED, "4855003"),  # retinopathy due to diabetes
        (SNOMED, "8801005"),  # secondary diabetes
        (SNOMED, "609561005"),  # maturity-onset diabetes of the young
        (SNOMED, "111552007"),  # diabetes without complication
        (SNOMED, "420422005"),  # ketoacidosis due to diabetes
        (SNOMED, "280137006"),  # diabetic foot
        (SNOMED, "609563008"),  # before the pregnancy
        (SNOMED, "703138006"),  # in remission
        (SNOMED, "161445009"),  # history of
    ],
)
def test_diabetes_is_known_in_every_spelling(system: str, code: str) -> None:
    """A diagnosis of diabetes is never taken for none because of how its code is written."""
    assert read(DIABETES, condition(code, system)).value == 1.0


@pytest.mark.parametrize(
    ("system", "code"),
    [
        (ICD10CM, "O24.410"),  # in pregnancy
        (ICD10, "O24.4"),
        (ICD9CM, "648.80"),
        (ICD10CM, "R73.03"),  # prediabetes
        (ICD10, "R73.0"),
        (ICD10CM, "O24.4"),
        (ICD10CM, "O24.919"),  # in pregnancy, and nobody says since when
        (SNOMED, "11687002"),
        (SNOMED, "472971004"),  # history of gestational diabetes
        (SNOMED, "76751001"),  # in the mother, and nobody says since when
        (ICD10CM, "E23.2"),  # diabetes insipidus
        (ICD10CM, "Z83.3"),  # in the family
    ],
)
def test_what_is_not_the_diagnosis_stays_out(system: str, code: str) -> None:
    """Diabetes of pregnancy and its forerunners are no diabetes mellitus."""
    told = read(DIABETES, condition(code, system))
    assert (told.value, told.state) == (0.0, "none-recorded")


def test_a_code_of_an_unknown_system_is_neither() -> None:
    """What a local code means nobody knows: it is no diabetes, and no proof that there is none."""
    assert read(DIABETES, condition("E11.9", "urn:oid:1.2.3.4")).reason == "not-coded"


@pytest.mark.parametrize("code", ["E11.9", "e119", "25000"])
def test_a_code_without_its_system_leaves_doubt_in_any_spelling(code: str) -> None:
    """A code that may be diabetes, of a system that nobody names, is neither diabetes nor its absence."""
    told = read(DIABETES, condition(code) | {"code": {"coding": [{"code": code}]}})
    assert (told.state, told.reason) == ("missing", "not-coded")


def test_a_drug_and_an_allergy_are_found_under_rxnorms_oid() -> None:
    """Orders and allergies are matched as the index matches results."""
    oid = "urn:oid:2.16.840.1.113883.6.88"
    drug = feature(kind="medication", codes=[{"system": RXNORM, "code": METFORMIN}])
    assert read(drug, order(medicationCodeableConcept=concept(METFORMIN, oid))).value == 1.0
    allergic = feature(kind="allergy", codes=[{"system": RXNORM, "code": PENICILLIN}])
    assert read(allergic, allergy() | {"code": concept(PENICILLIN, oid)}).value == 1.0


def test_a_class_of_encounter_is_found_under_another_name() -> None:
    """ActCode may be named by its OID."""
    visit = encounter() | {"class": {"system": "urn:oid:2.16.840.1.113883.5.4", "code": "EMER"}}
    assert read(feature(kind="encounter", classes=["EMER"]), visit).value == 1.0


@pytest.mark.parametrize("name", ["http://unitsofmeasure.org/", "urn:oid:2.16.840.1.113883.6.8"])
def test_a_unit_is_read_under_another_name_of_ucum(name: str) -> None:
    """A UCUM code alone is enough, whatever UCUM is called."""
    sent: dict[str, Any] = {"value": 70, "code": "kg", "system": name}
    assert read(feature(), observation(valueQuantity=sent)).value == 70.0


def test_one_entry_under_two_names_counts_once() -> None:
    """Codings of one code under two names are one finding."""
    twice: Resource = {"coding": [{"system": name, "code": WEIGHT} for name in (LOINC, *LOINC_NAMES)]}
    assert read(feature(value="count"), observation() | {"code": twice}).value == 1.0
