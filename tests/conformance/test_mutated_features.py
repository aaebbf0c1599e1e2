"""Published resources with each element dropped, retyped, emptied, doubled or made wrong: no silent value.

For every kind of feature the value stays as it was, or is missing with a reason and an issue whose path
leads to the resource.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from fhir_mapping.drafts import read_drafts
from fhir_mapping.features import FeatureSet
from fhir_mapping.issues import Issue
from fhir_mapping.payload import decode_payload
from fhir_mapping.record import PatientRecord
from fhir_mapping.values import REASONS, FeatureValue

Json = dict[str, Any]
Place = tuple[Any, ...]

SAMPLES = Path(os.environ.get("BEDSIDE_FHIR_SAMPLES", "/nonexistent"))
pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="BEDSIDE_FHIR_SAMPLES does not name the folder with FHIR examples"
)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
RXNORM, CPT = "http://www.nlm.nih.gov/research/umls/rxnorm", "http://www.ama-assn.org/go/cpt"
CORE, GENOMICS = "us-core-examples", "genomics-reporting-examples"
DRAFTS = "context.draftOrders"

DROPPED, DOUBLED = object(), object()
RETYPED: list[Any] = [DROPPED, DOUBLED, "", [], {}, None, -5, True, "x", [5], {"x": 5}]
WRONG: Mapping[str, tuple[str, ...]] = {
    "reference": ("Patient/somebody-else", "urn:uuid:0"),
    "status": ("nonsense", "unknown"),
    "unit": ("stone", "umol/L"),
}
DATES = ("2026-02-30", "2026-05-01T10:00:00", "yesterday")


class Subject(NamedTuple):
    """A published resource and the features that read it; `f` is the one that is looked at."""

    path: str
    features: list[Json]
    companions: tuple[str, ...] = ()
    is_draft: bool = False


def feature(kind: str, **fields: Any) -> Json:
    """The spec of a feature, named `f` unless told otherwise."""
    return {"name": "f", "label": "Feature", "kind": kind, **fields}


def coded(kind: str, code: str, system: str, **fields: Any) -> Json:
    """The spec of a feature that looks for one code."""
    return feature(kind, codes=[{"system": system, "code": code}], **fields)


HEIGHT = feature("observation", analyte="body-height")
BMI = [
    feature("derived", formula="bmi", inputs=["weight", "height"], prefer="recorded"),
    {**HEIGHT, "name": "height"},
    feature("observation", name="weight", analyte="body-weight"),
    feature("observation", name="recorded", analyte="body-mass-index"),
]
SUBJECTS: dict[str, Subject] = {
    "observation": Subject(f"{CORE}/height.json", [HEIGHT]),
    "component": Subject(
        f"{CORE}/blood-pressure.json", [feature("observation", analyte="systolic-blood-pressure")]
    ),
    "mean": Subject(f"{CORE}/height.json", [{**HEIGHT, "value": "mean"}]),
    "count": Subject(f"{CORE}/height.json", [{**HEIGHT, "value": "count"}]),
    "derived": Subject(f"{CORE}/bmi.json", BMI),
    "condition": Subject(
        f"{CORE}/condition-duodenal-ulcer.json", [coded("condition", "51868009", SNOMED, window="30y")]
    ),
    "medication": Subject(
        f"{CORE}/medicationrequest-coded-oral-axid.json",
        [coded("medication", "476872", RXNORM, window="30y")],
    ),
    "contained drug": Subject(
        f"{CORE}/medicationrequest-contained-oral-axid.json", [coded("medication", "582620", RXNORM)]
    ),
    "procedure": Subject(
        f"{CORE}/Procedure-R4-defib-implant.json", [coded("procedure", "33249", CPT, window="30y")]
    ),
    "allergy": Subject(f"{CORE}/allergyintolerance-example.json", [coded("allergy", "763875007", SNOMED)]),
    "family history": Subject(
        f"{CORE}/familymemberhistory-example.json", [coded("family_history", "709044004", SNOMED)]
    ),
    "encounter": Subject(f"{CORE}/encounter-example-1.json", [feature("encounter", classes=["AMB"])]),
    "draft": Subject(
        f"{CORE}/medicationrequest-coded-oral-axid.json", [coded("draft", "476872", RXNORM)], is_draft=True
    ),
    "genotype": Subject(
        f"{GENOMICS}/Observation-Pgx-geno-1001.json",
        [feature("allele_count", gene="CYP2C19", alleles=["*2"])],
    ),
    "haplotype": Subject(
        f"{GENOMICS}/Observation-HLA-A-haplotype1.json",
        [feature("allele_carried", gene="HLA-A", allele="*24:02")],
    ),
    "microsatellites": Subject(
        f"{GENOMICS}/Observation-MicrosatelliteInstabilityExample01.json", [feature("microsatellite")]
    ),
}


def published(path: str) -> Json:
    """A published resource without its narrative."""
    found: Json = json.loads((SAMPLES / path).read_text(encoding="utf-8"))
    found.pop("text", None)
    return found


def other(resource: Json) -> Json:
    """Another entry of the same list, about the same patient and something else."""
    owner = "patient" if "patient" in resource else "subject"
    kept = ("resourceType", owner, "relationship", "intent", "class")
    found = {name: resource[name] for name in kept if name in resource}
    systems = {"MedicationRequest": (RXNORM, "1191"), "Procedure": (CPT, "44970")}
    system, known = systems.get(resource["resourceType"], (SNOMED, "38341003"))
    code = {"coding": [{"system": system, "code": known}]}
    wanted = {"MedicationRequest": "medicationCodeableConcept", "Encounter": "type"}
    name = wanted.get(resource["resourceType"], "code")
    statuses = {"MedicationRequest": "active", "Encounter": "cancelled", "Observation": "final"}
    status = statuses.get(resource["resourceType"], "completed")
    return {**found, "id": "other", "status": status, name: [code] if name == "type" else code}


def read(subject: Subject, resource: Json) -> tuple[FeatureValue, list[Issue], str]:
    """The feature `f`, the issues, and the path that leads to the resource."""
    sound = published(subject.path)
    owner = sound.get("patient") or sound["subject"]
    ident = owner["reference"].removeprefix("Patient/")
    patient = {"resourceType": "Patient", "id": ident, "gender": "female", "birthDate": "1970-01-01"}
    entries = [patient] if subject.is_draft else [patient, other(sound), resource]
    chart = json.dumps({"resourceType": "Bundle", "entry": [{"resource": one} for one in entries]}).encode()
    compiled = FeatureSet.parse(subject.features, "model.yaml")
    if not subject.is_draft:
        record = PatientRecord.of_bundle(chart, ident)
        return compiled.extract(record, NOW)["f"], record.issues, "prefetch.bundle.entry[2]"
    bundle = {"resourceType": "Bundle", "entry": [{"resource": resource}]}
    issues: list[Issue] = []
    drafts = read_drafts(msgspec.Raw(json.dumps(bundle).encode()), DRAFTS, (), issues)
    record = PatientRecord(ident, {"all": decode_payload(chart)}, lambda _: [], drafts, issues)
    return compiled.extract(record, NOW)["f"], record.issues, f"{DRAFTS}.entry[0]"


def places(value: Any, at: Place) -> Iterator[Place]:
    """The path of an element and of all that is in it."""
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*at, key))


def mutations(value: Any, name: Any) -> Iterator[Any]:
    """What takes the place of an element; never another text or number that says as much as its own."""
    is_date = isinstance(name, str) and name.endswith(("DateTime", "date", "authoredOn", "start", "end"))
    for wrong in (*RETYPED, *WRONG.get(name, ()), *(DATES if is_date else ())):
        says_as_much = isinstance(value, (int, float)) and wrong == -5
        is_code = name in ("code", "system", "display", "reference", "text", "linkId") and wrong == "x"
        if wrong is DOUBLED and not isinstance(value, list):
            continue
        if not (says_as_much or is_code or wrong == value):
            yield wrong


def mutated(resource: Json, place: Place, wrong: Any) -> Json:
    """The resource with one element changed."""
    resource = copy.deepcopy(resource)
    holder: Any = resource
    for key in place[:-1]:
        holder = holder[key]
    if wrong is DROPPED:
        del holder[place[-1]]
    elif wrong is DOUBLED:
        holder[place[-1]] = holder[place[-1]] * 2
    else:
        holder[place[-1]] = wrong
    return resource


# What a resource may do without: it then says that there is nothing, and says it rightly.
IN_ORDER = {("family history", "condition")}

CASES = [
    (name, element)
    for name, subject in SUBJECTS.items()
    if SAMPLES.is_dir()
    for element in published(subject.path)
    if element not in ("resourceType", "id", "meta", "extension") and (name, element) not in IN_ORDER
]


@pytest.mark.parametrize("name", SUBJECTS)
def test_the_published_resource_gives_a_value(name: str) -> None:
    """The resources that are changed below are each read, without an issue."""
    subject = SUBJECTS[name]
    found, issues, _ = read(subject, published(subject.path))
    assert found.state == "ok"
    assert [one for one in issues if one.code != "no-resource"] == []


@pytest.mark.parametrize(("name", "element"), CASES)
def test_a_mutated_element_never_gives_another_value_in_silence(name: str, element: str) -> None:
    """The feature is unchanged, or missing with a known reason and an issue that leads to the resource."""
    subject = SUBJECTS[name]
    sound = published(subject.path)
    expected = read(subject, sound)[0].value
    silent: list[tuple[str, str, Any]] = []
    for place in places(sound[element], (element,)):
        value: Any = sound
        for key in place:
            value = value[key]
        for wrong in mutations(value, place[-1]):
            found, issues, path = read(subject, mutated(sound, place, wrong))
            told = found.reason in REASONS and any(one.path.startswith(path) for one in issues)
            if (found.value != expected) if found.known else not told:
                what = {id(DROPPED): "dropped", id(DOUBLED): "doubled"}.get(id(wrong), repr(wrong))
                silent.append((".".join(map(str, place)), what, found.reason or found.value))
    assert silent == []
