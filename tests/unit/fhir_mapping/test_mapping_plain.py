"""The quick way through a chart without oddities gives what the careful way gives."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fhir_mapping.features import FeatureSet
from fhir_mapping.readers.observations import ObservationReader
from fhir_mapping.record import PatientRecord
from fhir_mapping.times import IndexTime

NOW = IndexTime.at(datetime(2026, 6, 1, tzinfo=UTC))
FEATURE = {
    "name": "albumin", "label": "Albumin", "kind": "observation", "analyte": "albumin", "window": "60d",
}  # fmt: skip

dates = st.one_of(
    st.datetimes(datetime(2026, 3, 1), datetime(2026, 6, 3)).map(lambda d: d.strftime("%Y-%m-%dT%H:%M:%SZ")),
    st.sampled_from(["2026-05", "2026-05-20", "2026-05-20T10:00:00+02:00", "2026-05-20T10:00:00", "soon"]),
)
quantities = st.fixed_dictionaries(
    {"value": st.sampled_from([3.9, 41, 0.01, 4.2])},
    optional={
        "unit": st.sampled_from(["g/dL", "g/L", "stone"]),
        "code": st.sampled_from(["g/dL", "g/L"]),
        "system": st.just("http://unitsofmeasure.org"),
        "comparator": st.just("<"),
    },
)
canonical = st.builds(
    lambda value: {"value": value, "unit": "g/dL", "code": "g/dL", "system": "http://unitsofmeasure.org"},
    st.sampled_from([3.9, 4.2, 0.01]),
)
results = st.lists(
    st.fixed_dictionaries(
        {
            "status": st.sampled_from(["final", "final", "amended", "entered-in-error"]),
            "effectiveDateTime": dates,
            "valueQuantity": st.one_of(canonical, quantities),
            "patient": st.sampled_from(["p1", "p1", "p1", "p2"]),
        }
    ),
    max_size=6,
)


def chart(found: list[dict[str, Any]]) -> PatientRecord:
    loinc = {"coding": [{"system": "http://loinc.org", "code": "1751-7"}]}
    entries: list[dict[str, Any]] = [{"resource": {"resourceType": "Patient", "id": "p1"}}]
    for number, one in enumerate(found):
        whose = {"reference": f"Patient/{one['patient']}"}
        rest = {name: value for name, value in one.items() if name != "patient"}
        entries.append(
            {
                "resource": {
                    "resourceType": "Observation",
                    "id": f"o{number}",
                    "code": loinc,
                    "subject": whose,
                }
                | rest
            }
        )
    return PatientRecord.of_bundle(json.dumps({"resourceType": "Bundle", "entry": entries}).encode())


@given(results)
def test_both_ways_read_the_same_value(found: list[dict[str, Any]]) -> None:
    """Whatever the dates, statuses, units and subjects, the value and its source do not depend on the way."""
    reader = FeatureSet.parse([FEATURE], "test").readers["albumin"]
    assert isinstance(reader, ObservationReader)
    assert reader.plain
    quick, careful = reader.read(chart(found), NOW), reader._read(chart(found), NOW)
    assert str(quick) == str(careful)
