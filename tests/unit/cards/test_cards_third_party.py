"""A third party that has read nothing but `GET /models/{id}` as JSON gets a score."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hospital import DIABETES, EXTENSION, RESPONSE, Hospital, Json

from fhir_mapping.drafts import read_draft
from fhir_mapping.record import PatientRecord
from models.loader import load_model
from models.registry import CATALOG

MODELS = (DIABETES, RESPONSE)


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    """The service with its own models."""
    playing = Hospital(tmp_path_factory.mktemp("third-party"))
    yield playing
    playing.close()


def document(hospital: Hospital, model: str) -> Json:
    """What the service says of a model to a program."""
    found: Json = hospital.client.get(f"/models/{model}", headers={"Accept": "application/json"}).get_json()
    return found


def is_in_the_way(told: Json, rules: list[Json]) -> bool:
    """Whether an entry of a feature would keep the model from scoring, by the rules of the document."""
    about = [rule["when"] for rule in rules if rule["when"]["feature"] == told["name"]]
    return any(when.get("equals") == 1 or when.get("present") is True for when in about)


def examples(told: Json) -> list[Json]:
    """The example of each feature that an estimate is made of and that does not forbid one."""
    used = [one for one in told["features"] if "example" in one and one["whenMissing"] != "no-effect"]
    chosen = [one for one in used if not is_in_the_way(one, told["rules"])]
    return [one["example"] for one in chosen if one.get("element") != "context.draftOrders"]


def request(told: Json) -> Json:
    """A hook request out of the document alone."""
    sent = examples(told)
    patient: Json = {}
    for one in sent:
        patient |= one if one["resourceType"] == "Patient" else {}
    prefetch: Json = {}
    for key, template in told["prefetch"].items():
        kind = template.replace("/", "?").partition("?")[0]
        entries = [{"resource": one} for one in sent if one["resourceType"] == kind]
        prefetch[key] = (
            patient
            if kind == "Patient"
            else {"resourceType": "Bundle", "type": "searchset", "entry": entries}
        )
    drafts = [one["example"] for one in told["features"] if one.get("element") == "context.draftOrders"]
    orders = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in drafts]}
    context: Json = {"patientId": patient["id"], "userId": "Practitioner/1"}
    if drafts:
        context |= {"draftOrders": orders}
    return {
        "hook": told["hooks"][-1],
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": context,
        "prefetch": prefetch,
    }


@pytest.mark.parametrize("model", MODELS)
def test_a_request_out_of_the_document_gets_a_score(hospital: Hospital, model: str) -> None:
    """Examples, prefetch keys, hooks and rules of the document are enough for a card with a score."""
    told = document(hospital, model)
    answer = hospital.post(request(told), told["service"])
    assert answer.status_code == 200
    (card,) = answer.get_json()["cards"]
    found = card["extension"][EXTENSION]
    assert found["score"]
    inputs = {one["name"]: one["state"] for one in found["features"] if one["name"] in told["inputs"]}
    assert set(inputs.values()) == {"ok"}


@pytest.mark.parametrize("model", MODELS)
def test_each_feature_alone_is_read_from_the_document(hospital: Hospital, model: str) -> None:
    """The example of a feature, or those of what it is made of, give it a value without anything else."""
    told = document(hospital, model)
    by_name = {one["name"]: one for one in told["features"]}

    def made_of(name: str) -> list[Json]:
        one: Any = by_name[name]
        return [one] if "example" in one else [part for inner in one["inputs"] for part in made_of(inner)]

    features = load_model(CATALOG / model).features
    for name in by_name:
        person: Json = {"resourceType": "Patient", "id": "example"}
        others, drafts = [], []
        for one in made_of(name):
            if one["example"]["resourceType"] == "Patient":
                person |= one["example"]
            else:
                (drafts if one.get("element") == "context.draftOrders" else others).append(one["example"])
        body = {"resourceType": "Bundle", "entry": [{"resource": one} for one in (person, *others)]}
        chart = PatientRecord.of_bundle(msgspec.json.encode(body))
        chart.drafts = [read_draft(msgspec.json.encode(draft)) for draft in drafts]
        found = features.extract(chart, datetime.now(UTC))[name]
        assert (name, found.state, found.reason) == (name, "ok", None)


@pytest.mark.parametrize("model", MODELS)
def test_whatever_is_required_is_told_to_silence(hospital: Hospital, model: str) -> None:
    """No feature without which there is no score is told to be averaged over."""
    told = document(hospital, model)
    silencing = {rule["when"]["feature"] for rule in told["rules"] if rule["when"].get("present") is False}
    for one in told["features"]:
        no_score = one["required"] or one["name"] in silencing
        assert isinstance(one["whenMissing"], dict) == no_score
        if no_score:
            assert one["whenMissing"]["outcome"] in ("silent", "outside")
        assert "notSent" not in one.get("whenUnreadable", {})
