"""The service and its FHIR reader against a real FHIR server that holds synthetic patients."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hospital import Hospital, Json
from medplum import PAGE, Medplum

from cds_hooks.ehr.bundle_file import PatientBundle, read_patient
from fhir_mapping.server.reader import FhirReader, Limits
from models.registry import Registry

# Every so many charts of the sample: different ages, illnesses and sizes.
STEP = 31
CHARTS = range(8)


class Ward:
    """A practice whose EHR has the FHIR server; its clock stands on the day after a chart's last result."""

    def __init__(self, folder: Path, registry: Registry, server: Medplum) -> None:
        self._now = datetime.now(UTC)
        self.server = server
        self.hospital = Hospital(
            folder, registry, clock=lambda: self._now, BEDSIDE_FHIR_SERVERS=server.origin
        )

    def admit(self, path: Path) -> Json:
        """The body that an EHR with full prefetch would post for a chart, which the server now holds too."""
        self.server.load(path)
        chart = read_patient(path)
        self._now = _day_after_the_last_result(chart)
        return self.hospital.requests(chart, "patient-view")[0].body

    def without_prefetch(self, body: Json, *keys: str) -> Json:
        """The body without these prefetch keys, or without any, and with the right to read the server."""
        sent = body["prefetch"] if keys else {}
        kept = {key: value for key, value in sent.items() if key not in keys}
        access = {"access_token": self.server.token, "token_type": "Bearer", "expires_in": 300}
        return {**body, "prefetch": kept, "fhirServer": self.server.base, "fhirAuthorization": access}

    def outcome(self, body: Json) -> tuple[Any, Any]:
        """Cards, without their random ids, and features of a call."""
        answer = self.hospital.post(body)
        assert answer.status_code == 200, answer.text
        return _without_ids(answer.get_json()["cards"]), self.hospital.features()


@pytest.fixture
def ward(tmp_path: Path, catalogue: Registry, medplum_server: Medplum) -> Iterator[Ward]:
    opened = Ward(tmp_path, catalogue, medplum_server)
    yield opened
    opened.hospital.close()


@pytest.fixture
def chart(samples_folder: Path) -> Callable[[int], Path]:
    """Path of one of the sample's charts."""
    paths = sorted((samples_folder / "synthea-r4-clinical").glob("*.json.gz"))
    return lambda number: paths[number * STEP % len(paths)]


@pytest.mark.parametrize("number", CHARTS)
def test_reading_gives_what_full_prefetch_gives(
    number: int, ward: Ward, chart: Callable[[int], Path]
) -> None:
    """Cards and features, with their dates and sources, are the same with full prefetch and with none."""
    body = ward.admit(chart(number))
    assert ward.outcome(ward.without_prefetch(body)) == ward.outcome(body)
    assert ward.hospital.issues() == {}


def test_some_of_these_charts_give_a_card_and_some_do_not(ward: Ward, chart: Callable[[int], Path]) -> None:
    """The comparison above is not one of empty answers only."""
    cards = [len(ward.outcome(ward.without_prefetch(ward.admit(chart(n))))[0]) for n in CHARTS]
    assert set(cards) == {0, 1}


@pytest.mark.parametrize("key", ["patient", "observations", "conditions", "medicationRequests"])
def test_only_what_the_prefetch_lacks_is_read(key: str, ward: Ward, chart: Callable[[int], Path]) -> None:
    """With one key left out the outcome is that of the full prefetch."""
    body = ward.admit(chart(3))
    assert ward.outcome(ward.without_prefetch(body, key)) == ward.outcome(body)


def test_a_wrong_token_is_told(ward: Ward, chart: Callable[[int], Path]) -> None:
    """A server that refuses the token leads to a 412, and the record names the refusal for each key."""
    body = ward.without_prefetch(ward.admit(chart(3)))
    body["fhirAuthorization"]["access_token"] = "not-the-right-one"
    answer = ward.hospital.post(body)
    assert answer.status_code == 412
    assert set(ward.hospital.issues().values()) == {"token-refused"}
    assert "not-the-right-one" not in answer.text


def test_all_pages_of_a_real_server_are_read(medplum_server: Medplum, chart: Callable[[int], Path]) -> None:
    """A search over several pages comes whole, in the server's order, and each resource once."""
    path = chart(3)
    medplum_server.load(path)
    patient = read_patient(path).patient_id
    query = f"Observation?patient={patient}&_sort=-date"
    limits = Limits(pages=20)
    reader = FhirReader(medplum_server.base, medplum_server.token, [medplum_server.origin], limits)
    answer = reader.fetch({"observations": query}, patient)["observations"]
    assert answer.raw is not None, answer.failure
    found = [entry["resource"] for entry in json.loads(answer.raw)["entry"]]
    total = medplum_server.ask(f"{query}&_count=1")["total"]
    dates = [one["effectiveDateTime"] for one in found]
    assert len(found) == len({one["id"] for one in found}) == total > PAGE
    assert dates == sorted(dates, reverse=True)


def test_a_read_of_nobody_is_not_found(medplum_server: Medplum) -> None:
    """A patient whom the server does not know is a failure that says so."""
    reader = FhirReader(medplum_server.base, medplum_server.token, [medplum_server.origin])
    answer = reader.fetch({"patient": "Patient/{{context.patientId}}"}, "nobody")["patient"]
    assert answer.failure == "not-found"


def _day_after_the_last_result(chart: PatientBundle) -> datetime:
    dates = [datetime.fromisoformat(found["effectiveDateTime"]) for found in chart.of_type("Observation")]
    return max(dates).astimezone(UTC) + timedelta(days=1)


def _without_ids(found: Any) -> Any:
    if isinstance(found, list):
        return [_without_ids(one) for one in found]
    if isinstance(found, dict):
        return {name: _without_ids(value) for name, value in found.items() if name != "uuid"}
    return found
