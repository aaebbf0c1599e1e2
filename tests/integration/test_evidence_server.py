"""Evidence on a real FHIR server: what is put is what comes back, and putting it again changes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from hospital import DIABETES, RESPONSE, Hospital
from medplum import Medplum

from cds_hooks.evidence import gather, shown
from fairness.evidence.transparency import bundle
from models.registry import Registry

PATIENT = "maria-lindqvist"


def card_of(hospital: Hospital) -> dict[str, Any]:
    """The card that a real hook brings up."""
    card: dict[str, Any] = hospital.post(hospital.request(PATIENT)).get_json()["cards"][0]
    return card


def put(server: Medplum, sent: dict[str, Any]) -> list[str]:
    answered = server.ask("", json.dumps(sent).encode())
    return [entry["response"]["status"] for entry in answered["entry"]]


def stored(server: Medplum, resource: dict[str, Any]) -> dict[str, Any]:
    """A resource as the server holds it, without what every server adds."""
    found: dict[str, Any] = server.ask(f"{resource['resourceType']}/{resource['id']}")
    for added in ("lastUpdated", "versionId", "author", "project", "compartment"):
        found.get("meta", {}).pop(added, None)
    if not found.get("meta"):
        found.pop("meta", None)
    return found


@pytest.mark.parametrize("model", [DIABETES, RESPONSE])
@pytest.mark.parametrize("created", ["2026-11-24", None])
def test_the_bundle_of_a_model_round_trips(
    medplum_server: Medplum, catalogue: Registry, model: str, created: str | None
) -> None:
    """Device, model card and Provenance come back element by element, with or without a date."""
    sent = bundle(gather(catalogue.models[model], created=created))
    assert set(put(medplum_server, sent)) <= {"200", "201"}
    for entry in sent["entry"]:
        assert stored(medplum_server, entry["resource"]) == entry["resource"]


def test_putting_it_again_makes_no_second_device(medplum_server: Medplum, catalogue: Registry) -> None:
    """The ids follow from model and version."""
    sent = bundle(gather(catalogue.models[DIABETES], created="2026-11-24"))
    put(medplum_server, sent)
    put(medplum_server, sent)
    found = medplum_server.ask("Device?_count=1000")
    ids = [one["resource"]["id"] for one in found["entry"]]
    assert ids.count(sent["entry"][0]["resource"]["id"]) == 1


def test_a_shown_card_round_trips(medplum_server: Medplum, hospital: Hospital, catalogue: Registry) -> None:
    """From the hook through the ledger to the server: answer, label, confidence and Provenance."""
    card = card_of(hospital)
    sent = shown(hospital.ledger, DIABETES, card["uuid"], "Patient/known-to-the-caller")
    assert sent is not None
    put(medplum_server, bundle(gather(catalogue.models[DIABETES])))
    assert set(put(medplum_server, sent)) <= {"200", "201"}
    for entry in sent["entry"]:
        assert stored(medplum_server, entry["resource"]) == entry["resource"]


def test_the_resource_that_a_card_suggests_is_labelled_and_valid(hospital: Hospital) -> None:
    """A suggestion's resource carries AIAST, and is FHIR R4."""
    card = card_of(hospital)
    resource = card["suggestions"][0]["actions"][0]["resource"]
    assert [one["code"] for one in resource["meta"]["security"]] == ["AIAST"]
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)
