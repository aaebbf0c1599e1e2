"""HbA1c that is told in words, under a code without comparable values, or as a part of a panel."""

from __future__ import annotations

from typing import Any

import pytest
from mapping_samples import (
    LOINC,
    NOW,
    SNOMED,
    Resource,
    bundle,
    concept,
    fast_record,
    feature,
    features,
    observation,
    patient,
    quantity,
    read,
    told,
)

from fhir_mapping.describe import describe
from fhir_mapping.values import UNREADABLE

LOCAL = "urn:oid:1.2.3.4"
HBA1C = feature(analyte="hba1c", window="365d")
WEIGHT = feature(analyte="body-weight")
SHARE = quantity(6.1, "%")


def result(code: Resource, **elements: Any) -> Resource:
    """A result of 6.1 % a month ago."""
    return observation(**{"code": "x", "when": "2026-05-01T10:00:00Z"} | elements) | {
        "code": code,
        "valueQuantity": elements.get("valueQuantity", SHARE),
    }


def panel(*parts: Resource, code: Resource | None = None) -> Resource:
    """A panel without a value of its own."""
    made = observation(None, "2026-05-01T10:00:00Z", valueQuantity=None, component=list(parts))
    return made | {"code": code or concept("LAB1", LOCAL)}


def part(code: Resource, **value: Any) -> Resource:
    """A component."""
    return {"code": code, **(value or {"valueQuantity": SHARE})}


WORDS = (
    "HbA1c",
    "HBA1C (IFCC)",
    "Hemoglobin A1c",
    "Haemoglobin A1c/Haemoglobin.total",
    "Hb A1 c",
    "A1C",
    "POC Hgb A1C, finger stick",
    "Glycated haemoglobin",
    "Glycosylated Hemoglobin (GHb)",
    "Hémoglobine glyquée",
    "HbA₁c",
)
UNREAD: dict[str, Resource] = {
    **{f"text {words}": result({"text": words}) for words in WORDS},
    "local code and text": result({**concept("4711", LOCAL), "text": "Hemoglobin A1c"}),
    "display of a local code": result(concept("4711", LOCAL, display="HEMOGLOBIN A1C")),
    "display of a SNOMED CT code": result(concept("43396009", SNOMED, display="Hemoglobin A1c measurement")),
    "a code without its system": result({"coding": [{"code": "A1C", "display": "A1c"}]}),
    "mass per volume": result(concept("41995-2"), valueQuantity=quantity(0.9, "g/dL")),
    "JDS": result(concept("62388-4")),
    "a deprecated code": result(concept("55454-3")),
    "a pure fraction": result(concept("71875-9"), valueQuantity=quantity(0.061, "1")),
    "component in words": panel(part({"text": "HbA1c"})),
    "component under a local code": panel(part(concept("4711", LOCAL, display="Glycated hemoglobin"))),
    "component under a code without values": panel(part(concept("62388-4"))),
    "component without a system": panel(part({"coding": [{"code": "4548-4"}]})),
    "component of a coded panel": panel(part({"text": "HbA1c"}), code=concept("55399-0")),
    "component without a value": panel(part(concept("4548-4"), dataAbsentReason={"text": "hemolysed"})),
    "two components": panel(part(concept("4548-4")), part(concept("4548-4"))),
}


@pytest.mark.parametrize("given", UNREAD.values(), ids=UNREAD)
def test_an_hba1c_that_has_no_readable_value_is_there(given: Resource) -> None:
    """Nobody may say that there is no recent HbA1c; the issue has the path of the entry."""
    found = read(HBA1C, given)
    assert found.state == "missing"
    assert found.reason in UNREADABLE
    assert any(one.path.startswith("prefetch.bundle.entry[1].resource") for one in told(HBA1C, given))


