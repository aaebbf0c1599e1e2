"""The mapper reads from FHIR what the training of `immunotherapy-response` read from the cohort files."""

from __future__ import annotations

import json
import math
import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import yaml
from parity_bundles import RECENT, SUBJECT, Resource, concept, measured, patient, read_row

from fhir_mapping.features import FeatureSet
from models.training.design import Floats
from models.training.icb_cohorts import EVALUATION, TRAINING, Cohort, Cohorts, Frozen

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "models" / "catalog" / "immunotherapy-response"
DATA = Path(os.environ.get("BEDSIDE_DATA", "/nonexistent")) / "icb_response"
TMB, PD_L1, ALBUMIN, NLR, AGE, PRIOR, TYPE = range(7)

pytestmark = pytest.mark.skipif(
    not (DATA / "chowell_train.csv").is_file(), reason="BEDSIDE_DATA does not hold the cohort files"
)


@cache
def first_code(valueset: str) -> tuple[str, str]:
    """System and code of the first concept of a value set."""
    path = ROOT / "fhir_mapping" / "data" / "valuesets" / f"{valueset}.json"
    group = json.loads(path.read_text(encoding="utf-8"))["compose"]["include"][0]
    return group["system"], group["concept"][0]["code"]


@cache
def categories() -> dict[float, str]:
    """Input value -> value set of each cancer type in the manifest."""
    features = yaml.safe_load((FOLDER / "model.yaml").read_text(encoding="utf-8"))["features"]
    listed = next(feature["categories"] for feature in features if feature["name"] == "cancer_type")
    return {float(entry["value"]): entry["valueset"] for entry in listed}


def chart(row: Floats, number: int) -> list[Resource]:
    """One patient as FHIR; odd numbers in units and forms other than the canonical ones."""
    other = bool(number % 2)
    found = [patient(math.floor(row[AGE]), None, number % 150)]
    if not math.isnan(row[TYPE]):
        found.append(cancer(categories()[row[TYPE]]))
    if not math.isnan(row[TMB]):
        unit = "{mutations}/1000000{Base}" if other else "1/1000000{Base}"
        found.append(measured("94076-7", row[TMB], unit))
    if not math.isnan(row[PD_L1]):
        found.append(measured("83053-9", row[PD_L1], "%"))
    if not math.isnan(row[ALBUMIN]):
        found.append(measured("1751-7", row[ALBUMIN] * (10 if other else 1), "g/L" if other else "g/dL"))
    if not math.isnan(row[NLR]):
        found += counts(row[NLR], other)
    if row[PRIOR] == 1:
        found.append(treatment(other))
    return found


def cancer(valueset: str) -> Resource:
    """An active Condition of a cancer type."""
    clinical = concept("http://terminology.hl7.org/CodeSystem/condition-clinical", "active")
    return {"resourceType": "Condition", "subject": SUBJECT, "clinicalStatus": clinical,
            "code": concept(*first_code(valueset)), "onsetDateTime": "2024-01-15"}  # fmt: skip


def counts(ratio: float, other: bool) -> list[Resource]:
    """Neutrophils and lymphocytes of a ratio: a lymphocyte count of one, or cells per microlitre."""
    if other:
        return [measured("26499-4", ratio * 1300, "{cells}/uL"), measured("26474-7", 1.3, "10*9/L")]
    return [measured("751-8", ratio, "10*3/uL"), measured("731-0", 1.0, "10*3/uL")]


def treatment(other: bool) -> Resource:
    """Earlier treatment: a drug of the value set, or a chemotherapy procedure."""
    if other:
        return {"resourceType": "Procedure", "status": "completed", "subject": SUBJECT,
                "code": concept(*first_code("chemotherapy-procedures")),
                "performedDateTime": RECENT}  # fmt: skip
    return {"resourceType": "MedicationRequest", "status": "completed", "intent": "order",
            "subject": SUBJECT,
            "medicationCodeableConcept": concept(*first_code("systemic-antineoplastic-drugs")),
            "authoredOn": RECENT}  # fmt: skip


def cohort(name: str) -> Cohort:
    """A cohort as the training or the evaluation reads it."""
    codes = {valueset.removeprefix("cancer-"): value for value, valueset in categories().items()}
    cohorts = Cohorts(DATA, codes)
    if name == TRAINING:
        return cohorts.training()
    return cohorts.evaluation(name, Frozen.of(FOLDER / "model.onnx"))


@pytest.mark.parametrize("name", [TRAINING, *EVALUATION])
def test_every_cell_is_the_training_cell(name: str) -> None:
    """Rows read from FHIR equal the cohort's; of ages, which the files give in fractions, completed years."""
    features = FeatureSet.load(FOLDER / "model.yaml")
    rows = cohort(name).rows
    expected = rows.copy()
    expected[:, AGE] = np.floor(expected[:, AGE])
    mapped = np.array([read_row(features, chart(row, i)) for i, row in enumerate(rows)])
    np.testing.assert_allclose(mapped, expected, rtol=1e-6, equal_nan=True)
    exact = [TMB, PD_L1, AGE, PRIOR, TYPE]
    np.testing.assert_array_equal(mapped[:, exact], expected[:, exact])
