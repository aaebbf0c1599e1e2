"""FHIR R4: bundles that fhir.resources accepts, labels, confidence, and ids that stay."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from evidence_records import DIABETES, MODELS, RESPONSE, record
from fhir.resources.R4B.bundle import Bundle
from hypothesis import given
from hypothesis import strategies as st

from fairness.evidence import chai, transparency
from fairness.evidence.label import AIAST, ai_asserted
from fairness.evidence.shown import shown_bundle

CARD = "0d5a6e6f-54a5-4c68-9d44-3a4a3bb0a5c1"
OUTPUTS = [{"label": "Undiagnosed diabetes", "probability": 0.09, "low": 0.06, "high": 0.13}]


def resources(bundle: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["resource"]["resourceType"]: one["resource"] for one in bundle["entry"]}


def shown() -> dict[str, Any]:
    return shown_bundle(
        DIABETES, "1.0.0", CARD, OUTPUTS, subject="Patient/p1", occurred="2026-11-24T09:00:00.000Z",
        sources=("Observation/a", "Observation/b", "Observation/a"),
    )  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_the_bundle_of_a_model_is_valid(model: str) -> None:
    """Device, DocumentReference and Provenance."""
    bundle = transparency.bundle(record(model))
    Bundle.model_validate(bundle)
    assert set(resources(bundle)) == {"Device", "DocumentReference", "Provenance"}


def test_the_bundle_without_a_date_is_valid() -> None:
    """An unknown moment is told as unknown, not made up."""
    bundle = transparency.bundle(record(created=None))
    Bundle.model_validate_json(json.dumps(bundle))
    assert "recorded" not in resources(bundle)["Provenance"]


def test_the_bundle_of_a_card_is_valid() -> None:
    """RiskAssessment and AI Provenance."""
    Bundle.model_validate(shown())


def test_the_device_is_an_ai_device_with_its_card() -> None:
    """Type, kind and the reference to the model card follow the guide."""
    found = resources(transparency.bundle(record()))
    assert found["Device"]["type"]["coding"][0]["code"] == "Artificial-Intelligence"
    kind, card = found["Device"]["extension"]
    assert kind["valueCodeableConcept"]["coding"][0]["code"] == "Machine-Learning-Models"
    assert card["valueReference"]["reference"] == f"DocumentReference/{found['DocumentReference']['id']}"


def test_the_attached_card_is_the_view() -> None:
    """The attachment decodes to the XML of the same record."""
    attachment = resources(transparency.bundle(record()))["DocumentReference"]["content"][0]["attachment"]
    assert base64.b64decode(attachment["data"]) == chai.as_xml(record())


def test_the_answer_is_labelled_and_carries_its_confidence() -> None:
    """AIAST on the resource, the 95 % interval as AI confidence on the prediction."""
    answer = resources(shown())["RiskAssessment"]
    assert answer["meta"]["security"] == [AIAST]
    assert answer["prediction"][0]["extension"][0]["valueRange"] == {
        "low": {"value": 0.06},
        "high": {"value": 0.13},
    }


def test_the_provenance_names_model_card_and_inputs() -> None:
    """Agent is the Device; the model card is a derivation, each input a source, once."""
    found = resources(shown())["Provenance"]
    device = resources(transparency.bundle(record()))["Device"]
    assert found["agent"][0]["who"]["reference"] == f"Device/{device['id']}"
    assert found["reason"][0]["coding"][0]["code"] == "AIAST"
    roles = [(one["role"], one["what"]["reference"].partition("/")[0]) for one in found["entity"]]
    assert roles == [
        ("derivation", "DocumentReference"),
        ("source", "Observation"),
        ("source", "Observation"),
    ]


def test_ids_stay_and_differ_between_models_and_versions() -> None:
    """Putting a bundle twice changes nothing; two models never share a resource."""
    ids = [one["resource"]["id"] for name in MODELS for one in transparency.bundle(record(name))["entry"]]
    assert len(set(ids)) == 6
    assert transparency.identity(RESPONSE, "1.0.0", "device") != transparency.identity(
        RESPONSE, "1.0.1", "device"
    )
    assert shown() == shown()


def test_a_label_is_given_once_and_others_stay() -> None:
    """Labelling twice is labelling once."""
    other = {"system": "s", "code": "R"}
    once = ai_asserted({"resourceType": "Task", "meta": {"security": [other], "source": "x"}})
    assert once["meta"] == {"security": [other, AIAST], "source": "x"}
    assert ai_asserted(once) == once


@given(st.dictionaries(st.sampled_from(["resourceType", "status", "note"]), st.text()))
def test_labelling_changes_nothing_else(resource: dict[str, str]) -> None:
    """Every element but `meta` is as it was, and the resource that was given too."""
    before = dict(resource)
    labelled = ai_asserted(resource)
    assert resource == before
    assert {name: value for name, value in labelled.items() if name != "meta"} == before