@pytest.mark.parametrize("given", UNREAD.values(), ids=UNREAD)
def test_the_quick_way_gives_the_same(given: Resource) -> None:
    weight = observation(70, "2026-05-02T10:00:00Z", "o2")
    record = fast_record(bundle(patient(), weight, given))
    found = features(HBA1C, WEIGHT | {"name": "w"}).extract(record, NOW)
    assert (found["f"].reason, found["w"].value) == (read(HBA1C, given, weight).reason, 70.0)


READ: dict[str, Resource] = {
    "mass fraction in per cent": result(concept("71875-9")),
    "dried blood spots": result(concept("96595-4")),
    "mmol/mol": result(concept("59261-8"), valueQuantity=quantity(43.2, "mmol/mol")),
    "as a component": panel(part(concept("4548-4"))),
    "as one of several": panel(part({"text": "glucose"}), part(concept("17856-6"))),
    "as a component of a coded panel": panel(part(concept("4548-4")), code=concept("55399-0")),
}


@pytest.mark.parametrize("given", READ.values(), ids=READ)
def test_what_has_a_comparable_value_is_read(given: Resource) -> None:
    assert read(HBA1C, given).value == pytest.approx(6.1, abs=0.01)


SOMETHING_ELSE: dict[str, Resource] = {
    **{
        f"text {words}": result({"text": words})
        for words in ("Hemoglobin", "HbA2", "Apolipoprotein A1", "Hb", "A1 antitrypsin", "HbA1cetone", "")
    },
    "another LOINC code": result({**concept("718-7"), "text": "HbA1c"}),
    "a goal": result(concept("86910-7", display="Hemoglobin A1c/Hemoglobin.total goal")),
    "a component of another code": panel(part({**concept("718-7"), "text": "A1c"})),
    "blood pressure": panel(part(concept("8480-6")), code=concept("85354-9")),
    "too old": result({"text": "HbA1c"}, when="2024-05-01T10:00:00Z"),
    "too old, as a component": panel(part({"text": "HbA1c"})) | {"effectiveDateTime": "2024-05-01"},
    "entered in error": result({"text": "HbA1c"}, status="entered-in-error"),
    "later": result({"text": "HbA1c"}, when="2026-08-01T10:00:00Z"),
}


@pytest.mark.parametrize("given", SOMETHING_ELSE.values(), ids=SOMETHING_ELSE)
def test_another_result_is_no_hba1c(given: Resource) -> None:
    found = read(HBA1C, given)
    assert (found.state, found.reason in UNREADABLE) == ("missing", False)


def test_the_newest_decides() -> None:
    """A newer value that can be read answers; an older one does not stand in for newer words."""
    coded = result(concept("4548-4"), when="2026-05-10T10:00:00Z", ident="o2")
    assert read(HBA1C, result({"text": "HbA1c"}), coded).value == 6.1
    older = result(concept("4548-4"), when="2026-04-10T10:00:00Z", ident="o2")
    assert read(HBA1C, result({"text": "HbA1c"}), older).reason == "named-in-words"


def test_a_third_party_is_told_the_names_and_the_codes_without_values() -> None:
    """Who builds input learns what else counts as an HbA1c that cannot be read."""
    (told_of,) = describe(features(HBA1C))
    assert "HbA1c" in told_of["names"]
    assert {one["code"] for one in told_of["codesWithoutValue"]} == {"41995-2", "55454-3", "62388-4"}


def test_other_analytes_are_not_looked_for_in_words() -> None:
    """Words count where the table of analytes gives names; a weight in words is what it was."""
    assert read(WEIGHT, result({"text": "Body weight"})).reason == "not-recorded"


def test_local_codes_of_the_hospital_do_not_decide_what_is_no_hba1c() -> None:
    """A second local code of a laboratory that maps one of them is read by its words."""
    given = result(concept("4712", LOCAL, display="HbA1c, point of care"))
    codes = [{"system": LOCAL, "code": "4711"}, {"system": LOINC, "code": "4548-4"}]
    assert read(HBA1C | {"codes": codes}, given).reason == "named-in-words"
