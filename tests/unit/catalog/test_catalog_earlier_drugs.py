"""Earlier checkpoint inhibitors that are told without a code, and what does not pass for one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import pytest

from fhir_mapping.drafts import read_draft
from fhir_mapping.issues import Issue
from fhir_mapping.prefetch import KEYS
from fhir_mapping.record import PatientRecord
from models.golden_cases import case_of
from models.loader import load_model
from models.registry import CATALOG

NOW = "2025-06-10T09:00:00Z"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
LOCAL, NDC = "urn:oid:1.2.3.4", "http://hl7.org/fhir/sid/ndc"
FACTS = [
    {"condition": "254637007", "date": "2024-05-10"},
    {"observation": "1751-7", "value": 3.8, "ucum": "g/dL", "date": "2025-06-01"},
]
UNCLEAR = "checkpoint-inhibitor-before-unclear"


def reason_of(entry: dict[str, Any], *others: dict[str, Any]) -> tuple[str | None, list[Issue]]:
    """Why the model is silent beside one more medication entry, None where it scores; and the issues."""
    patient = {"gender": "female", "birthDate": "1960-06-30"}
    case = case_of({"name": "case", "index": NOW, "patient": patient, "facts": FACTS, "drafts": ["1547545"]})
    subject = case.bundle["entry"][1]["resource"]["subject"]
    plain = {"resourceType": "MedicationRequest", "id": "before", "status": "completed", "intent": "order"}
    made = plain | {"authoredOn": "2024-02-01", "subject": subject} | entry
    made = {name: value for name, value in made.items() if value is not None}
    case.bundle["entry"] += [{"resource": one} for one in (made, *others)]
    record = PatientRecord.of_bundle(msgspec.json.encode(case.bundle))
    record.answer(KEYS.values())
    record.drafts = [read_draft(msgspec.json.encode(draft)) for draft in case.drafts]
    model = load_model(CATALOG / "immunotherapy-response")
    found = model.predict(model.features.extract(record, datetime.fromisoformat(NOW))).applicability
    return found.reason, record.issues


def words(text: str) -> dict[str, Any]:
    """An entry in words."""
    return {"medicationCodeableConcept": {"text": text}}


def coded(code: str, system: str, **more: str) -> dict[str, Any]:
    """An entry under a code."""
    return {"medicationCodeableConcept": {"coding": [{"system": system, "code": code, **more}]}}


def referring(display: str | None = None, reference: str | None = "Medication/d") -> dict[str, Any]:
    """An entry that names its drug by reference."""
    return {"medicationReference": {"reference": reference, "display": display}}


def drug(**elements: Any) -> dict[str, Any]:
    """The Medication that entries refer to."""
    return {"resourceType": "Medication", "id": "d", **elements}


INGREDIENT = [{"itemCodeableConcept": {"text": "pembrolizumab"}}]
SPOKEN: dict[str, tuple[dict[str, Any], ...]] = {
    "a brand": (words("Keytruda"),),
    "an amount": (words("NIVOLUMAB 240 mg IV q2w"),),
    "an abbreviation": (words("Ipi/nivo, 4 cycles"),),
    "a brand without a code here": (words("Opdualag"),),
    "what the class is called": (words("Anti-PD-L1 antibody (trial)"),),
    "the display of a local code": (coded("PEM100", LOCAL, display="Pembrolizumab inj 100 mg/4 mL"),),
    "the display of an NDC": (coded("0006-3026-02", NDC, display="KEYTRUDA 100 MG VIAL"),),
    "a product in no table": (coded("9999997", RXNORM, display="nivolumab 12 MG/ML Injection [Opdivo]"),),
    "the text of a referenced drug": (referring(), drug(code={"text": "Keytruda"})),
    "an ingredient of a referenced drug": (referring(), drug(code={"text": "vial"}, ingredient=INGREDIENT)),
    "the text of a contained drug": (
        referring(reference="#d") | {"contained": [drug(code={"text": "atezolizumab"})]},
    ),
    "the name of a drug that was not sent": (referring("Tecentriq 1200 mg"),),
    "a name in the place of a reference": (referring("durvalumab", None),),
    "beside something else": (words("Aspirin, Keytruda"),),
    "of an unknown date": (words("Keytruda") | {"authoredOn": None},),
    "of an unknown status": (words("Keytruda") | {"status": "unknown"},),
    "a code of an unknown status": (coded("1547545", RXNORM) | {"status": "unknown"},),
    "a code with a date that cannot be read": (coded("1547545", RXNORM) | {"authoredOn": "2024-02-30"},),
}


@pytest.mark.parametrize("given", SPOKEN.values(), ids=SPOKEN)
def test_whoever_had_one_in_words_gets_no_score(given: tuple[dict[str, Any], ...]) -> None:
    """An entry that names a checkpoint inhibitor silences the model as a coded one does, with its path."""
    reason, issues = reason_of(*given)
    assert reason == UNCLEAR
    assert any(one.path.startswith("prefetch.bundle.entry[3].resource") for one in issues)


SILENCES_NOTHING: dict[str, dict[str, Any]] = {
    "another drug": words("Aspirin 81 mg"),
    "chemotherapy": words("Paclitaxel 80 mg/m2"),
    "no drug's name": words("Study drug, arm B"),
    "an NDC alone": coded("0006-3026-02", NDC),
    "part of a longer word": words("Nivolumabesque placebo"),
    "entered in error": words("Keytruda") | {"status": "entered-in-error"},
    "cancelled": words("Keytruda") | {"status": "cancelled"},
    "a draft": words("Keytruda") | {"status": "draft"},
    "a plan": words("Keytruda") | {"intent": "plan"},
    "forbidden": words("Keytruda") | {"doNotPerform": True},
    "ordered later": words("Keytruda") | {"authoredOn": "2026-01-01"},
    "another drug by the code": coded("1191", RXNORM, display="aspirin"),
    "somebody else's": words("Keytruda") | {"subject": {"reference": "Patient/another"}},
}


@pytest.mark.parametrize("given", SILENCES_NOTHING.values(), ids=SILENCES_NOTHING)
def test_what_names_none_or_does_not_count_silences_nothing(given: dict[str, Any]) -> None:
    assert reason_of(given)[0] is None


@pytest.mark.parametrize(
    ("ident", "status", "reason"),
    [
        ("draft-1", "draft", None),
        ("draft-1", None, None),
        ("draft-1", "active", UNCLEAR),
        ("other", None, UNCLEAR),
    ],
)
def test_the_order_that_is_being_written_is_no_earlier_drug(
    ident: str, status: str | None, reason: str | None
) -> None:
    """A copy of the draft in the chart tells of nothing, unless the chart says that it was signed before."""
    case = case_of({"name": "c", "index": NOW, "patient": {"gender": "male"}, "facts": [], "drafts": ["1"]})
    ident = case.drafts[0]["id"] if ident == "draft-1" else ident
    assert reason_of(words("Keytruda") | {"id": ident, "status": status})[0] == reason


def test_a_coded_one_is_told_as_recorded() -> None:
    """Where a code says it, the reason is that one is on record, whatever words stand beside."""
    assert reason_of(coded("1597876", RXNORM))[0] == "checkpoint-inhibitor-before"
