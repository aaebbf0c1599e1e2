"""Of most results a cohort run keeps the newest only; its rows are those of all lines, to the last bit."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import yaml
from bulk_export import encoded, extracted
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_mapping.bulk.charts import charts, newest_owner
from fhir_mapping.bulk.export import export_files, pieces
from fhir_mapping.bulk.interest import Interest
from fhir_mapping.bulk.lines import Lines
from fhir_mapping.bulk.newest import Newest
from fhir_mapping.bulk.rows import Extraction, FeatureRow
from fhir_mapping.bulk.scan import Kept, Tally, doubted, scan

LOINC, UCUM, OID = "http://loinc.org", "http://unitsofmeasure.org", "urn:oid:2.16.840.1.113883.6.1"
INDEX = datetime(2021, 1, 1, 12, tzinfo=UTC)
FEATURES = [
    {"name": "age", "label": "Age", "kind": "age"},
    {"name": "glucose", "label": "Glucose", "kind": "observation", "analyte": "glucose"},
    {"name": "recent", "label": "HbA1c", "kind": "observation", "analyte": "hba1c", "window": "1y"},
    {
        "name": "weights",
        "label": "Weights",
        "kind": "observation",
        "analyte": "body-weight",
        "value": "count",
    },
    {"name": "diabetes", "label": "Diabetes", "kind": "condition", "valueset": "diabetes-mellitus"},
]
GLUCOSE, HBA1C, WEIGHT, OTHER = "2345-7", "4548-4", "29463-7", "718-7"

DATES = st.sampled_from(
    [
        "2020-06-01T10:00:00Z", "2020-06-01T10:00:00+00:00", "2020-06-01T12:00:00+02:00",
        "2020-06-01T10:00:00.000Z", "2020-06-01T10:00:00", "2020-06-01", "2020-06", "2020", "2019-12-31",
        "2020-05-31T23:59:59-11:00", "2020-06-02T01:00:00+14:00", "2018-01-01T00:00:00Z", "2021-01-01",
        "2021-01-01T12:00:00Z", "2021-01-01T12:00:01Z", "2022-01-01T00:00:00Z", "soon", "",
        "2020-13-45", None, 5,
    ]
)  # fmt: skip
UNITS = st.sampled_from(["mg/dL", "mmol/L", "%", "kg", "g/L", "mmol/mol", "", "furlong", None])
NUMBERS = st.one_of(
    st.sampled_from([5.5, 90, 126.0, 6.1, 70, -1, 1e9, "90", None, True]), st.floats(0.1, 400)
)
STATUSES = st.sampled_from(
    ["final", "amended", "preliminary", "entered-in-error", "unknown", "sure", None, 5]
)
IDS = st.sampled_from(["o1", "o2", "o3", "o4", "o5", None, 5])
SUBJECTS = st.sampled_from(
    [
        "Patient/a", "Patient/a", "Patient/a", "Patient/b", "urn:uuid:a", "https://ehr.example/fhir/Patient/a",
        "https://other.example/Patient/a", "Patient/a/_history/2", "Group/a", "#a", "", None, 5,
    ]
)  # fmt: skip
USUAL = st.sampled_from([[(LOINC, code)] for code in (GLUCOSE, HBA1C, GLUCOSE, WEIGHT)])
CODINGS = USUAL | st.lists(
    st.tuples(
        st.sampled_from([LOINC, LOINC, LOINC, OID, "https://loinc.org", "urn:x", "", None]),
        st.sampled_from([GLUCOSE, GLUCOSE, HBA1C, WEIGHT, OTHER, "", None]),
    ),
    max_size=2,
)


@st.composite
def results(draw: st.DrawFn) -> dict[str, Any]:
    """An Observation, mostly in order, with what charts get wrong."""
    is_plain = draw(st.booleans())
    unit = "mg/dL" if is_plain else draw(UNITS)
    codings = [{"system": system, "code": code} for system, code in draw(CODINGS)]
    found: dict[str, Any] = {
        "resourceType": "Observation",
        "id": draw(IDS),
        "status": draw(STATUSES) if draw(st.booleans()) else "final",
        "code": {"coding": codings, "text": "x"},
        "subject": {"reference": "Patient/a" if is_plain else draw(SUBJECTS)},
        "effectiveDateTime": draw(DATES),
        "valueQuantity": {
            "value": 99.0 if is_plain else draw(NUMBERS),
            "unit": unit,
            "system": UCUM,
            "code": unit,
        },
    }
    if draw(st.integers(0, 4)) == 0:
        found |= draw(
            st.sampled_from(
                [
                    {"issued": "2021-06-01T00:00:00Z"},
                    {"dataAbsentReason": {"text": "?"}},
                    {"valueQuantity": "90"},
                    {"code": "2345-7"},
                    {"effectivePeriod": {"end": "2020-07-01T00:00:00Z"}},
                    {"modifierExtension": [{"url": "urn:x", "valueBoolean": True}]},
                    {"focus": [{"reference": "Patient/b"}]},
                    {"meta": {"lastUpdated": "2020-08-01T00:00:00Z"}},
                    {"resourceType": "observation"},
                    {"component": [5]},
                ]
            )
        )
    return {name: value for name, value in found.items() if value is not None}


PROBLEMS = st.builds(
    lambda reference, code: {
        "resourceType": "Condition",
        "id": "c1",
        "subject": {"reference": reference},
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": code}]},
    },
    st.sampled_from(["Patient/a", "Patient/b", "Group/a"]),
    st.sampled_from(["44054006", "38341003"]),
)


def careful_rows(export: Path, manifest: str, zone: str) -> dict[str, bytes]:
    """Rows of all lines that a feature touches, none of them forgotten."""
    job = Extraction(manifest, INDEX, zone=zone)
    interest, tally = Interest.of(job.features()), Tally()
    kept: list[Kept] = []
    listed = export_files(export)
    for piece in pieces(listed):
        kept += scan(Lines(export, piece, tally.problems), interest, tally)
    named = {file.kind for file in listed if file.kind is not None}
    lost = doubted(tally, {file.name: file.kind for file in listed}, interest.kinds)
    told = msgspec.structs.replace(
        job, answered=tuple(sorted((tally.kinds | named) & interest.kinds)), doubted=tuple(sorted(lost))
    )
    return encoded(told.rows(charts(kept, newest_owner(kept), lambda _: None)))


def written(folder: Path, lines: Iterable[dict[str, Any]]) -> None:
    """An export of two patients and these lines, in their order."""
    people = [{"resourceType": "Patient", "id": name, "birthDate": "1960-05-05"} for name in "ab"]
    for kind, listed in (("Patient", people), ("Observation", lines)):
        text = "".join(json.dumps(one) + "\n" for one in listed)
        (folder / f"{kind}.ndjson").write_text(text, encoding="utf-8")


def test_the_features_have_a_quick_plan() -> None:
    """The comparison is of two plans, not of one with itself."""
    with TemporaryDirectory() as home:
        assert Newest.of(Extraction(manifest_in(Path(home)), INDEX).features(), INDEX, UTC) is not None


def manifest_in(folder: Path) -> str:
    """A manifest of the features."""
    path = folder / "model.yaml"
    path.write_text(yaml.safe_dump({"features": FEATURES}), encoding="utf-8")
    return str(path)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    observed=st.lists(results(), max_size=9),
    problems=st.lists(PROBLEMS, max_size=2),
    piece_bytes=st.sampled_from([400, 1_500, 100_000]),
    zone=st.sampled_from(["UTC", "Pacific/Auckland", "America/New_York"]),
)
def test_the_newest_values_give_the_rows_of_all_lines(
    observed: list[dict[str, Any]], problems: list[dict[str, Any]], piece_bytes: int, zone: str
) -> None:
    """Odd dates, units, statuses, subjects, names of systems, repeated ids and elements of another type."""
    with TemporaryDirectory() as home:
        export = Path(home, "export")
        export.mkdir()
        written(export, observed)
        text = "".join(json.dumps(one) + "\n" for one in problems)
        (export / "Condition.ndjson").write_text(text, encoding="utf-8")
        manifest = manifest_in(Path(home))
        job = Extraction(manifest, INDEX, zone=zone)
        quick = encoded(extracted(export, Path(home, "work"), job, piece_bytes=piece_bytes).rows(FeatureRow))
        assert quick == careful_rows(export, manifest, zone)
