"""Whose a resource is."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_mapping.bulk.outline import OUTLINES, odd_outline, owner_of, owner_of_broken, patient_of

JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("reference", "patient"),
    [
        ("Patient/p-1", "p-1"),
        ("https://ehr.example.org/fhir/Patient/p-1", "p-1"),
        ("Patient/p-1/_history/4", "p-1"),
        ("urn:uuid:0f9b3c4e", "0f9b3c4e"),
        ("Group/p-1", None),
        ("https://ehr.example.org/fhir/Group/p-1", None),
        ("Patient?identifier=1", None),
        ("#p1", None),
        ("Patient/", None),
        ("", None),
        (None, None),
    ],
)
def test_a_reference_names_a_patient_or_nobody(reference: str | None, patient: str | None) -> None:
    """Relative, absolute, versioned and urn:uuid references name the patient; others name nobody."""
    assert patient_of(reference) == patient


@pytest.mark.parametrize("element", ["subject", "patient", "beneficiary"])
def test_the_owner_is_found_under_each_of_its_names(element: str) -> None:
    """subject, patient and beneficiary all tell whose a resource is."""
    line = msgspec.json.encode({"resourceType": "Coverage", element: {"reference": "Patient/p"}})
    assert owner_of(OUTLINES.decode(line)) == "p"


def test_a_patient_resource_is_its_own() -> None:
    """The Patient resource belongs to the patient of its id."""
    assert owner_of(OUTLINES.decode(b'{"resourceType": "Patient", "id": "p"}')) == "p"


def test_the_owner_of_an_odd_resource_is_still_found() -> None:
    """An element of another form than FHIR's costs neither the type nor the owner."""
    line = b'{"resourceType": "Observation", "code": 7, "subject": {"reference": "Patient/p"}}'
    assert owner_of(odd_outline(line)) == "p"


def test_the_owner_of_a_cut_line_is_found_in_what_is_left() -> None:
    """A line that breaks off after its subject still tells type and owner."""
    line = b'{"resourceType":"Condition","subject":{"display":"x","reference":"Patient/p"},"code":{"cod'
    assert owner_of_broken(line) == ("Condition", "p")


def test_a_line_of_several_patients_is_nobodys() -> None:
    """Resources of several patients on one line, as a JSON array has them, are not those of the first."""
    one = b'{"resourceType":"Condition","subject":{"reference":"Patient/%s"}}'
    assert owner_of_broken(b"[%s, %s]" % (one % b"p", one % b"q")) == (None, None)
    assert owner_of_broken(b"[%s, %s]" % (one % b"p", one % b"p")) == ("Condition", "p")


@given(st.dictionaries(st.sampled_from(["id", "subject", "patient", "code", "status", "x"]), JSON))
def test_no_resource_makes_the_outline_fail(elements: dict[str, object]) -> None:
    """Whatever its elements hold, a JSON object with a type has an outline."""
    line = msgspec.json.encode({**elements, "resourceType": "Observation"})
    assert odd_outline(line).kind == "Observation"


@given(st.binary(max_size=200))
def test_no_bytes_make_the_search_for_an_owner_fail(line: bytes) -> None:
    """Any bytes at all have a type and an owner, or none."""
    kind, owner = owner_of_broken(line)
    assert kind is None or kind.isascii()
    assert owner is None or owner
