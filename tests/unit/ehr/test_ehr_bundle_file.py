"""Reading a patient's Bundle."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cds_hooks.ehr.bundle_file import patient_bundle, read_patient
from cds_hooks.ehr.errors import UnusableFile
from cds_hooks.ehr.references import references

Json = dict[str, Any]
Chart = Callable[..., Json]


def condition(**members: Any) -> Json:
    return {"resourceType": "Condition", "id": "c1", "subject": {"reference": "Patient/p1"}} | members


def transaction(*entries: tuple[str, Json]) -> Json:
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [{"fullUrl": url, "resource": resource} for url, resource in entries],
    }


def refusal(path: Path) -> str:
    with pytest.raises(UnusableFile) as caught:
        read_patient(path)
    return str(caught.value)


@pytest.mark.parametrize("kind", ["collection", "searchset", "transaction", "batch"])
def test_bundle_types_of_a_chart_are_read(chart: Chart, kind: str) -> None:
    """Every Bundle type in which charts are exported gives its patient."""
    assert patient_bundle(chart() | {"type": kind}, name="x").patient_id == "p1"


def test_gzip_is_known_by_content(tmp_path: Path, chart: Chart) -> None:
    """A gzip file is read although its name ends with .json."""
    path = tmp_path / "chart.json"
    path.write_bytes(gzip.compress(json.dumps(chart()).encode()))
    assert read_patient(path).patient_id == "p1"


def test_plain_file_named_gz_is_read(tmp_path: Path, chart: Chart) -> None:
    """A plain file is read although its name ends with .gz."""
    path = tmp_path / "chart.json.gz"
    path.write_text(json.dumps(chart()))
    assert read_patient(path).patient_id == "p1"


def test_byte_order_mark_is_skipped(tmp_path: Path, chart: Chart) -> None:
    """A file that a Windows editor saved with a byte order mark is read."""
    path = tmp_path / "chart.json"
    path.write_text(json.dumps(chart()), encoding="utf-8-sig")
    assert read_patient(path).patient_id == "p1"


def test_id_comes_from_urn_uuid_full_url() -> None:
    """A resource without an id gets the uuid of its fullUrl."""
    uuid = "44ec4447-9e2c-4eb9-bd4f-0bdb416b806e"
    bundle = patient_bundle(transaction((f"urn:uuid:{uuid}", {"resourceType": "Patient"})), name="x")
    assert bundle.patient_id == uuid


def test_urn_uuid_reference_becomes_relative() -> None:
    """A reference to another entry's urn:uuid becomes Type/id, also when that entry has an id of its own."""
    bundle = patient_bundle(
        transaction(
            ("urn:uuid:a", {"resourceType": "Patient", "id": "p1"}),
            ("urn:uuid:b", condition(subject={"reference": "urn:uuid:a"})),
        ),
        name="x",
    )
    assert bundle.of_type("Condition")[0]["subject"]["reference"] == "Patient/p1"


def test_absolute_reference_into_the_bundle_becomes_relative() -> None:
    """An absolute reference that names a fullUrl of the Bundle becomes Type/id, without its version."""
    bundle = patient_bundle(
        transaction(
            ("https://a.example/fhir/Patient/p1", {"resourceType": "Patient", "id": "p1"}),
            ("urn:uuid:b", condition(subject={"reference": "https://a.example/fhir/Patient/p1/_history/2"})),
        ),
        name="x",
    )
    assert bundle.of_type("Condition")[0]["subject"]["reference"] == "Patient/p1"


def test_reference_to_another_server_stays() -> None:
    """The same Type/id on another server is another patient, so the reference is left alone."""
    elsewhere = "https://b.example/fhir/Patient/p1"
    bundle = patient_bundle(
        transaction(
            ("https://a.example/fhir/Patient/p1", {"resourceType": "Patient", "id": "p1"}),
            ("urn:uuid:b", condition(subject={"reference": elsewhere})),
        ),
        name="x",
    )
    assert bundle.of_type("Condition")[0]["subject"]["reference"] == elsewhere


def test_nested_references_are_rewritten() -> None:
    """References deep inside arrays and extensions are found."""
    performer = [{"actor": {"reference": "urn:uuid:a"}}]
    bundle = patient_bundle(
        transaction(
            ("urn:uuid:a", {"resourceType": "Patient", "id": "p1"}),
            ("urn:uuid:b", {"resourceType": "Procedure", "id": "x", "performer": performer}),
        ),
        name="x",
    )
    assert list(references(bundle.of_type("Procedure")[0])) == ["Patient/p1"]


