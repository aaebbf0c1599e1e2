"""The resources that `test_mutated_features` changes, published and hand-made, with their features."""

from __future__ import annotations

import gzip
import json
import os
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from fhir_mapping.terminology import catalogue

Json = dict[str, Any]

SAMPLES = Path(os.environ.get("BEDSIDE_FHIR_SAMPLES", "/nonexistent"))
LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
RXNORM, CPT = "http://www.nlm.nih.gov/research/umls/rxnorm", "http://www.ama-assn.org/go/cpt"
CORE, GENOMICS = "us-core-examples", "genomics-reporting-examples"
FORMER_SMOKER = "synthea-r4-full/Chauncey_Johnston_f4673866-81fb-411a-8486-0c27f2a5b480.json.gz"
UCUM = "http://unitsofmeasure.org"
PATIENT = {"reference": "Patient/example"}


class Subject(NamedTuple):
    """A resource and the features that read it; `f` is the one that is looked at.

    `path` leads to a published one, with `kind` and `code` to the first such resource of a chart; `made` is
    a hand-made one. `beside` stand in the chart before it. `is_draft`: it is a draft order.
    """

    path: str
    features: list[Json]
    beside: tuple[Json, ...] = ()
    is_draft: bool = False
    made: Json | None = None
    kind: str = ""
    code: str = ""

    @property
    def is_there(self) -> bool:
        """Whether its sample is at hand."""
        return self.made is not None or SAMPLES.is_dir()

    def resource(self) -> Json:
        """The sound resource, without its narrative."""
        found: Json = json.loads(json.dumps(self.made if self.made is not None else self._published()))
        found.pop("text", None)
        return found

    def _published(self) -> Json:
        if not self.kind:
            found: Json = json.loads((SAMPLES / self.path).read_text(encoding="utf-8"))
            return found
        of_kind = (one for one in _chart(self.path) if one["resourceType"] == self.kind)
        return next(one for one in of_kind if self.code in json.dumps(one.get("code")))


@cache
def _chart(path: str) -> list[Json]:
    entries = json.loads(gzip.decompress((SAMPLES / path).read_bytes()))["entry"]
    return [entry["resource"] for entry in entries]


def feature(kind: str, **fields: Any) -> Json:
    """The spec of a feature, named `f` unless told otherwise."""
    return {"name": "f", "label": "Feature", "kind": kind, **fields}


def coded(kind: str, code: str, system: str, **fields: Any) -> Json:
    """The spec of a feature that looks for one code."""
    return feature(kind, codes=[{"system": system, "code": code}], **fields)


def made(kind: str, **elements: Any) -> Json:
    """A hand-made resource about the patient `example`."""
    return {"resourceType": kind, "id": "made", "subject": PATIENT, **elements}


