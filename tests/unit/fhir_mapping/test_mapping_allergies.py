"""Allergies by code and by substance of a reaction."""

from __future__ import annotations

import pytest
from mapping_samples import (
    PENICILLIN,
    RXNORM,
    SNOMED,
    Resource,
    allergy,
    concept,
    feature,
    features,
    read,
    told,
)

from fhir_mapping.errors import SpecError

SPEC = feature(kind="allergy", codes=[{"system": RXNORM, "code": PENICILLIN}])
OTHER = "1191"
REACTION = {"substance": concept(PENICILLIN, RXNORM), "manifestation": [{"text": "rash"}]}
NO_KNOWN = ["716186003", "409137002", "429625007", "428607008", "160244002"]


def test_allergy_in_the_list() -> None:
    """An active allergy is found, with its date and source."""
    found = read(SPEC, allergy())
    assert (found.value, found.date, found.source) == (1.0, "2025-04-01", "AllergyIntolerance/a1")


def test_substance_of_a_reaction_counts() -> None:
    """An allergy to a class is found by the drug that led to a reaction, and once."""
    assert read({**SPEC, "value": "count"}, allergy(OTHER, reaction=[REACTION, REACTION])).value == 1.0


@pytest.mark.parametrize(
    "elements",
    [
        {"clinicalStatus": concept("inactive", "urn:c")},
        {"clinicalStatus": concept("resolved", "urn:c")},
        {"verificationStatus": concept("refuted", "urn:v")},
        {"verificationStatus": concept("entered-in-error", "urn:v"), "clinicalStatus": None},
        {"code": concept(OTHER, RXNORM)},
        {"recordedDate": "2026-06-02"},
    ],
    ids=["inactive", "resolved", "refuted", "entered-in-error", "another drug", "after the index time"],
)
def test_allergy_that_does_not_count(elements: Resource) -> None:
    """Past, refuted and erroneous allergies, and those to something else, are none recorded."""
    assert read(SPEC, allergy(**elements)).state == "none-recorded"


@pytest.mark.parametrize("code", NO_KNOWN)
def test_no_known_allergy_is_none(code: str) -> None:
    """A code which says that there is no allergy never counts, whatever stands beside it."""
    denial = allergy(
        code={"coding": [*concept(code, SNOMED)["coding"], *concept(PENICILLIN, RXNORM)["coding"]]}
    )
    assert read(SPEC, denial).state == "none-recorded"


@pytest.mark.parametrize("code", NO_KNOWN)
def test_no_known_allergy_cannot_be_asked_for(code: str) -> None:
    """A feature that lists such a code is refused when it is loaded."""
    with pytest.raises(SpecError, match="says that there is no allergy"):
        features(feature(kind="allergy", codes=[{"system": SNOMED, "code": code}]))


@pytest.mark.parametrize(
    ("criticality", "state"),
    [("high", "ok"), ("low", "none-recorded"), ("unable-to-assess", "missing"), (None, "missing")],
)
def test_criticality_that_is_asked_for(criticality: str | None, state: str) -> None:
    """Where high criticality is asked for, one that nobody assessed is neither counted nor nothing."""
    assert read({**SPEC, "criticality": ["high"]}, allergy(criticality=criticality)).state == state


@pytest.mark.parametrize(
    "elements",
    [
        {"code": {"text": "penicillin"}},
        {"code": None},
        {"code": {"coding": [{"code": PENICILLIN}]}},
        {"code": concept(OTHER, RXNORM), "reaction": [{**REACTION, "substance": {"text": "penicillin"}}]},
        {"clinicalStatus": concept("dormant", "urn:c")},
        {"recordedDate": "spring"},
        {"reaction": [{"substance": concept(PENICILLIN, RXNORM)}]},
    ],
    ids=["words", "no code", "no system", "substance in words", "odd status", "odd date", "invalid"],
)
def test_allergy_that_cannot_be_read_is_not_nothing(elements: Resource) -> None:
    """An allergy that may be the one gives no value, and an issue names it."""
    assert read(SPEC, allergy(**elements)).state == "missing"
    assert told(SPEC, allergy(**elements))[0].path.startswith("prefetch.bundle.entry[1].resource")


def test_list_that_was_not_given_is_missing() -> None:
    """Without the list nobody knows."""
    assert read(SPEC).reason == "not-provided"