def test_resource_without_any_identity_gets_its_position(chart: Chart) -> None:
    """A resource without id and fullUrl can still be found: its id is the position of its entry."""
    bundle = patient_bundle(chart({"resourceType": "Condition"}), name="x")
    assert bundle.find("Condition", "entry-2") is not None


def test_last_entry_of_an_id_counts(chart: Chart) -> None:
    """Of two entries with the same type and id the later one is the resource."""
    bundle = patient_bundle(chart(condition(note=1), condition(note=2)), name="x")
    assert [found["note"] for found in bundle.of_type("Condition")] == [2]


def test_search_outcome_is_no_part_of_the_chart(chart: Chart) -> None:
    """An OperationOutcome that a server adds to a searchset is left out."""
    document = chart()
    document["entry"].append(
        {"resource": {"resourceType": "OperationOutcome"}, "search": {"mode": "outcome"}}
    )
    assert patient_bundle(document, name="x").of_type("OperationOutcome") == []


def test_entry_without_resource_is_skipped(chart: Chart) -> None:
    """A transaction's deletion has no resource and no place in the chart."""
    document = chart()
    document["entry"].append({"request": {"method": "DELETE", "url": "Condition/1"}})
    assert len(patient_bundle(document, name="x").resources) == 1


def test_no_patient_is_refused(tmp_path: Path) -> None:
    """A Bundle without a Patient says so and what to add."""
    path = tmp_path / "x.json"
    path.write_text(json.dumps(transaction(("urn:uuid:b", condition()))))
    assert "has no Patient; add" in refusal(path)


def test_several_patients_are_counted(tmp_path: Path, chart: Chart) -> None:
    """A Bundle with three patients names the number and the way to choose."""
    path = tmp_path / "x.json"
    path.write_text(json.dumps(chart(*({"resourceType": "Patient", "id": f"q{n}"} for n in range(2)))))
    assert "3 Patient resources" in refusal(path)
    assert "--patient-id" in refusal(path)


def test_patient_id_chooses(chart: Chart) -> None:
    """With several patients the given id chooses one."""
    document = chart({"resourceType": "Patient", "id": "p2"})
    assert patient_bundle(document, name="x", patient_id="p2").patient_id == "p2"


def test_unknown_patient_id_is_refused(chart: Chart) -> None:
    """An id that no Patient has is an error that does not repeat the ids of the Bundle."""
    with pytest.raises(UnusableFile, match="no Patient of the Bundle has the id") as caught:
        patient_bundle(chart(), name="x", patient_id="zzz")
    assert "p1" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b" \n", "the file is empty"),
        (b'{"resourceType":\n "Bundle", SMITH}', "not JSON (line 2, column 12)"),
        (b'{"a": NaN, "name": "SMITH"}', "not JSON"),
        (b'{"name": "SMITH\xff"}', "not valid text"),
        (b'{"SMITH": ' + b"[" * 100_000, "nested too deeply"),
        (gzip.compress(b'{"name": "SMITH"}' * 50)[:-12], "gzip data is cut off"),
        (b"\x1f\x8bSMITH", "gzip data is cut off"),
        (b'["SMITH"]', "not a FHIR Bundle but a JSON array"),
        (b'{"name": "SMITH"}', "without a FHIR resourceType"),
        (b'{"resourceType": "Patient", "name": "SMITH"}', "not a FHIR Bundle but a Patient"),
        (b'{"resourceType": "Bundle", "type": "history", "id": "SMITH"}', "cannot be played"),
        (b'{"resourceType": "Bundle", "type": "collection", "id": "SMITH"}', "has no entries"),
        (b'{"resourceType": "Bundle", "entry": {"SMITH": 1}}', "entry is not an array"),
        (b'{"resourceType": "Bundle", "entry": ["SMITH"]}', "entry 1 of the Bundle is no FHIR resource"),
    ],
)
def test_bad_file_is_explained_without_its_content(tmp_path: Path, content: bytes, message: str) -> None:
    """Each kind of broken file has its own sentence, and none quotes what the file says."""
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    said = refusal(path)
    assert message in said
    assert "SMITH" not in said


def test_error_chain_holds_no_content(tmp_path: Path) -> None:
    """The decoder's own error, which carries the whole document, is not chained to ours."""
    path = tmp_path / "bad.json"
    path.write_text('{"name": SMITH}')
    with pytest.raises(UnusableFile) as caught:
        read_patient(path)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_unreadable_file_is_explained(tmp_path: Path) -> None:
    """A directory in place of a file is told as unreadable."""
    assert "cannot be read" in refusal(tmp_path)
