"""What is wrong with a site's terminology files is an error that names file, JSON path and remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from site_folder import LOCAL, LOINC, OURS, SNOMED, Folder, codes

from fhir_mapping.errors import SpecError
from fhir_mapping.terminology.site import SiteTerminology

MAP = {"resourceType": "ConceptMap"}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """An empty folder of a site."""
    return Folder(tmp_path)


def outcome(folder: Folder) -> str | None:
    """The error that a folder ends in; None when it is read."""
    try:
        folder.load()
    except SpecError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("name", "document", "message"),
    [
        ("valuesets/a.json", b"{", r"valuesets/a\.json: is no JSON"),
        ("valuesets/a.json", b"\xff", r"valuesets/a\.json: is no JSON"),
        ("valuesets/a.json", {"resourceType": "Patient", "id": "a"}, r"\$\.resourceType: is not ValueSet"),
        ("valuesets/a.json", {"resourceType": "ValueSet"}, r"\$\.id: is missing"),
        ("valuesets/a.json", {"resourceType": "ValueSet", "id": "a b"}, r"\$\.id: is missing or no FHIR id"),
        ("valuesets/a.json", {"resourceType": "ValueSet", "id": "a"}, r"\$\.compose: is missing; expand it"),
        ("valuesets/a.json", {"resourceType": "ValueSet", "id": "a", "status": "retired"}, r"\$\.status"),
        ("valuesets/a.json", {"resourceType": "ValueSet", "id": 1}, r"got `int` - at `\$\.id`"),
        ("conceptmaps/a.json", {"resourceType": "ValueSet"}, r"\$\.resourceType: is not ConceptMap"),
        ("conceptmaps/a.json", {**MAP, "group": [{"target": LOINC}]}, r"group\[0\]\.source"),
        ("conceptmaps/a.json", {**MAP, "group": [{"source": LOCAL}]}, r"group\[0\]\.target"),
    ],
)  # fmt: skip
def test_a_bad_file_is_named(folder: Folder, name: str, document: Any, message: str) -> None:
    """Errors name the file, the JSON path and what to do."""
    with pytest.raises(SpecError, match=message):
        folder.write(name, document).load()


@pytest.mark.parametrize(
    ("include", "message"),
    [
        ({"system": SNOMED}, r"include\[0\]: does not enumerate its codes; expand it"),
        ({"system": SNOMED, "filter": [{"property": "concept"}]}, r"include\[0\]: does not enumerate"),
        ({"concept": [{"code": "1"}]}, r"include\[0\]\.system: is missing"),
        (
            {"valueSet": ["https://h.example/none"]},
            r"include\[0\]\.valueSet\[0\]: is the URL of no value set",
        ),
        ({"valueSet": [f"{OURS}stroke|9.9"]}, r"asks for version 9\.9, here is 1\.0\.0"),
        ({"valueSet": [f"{OURS}stroke"], "system": SNOMED}, "give one valueSet alone"),
        ({"valueSet": [f"{OURS}stroke", f"{OURS}pregnancy"]}, "give one valueSet alone"),
    ],
)
def test_a_part_that_cannot_be_read_is_named(folder: Folder, include: dict[str, Any], message: str) -> None:
    """Filters, whole systems and dangling references are refused with their place."""
    with pytest.raises(SpecError, match=rf"valuesets/stroke\.json: .*{message}"):
        folder.valueset("stroke", include).load()


def test_a_circle_of_references_is_told(folder: Folder) -> None:
    """Two value sets that include each other are an error, not a loop."""
    folder.valueset("a", {"valueSet": ["https://h.example/b"]}, url="https://h.example/a")
    folder.valueset("b", {"valueSet": ["https://h.example/a"]}, url="https://h.example/b")
    with pytest.raises(SpecError, match="includes itself"):
        folder.load()


def test_an_id_in_two_files_is_told(folder: Folder) -> None:
    """Which of the two would count is not left to the order of files."""
    folder.valueset("a", codes("1")).valueset("a", codes("2"), file="b")
    with pytest.raises(SpecError, match=r"valuesets/b\.json: \$\.id: `a` stands in valuesets/a\.json too"):
        folder.load()


def test_a_cut_expansion_is_told(folder: Folder) -> None:
    """One page of an expansion is not the value set."""
    page = {"total": 3, "contains": [{"system": SNOMED, "code": "1"}]}
    with pytest.raises(SpecError, match=r"holds 1 of 3 codes"):
        folder.valueset("stroke", expansion=page).load()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A mistyped setting is an error, not an empty terminology."""
    with pytest.raises(SpecError, match="does not exist"):
        SiteTerminology.load(tmp_path / "nowhere")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["compose", "include", "concept", "code", "system", "valueSet",
                                           "expansion", "contains", "group", "element", "target", "source",
                                           "equivalence", "total"]), inner, max_size=4)
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from([("valuesets", "ValueSet"), ("conceptmaps", "ConceptMap")]), body=JSON)
def test_any_json_is_read_or_refused(folder: Folder, kind: tuple[str, str], body: Any) -> None:
    """Whatever a file holds, it is read or refused with its name, and nothing else is raised."""
    place, resource = kind
    for old in folder.path.glob("*/*.json"):
        old.unlink()
    document = {
        **(body if isinstance(body, dict) else {"compose": body}),
        "resourceType": resource,
        "id": "a",
    }
    folder.write(f"{place}/a.json", document)
    assert f"{place}/a.json" in (outcome(folder) or f"{place}/a.json")
