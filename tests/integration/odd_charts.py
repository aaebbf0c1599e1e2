"""Charts that hold what features doubt, and a manifest of features that read them, for parity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cds_hooks.ehr.bundle_file import PatientBundle
from fhir_mapping.yamlfile import read_yaml

Resource = dict[str, Any]

LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
RXNORM, NDC = "http://www.nlm.nih.gov/research/umls/rxnorm", "http://hl7.org/fhir/sid/ndc"
UCUM = "http://unitsofmeasure.org"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
FORM = "https://example.org/Questionnaire/mood"
_OF_PATIENT = ("AllergyIntolerance", "FamilyMemberHistory")
MANIFEST = """
features:
  - {name: age, label: Age, kind: age, unit: a}
  - {name: sex, label: Sex, kind: sex}
  - {name: drugs, label: Drugs, kind: medication, valueset: glucose-lowering-drugs}
  - name: metformin
    label: Metformin
    kind: medication
    codes: [{system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "6809"}]
  - {name: taken_now, label: Taken now, kind: medication, valueset: glucose-lowering-drugs, active: true}
  - {name: drug_days, label: Days, kind: medication, valueset: glucose-lowering-drugs, value: days_since}
  - {name: diabetes, label: Diabetes, kind: condition, valueset: diabetes-mellitus}
  - {name: active_diabetes, label: Active, kind: condition, valueset: diabetes-mellitus, active: true}
  - {name: new_diabetes, label: New, kind: condition, valueset: diabetes-mellitus, window: 3y}
  - {name: days, label: Days, kind: condition, valueset: diabetes-mellitus, value: days_since}
  - {name: times, label: Number, kind: condition, valueset: diabetes-mellitus, value: count}
  - name: cancer
    label: Cancer
    kind: condition
    categories:
      - {value: 1, label: Lung, valueset: cancer-nsclc}
      - {value: 2, label: Breast, valueset: cancer-breast}
  - {name: allergy, label: Allergy, kind: allergy, valueset: penicillin-allergy, window: 5y}
  - {name: kin, label: Kin, kind: family_history, valueset: cancer-breast}
  - {name: chemotherapy, label: Chemotherapy, kind: procedure, valueset: chemotherapy-procedures}
  - name: visit
    label: Visit
    kind: encounter
    codes: [{system: "http://snomed.info/sct", code: "50849002"}]
  - {name: variant, label: Variant, kind: variant_present, gene: EGFR, hgvs: p.Leu858Arg}
  - {name: height, label: Height, kind: observation, analyte: body-height}
  - name: form
    label: Form
    kind: questionnaire
    questionnaire: https://example.org/Questionnaire/mood
    items: [q1]
"""


def manifest(folder: Path) -> Path:
    """The manifest in a file."""
    path = folder / "model.yaml"
    path.write_text(MANIFEST, encoding="utf-8")
    return path


def names() -> list[str]:
    """Names of the features."""
    return [one["name"] for one in read_yaml(MANIFEST)["features"]]


def concept(code: str, system: str, **more: str) -> Resource:
    """A CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": code, **more}]}


def age(value: int) -> Resource:
    """An Age in years."""
    return {"value": value, "unit": "a", "system": UCUM, "code": "a"}


_WORDS: list[Resource] = [
    {"text": "Aspirin 81 mg"},
    {"text": "Glucophage"},
    {"text": "metformin 500 mg"},
    {},
    concept("0087-6060-05", NDC),
    concept("0087-6060-05", NDC, display="Aspirin 81 MG Oral Tablet"),
    concept("314076", RXNORM),
    concept("860975", RXNORM),
    concept("MET", "urn:oid:1.2.3.4"),
    {"coding": [{"code": "6809"}]},
]
_ORDERED: list[Resource] = [
    {"dispenseRequest": {"validityPeriod": {"start": "2026-07-01"}}},
    {"dispenseRequest": {"validityPeriod": {"start": "2026-06"}}},
    {"dispenseRequest": {"validityPeriod": {"start": "2026-01-01", "end": "2026-05-01"}}},
    {"authoredOn": "2026-05"},
    {"authoredOn": None},
]
_ILL: list[Resource] = [
    {"code": {"text": "T2DM"}},
    {"code": {"text": "Gout"}},
    {"code": concept("DM", "urn:oid:1.2.3.4")},
    {"code": concept("254837009", SNOMED)},
    {"abatementString": "long ago"},
    {"abatementAge": age(50)},
    {"abatementAge": age(58)},
    {"abatementRange": {"low": age(60), "high": age(70)}},
    {"abatementPeriod": {"end": "2026-05-01"}},
    {"onsetDateTime": None, "onsetAge": age(57)},
    {"onsetDateTime": None, "onsetString": "in spring"},
    {"onsetDateTime": None, "onsetRange": {"low": age(30), "high": age(40)}},
    {"onsetDateTime": None, "recordedDate": None},
]
_DRUGS: list[Resource] = [
    {"code": {"text": "Aspirin"}},
    {"code": {"text": "Glucophage"}},
    {"code": concept("0087", NDC), "ingredient": [{"itemCodeableConcept": concept("6809", RXNORM)}]},
    {"code": concept("9999999", RXNORM), "ingredient": [{"itemCodeableConcept": {"text": "aspirin"}}]},
    {"code": {}},
]


