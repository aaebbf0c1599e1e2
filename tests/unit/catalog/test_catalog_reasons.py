"""Every reason why a shipped model gives no score, reached through the service by a chart made by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hospital import DIABETES, RESPONSE, Hospital, Json

from cds_hooks.decision import BELOW_THRESHOLD
from models.golden_cases import case_of
from models.manifest import MANIFEST, Manifest
from models.registry import CATALOG

NOW = datetime.now(UTC)
PEMBROLIZUMAB, LISINOPRIL = "1547545", "314076"
LIST_KEYS = {
    "Condition": "conditions",
    "MedicationRequest": "medicationRequests",
    "Observation": "observations",
    "Procedure": "procedures",
}
EMPTY = ("medicationStatements", "medicationAdministrations")


def ago(days: int) -> str:
    """The day so many days before today."""
    return (NOW - timedelta(days=days)).date().isoformat()


def born(years: int) -> str:
    """A birth date that makes a person so many years old."""
    return (NOW - timedelta(days=int(365.25 * years) + 30)).date().isoformat()


BMI = {"observation": "39156-5", "value": 34, "ucum": "kg/m2", "date": ago(20)}
HBA1C = {"observation": "4548-4", "value": 6.1, "ucum": "%", "date": ago(90)}
LUNG = {"condition": "254637007", "date": ago(300)}
MELANOMA = {"condition": "C43.9", "system": "icd10cm", "date": ago(300)}
NIVOLUMAB = {"medication": "1597876", "date": ago(90)}
GLIOBLASTOMA = {"condition": "393563007", "date": ago(300)}
ALBUMIN = {"observation": "1751-7", "value": 3.8, "ucum": "g/dL", "date": ago(5)}
LEUKOCYTES = [
    {"observation": "751-8", "value": 30, "ucum": "10*3/uL", "date": ago(5)},
    {"observation": "731-0", "value": 0.2, "ucum": "10*3/uL", "date": ago(5)},
]


class Case:
    """What a chart holds, and what is changed in it afterwards."""

    def __init__(
        self, *facts: Json, age: int | None = 60, drug: str | None = PEMBROLIZUMAB, **more: Any
    ) -> None:
        self.facts, self.age, self.drug, self.more = facts, age, drug, more

    def body(self, model: str) -> Json:
        """The request of an EHR that sends every list."""
        person: Json = {"gender": "female"} | ({"birthDate": born(self.age)} if self.age else {})
        entry = {"name": "case", "index": NOW.isoformat(), "patient": person, "facts": list(self.facts)}
        case = case_of(entry | {"drafts": [self.drug] if self.drug else []})
        found: list[Json] = [one["resource"] for one in case.bundle["entry"]]
        patient, resources = found[0], [*found[1:], *self.more.get("resources", ())]
        if self.more.get("dead"):
            patient["deceasedBoolean"] = True
        prefetch: Json = {"patient": patient, **dict.fromkeys(EMPTY)}
        for kind, key in LIST_KEYS.items():
            entries = [{"resource": one} for one in resources if one["resourceType"] == kind]
            prefetch[key] = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
        drafts = [*case.drafts, *self.more.get("drafts", ())]
        orders = {"resourceType": "Bundle", "entry": [{"resource": draft} for draft in drafts]}
        context: Json = {"userId": "Practitioner/1", "patientId": patient["id"]}
        ordering = {"hook": "order-sign", "context": context | {"draftOrders": orders}}
        return (ordering if model == RESPONSE else {"hook": "patient-view", "context": context}) | {
            "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
            "prefetch": prefetch,
        }


def medicine(**elements: Any) -> Json:
    """An active order of half a year ago."""
    return {
        "resourceType": "MedicationRequest",
        "id": "order",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/golden"},
        "authoredOn": ago(180),
        **elements,
    }


def problem(**elements: Any) -> Json:
    """An active problem."""
    active = {"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}
    return {
        "resourceType": "Condition",
        "id": "problem",
        "clinicalStatus": {"coding": [active]},
        "subject": {"reference": "Patient/golden"},
        **elements,
    }


PREGNANT = {"coding": [{"system": "http://snomed.info/sct", "code": "77386006"}]}
UNTOLD = {"resourceType": "MedicationRequest", "id": "u", "status": "draft", "intent": "order"}
CASES: dict[tuple[str, str], Case] = {
    (DIABETES, "under-18"): Case(BMI, age=16),
    (DIABETES, "known-diabetes"): Case(BMI, {"condition": "230572002", "date": ago(900)}),
    (DIABETES, "glucose-lowering-drug"): Case(BMI, {"medication": "6809", "date": ago(900)}),
    (DIABETES, "glucose-lowering-drug-unclear"): Case(
        BMI, resources=[medicine(medicationCodeableConcept={"text": "Metformin 500 mg"})]
    ),
    (DIABETES, "recent-hba1c"): Case(BMI, HBA1C),
    (DIABETES, "hba1c-unreadable"): Case(BMI, HBA1C | {"ucum": "{unreadable}"}),
    (DIABETES, "pregnant"): Case(BMI, {"condition": "77386006", "date": ago(90)}, age=31),
    (DIABETES, "pregnancy-unclear"): Case(BMI, age=31, resources=[problem(code=PREGNANT)]),
    (DIABETES, "no-body-measure"): Case(),
    (DIABETES, "required-missing:age"): Case(BMI, age=None),
    (DIABETES, "required-missing:known_diabetes"): Case(BMI, resources=[problem(code={"text": "sugar"})]),
    (DIABETES, "outside-domain:bmi"): Case(BMI | {"value": 72}),
    (DIABETES, "outside-domain:systolic"): Case(
        BMI, {"observation": "8480-6", "value": 260, "ucum": "mm[Hg]", "date": ago(9)}
    ),
    (DIABETES, BELOW_THRESHOLD): Case(BMI | {"value": 20}, age=25),
    (DIABETES, "deceased"): Case(BMI, dead=True),
    (RESPONSE, "no-checkpoint-inhibitor"): Case(LUNG, ALBUMIN, drug=LISINOPRIL),
    (RESPONSE, "drug-not-told"): Case(LUNG, ALBUMIN, drug=None, drafts=[UNTOLD]),
    (RESPONSE, "checkpoint-inhibitor-before"): Case(LUNG, ALBUMIN, NIVOLUMAB),
    (RESPONSE, "checkpoint-inhibitor-before-unclear"): Case(
        LUNG, ALBUMIN, resources=[medicine(medicationCodeableConcept={"text": "Keytruda"})]
    ),
    (RESPONSE, "cancer-type-unclear"): Case(LUNG, MELANOMA, ALBUMIN),
    (RESPONSE, "cancer-type-not-covered"): Case(GLIOBLASTOMA, ALBUMIN),
    (RESPONSE, "under-18"): Case(LUNG, ALBUMIN, age=15),
    (RESPONSE, "no-marker-known"): Case(LUNG),
    (RESPONSE, "outside-domain:albumin"): Case(LUNG, ALBUMIN | {"value": 1.2}),
    (RESPONSE, "outside-domain:neutrophil_lymphocyte_ratio"): Case(LUNG, *LEUKOCYTES),
    (RESPONSE, "deceased"): Case(LUNG, ALBUMIN, dead=True),
}  # fmt: skip


@pytest.fixture
def hospital(tmp_path: Any) -> Iterator[Hospital]:
    """A service of its own for each chart, so that the ledger holds one decision."""
    playing = Hospital(tmp_path)
    yield playing
    playing.close()


@pytest.mark.parametrize(("model", "reason"), CASES)
def test_a_chart_reaches_the_reason(hospital: Hospital, model: str, reason: str) -> None:
    """The answer is 200, the ledger has the reason, and a card is there where the rule says so."""
    answer = hospital.post(CASES[model, reason].body(model), model)
    assert answer.status_code == 200
    ((_, decision, found),) = hospital.decisions()
    assert found == reason
    assert len(answer.get_json()["cards"]) == (decision == "outside")
    for card in answer.get_json()["cards"]:
        assert len(card["summary"]) < 140
        assert "score" not in card["extension"]["org.bedside.prediction"]


@pytest.mark.parametrize("model", [DIABETES, RESPONSE])
def test_no_reason_of_a_manifest_is_left_out_above(model: str) -> None:
    """A new rule needs a chart that reaches it."""
    rules = Manifest.load(CATALOG / model / MANIFEST).rules
    assert {rule.reason for rule in rules} <= {reason for name, reason in CASES if name == model}
