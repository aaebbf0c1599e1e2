"""Records: whose data it is, what is refused, and what a prefetch answer means."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mapping_samples import (
    NOW,
    SNOMED,
    Resource,
    bundle,
    condition,
    fast_record,
    feature,
    features,
    observation,
    patient,
    quantity,
    read,
    record,
    told,
)

from fhir_mapping import prefetch
from fhir_mapping.errors import PayloadError, WrongPatient
from fhir_mapping.issues import Issue
from fhir_mapping.payload import decode_payload, raws_of, read_carefully
from fhir_mapping.record import PatientRecord

CANARY = "Zyxwvut-Canary-4711"
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}


def prefetched(**answers: Any) -> PatientRecord:
    """A record of prefetch answers; None stands for JSON null."""
    raws = {key: json.dumps(answer).encode() for key, answer in answers.items()}
    payloads = {key: decode_payload(raw) if raw != b"null" else None for key, raw in raws.items()}
    return PatientRecord("p1", payloads, lambda key: raws_of(raws, key))


def searchset(*resources: Resource) -> Resource:
    """A searchset Bundle."""
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in resources]}


def test_observation_of_another_patient_is_refused_with_an_issue() -> None:
    """A newest value about somebody else makes the feature missing: nobody can tell whose chart this is.

    The issue names the place and not the person.
    """
    foreign = observation(99, "2026-05-20", "o9", subject={"reference": f"Patient/{CANARY}"})
    assert read(feature(), foreign, observation(70)).reason == "other-subject"
    issues = told(feature(), foreign, observation(70))
    assert ("other-subject", "prefetch.bundle.entry[1].resource") in [(i.code, i.path) for i in issues]
    assert CANARY not in repr(issues)


@pytest.mark.parametrize(
    "reference",
    ["Patient/p1", "https://ehr.example/fhir/Patient/p1", "urn:uuid:p1", "Patient/p1/_history/3"],
)
def test_forms_of_reference_to_the_patient_are_equal(reference: str) -> None:
    """Relative, absolute, urn and versioned references to the patient all mean the patient."""
    assert read(feature(), observation(subject={"reference": reference})).value == 70


def test_other_patient_resource_raises() -> None:
    """A Patient resource of another person stops the reading; the message names no id."""
    with pytest.raises(WrongPatient) as refused:
        fast_record(bundle(patient(id=CANARY)))
    assert refused.value.path == "prefetch.all.entry[0].resource.id"
    assert CANARY not in str(refused.value)


def test_two_patients_in_one_bundle_raise() -> None:
    """A Bundle of two persons is refused."""
    with pytest.raises(WrongPatient):
        record(patient(id="p2"))


def test_patient_resources_that_contradict_each_other_give_no_age() -> None:
    """Of two birth dates under one id nobody can tell which stands; the same Patient twice is no matter."""
    spec = features(feature(kind="age"))
    one, other = patient(birthDate="1960-05-01"), patient(birthDate="1990-05-01")
    chart = prefetched(patient=one, more=searchset(other))
    assert spec.extract(chart, NOW)["f"].reason == "ambiguous"
    assert [(issue.code, issue.path) for issue in chart.issues] == [
        ("ambiguous", "prefetch.more.entry[0].resource")
    ]
    assert spec.extract(prefetched(patient=one, more=searchset(one)), NOW)["f"].state == "ok"


INVALID: dict[str, Resource] = {
    "unknown element": {CANARY: CANARY},
    "unknown nested element": {"valueQuantity": quantity(70) | {CANARY: 1}},
    "two values": {"valueString": CANARY},
    "wrong type": {"note": CANARY},
    "unknown contained type": {"contained": [{"resourceType": CANARY, "id": CANARY}]},
    "no code text": {"method": {"text": ""}},
    "bad instant": {"issued": CANARY},
    "extension of no url": {"extension": [{"valueString": CANARY}]},
}


@pytest.mark.parametrize("elements", INVALID.values(), ids=INVALID)
def test_invalid_newest_resource_is_refused_and_no_older_one_takes_its_place(elements: Resource) -> None:
    """A newest value in invalid FHIR is missing with its path, without its content; an older one still counts
    when it is the newest."""
    invalid = observation(99, "2026-05-20", "o9") | elements
    assert read(feature(), invalid, observation(70)).reason == "invalid-resource"
    assert read(feature(), invalid, observation(70, "2026-05-30")).value == 70
    issues = told(feature(), invalid, observation(70))
    assert {issue.code for issue in issues} == {"invalid-resource"}
    assert all(issue.path.startswith("prefetch.bundle.entry[1].resource") for issue in issues)
    assert CANARY not in repr(issues)


def test_invalid_resource_alone_is_the_reason() -> None:
    """A value that stands in invalid FHIR only is missing as such."""
    assert read(feature(), observation(extra=1)).reason == "invalid-resource"


def test_issue_of_an_invalid_element_names_it() -> None:
    """The path leads to the element inside the resource."""
    assert "prefetch.bundle.entry[1].resource.issued" in [
        i.path for i in told(feature(), observation(issued="x"))
    ]


def test_resource_that_no_feature_touches_is_not_validated() -> None:
    """Faults of a resource that is not read are nobody's business."""
    assert told(feature(), observation(), observation(code="1-8", ident="o2", extra=1)) == []