def concept(code: str, system: str) -> Json:
    """A CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": code}]}


def height(value: float, date: str, ident: str) -> Json:
    """A final body height in cm."""
    return made(
        "Observation",
        status="final",
        code=concept("8302-2", LOINC),
        effectiveDateTime=date,
        valueQuantity={"value": value, "unit": "cm", "system": UCUM, "code": "cm"},
    ) | {"id": ident}


HEIGHT = feature("observation", analyte="body-height")
BMI = [
    feature("derived", formula="bmi", inputs=["weight", "height"], prefer="recorded"),
    {**HEIGHT, "name": "height"},
    feature("observation", name="weight", analyte="body-weight"),
    feature("observation", name="recorded", analyte="body-mass-index"),
]
ULCER = coded("condition", "51868009", SNOMED, window="30y")
LISINOPRIL = coded("medication", "206765", RXNORM)
SMOKING = feature(
    "observation",
    codes=[{"system": LOINC, "code": "72166-2"}],
    answers=[
        {"system": SNOMED, "code": "8517006", "value": 1, "label": "Former smoker"},
        {"system": SNOMED, "code": "266919005", "value": 0, "label": "Never smoker"},
    ],
)
DEPRESSION = feature(
    "questionnaire",
    questionnaire="http://hl7.org/fhir/us/core/Questionnaire/phq-9-example",
    items=["/44250-9", "/44255-8", "/44251-7"],
    answers=[
        {"system": LOINC, "code": code, "value": value}
        for value, code in enumerate(("LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9"))
    ],
)
PHQ_9 = made(
    "Observation",
    status="final",
    code=concept("44261-6", LOINC),
    effectiveDateTime="2026-05-01T10:00:00Z",
    valueQuantity={"value": 11, "unit": "{score}", "system": UCUM, "code": "{score}"},
)
TAKEN = made(
    "MedicationStatement",
    status="active",
    medicationCodeableConcept=concept("206765", RXNORM),
    effectivePeriod={"start": "2026-01-01", "end": "2027-01-01"},
    dateAsserted="2026-05-01",
)
GIVEN = made(
    "MedicationAdministration",
    status="in-progress",
    medicationCodeableConcept=concept("206765", RXNORM),
    effectivePeriod={"start": "2026-06-01T11:00:00Z", "end": "2026-06-01T13:00:00Z"},
)
ORDER = made(
    "MedicationRequest",
    status="active",
    intent="order",
    medicationReference={"reference": "Medication/uscore-med1"},
    authoredOn="2026-01-10",
)
VALID = made(
    "MedicationRequest",
    status="active",
    intent="order",
    medicationCodeableConcept=concept("206765", RXNORM),
    authoredOn="2026-01-10",
    dispenseRequest={"validityPeriod": {"start": "2026-01-10", "end": "2026-12-31"}},
)
PRODUCT = {
    "resourceType": "Medication",
    "id": "uscore-med1",
    "status": "active",
    "code": concept("9999999", RXNORM),
    "ingredient": [{"itemCodeableConcept": concept("6809", RXNORM), "isActive": True}],
}
CANCER = made(
    "Condition",
    clinicalStatus=concept("active", "http://terminology.hl7.org/CodeSystem/condition-clinical"),
    verificationStatus=concept("confirmed", "http://terminology.hl7.org/CodeSystem/condition-ver-status"),
    code=concept("254837009", SNOMED),
    onsetDateTime="2025-01-10",
    recordedDate="2025-01-20",
)
AGED = made(
    "Condition",
    code=concept("254837009", SNOMED),
    onsetAge={"value": 55, "unit": "a", "system": UCUM, "code": "a"},
    abatementRange={
        "low": {"value": 70, "unit": "a", "system": UCUM, "code": "a"},
        "high": {"value": 72, "unit": "a", "system": UCUM, "code": "a"},
    },
    recordedDate="2025-01-20",
)
BREAST = coded("condition", "254837009", SNOMED)
LEVELS = feature(
    "condition",
    categories=[
        {"value": 2, "label": "Breast", "valueset": "cancer-breast"},
        {"value": 3, "label": "Lung", "valueset": "cancer-nsclc"},
    ],
)
NOTED = made(
    "Observation",
    status="final",
    code=concept("69548-6", LOINC),
    effectiveDateTime="2026-05-01",
    valueCodeableConcept=concept("LA9633-4", LOINC),
    component=[
        {
            "code": concept("48018-6", LOINC),
            "valueCodeableConcept": {
                "coding": [{"system": "http://www.genenames.org", "code": "HGNC:3236", "display": "EGFR"}]
            },
        },
        {
            "code": concept("48005-3", LOINC),
            "valueCodeableConcept": {
                "coding": [{"system": "http://varnomen.hgvs.org", "code": "NP_005219.2:p.Leu858Arg"}]
            },
        },
    ],
)
ALLERGY = {
    "resourceType": "AllergyIntolerance",
    "id": "made",
    "patient": PATIENT,
    "clinicalStatus": concept("active", "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"),
    "verificationStatus": concept(
        "confirmed", "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
    ),
    "code": {"coding": [{"system": "urn:oid:1.2.3.4", "code": "A1"}]},
    "recordedDate": "2025-04-01",
    "criticality": "high",
    "reaction": [{"substance": concept("7980", RXNORM), "manifestation": [concept("247472004", SNOMED)]}],
}
RELATIVE = {
    "resourceType": "FamilyMemberHistory",
    "id": "made",
    "status": "completed",
    "patient": PATIENT,
    "date": "2026-01-15",
    "relationship": concept("MTH", "http://terminology.hl7.org/CodeSystem/v3-RoleCode"),
    "bornDate": "1940-01-01",
    "condition": [
        {
            "code": concept("254837009", SNOMED),
            "onsetAge": {"value": 44, "unit": "a", "system": UCUM, "code": "a"},
        }
    ],
}
STAY = made(
    "Encounter",
    status="finished",
    type=[concept("183452005", SNOMED)],
    period={"start": "2026-05-01T10:00:00Z", "end": "2026-05-03T10:00:00Z"},
) | {"class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}}
CHEMOTHERAPY = made(
    "Procedure",
    status="completed",
    code={"coding": [{"system": SNOMED, "code": catalogue.valueset("chemotherapy-procedures")[0][0]}]},
    performedPeriod={"start": "2026-05-01", "end": "2026-05-02"},
)

BURDEN = made(
    "Observation",
    status="final",
    code=concept("94076-7", LOINC),
    effectiveDateTime="2026-05-01",
    valueQuantity={"value": 29.8, "unit": "mutations/Mb", "system": UCUM, "code": "1/1000000{Base}"},
)

SUBJECTS: dict[str, Subject] = {
    "observation": Subject(f"{CORE}/height.json", [HEIGHT]),
    "component": Subject(
        f"{CORE}/blood-pressure.json", [feature("observation", analyte="systolic-blood-pressure")]
    ),
    "mean": Subject(f"{CORE}/height.json", [{**HEIGHT, "value": "mean"}]),
    "count": Subject(f"{CORE}/height.json", [{**HEIGHT, "value": "count"}]),
    "derived": Subject(f"{CORE}/bmi.json", BMI),
    "trend": Subject(
        "",
        [{**HEIGHT, "value": "trend"}],
        (height(160, "2024-05-01", "h1"), height(159, "2025-05-01", "h2")),
        made=height(158, "2026-05-01", "h3"),
    ),
    "days since a value": Subject(
        "", [{**HEIGHT, "value": "days_since"}], made=height(158, "2026-05-01", "h")
    ),
    "smoking": Subject(FORMER_SMOKER, [SMOKING], kind="Observation", code="72166-2"),
    "form": Subject(f"{CORE}/QuestionnaireResponse-phq-9-example.json", [DEPRESSION]),
    "score": Subject("", [coded("observation", "44261-6", LOINC, unit="{score}", window="1y")], made=PHQ_9),
    "condition": Subject(f"{CORE}/condition-duodenal-ulcer.json", [ULCER]),
    "active condition": Subject(f"{CORE}/condition-duodenal-ulcer.json", [{**ULCER, "active": True}]),
    "days since a condition": Subject(
        f"{CORE}/condition-duodenal-ulcer.json", [{**ULCER, "value": "days_since"}]
    ),
    "levels": Subject("", [LEVELS], made=CANCER),
    "ages": Subject("", [{**BREAST, "active": True, "window": "10y"}], made=AGED),
    "medication": Subject(
        f"{CORE}/medicationrequest-coded-oral-axid.json",
        [coded("medication", "476872", RXNORM, window="30y")],
    ),
    "contained drug": Subject(
        f"{CORE}/medicationrequest-contained-oral-axid.json", [coded("medication", "582620", RXNORM)]
    ),
    "referenced drug": Subject(f"{CORE}/uscore-med1.json", [LISINOPRIL], (ORDER,)),
    "ingredient": Subject("", [coded("medication", "6809", RXNORM)], (ORDER,), made=PRODUCT),
    "statement": Subject("", [LISINOPRIL], made=TAKEN),
    "active statement": Subject("", [{**LISINOPRIL, "active": True}], made=TAKEN),
    "administration": Subject("", [{**LISINOPRIL, "active": True}], made=GIVEN),
    "valid order": Subject("", [{**LISINOPRIL, "active": True}], made=VALID),
    "procedure": Subject(
        f"{CORE}/Procedure-R4-defib-implant.json", [coded("procedure", "33249", CPT, window="30y")]
    ),
    "chemotherapy": Subject(
        "", [feature("procedure", valueset="chemotherapy-procedures", window="1y")], made=CHEMOTHERAPY
    ),
    "allergy": Subject(f"{CORE}/allergyintolerance-example.json", [coded("allergy", "763875007", SNOMED)]),
    "reaction": Subject(
        "", [feature("allergy", valueset="penicillin-allergy", criticality=["high"])], made=ALLERGY
    ),
    "family history": Subject(
        f"{CORE}/familymemberhistory-example.json", [coded("family_history", "709044004", SNOMED)]
    ),
    "onset of a relative": Subject(
        "", [coded("family_history", "254837009", SNOMED, onset_before=50, degree="first")], made=RELATIVE
    ),
    "encounter": Subject(f"{CORE}/encounter-example-1.json", [feature("encounter", classes=["AMB"])]),
    "stay": Subject(
        "", [coded("encounter", "183452005", SNOMED, classes=["IMP"], value="days_since")], made=STAY
    ),
    "draft": Subject(
        f"{CORE}/medicationrequest-coded-oral-axid.json", [coded("draft", "476872", RXNORM)], is_draft=True
    ),
    "genotype": Subject(
        f"{GENOMICS}/Observation-Pgx-geno-1001.json",
        [feature("allele_count", gene="CYP2C19", alleles=["*2"])],
    ),
    "diplotype": Subject(
        f"{GENOMICS}/Observation-Pgx-geno-1001.json", [feature("diplotype", gene="CYP2C19")]
    ),
    "haplotype": Subject(
        f"{GENOMICS}/Observation-HLA-A-haplotype1.json",
        [feature("allele_carried", gene="HLA-A", allele="*24:02")],
    ),
    "variant": Subject("", [feature("variant_present", gene="EGFR", hgvs="p.Leu858Arg")], made=NOTED),
    "microsatellites": Subject(
        f"{GENOMICS}/Observation-MicrosatelliteInstabilityExample01.json", [feature("microsatellite")]
    ),
    "mutational burden": Subject(
        "",
        [feature("observation", analyte="tumour-mutational-burden")],
        made=BURDEN,
    ),
}
