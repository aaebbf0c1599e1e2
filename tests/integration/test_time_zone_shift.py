"""A site's time zone moves days as a whole: read there is what is read in UTC at the same local time."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any

import msgspec
import pytest
from odd_charts import MANIFEST, charts, drugs

from cds_hooks.people import groups_of
from fhir_mapping.features import FeatureSet
from fhir_mapping.prefetch import KEYS
from fhir_mapping.record import PatientRecord
from models.cohort import has_died

_TIME = re.compile(r'"(\d{4}-\d{2}-\d{2})T[^"]*"')
_DAY = re.compile(r'"(20\d{2}-\d{2}-\d{2})"')
_MORE = """\
  - {name: slope, label: Slope, kind: observation, analyte: body-weight, value: trend, points: 3}
  - {name: since, label: Since, kind: observation, analyte: body-weight, value: days_since, window: 90d}
  - {name: tumour, label: Tumour, kind: microsatellite, levels: {stable: 0, low: 0, high: 1}}
  - {name: bmi, label: BMI, kind: derived, formula: bmi, inputs: [weight, height]}
  - {name: weight, label: Weight, kind: observation, analyte: body-weight}
"""
LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
STABLE, HIGH = "LA14122-8", "LA26203-2"


def coded(code: str, system: str = LOINC) -> dict[str, Any]:
    """A concept of one code."""
    return {"coding": [{"system": system, "code": code}]}


def more(patient: str) -> list[dict[str, Any]]:
    """Weights, two results of a tumour and an insurance, all on days."""
    about = {"reference": f"Patient/{patient}"}
    seen = {"resourceType": "Observation", "status": "final", "subject": about}
    weights = [
        seen
        | {"id": f"w{n}", "effectiveDateTime": day, "code": coded("29463-7")}
        | {"valueQuantity": {"value": 70 + n * n, "unit": "kg", "system": UCUM, "code": "kg"}}
        for n, day in enumerate(("2026-03-01", "2026-04-11", "2026-05-01"))
    ]
    tumours = [
        seen
        | {"id": f"t{n}", "effectiveDateTime": day, "code": coded("81695-9")}
        | {"valueCodeableConcept": coded(answer)}
        for n, (day, answer) in enumerate((("2026-04-01", STABLE), ("2026-05-02", HIGH)))
    ]
    insured = {"resourceType": "Coverage", "id": "i", "status": "active", "beneficiary": about}
    insured |= {"payor": [{"display": "P"}], "period": {"start": "2026-01-01", "end": "2026-05-01"}}
    return [*weights, *tumours, insured | {"type": coded("1", "https://nahdo.org/sopt")}]


def dated() -> list[tuple[str, list[bytes]]]:
    """The odd charts and more in each, every time in them cut to its day; some of the patients have died."""
    found = []
    for at, (chart, (person, *rest)) in enumerate(charts()):
        dead = {"deceasedDateTime": "2026-05-01"} if at % 7 == 0 else {}
        lines = [person | dead, *rest, *more(chart.patient_id), *drugs()]
        found.append((chart.patient_id, [_TIME.sub(r'"\1"', json.dumps(line)).encode() for line in lines]))
    return found


def read(features: FeatureSet, patient: str, lines: list[bytes], moment: datetime, zone: tzinfo) -> object:
    """Everything that is read of a chart at a moment, at a site."""
    record = PatientRecord.of_resources(patient, lines, validated=False, zone=zone)
    record.answer(KEYS.values())
    values = features.extract(record, moment).values
    return msgspec.msgpack.encode(values), groups_of(record, moment), has_died(record, moment)


@pytest.mark.parametrize("hours", [13.0, -4.5])
def test_what_is_read_moves_with_the_zone(tmp_path: Path, hours: float) -> None:
    """Every kind of feature, groups and death, at the edges of the days in the charts, to the last bit; and
    in UTC something else is read at the same moment."""
    path = tmp_path / "model.yaml"
    path.write_text(MANIFEST + _MORE, encoding="utf-8")
    features, zone = FeatureSet.load(path), timezone(timedelta(hours=hours))
    asked = misread = 0
    for patient, lines in dated():
        for day in sorted({day for line in lines for day in _DAY.findall(line.decode())}):
            for hour in (-1, 0, 9, 23):
                local = datetime.fromisoformat(day) + timedelta(hours=hour)
                moment = local.replace(tzinfo=zone)
                here = read(features, patient, lines, moment, zone)
                assert here == read(features, patient, lines, local.replace(tzinfo=UTC), UTC), (
                    patient,
                    local,
                )
                misread += here != read(features, patient, lines, moment, UTC)
                asked += 1
    assert misread > asked / 10
