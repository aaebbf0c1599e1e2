"""Prefetch templates, missing required data, and the description that third parties build input from."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from mapping_samples import (
    CATALOG,
    MODELS,
    SUBJECT,
    UCUM,
    Resource,
    bundle,
    catalog_features,
    feature,
    features,
    observation,
    record,
)

from fhir_mapping import prefetch
from fhir_mapping.describe import describe
from fhir_mapping.features import FeatureSet
from fhir_mapping.readers.observations import ObservationReader
from fhir_mapping.record import PatientRecord
from fhir_mapping.wire import Quantity

SETS = {model: catalog_features(model) for model in MODELS}
SOON_AFTER = datetime(2026, 1, 20, tzinfo=UTC)  # of the examples' date, so that every window reaches them
DESCRIBED = {model: {told["name"]: told for told in describe(one)} for model, one in SETS.items()}
INPUTS = [(model, name) for model, one in SETS.items() for name in one.inputs]
EXTRAS: dict[str, Resource] = {
    "Condition": {"subject": SUBJECT},
    "MedicationRequest": {"subject": SUBJECT, "intent": "order"},
    "Procedure": {"subject": SUBJECT},
}


def built(model: str, name: str) -> list[Resource]:
    """Resources for a feature, from nothing but its description."""
    told = DESCRIBED[model][name]
    if "inputs" in told:
        return [resource for one in told["inputs"] for resource in built(model, one)]
    ident = name.replace("_", "-")
    if "example" in told:
        example: Resource = told["example"]
        if example["resourceType"] == "Patient":
            return [example]
        return [example | {"id": ident, "subject": SUBJECT}]
    kind = told["resources"][0]
    codes = told["codes"] if "codes" in told else told["categories"][0]["codes"]
    holder = "medicationCodeableConcept" if kind.startswith("Medication") else "code"
    listed: Resource = {"resourceType": kind, "id": ident, holder: {"coding": [codes[0]]}, **EXTRAS[kind]}
    if kind != "Condition":
        listed["status"] = "completed"
    return [listed]


def read_back(model: str, name: str) -> Any:
    """The value of a feature on resources that were built from its description."""
    person = {"resourceType": "Patient", "id": "p1"}
    others = []
    for resource in built(model, name):
        if resource["resourceType"] == "Patient":
            person |= resource
        else:
            others.append(resource)
    chart = PatientRecord.of_bundle(bundle(person, *others))
    return SETS[model].extract(chart, SOON_AFTER)[name]


@pytest.mark.parametrize(("model", "name"), INPUTS)
def test_description_is_enough_to_build_input(model: str, name: str) -> None:
    """A resource that is built from the description alone is read back as the feature."""
    found = read_back(model, name)
    assert (found.state, found.reason) == ("ok", None)
    low, high = SETS[model].spec(name).range or (found.value, found.value)
    assert low <= found.value <= high


@pytest.mark.parametrize("model", MODELS)
def test_every_feature_is_described_in_plain_json(model: str) -> None:
    """The description names all features in spec order, survives JSON, and holds no empty element."""
    told = describe(SETS[model])
    assert [one["name"] for one in told] == [spec.name for spec in SETS[model].specs]
    assert json.loads(json.dumps(told)) == told
    assert not [
        (one["name"], key) for one in told for key, value in one.items() if value in (None, [], {}, "")
    ]


@pytest.mark.parametrize("model", MODELS)
def test_every_described_unit_is_accepted(model: str) -> None:
    """A value in each unit that the description lists is converted with the factors that it gives."""
    checked = 0
    for name, told in DESCRIBED[model].items():
        reader = SETS[model].readers[name]
        for unit in told.get("acceptedUnits", []) if isinstance(reader, ObservationReader) else []:
            sent = Quantity(value=3.0, code=unit["unit"], system=UCUM)
            assert reader.units.convert(sent)[0] == pytest.approx(3.0 * unit["times"] + unit["plus"])
            checked += 1
    assert checked > 10


TEMPLATES = prefetch.templates(list(SETS.values()))
ALLOWED = re.compile(
    r"Patient/\{\{context\.patientId\}\}|[A-Z][A-Za-z]+\?patient=\{\{context\.patientId\}\}"
    r"(&code=[^&\s]+)?(&_sort=-date)?\Z"
)


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES.keys())
def test_template_uses_restricted_query_forms_only(template: str) -> None:
    """A template is a read, or a search by patient and code, without chains, includes or dates."""
    assert ALLOWED.fullmatch(template)


def test_templates_name_every_code_of_every_feature() -> None:
    """The search for Observations asks for each code and panel of each feature of each model."""
    asked = set(re.search(r"&code=([^&]+)", TEMPLATES["observations"])[1].split(","))  # type: ignore[index]
    needed = {
        f"{system}|{code}"
        for one in SETS.values()
        for reader in one.readers.values()
        if isinstance(reader, ObservationReader)
        for code, system in reader.touched
    }
    assert asked == needed


def test_one_key_per_resource_type() -> None:
    """No type is asked for twice, and every type that a feature reads is asked for."""
    types = [re.split(r"[/?]", template)[0] for template in TEMPLATES.values()]
    wanted = {kind for one in SETS.values() for reader in one.readers.values() for kind in reader.kinds}
    assert sorted(types) == sorted({*types})
    assert set(types) == wanted
    assert all(prefetch.answered(key) == (kind,) for key, kind in zip(TEMPLATES, types, strict=True))


def test_key_of_somebody_else_answers_for_nothing() -> None:
    """An unknown key says nothing about any resource type."""
    assert prefetch.answered("somethingElse") == ()


def test_templates_of_a_small_model_ask_for_little() -> None:
    """A model of age alone asks for the Patient and for nothing else."""
    assert prefetch.templates([features(feature(kind="age"))]) == {"patient": "Patient/{{context.patientId}}"}


REQUIRED: FeatureSet = features(feature(label="Body weight", required=True), feature(name="g", kind="age"))


def test_required_data_that_was_not_provided_is_named() -> None:
    """The sentence names the prefetch key, the type and the feature in plain words."""
    assert prefetch.required_missing([REQUIRED], record()) == [
        "prefetch key `observations` (Observation) is needed for: Body weight"
    ]


def test_required_data_that_was_provided_is_not_lacking() -> None:
    """An answer without the value is no failed request, and neither is an empty one."""
    empty = record()
    empty.answer(["Observation"])
    assert prefetch.required_missing([REQUIRED], record(observation(code="1-8"))) == []
    assert prefetch.required_missing([REQUIRED], empty) == []


def test_missing_patient_is_always_lacking() -> None:
    """Without the Patient resource, no model can be asked."""
    lacking = prefetch.required_missing([features(feature())], PatientRecord.of_bundle(bundle()))
    assert lacking == ["prefetch key `patient` (Patient) is needed for: age and sex"]


def test_same_label_of_two_models_is_named_once() -> None:
    """Two models that need the same data make one sentence."""
    assert len(prefetch.required_missing([REQUIRED, REQUIRED], record())) == 1


def test_models_with_drafts_are_known() -> None:
    """Only a model with a draft feature needs the drafts of the hook."""
    assert [prefetch.uses_drafts(SETS[model]) for model in MODELS] == [False, True]


def test_catalog_models_are_where_they_are_looked_for() -> None:
    """Every model of the catalog is among the models that these tests read."""
    assert {path.parent.name for path in CATALOG.glob("*/model.yaml")} == set(MODELS)
