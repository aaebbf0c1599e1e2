"""Patients whom the shipped models were not made for, from their FHIR resources to the reason."""

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fhir_mapping.drafts import read_draft
from fhir_mapping.prefetch import KEYS
from fhir_mapping.record import PatientRecord
from models.golden_cases import case_of
from models.loader import load_model
from models.prediction import Applicability

CATALOG = Path(__file__).parents[3] / "models" / "catalog"
NOW = "2025-06-10T09:00:00Z"
NIVOLUMAB, PEMBROLIZUMAB, CARBOPLATIN = "1597876", "1547545", "40048"
LUNG = {"condition": "254637007", "date": "2024-05-10"}
ALBUMIN = {"observation": "1751-7", "value": 3.8, "ucum": "g/dL", "date": "2025-06-01"}
BMI = {"observation": "39156-5", "value": 36, "ucum": "kg/m2", "date": "2025-05-01"}
PREGNANT = {"condition": "77386006", "date": "2025-03-01"}


def applicability(model_id: str, facts: list[dict[str, Any]], undated: str | None = None) -> Applicability:
    """What a model says of a woman of 64 or, for pregnancy, of 34; `undated` is a code whose date is cut."""
    born = "1990-06-30" if PREGNANT in facts else "1960-06-30"
    entry = {"name": "case", "index": NOW, "patient": {"gender": "female", "birthDate": born}}
    case = case_of(entry | {"facts": facts, "drafts": [PEMBROLIZUMAB]})
    for one in case.bundle["entry"]:
        if undated and undated in str(one["resource"].get("code")):
            for name in ("recordedDate", "onsetDateTime"):
                one["resource"].pop(name, None)
    record = PatientRecord.of_bundle(msgspec.json.encode(case.bundle))
    record.answer(KEYS.values())
    record.drafts = [read_draft(msgspec.json.encode(draft)) for draft in case.drafts]
    model = load_model(CATALOG / model_id)
    return model.predict(model.features.extract(record, datetime.fromisoformat(NOW))).applicability


@pytest.mark.parametrize(
    ("drug", "status", "reason"),
    [(NIVOLUMAB, "silent", "checkpoint-inhibitor-before"), (CARBOPLATIN, "inside", None)],
)
def test_only_a_first_checkpoint_inhibitor_is_scored(drug: str, status: str, reason: str | None) -> None:
    """The model is for people who start their first checkpoint inhibitor; chemotherapy before is in order."""
    facts = [LUNG, ALBUMIN, {"medication": drug, "date": "2024-06-01"}]
    found = applicability("immunotherapy-response", facts)
    assert (found.status, found.reason) == (status, reason)


def test_two_covered_cancers_are_told_as_two() -> None:
    """Whoever has two of the cancers is not told that none of them is on the problem list."""
    melanoma = {"condition": "C43.9", "system": "icd10cm", "date": LUNG["date"]}
    found = applicability("immunotherapy-response", [LUNG, melanoma, ALBUMIN])
    assert (found.status, found.reason) == ("outside", "cancer-type-unclear")
    assert "several of the sixteen types" in (found.text or "")


def test_a_pregnancy_without_a_date_is_no_reason_to_score() -> None:
    """An active pregnancy of unknown date may be now, so there is no estimate."""
    dated = applicability("type2-diabetes-risk", [PREGNANT, BMI])
    undated = applicability("type2-diabetes-risk", [PREGNANT, BMI], undated="77386006")
    assert (dated.reason, undated.status, undated.reason) == ("pregnant", "silent", "pregnancy-unclear")


def test_a_value_beyond_training_is_told_in_everyday_units() -> None:
    """The clinician reads kg/m² on the card, not a UCUM code."""
    found = applicability("type2-diabetes-risk", [BMI | {"value": 70}])
    assert found.text == "No estimate: Body mass index is 70 kg/m²; the model was made for 15 to 67 kg/m²."
