"""One FHIR resource per fact of a vignette: observation, condition, medication, procedure."""

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from cds_hooks.demo.vocabulary import HL7, SYSTEMS, Json, concept, moment, profile, vocabulary

CLINICIAN = "demo-clinician"


class Chart(NamedTuple):
    """Whose chart a resource belongs to, which id it gets and on which day the chart is read."""

    patient: str
    id: str
    as_of: date

    def stub(self, kind: str, profile_name: str) -> Json:
        """Start of a resource: type, id, profile."""
        return {"resourceType": kind, "id": self.id, "meta": profile(profile_name)}

    def subject(self) -> Json:
        """Reference to the patient."""
        return {"reference": f"Patient/{self.patient}"}


def resource(fact: Json, chart: Chart) -> Json:
    """Resource of one fact; its first key says what it is. Raises KeyError for an unknown kind."""
    return _KINDS[next(iter(fact))](fact, chart)


def observation(fact: Json, chart: Chart) -> Json:
    """Observation with a quantity, a coded answer (smoking) or two components (blood pressure)."""
    key = fact["observation"]
    word = vocabulary()["observations"][key]
    made = chart.stub("Observation", word["profile"]) | {
        "status": fact.get("status", "final"),
        "category": [_category("observation-category", word["category"])],
        "code": concept("loinc", word["code"], word["display"]),
        "subject": chart.subject(),
        "effectiveDateTime": moment(chart.as_of, fact["days_ago"]),
    }
    if "method" in fact:
        made["method"] = {"text": fact["method"]}
    return made | _value(key, fact)


def condition(fact: Json, chart: Chart) -> Json:
    """Problem list entry; `verification: refuted` and `clinical: resolved` where the vignette says so."""
    verification = fact.get("verification", "confirmed")
    made = chart.stub("Condition", "us-core-condition-problems-health-concerns") | {
        "verificationStatus": _status("condition-ver-status", verification),
        "category": [_category("condition-category", "problem-list-item")],
        "code": concept(fact["system"], fact["condition"], fact["display"]),
        "subject": chart.subject(),
        "onsetDateTime": moment(chart.as_of, fact["days_ago"]),
        "recordedDate": moment(chart.as_of, fact["days_ago"]),
    }
    if verification != "entered-in-error":
        made["clinicalStatus"] = _status("condition-clinical", fact.get("clinical", "active"))
    return made


def medication(fact: Json, chart: Chart) -> Json:
    """MedicationRequest of the past or present; status `active` unless the vignette says otherwise."""
    return _order(fact, chart) | {
        "status": fact.get("status", "active"),
        "authoredOn": moment(chart.as_of, fact["days_ago"]),
    }


def draft(fact: Json, chart: Chart) -> Json:
    """MedicationRequest that is being written: status `draft`, written at the day the chart is read."""
    return _order(fact, chart) | {"status": "draft", "authoredOn": chart.as_of.isoformat()}


def procedure(fact: Json, chart: Chart) -> Json:
    """Completed Procedure."""
    return chart.stub("Procedure", "us-core-procedure") | {
        "status": fact.get("status", "completed"),
        "code": concept("snomed", fact["procedure"], fact["display"]),
        "subject": chart.subject(),
        "performedDateTime": moment(chart.as_of, fact["days_ago"]),
    }


def clinician() -> Json:
    """The invented clinician to whom orders refer."""
    return {
        "resourceType": "Practitioner",
        "id": CLINICIAN,
        "meta": profile("us-core-practitioner"),
        "identifier": [{"system": "https://bedside.example/demo/clinicians", "value": "DEMO-CLINICIAN"}],
        "name": [{"family": "Demonstrator", "given": ["Dana"]}],
    }


def _order(fact: Json, chart: Chart) -> Json:
    drug = fact.get("medication") or fact["draft"]
    made = chart.stub("MedicationRequest", "us-core-medicationrequest") | {
        "intent": "order",
        "medicationCodeableConcept": concept("rxnorm", drug, fact["display"]),
        "subject": chart.subject(),
        "requester": {"reference": f"Practitioner/{CLINICIAN}"},
    }
    if "dosage" in fact:
        made["dosageInstruction"] = [{"text": fact["dosage"]}]
    return made


def _value(key: str, fact: Json) -> Json:
    if key == "smoking":
        answer = vocabulary()["smoking"][fact["answer"]]
        return {"valueCodeableConcept": concept("snomed", answer["code"], answer["display"])}
    if key == "blood-pressure":
        parts = zip(vocabulary()["blood_pressure_components"], fact["value"], strict=True)
        return {
            "component": [
                {"code": concept("loinc", **word), "valueQuantity": _quantity(value, fact)}
                for word, value in parts
            ]
        }
    return {"valueQuantity": _quantity(fact["value"], fact)}


def _quantity(value: float, fact: Json) -> Json:
    """Quantity as laboratories send it: with a UCUM code, with a text unit only, or with both."""
    made: Json = {"value": value}
    if "unit" in fact or "ucum" in fact:
        made["unit"] = fact.get("unit", fact.get("ucum"))
    if "ucum" in fact:
        made |= {"system": SYSTEMS["ucum"], "code": fact["ucum"]}
    return made


def _category(system: str, code: str) -> Json:
    return {"coding": [{"system": f"{HL7}/{system}", "code": code}]}


def _status(system: str, code: str) -> Json:
    return {"coding": [{"system": f"{HL7}/{system}", "code": code}]}


_KINDS: dict[str, Callable[[Json, Chart], Json]] = {
    "observation": observation,
    "condition": condition,
    "medication": medication,
    "procedure": procedure,
    "draft": draft,
}