@pytest.mark.parametrize(
    "odd", [5, "text", None, [], [[]], {}, {"id": "x"}, {"resourceType": 5}, True], ids=repr
)
def test_entry_that_is_no_resource_costs_itself_only(odd: Any) -> None:
    """An entry without a readable resource is an issue at its place, and the others are read."""
    found = told(feature(), odd, observation())
    assert read(feature(), odd, observation()).value == 70
    assert [(issue.code, issue.path[:32]) for issue in found] == [
        ("structure", "prefetch.bundle.entry[1].resourc")
    ]


def test_issues_after_an_unreadable_entry_keep_their_place() -> None:
    """An entry that cannot be read does not shift the paths of those behind it."""
    assert told(feature(), "odd", observation(extra=1))[-1].path == "prefetch.bundle.entry[2].resource"


@pytest.mark.parametrize("entry", [{}, {"resource": None}, {"fullUrl": "urn:uuid:1"}], ids=repr)
def test_fast_decode_tells_of_an_entry_without_resource(entry: Resource) -> None:
    """In the typed decode, an entry without a resource is an issue too."""
    body = json.dumps({"resourceType": "Bundle", "entry": [entry, {"resource": observation()}]}).encode()
    chart = fast_record(body)
    assert features(feature()).extract(chart, NOW)["f"].value == 70
    assert [(i.code, i.path) for i in chart.issues] == [("no-resource", "prefetch.all.entry[0]")]


def test_number_as_string_is_not_a_number() -> None:
    """A newest value in quotes is missing, with the path of the element; no older one takes its place."""
    quoted = observation("99", "2026-05-20", "o9")
    assert read(feature(), quoted, observation(70)).reason == "no-value"
    assert ("structure", "prefetch.bundle.entry[1].resource.valueQuantity.value") in [
        (i.code, i.path) for i in told(feature(), quoted, observation(70))
    ]


@pytest.mark.parametrize(
    "body", [b"", b"null", b"5", b"junk", b"[]", b'{"resourceType":5}', b'{"entry":{}}', b"\xff"]
)
def test_payload_that_is_no_bundle_is_a_payload_error(body: bytes) -> None:
    """What is no JSON object of a Bundle's outline is refused with a PayloadError."""
    with pytest.raises(PayloadError):
        PatientRecord.of_bundle(body)


def test_deep_nesting_is_an_issue() -> None:
    """An entry nested ten thousand levels deep is refused without a crash."""
    deep = b'{"resource":{"resourceType":"Observation","note":' + b"[" * 10_000 + b"]" * 10_000 + b"}}"
    issues: list[Issue] = []
    payload, _ = read_carefully(b'{"resourceType":"Bundle","entry":[' + deep + b"]}", "x", issues)
    assert payload is None or payload.entry
    assert "nested too deeply" in issues[0].message


