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
from models.prediction import Applicability, Prediction

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


def drug_found(**order: Any) -> Applicability:
    """What the diabetes model says of a man of 60 on one order beside what it scores on."""
    patient = {"gender": "male", "birthDate": "1965-01-31"}
    case = case_of({"name": "case", "index": NOW, "patient": patient, "facts": [BMI]})
    subject = case.bundle["entry"][1]["resource"]["subject"]
    resource = {"resourceType": "MedicationRequest", "id": "order", "intent": "order", "subject": subject}
    case.bundle["entry"].append({"resource": resource | order})
    record = PatientRecord.of_bundle(msgspec.json.encode(case.bundle))
    record.answer(KEYS.values())
    model = load_model(CATALOG / "type2-diabetes-risk")
    return model.predict(model.features.extract(record, datetime.fromisoformat(NOW))).applicability


@pytest.mark.parametrize(
    "coding",
    [
        {"system": "http://www.whocc.no/atc", "code": "A10BA02"},
        {"system": "urn:oid:2.16.840.1.113883.6.73", "code": "A10AB05"},
        {"system": "http://fhir.de/CodeSystem/bfarm/atc", "code": "A10BD07"},
        {"system": "http://www.whocc.no/atc", "code": "A10BK"},
        {"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "4815"},
    ],
)
def test_a_glucose_lowering_drug_is_known_by_its_atc_code(coding: dict[str, str]) -> None:
    """Whoever is on metformin gets no estimate of undiagnosed diabetes, whichever code says so."""
    found = drug_found(
        status="active", authoredOn="2025-03-01", medicationCodeableConcept={"coding": [coding]}
    )
    assert (found.status, found.reason) == ("silent", "glucose-lowering-drug")


@pytest.mark.parametrize(
    ("status", "date", "reason"),
    [
        ("active", "2019-03-01", "glucose-lowering-drug-unclear"),
        ("completed", "2024-08-01", "glucose-lowering-drug-unclear"),
        ("completed", "2022-03-01", None),
    ],
)
def test_a_medicine_in_words_is_no_proof_of_no_drug(status: str, date: str, reason: str | None) -> None:
    """A drug of now or of the last year that nobody can tell may lower glucose; one of old times does not
    silence the model for ever."""
    found = drug_found(status=status, authoredOn=date, medicationCodeableConcept={"text": "Sugar tablets"})
    assert (found.status, found.reason) == ("silent" if reason else "inside", reason)


def test_metformin_in_words_counts_however_long_ago() -> None:
    """A drug that is named in words is as good as one that is coded, and that silences at any time."""
    words = {"text": "Metformin 500 mg"}
    found = drug_found(status="completed", authoredOn="2022-03-01", medicationCodeableConcept=words)
    assert (found.status, found.reason) == ("silent", "glucose-lowering-drug-unclear")


def test_another_drug_is_another_drug() -> None:
    """A coded order of something else leaves the estimate as it is."""
    lisinopril = {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "314076"}]}
    found = drug_found(status="active", authoredOn="2025-03-01", medicationCodeableConcept=lisinopril)
    assert found.status == "inside"


def count(code: str, value: float) -> dict[str, Any]:
    """A blood count of a week ago."""
    return {"observation": code, "value": value, "ucum": "10*3/uL", "date": "2025-06-02"}


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ([ALBUMIN | {"value": 1.2}], "outside-domain:albumin"),
        ([ALBUMIN | {"value": 5.6}], "outside-domain:albumin"),
        ([ALBUMIN | {"value": 1.6}], None),
        ([ALBUMIN | {"value": 4.9}], None),
        ([count("751-8", 24), count("731-0", 0.2)], "outside-domain:neutrophil_lymphocyte_ratio"),
        ([count("751-8", 0.2), count("731-0", 2)], "outside-domain:neutrophil_lymphocyte_ratio"),
        ([count("751-8", 8.7), count("731-0", 0.1)], None),
    ],
)
def test_albumin_and_blood_count_of_nobody_in_training_get_no_score(
    facts: list[dict[str, Any]], reason: str | None
) -> None:
    """Beyond the span of the training cohort there is a card that says so, and within it a score."""
    found = applicability("immunotherapy-response", [LUNG, *facts])
    assert (found.status, found.reason) == ("outside" if reason else "inside", reason)


ATC = "http://www.whocc.no/atc"


def ordered(draft: str, earlier: str | None = None) -> Prediction:
    """What the response model says of a woman with lung cancer; drugs by their ATC codes."""
    entry = {"name": "case", "index": NOW, "patient": {"gender": "female", "birthDate": "1960-06-30"}}
    given = [{"medication": "0", "date": "2024-06-01"}] if earlier else []
    case = case_of(entry | {"facts": [LUNG, ALBUMIN, *given], "drafts": ["0"]})
    order = msgspec.json.decode(msgspec.json.encode(case.drafts[0]))
    order["medicationCodeableConcept"] = {"coding": [{"system": ATC, "code": draft}]}
    if earlier:
        case.bundle["entry"][-1]["resource"]["medicationCodeableConcept"] = {
            "coding": [{"system": ATC, "code": earlier}]
        }
    record = PatientRecord.of_bundle(msgspec.json.encode(case.bundle))
    record.answer(KEYS.values())
    record.drafts = [read_draft(msgspec.json.encode(order))]
    model = load_model(CATALOG / "immunotherapy-response")
    return model.predict(model.features.extract(record, datetime.fromisoformat(NOW)))


@pytest.mark.parametrize("code", ["L01FF02", "L01FF05", "L01FX04", "L01XC18", "L01FY02"])
def test_a_checkpoint_inhibitor_is_known_by_its_atc_code(code: str) -> None:
    """Whoever orders pembrolizumab is not told that no checkpoint inhibitor is being ordered."""
    assert ordered(code).applicability.status == "inside"
    before = ordered("L01FF02", earlier=code).applicability
    assert (before.status, before.reason) == ("silent", "checkpoint-inhibitor-before")


@pytest.mark.parametrize(("code", "value"), [("L01XA02", 1.0), ("L01BA04", 1.0), ("C09AA03", 0.0)])
def test_earlier_treatment_is_known_by_its_atc_code(code: str, value: float) -> None:
    """Carboplatin and pemetrexed are earlier treatment, a drug for blood pressure is none."""
    assert ordered("L01FF02", earlier=code).vector["prior_systemic_therapy"].value == value