def charts() -> list[tuple[PatientBundle, list[Resource]]]:
    """One chart for each oddity: the patient, other entries of every list, and what is odd."""
    odd: list[list[Resource]] = [
        *([_order(medicationCodeableConcept=one)] for one in _WORDS),
        *([_order(**one)] for one in _ORDERED),
        *([_ill(**one)] for one in _ILL),
        [_ill(), _ill(onsetDateTime=None, onsetAge=age(50))],
        *([_referring(at)] for at, _ in enumerate(_DRUGS)),
        *([one] for one in _others()),
    ]
    return [_chart(f"odd-{at:02}", found) for at, found in enumerate(odd)]


def drugs() -> list[Resource]:
    """The Medications that charts refer to."""
    return [{"resourceType": "Medication", "id": f"drug-{at}", **one} for at, one in enumerate(_DRUGS)]


def _order(**elements: Any) -> Resource:
    order = {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": concept("6809", RXNORM),
        "authoredOn": "2026-01-10",
    }
    return {name: value for name, value in (order | elements).items() if value is not None}


def _referring(at: int) -> Resource:
    reference = {"reference": f"Medication/drug-{at}"}
    return _order(medicationCodeableConcept=None, medicationReference=reference)


def _ill(**elements: Any) -> Resource:
    illness = {
        "resourceType": "Condition",
        "code": concept("44054006", SNOMED),
        "onsetDateTime": "2025-03-01",
        "recordedDate": "2026-04-01",
    }
    return {name: value for name, value in (illness | elements).items() if value is not None}


def _others() -> list[Resource]:
    parent = concept("MTH", "http://terminology.hl7.org/CodeSystem/v3-RoleCode")
    kin = {"resourceType": "FamilyMemberHistory", "relationship": parent}
    kin |= {"status": "completed", "date": "2026-01-15"}
    allergic = {"resourceType": "AllergyIntolerance", "recordedDate": "2026-01-01"}
    treated = {"resourceType": "Procedure", "status": "completed"}
    visited = {"resourceType": "Encounter", "status": "finished"}
    visited |= {"period": {"start": "2026-05-01T10:00:00Z"}, "class": {"system": ACT, "code": "AMB"}}
    seen = {"resourceType": "Observation", "status": "final", "effectiveDateTime": "2026-05-01"}
    named = {
        "code": concept("48005-3", LOINC),
        "valueCodeableConcept": concept("NP_005219.2:p.Leu858Arg", "http://varnomen.hgvs.org"),
    }
    present = {"code": concept("69548-6", LOINC), "valueCodeableConcept": concept("LA9633-4", LOINC)}
    tall = {"valueQuantity": {"value": 170, "unit": "cm", "system": UCUM, "code": "cm"}}
    answered = {"resourceType": "QuestionnaireResponse", "status": "completed", "authored": "2026-05-01"}
    answered |= {"item": [{"linkId": "q1", "answer": [{"valueInteger": 2}]}]}
    return [
        allergic | {"code": {"text": "PCN"}},
        allergic | {"code": {"text": "aspirin"}},
        allergic | {"code": concept("7980", RXNORM), "onsetAge": age(5)},
        kin | {"condition": [{"code": {"text": "breast ca"}}]},
        kin | {"condition": [{"code": {"text": "Gout"}}]},
        treated | {"code": concept("96413", "http://www.ama-assn.org/go/cpt")},
        visited | {"type": [{"text": "visit"}]},
        seen | present | {"component": [named]},
        seen | tall | {"code": concept("8302-2", LOINC)},
        answered,
        answered | {"questionnaire": FORM},
    ]


def _chart(ident: str, odd: list[Resource]) -> tuple[PatientBundle, list[Resource]]:
    patient = {"resourceType": "Patient", "id": ident, "gender": "female", "birthDate": "1968-04-02"}
    plain = [
        _ill(code=concept("38341003", SNOMED)),
        _order(medicationCodeableConcept=concept("1191", RXNORM)),
    ]
    about = {"reference": f"Patient/{ident}"}
    found: list[Resource] = [patient]
    for at, one in enumerate([*plain, *odd]):
        owner = "patient" if one["resourceType"] in _OF_PATIENT else "subject"
        found.append(one | {"id": f"{ident}-{at}", owner: about})
    return PatientBundle(patient, tuple(found)), found
