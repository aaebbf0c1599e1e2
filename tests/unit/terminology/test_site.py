"""A site's terminology: value sets replaced and extended, local codes mapped, and what is left out told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from site_folder import LOCAL, LOINC, OURS, SNOMED, Folder, codes, mapped

from fhir_mapping.terminology import catalogue
from fhir_mapping.terminology.site import SiteTerminology

CREATININE = (("2160-0", LOINC), ("14682-9", LOINC))
SHIPPED = (("shipped", SNOMED),)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """An empty folder of a site."""
    return Folder(tmp_path)


def test_without_files_all_is_as_shipped() -> None:
    """The empty terminology changes nothing."""
    assert SiteTerminology.EMPTY.valueset("stroke", SHIPPED) is SHIPPED
    assert SiteTerminology.EMPTY.with_local(CREATININE) is CREATININE


def test_a_file_of_the_same_id_replaces(folder: Folder) -> None:
    """The site's codes stand in place of the shipped ones, and other value sets stay."""
    site = folder.valueset("stroke", codes("230690007")).load()
    assert site.valueset("stroke", SHIPPED) == (("230690007", SNOMED),)
    assert site.valueset("pregnancy", SHIPPED) == SHIPPED


def test_a_file_that_includes_ours_extends(folder: Folder) -> None:
    """Shipped codes come first, the site's own after them, each once."""
    ours = catalogue.valueset("stroke")
    site = folder.valueset(
        "stroke", {"valueSet": [f"{OURS}stroke|1.0.0"]}, codes("1234567", ours[0][0])
    ).load()
    assert site.valueset("stroke", ours) == (*ours, ("1234567", SNOMED))


def test_excluded_codes_are_left_out(folder: Folder) -> None:
    """A site can take single codes out of a shipped value set."""
    ours = catalogue.valueset("stroke")
    taken = {"include": [{"valueSet": [f"{OURS}stroke"]}], "exclude": [codes(ours[0][0], system=ours[0][1])]}
    site = folder.valueset("stroke", compose=taken).load()
    assert site.valueset("stroke", ours) == ours[1:]


def test_a_value_set_of_the_site_can_include_another(folder: Folder) -> None:
    """References between files of the folder are followed by canonical URL."""
    folder.valueset("renal", codes("1"), url="https://h.example/renal")
    site = folder.valueset("risk", {"valueSet": ["https://h.example/renal"]}, codes("2")).load()
    assert site.valueset("risk", ()) == (("1", SNOMED), ("2", SNOMED))


def test_an_expansion_counts_as_an_enumeration(folder: Folder) -> None:
    """What a server's $expand gave can be kept as it is; abstract entries are no codes."""
    below = {"system": SNOMED, "code": "2"}
    contains = [{"system": SNOMED, "code": "1", "abstract": True, "contains": [below]}]
    site = folder.valueset("stroke", expansion={"total": 2, "contains": contains}).load()
    assert site.valueset("stroke", ()) == (("2", SNOMED),)


@pytest.mark.parametrize("equivalence", ["equal", "equivalent"])
def test_local_codes_of_the_same_meaning_are_added(folder: Folder, equivalence: str) -> None:
    """A local laboratory code is read as the LOINC code that it equals."""
    site = folder.conceptmap(mapped("CREA", "14682-9", equivalence)).load()
    assert site.with_local(CREATININE) == (*CREATININE, ("CREA", LOCAL))
    assert site.with_local((("718-7", LOINC),)) == (("718-7", LOINC),)


def test_a_map_of_r5_is_understood(folder: Folder) -> None:
    """R5 says `relationship` where R4 says `equivalence`."""
    site = folder.conceptmap(mapped("CREA", "2160-0", None, relationship="equivalent")).load()
    assert ("CREA", LOCAL) in site.with_local(CREATININE)


@pytest.mark.parametrize(
    ("group", "message"),
    [
        (mapped("CREA", "2160-0", "wider"), "1 targets are left out: their relation is `wider`"),
        (mapped("CREA", "2160-0", "relatedto"), "their relation is `relatedto`"),
        (mapped("CREA", "2160-0", None), "no relation said"),
        (mapped("CREA", "2160-0", dependsOn=[{"property": "x"}]), "they depend on other elements"),
        (
            {**mapped("X", "718-7"), "unmapped": {"mode": "fixed"}},
            "a rule for unmapped codes is not followed",
        ),
    ],
)
def test_what_is_not_the_same_is_left_out_and_told(
    folder: Folder, group: dict[str, Any], message: str
) -> None:
    """Wider, narrower, conditional and unsaid relations never become the same quantity."""
    site = folder.conceptmap(group).load()
    assert site.with_local(CREATININE) == CREATININE
    assert any(message in said for said in site.messages)


def test_messages_are_logged(folder: Folder, caplog: pytest.LogCaptureFixture) -> None:
    """A service that starts says what of the site's files it does not use."""
    folder.conceptmap(mapped("CREA", "2160-0", "wider"))
    SiteTerminology.load(folder.path)
    assert "conceptmaps/lab.json: 1 targets are left out" in caplog.text


def test_a_mistyped_code_is_told(folder: Folder) -> None:
    """A SNOMED CT code whose check digit fails is read, and named in a message."""
    site = folder.valueset("stroke", codes("22298006", "22289006")).load()
    assert [said for said in site.messages if "22289006" in said]


def test_other_files_are_told(folder: Folder) -> None:
    """What lies in the folder and is not read is not silently passed over."""
    site = folder.write("valuesets/notes.txt", b"").write("readme.md", b"").load()
    assert [said.split(" ")[0] for said in site.messages] == ["readme.md", "valuesets/notes.txt"]


def test_the_digest_is_of_the_codes(tmp_path: Path) -> None:
    """The digest is the same for the same codes in other files, and changes with a code."""
    folders = []
    for name, file, code in (("one", "x", "1"), ("two", "y", "1"), ("three", "x", "2")):
        (tmp_path / name).mkdir()
        folders.append(Folder(tmp_path / name).valueset("stroke", codes(code), file=file).load().sha256)
    assert folders[0] == folders[1] != folders[2]
