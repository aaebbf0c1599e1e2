"""Absolute references in a call: the patient of another server is never the patient of the hook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hospital import Hospital, coded, resources

from cds_hooks.protocol import read_call
from fhir_mapping.addresses import NOWHERE

WAIST = "8280-0"
OURS, THEIRS = "https://ehr.example/fhir", "https://elsewhere.example/fhir"


@pytest.fixture
def hospital(tmp_path: Path) -> Any:
    """A hospital."""
    found = Hospital(tmp_path)
    yield found
    found.close()


def named(body: Any, key: str, base: str, code: str | None = None) -> None:
    """Write the subjects under a prefetch key as absolute URLs, and leave out what else tells the server."""
    for entry in body["prefetch"][key]["entry"]:
        entry.pop("fullUrl", None)
    for one in coded(body, key, code) if code else resources(body, key):
        one["subject"]["reference"] = f"{base}/{one['subject']['reference']}"


def test_another_servers_patient_gives_no_value(hospital: Hospital) -> None:
    """A waist of the same id at another server than the call's is told, and not used."""
    body = hospital.request("maria-lindqvist") | {"fhirServer": OURS}
    named(body, "observations", THEIRS, WAIST)
    assert hospital.post(body).status_code == 200
    assert "other-subject" in hospital.issues().values()
    assert hospital.features()["waist"]["state"] == "missing"


@pytest.mark.parametrize("server", [OURS, None])
def test_a_chart_of_absolute_references_is_read(hospital: Hospital, server: str | None) -> None:
    """An EHR that writes every subject as an absolute URL loses nothing."""
    plain = hospital.request("maria-lindqvist")
    assert hospital.post(plain).status_code == 200
    before = hospital.features()
    absolute = hospital.request("maria-lindqvist") | ({"fhirServer": server} if server else {})
    for key in ("observations", "conditions", "medicationRequests"):
        named(absolute, key, OURS)
    assert hospital.post(absolute).status_code == 200
    assert {name: one.get("value") for name, one in hospital.features().items()} == {
        name: one.get("value") for name, one in before.items()
    }


@pytest.mark.parametrize("changed", [{"fhirServer": 5}, {"fhirServer": None}, {}])
def test_a_call_that_does_not_say_where_it_is_from(changed: Any) -> None:
    """A server that is no text, or not there, is no server."""
    context = {"userId": "Practitioner/1", "patientId": "1"}
    body = {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": context,
    }
    call = read_call(json.dumps(body | changed).encode(), ("patient-view",))
    assert call.sender() == NOWHERE
