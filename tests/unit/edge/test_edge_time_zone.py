"""Days without a time in a hook: they are days of the site, which BEDSIDE_TIME_ZONE names."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hospital import Hospital, coded

from cds_hooks.demo import compose
from cds_hooks.ehr.bundle_file import patient_bundle

HBA1C = {
    "resourceType": "Observation",
    "id": "a1c",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]},
    "subject": {"reference": "Patient/maria-lindqvist"},
    "valueQuantity": {"value": 5.4, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"},
}


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/New_York", "UTC"])
@pytest.mark.parametrize("hour", [0, 9, 23])
def test_a_result_of_today_is_known_at_every_hour(tmp_path: Path, zone: str, hour: int) -> None:
    """An HbA1c dated today silences the card, whether Greenwich has the same day or not."""
    now = datetime(2026, 11, 29, hour, 5, tzinfo=ZoneInfo(zone))
    hospital = Hospital(tmp_path, clock=lambda: now, BEDSIDE_TIME_ZONE=zone)
    name = "maria-lindqvist"
    chart = patient_bundle(compose.bundle(name, now.date()), name=name)
    body = hospital.requests(chart, "patient-view")[0].body
    assert hospital.post(body).get_json()["cards"]
    result = {**HBA1C, "subject": {"reference": f"Patient/{chart.patient_id}"}}
    result["effectiveDateTime"] = now.date().isoformat()
    body["prefetch"]["observations"]["entry"].append({"resource": result})
    assert coded(body, "observations", "4548-4")
    assert hospital.post(body).get_json()["cards"] == []
    assert ("type2-diabetes-risk", "silent", "recent-hba1c") in hospital.decisions()
    hospital.close()