def test_failed_prefetch_is_told_from_an_empty_one() -> None:
    """An OperationOutcome means failed, null means none, and only the first is an issue."""
    chart = prefetched(patient=patient(), observations=OUTCOME, conditions=None, procedures=searchset())
    assert chart.states == {
        "patient": "present",
        "observations": "failed",
        "conditions": "null",
        "procedures": "empty",
    }
    assert [(issue.code, issue.path) for issue in chart.issues] == [
        ("prefetch-failed", "prefetch.observations")
    ]


def test_failed_search_is_not_provided() -> None:
    """A feature whose search failed is missing because nothing was provided."""
    chart = prefetched(patient=patient(), observations=OUTCOME)
    assert features(feature()).extract(chart, NOW)["f"].reason == "not-provided"


def test_empty_answer_counts_once_it_is_noted() -> None:
    """An empty list is an answer as soon as the caller notes which types it was about."""
    spec = features(feature(kind="condition", valueset="diabetes-mellitus"))
    chart = prefetched(patient=patient(), conditions=searchset())
    assert spec.extract(chart, NOW)["f"].state == "missing"
    chart.answer(prefetch.answered("conditions"))
    assert spec.extract(chart, NOW)["f"].state == "none-recorded"


def test_outcome_inside_a_searchset_is_an_issue() -> None:
    """A warning of the server between the results is told, and the results are used."""
    chart = prefetched(patient=patient(), observations=searchset(OUTCOME, observation()))
    assert features(feature()).extract(chart, NOW)["f"].value == 70
    assert [(i.code, i.path) for i in chart.issues] == [
        ("outcome-entry", "prefetch.observations.entry[0].resource")
    ]


def test_path_of_a_resource_that_is_no_bundle() -> None:
    """An issue about a resource that stands under a key itself has no entry in its path."""
    chart = prefetched(patient=patient(birthday=1))
    features(feature(kind="age")).extract(chart, NOW)
    assert [issue.path for issue in chart.issues] == ["prefetch.patient"]


def test_resources_under_several_keys_are_one_record() -> None:
    """Every key adds to the record, and bytes are found again under the right key."""
    blood = observation(5, ident="c", code="2093-3", valueQuantity=quantity(200, "mg/dL"))
    chart = prefetched(patient=patient(), a=searchset(observation()), b=searchset(blood | {"extra": 1}))
    vector = features(feature(), feature(name="g", analyte="total-cholesterol")).extract(chart, NOW)
    assert (vector["f"].value, vector["g"].reason) == (70, "invalid-resource")
    assert vector.issues[0].path == "prefetch.b.entry[0].resource"


def test_unused_concept_forms_are_harmless() -> None:
    """A code without its system may be the one that is asked for; a system without a code matches nothing."""
    bare = observation() | {"code": {"coding": [{"code": "29463-7"}, {"system": "http://loinc.org"}]}}
    empty = observation() | {"code": {"coding": [{"system": "http://loinc.org"}]}}
    assert read(feature(), bare, observation(code="1-8", ident="o2")).reason == "not-coded"
    assert read(feature(), empty, observation(code="1-8", ident="o2")).reason == "not-recorded"


@pytest.mark.parametrize("kind", ["Conditions", "condition", "", "Bundle"])
def test_an_entry_of_no_resource_type_is_not_nothing(kind: str) -> None:
    """A mistyped type, and a Bundle in a Bundle, may hold what is asked for: told, and no list is empty."""
    spec = feature(kind="condition", codes=[{"system": SNOMED, "code": "44054006"}])
    odd = {"resourceType": kind, "id": "c"}
    found = read(spec, condition("38341003"), odd)
    assert (found.state, found.reason) == ("missing", "incomplete")
    assert told(spec, odd)[0].path.startswith("prefetch.bundle.entry[1].resource")
    assert read(spec, condition("38341003"), odd | {"resourceType": "Goal"}).state == "none-recorded"
