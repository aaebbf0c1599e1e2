"""The one pass for newest values gives what each feature's own reader gives."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_mapping.features import FeatureSet
from fhir_mapping.readers.newest import NewestValues
from fhir_mapping.record import PatientRecord
from fhir_mapping.times import IndexTime

NOW = IndexTime.at(datetime(2026, 6, 1, tzinfo=UTC))
FEATURES = [
    {"name": "albumin", "label": "Albumin", "kind": "observation", "analyte": "albumin", "window": "60d"},
    {"name": "albumin_ever", "label": "Albumin", "kind": "observation", "analyte": "albumin"},
    {"name": "urea", "label": "Urea", "kind": "observation", "analyte": "urea-nitrogen"},
]
LOINC = "http://loinc.org"

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
albumin = {"system": LOINC, "code": "1751-7"}
codings = st.one_of(
    st.just([albumin]),
    st.lists(
        st.sampled_from(
            [
                albumin,
                {"system": LOINC, "code": "61151-7"},
                {"system": LOINC, "code": "3094-0"},
                {"system": "urn:oid:2.16.840.1.113883.6.1", "code": "1751-7"},
                {"code": "1751-7"},
                {"system": "urn:oid:1.2.3", "code": "1751-7"},
                {"system": LOINC},
                {"system": LOINC, "code": "8867-4"},
            ]
        ),
        max_size=3,
    ),
)
results = st.lists(
    st.fixed_dictionaries(
        {
            "status": st.sampled_from(["final", "final", "amended", "entered-in-error"]),
            "effectiveDateTime": dates,
            "valueQuantity": st.one_of(canonical, quantities),
            "patient": st.sampled_from(["p1", "p1", "p1", "p2"]),
            "id": st.sampled_from(["a", "b", "c", "d", "e", "f", "g", "h"]),
            "coding": codings,
        }
    ),
    max_size=6,
)


def chart(found: list[dict[str, Any]]) -> PatientRecord:
    entries: list[dict[str, Any]] = [{"resource": {"resourceType": "Patient", "id": "p1"}}]
    for one in found:
        about = {
            "resourceType": "Observation",
            "code": {"coding": one["coding"]},
            "subject": {"reference": f"Patient/{one['patient']}"},
        }
        rest = {name: value for name, value in one.items() if name not in ("patient", "coding")}
        entries.append({"resource": about | rest})
    return PatientRecord.of_bundle(json.dumps({"resourceType": "Bundle", "entry": entries}).encode())


@settings(max_examples=300)
@given(results)
def test_both_ways_read_the_same_values(found: list[dict[str, Any]]) -> None:
    """Whatever the dates, statuses, units, codes, ids and subjects, a value and its source do not depend on
    the way."""
    features = FeatureSet.parse(FEATURES, "test")
    quick = NewestValues(features.readers.values()).read(chart(found), NOW)
    record = chart(found)
    for name, value in quick.items():
        assert str(value) == str(features.readers[name].read(record, NOW))  # type: ignore[union-attr]


def test_an_orderly_chart_is_read_in_one_pass() -> None:
    """Nothing of an orderly chart is left to the features' own readers."""
    one = {"status": "final", "valueQuantity": {"value": 4.2, "unit": "g/dL", "code": "g/dL",
           "system": "http://unitsofmeasure.org"}, "patient": "p1", "coding": [albumin]}  # fmt: skip
    found = [
        one | {"id": "old", "effectiveDateTime": "2026-04-20T10:00:00Z"},
        one | {"id": "new", "effectiveDateTime": "2026-05-20T10:00:00Z"},
    ]
    quick = NewestValues(FeatureSet.parse(FEATURES, "test").readers.values()).read(chart(found), NOW)
    assert {name: value.source for name, value in quick.items()} == {
        "albumin": "Observation/new", "albumin_ever": "Observation/new", "urea": None,
    }  # fmt: skip
