"""HbA1c in words, in panels and under odd codes is read alike from an export and from the whole chart."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from bulk_export import encoded, extracted
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_mapping.bulk.rows import Extraction, FeatureRow
from fhir_mapping.record import PatientRecord

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
INDEX = datetime(2021, 1, 1, 12, tzinfo=UTC)
FEATURES = [
    {"name": "recent", "label": "HbA1c", "kind": "observation", "analyte": "hba1c", "window": "1y"},
    {"name": "glucose", "label": "Glucose", "kind": "observation", "analyte": "glucose"},
    {"name": "pressure", "label": "Pressure", "kind": "observation", "analyte": "systolic-blood-pressure"},
]
LISTED = {"name": "diabetes", "label": "Diabetes", "kind": "condition", "valueset": "diabetes-mellitus"}

TEXTS = st.sampled_from(
    ["HbA1c", "Hemoglobin A1c", "HEMOGLOBIN", "Hémoglobine glyquée", "HbA2", "glycated Hb", "Glucose", ""]
)
CODINGS = st.fixed_dictionaries(
    {},
    optional={
        "system": st.sampled_from([LOINC, LOINC, "urn:oid:2.16.840.1.113883.6.1", "urn:x", ""]),
        "code": st.sampled_from(["4548-4", "2345-7", "8480-6", "62388-4", "718-7", "85354-9", "A1C", ""]),
        "display": TEXTS,
    },
)
CONCEPTS = st.fixed_dictionaries(
    {}, optional={"coding": st.lists(CODINGS, min_size=1, max_size=2), "text": TEXTS}
)
QUANTITIES = st.sampled_from(
    [
        {"value": value, "unit": unit, "system": UCUM, "code": unit}
        for value, unit in ((6.1, "%"), (43, "mmol/mol"), (99, "mg/dL"), (120, "mm[Hg]"), (5, "stone"))
    ]
)
PARTS = st.fixed_dictionaries({"code": CONCEPTS}, optional={"valueQuantity": QUANTITIES})


@st.composite
def results(draw: st.DrawFn) -> dict[str, Any]:
    """An Observation with or without a value of its own, with or without parts."""
    found: dict[str, Any] = {
        "resourceType": "Observation",
        "status": draw(st.sampled_from(["final", "final", "entered-in-error"])),
        "code": draw(CONCEPTS),
        "subject": {"reference": "Patient/a"},
        "effectiveDateTime": draw(
            st.sampled_from(["2020-06-01T10:00:00Z", "2020-07-01T10:00:00Z", "2020-08-01", "2018-01-01"])
        ),
    }
    if draw(st.booleans()):
        found["valueQuantity"] = draw(QUANTITIES)
    if draw(st.booleans()):
        found["component"] = draw(st.lists(PARTS, min_size=1, max_size=2) | st.just([5]))
    return found


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(observed=st.lists(results(), max_size=6), is_strict=st.booleans(), escaped=st.booleans())
def test_an_export_gives_what_the_whole_chart_gives(
    observed: list[dict[str, Any]], is_strict: bool, escaped: bool
) -> None:
    """No line is left out that a feature would have read, however it tells of an HbA1c."""
    person = {"resourceType": "Patient", "id": "a", "birthDate": "1960-05-05"}
    numbered = [one | {"id": f"o{at}"} for at, one in enumerate(observed)]
    with TemporaryDirectory() as home:
        model = Path(home, "model.yaml")
        wanted = [*FEATURES, LISTED] if is_strict else FEATURES
        model.write_text(yaml.safe_dump({"features": wanted}), encoding="utf-8")
        export = Path(home, "export")
        export.mkdir()
        lines = [json.dumps(one, ensure_ascii=escaped) for one in numbered]
        (export / "Patient.ndjson").write_text(json.dumps(person) + "\n", encoding="utf-8")
        (export / "Observation.ndjson").write_text("\n".join(lines), encoding="utf-8")
        job = Extraction(str(model), INDEX)
        outcome = extracted(export, Path(home, "work"), job, piece_bytes=1_500)
        record = PatientRecord.of_resources("a", [json.dumps(person).encode(), *(x.encode() for x in lines)])
        record.answer(("Observation",))
        expected = FeatureRow("a", job.features().extract(record, INDEX).values)
        assert encoded(outcome.rows(FeatureRow)) == encoded([expected])
