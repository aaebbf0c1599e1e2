"""The diabetes model beside diagnoses in the classifications of other countries and problems in words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import pytest

from fhir_mapping.prefetch import KEYS
from fhir_mapping.record import PatientRecord
from models.golden_cases import case_of
from models.loader import load_model
from models.registry import CATALOG

NOW = "2025-06-10T09:00:00Z"
BMI = {"observation": "39156-5", "value": 36, "ucum": "kg/m2", "date": "2025-05-01"}
WHO, CM = "http://hl7.org/fhir/sid/icd-10", "http://hl7.org/fhir/sid/icd-10-cm"
GM, NINTH = "http://fhir.de/CodeSystem/bfarm/icd-10-gm", "http://hl7.org/fhir/sid/icd-9-cm"
SNOMED = "http://snomed.info/sct"


def reason_beside(code: dict[str, Any]) -> str | None:
    """Why the model is silent beside one active problem of this spring, None where it scores."""
    patient = {"gender": "female", "birthDate": "1990-06-30"}
    problem = {"condition": "1", "date": "2025-03-01"}
    case = case_of({"name": "case", "index": NOW, "patient": patient, "facts": [BMI, problem]})
    case.bundle["entry"][2]["resource"]["code"] = code
    record = PatientRecord.of_bundle(msgspec.json.encode(case.bundle))
    record.answer(KEYS.values())
    model = load_model(CATALOG / "type2-diabetes-risk")
    return model.predict(model.features.extract(record, datetime.fromisoformat(NOW))).applicability.reason


def coded(code: str, system: str) -> dict[str, Any]:
    """A code alone."""
    return {"coding": [{"system": system, "code": code}]}


@pytest.mark.parametrize(
    ("code", "system"), [("I10", WHO), ("I10.90", GM), ("J45.9", WHO), ("401.9", NINTH), ("I10", CM)]
)
def test_another_diagnosis_says_nothing_of_pregnancy_in_any_classification(code: str, system: str) -> None:
    """A hypertension in the ICD-10 of the WHO or of Germany once made pregnancy unclear, in everybody."""
    assert reason_beside(coded(code, system)) is None


@pytest.mark.parametrize(
    ("code", "system"),
    [
        ("Z34", GM),
        ("O09.3", GM),
        ("Z35.9", WHO),
        ("Z3A.20", WHO),
        ("Z33", WHO),
        ("V22.1", NINTH),
        ("O24.410", CM),
        ("O24.919", CM),
        ("O24.4", WHO),
        ("O24.4", GM),
        ("648.83", NINTH),
        ("11687002", SNOMED),
    ],
)
def test_a_pregnancy_is_known_in_every_classification(code: str, system: str) -> None:
    """One that is told by its diabetes too: that is whom the model was not made for."""
    assert reason_beside(coded(code, system)) == "pregnant"


@pytest.mark.parametrize(("code", "system"), [("O80", CM), ("O24.430", CM), ("Z39.2", WHO), ("O24.439", CM)])
def test_what_comes_after_a_pregnancy_is_none(code: str, system: str) -> None:
    assert reason_beside(coded(code, system)) is None


@pytest.mark.parametrize(
    "text",
    [
        "Hypertension",
        "Asthma",
        "COPD",
        "Obesity",
        "Hyperlipidaemia",
        "Depression",
        "Low back pain",
        "GERD",
        "Hypothyroidism",
        "Family history of diabetes",
        "Family history of diabetes mellitus",
        "Diabetes insipidus",
    ],
)
def test_a_usual_problem_in_words_is_no_doubt_about_diabetes(text: str) -> None:
    assert reason_beside({"text": text}) is None


@pytest.mark.parametrize(
    "text", ["T2DM", "Diabetes", "Hypertension and diabetes", "Diabetes mellitus", "Sugar", "Pregnancy"]
)
def test_words_that_may_be_diabetes_are_doubt(text: str) -> None:
    assert reason_beside({"text": text}) == "required-missing:known_diabetes"


@pytest.mark.parametrize(("code", "system"), [("Z79.4", CM), ("Z79.84", CM), ("V58.67", NINTH)])
def test_long_term_treatment_as_a_problem_tells_of_known_diabetes(code: str, system: str) -> None:
    """A problem list may hold the insulin and not the diabetes; such people are not whom the model is for."""
    assert reason_beside(coded(code, system)) == "known-diabetes"


def test_a_drug_that_also_treats_obesity_tells_of_no_diabetes() -> None:
    """Semaglutide for weight is coded like semaglutide for diabetes."""
    assert reason_beside(coded("Z79.85", CM)) is None
