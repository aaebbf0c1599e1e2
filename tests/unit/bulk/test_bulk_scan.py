"""Which lines of an export are kept, and for whom."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fhir_mapping.bulk.export import export_files, pieces
from fhir_mapping.bulk.interest import Interest
from fhir_mapping.bulk.lines import Lines, Problem
from fhir_mapping.bulk.scan import SHARED, Kept, Tally, scan
from fhir_mapping.features import FeatureSet
from fhir_mapping.terminology.code_systems import names_of

LOINC = "http://loinc.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
FEATURES = FeatureSet.parse(
    [
        {"name": "age", "label": "Age", "kind": "age"},
        {
            "name": "glucose",
            "label": "Glucose",
            "kind": "observation",
            "unit": "mg/dL",
            "codes": [{"system": LOINC, "code": "2345-7"}],
        },
        {
            "name": "metformin",
            "label": "Metformin",
            "kind": "medication",
            "codes": [{"system": RXNORM, "code": "6809"}],
        },
    ],
    "test",
)
INTEREST = Interest.of(FEATURES)
SUBJECT = {"reference": "Patient/p"}


def result(code: str = "2345-7", system: str = LOINC, **elements: Any) -> dict[str, Any]:
    """An Observation of a code."""
    coded = {"coding": [{"system": system, "code": code}]}
    return {"resourceType": "Observation", "id": "o", "code": coded, "subject": SUBJECT, **elements}


def scanned(*lines: dict[str, Any] | bytes) -> tuple[list[Kept], Tally]:
    """What is kept of the lines of a file, and the tally."""
    raw = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    tally = Tally()
    with TemporaryDirectory() as home:
        Path(home, "part-1.ndjson").write_bytes(b"\n".join(raw))
        (piece,) = pieces(export_files(Path(home)))
        return list(scan(Lines(Path(home), piece, tally.problems), INTEREST, tally)), tally


def test_interest_is_what_the_readers_read() -> None:
    """Types and codes come from the features; drugs bring the Medication with them."""
    drugs = {"MedicationRequest", "MedicationStatement", "MedicationAdministration", "Medication"}
    assert INTEREST.kinds == {"Patient", "Observation", *drugs}
    assert INTEREST.codes["Observation"] == {"2345-7": names_of(LOINC)}
    assert INTEREST.codes["Patient"] is None


def test_a_touched_code_is_kept_for_its_patient() -> None:
    """An Observation under a code of a feature is kept with owner, type and id."""
    (kept,), tally = scanned(result())
    assert (kept.owner, kept.kind, kept.id) == ("p", "Observation", "o")
    assert (tally.read, tally.kinds) == (1, {"Observation"})


def test_a_system_is_touched_under_all_its_names() -> None:
    """LOINC may be named by its OID, or with a slash at its end."""
    names = ("urn:oid:2.16.840.1.113883.6.1", "http://loinc.org/", "https://loinc.org")
    kept, _ = scanned(*(result(system=name) for name in names))
    assert len(kept) == len(names)


def test_what_no_feature_touches_is_not_kept() -> None:
    """Other codes, the same code of another system, and other types are read and left."""
    kept, tally = scanned(
        result("718-7"), result(system="urn:local"), {"resourceType": "Claim", "patient": SUBJECT}
    )
    assert kept == []
    assert tally.read == 3


def test_what_is_not_told_in_codes_is_kept() -> None:
    """A resource without a code, or with a touched code of no system, is left to the readers to judge."""
    uncoded = {"resourceType": "Observation", "subject": SUBJECT, "code": {"text": "Sugar"}}
    nameless = result() | {"code": {"coding": [{"code": "2345-7"}]}}
    assert len(scanned(uncoded, nameless)[0]) == 2


def test_any_coding_of_a_resource_counts() -> None:
    """A touched code may stand beside others."""
    both = [{"system": "urn:local", "code": "GLU"}, {"system": LOINC, "code": "2345-7"}]
    assert len(scanned(result() | {"code": {"coding": both}})[0]) == 1


def test_an_order_by_reference_is_kept_with_its_drug() -> None:
    """Which drug an order is for is not known yet, so that it is kept, with the reference."""
    order = {
        "resourceType": "MedicationRequest",
        "subject": SUBJECT,
        "medicationReference": {"reference": "Medication/d"},
    }
    (kept,), _ = scanned(order)
    assert kept.drug == "Medication/d"


def test_a_medication_is_shared() -> None:
    """A Medication belongs to no patient."""
    (kept,), _ = scanned({"resourceType": "Medication", "id": "d"})
    assert (kept.owner, kept.kind) == (SHARED, "Medication")


def test_a_resource_of_nobody_is_counted() -> None:
    """A touched resource without reference to a patient is not used, and counted."""
    kept, tally = scanned(result(subject={"reference": "Group/g"}), result(subject={"display": "somebody"}))
    assert kept == []
    assert tally.ownerless == 2


def test_a_line_that_is_no_json_is_a_problem_with_its_place() -> None:
    """A broken line is named by file and offset, and what follows is read."""
    kept, tally = scanned(result(), b'{"resourceType": "Obs', result())
    assert len(kept) == 2
    assert tally.problems == [Problem("part-1.ndjson", len(json.dumps(result())) + 1, "not-json")]
    assert tally.broken == 1


def test_a_cut_line_stays_with_its_patient() -> None:
    """The chart of a patient whose line is cut keeps the rest of it, so that no absence is concluded."""
    cut = json.dumps({"resourceType": "Observation", "subject": SUBJECT, "code": {}}).encode()[:-6]
    (kept,), tally = scanned(cut)
    assert (kept.owner, kept.kind, kept.raw) == ("p", "", cut)
    assert tally.broken == 1


def test_json_without_a_type_is_a_problem() -> None:
    """A line that is JSON and no FHIR resource is told apart from a broken one."""
    _, tally = scanned(b"[]", b'{"id": "x"}')
    assert [one.code for one in tally.problems] == ["no-type", "no-type"]


def test_an_odd_resource_is_kept_whole() -> None:
    """A resource whose elements have another form is kept: the reader that touches it will say so."""
    (kept,), tally = scanned(result(code="2345-7") | {"valueQuantity": "high"})
    assert (kept.owner, kept.kind, kept.id) == ("p", "Observation", "o")
    assert tally.problems == []
