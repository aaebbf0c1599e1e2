"""Family history: who, what, and at which age it began."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest
import yaml
from mapping_samples import (
    BREAST_CANCER,
    SNOMED,
    UCUM,
    Resource,
    concept,
    feature,
    features,
    read,
    relative,
    told,
)

from fhir_mapping.errors import SpecError

SPEC = feature(kind="family_history", codes=[{"system": SNOMED, "code": BREAST_CANCER}])
FIRST = {**SPEC, "degree": "first"}
EARLY = {**SPEC, "onset_before": 50}
MOTHER = {"system": SNOMED, "code": "72705000"}


def age(value: Any, unit: str = "a", **more: Any) -> Resource:
    """An age at onset."""
    return {"value": value, "system": UCUM, "code": unit, **more}


def test_relative_with_the_illness() -> None:
    """A mother with the illness is found, with the day of the history and its source."""
    found = read(SPEC, relative())
    assert (found.value, found.date, found.source) == (1.0, "2026-01-15", "FamilyMemberHistory/f1")


@pytest.mark.parametrize(
    ("relationship", "first", "second", "any_"),
    [
        ("MTH", 1, 0, 1),
        ("NSIS", 1, 0, 1),
        ("DAUC", 1, 0, 1),
        ("MAUNT", 0, 1, 1),
        ("HSIS", 0, 1, 1),
        ("PGRMTH", 0, 1, 1),
        ("COUSN", 0, 0, 1),
        ("WIFE", 0, 0, 0),
        ("MTHINLAW", 0, 0, 0),
        ("ADOPTM", 0, 0, 0),
    ],
)
def test_degree_of_relationship(relationship: str, first: int, second: int, any_: int) -> None:
    """First and second degree and any blood relative; in-laws and adoptive parents are none."""
    chart = relative(relationship)
    values = [read({**SPEC, "degree": degree}, chart).value for degree in ("first", "second", "any")]
    assert values == [first, second, any_]


def test_table_of_relatives_says_each_code_once() -> None:
    """No code is of two degrees."""
    table = yaml.safe_load((files("fhir_mapping") / "data" / "relatives.yaml").read_text(encoding="utf-8"))
    codes = [code for name in ("first", "second", "further", "not_by_blood") for code in table[name]]
    assert len(codes) == len(set(codes)) == 103


def test_relationships_of_another_system() -> None:
    """A site that codes relatives in SNOMED CT lists the codes that it means."""
    given = relative() | {"relationship": concept(MOTHER["code"], SNOMED)}
    assert read({**SPEC, "relationships": [MOTHER]}, given).value == 1.0
    assert read(SPEC, given).reason == "not-coded"


def test_degree_and_relationships_exclude_each_other() -> None:
    """Two ways to say whose would be one too many."""
    with pytest.raises(SpecError, match="takes the place of `degree`"):
        features({**FIRST, "relationships": [MOTHER]})


def test_relatives_are_counted() -> None:
    """`count` counts relatives, living and deceased, and not their illnesses."""
    mother = relative(deceasedBoolean=True)
    mother["condition"] *= 2
    chart = [mother, relative("SIS", "f2"), relative("MAUNT", "f3"), relative("SIS", "f4", "22298006")]
    assert read({**FIRST, "value": "count"}, *chart).value == 2.0


@pytest.mark.parametrize(
    ("onset", "answer"),
    [
        ({"onsetAge": age(49)}, 1.0),
        ({"onsetAge": age(50)}, 0.0),
        ({"onsetAge": age(599, "mo")}, 1.0),
        ({"onsetAge": age(600, "mo")}, 0.0),
        ({"onsetAge": age(2600, "wk")}, 1.0),
        ({"onsetAge": age(18263, "d")}, 0.0),
        ({"onsetAge": age(50, comparator="<")}, 1.0),
        ({"onsetAge": age(50, comparator="<=")}, None),
        ({"onsetAge": age(40, comparator=">")}, None),
        ({"onsetAge": age(50, comparator=">=")}, 0.0),
        ({"onsetAge": age(40, "min")}, None),
        ({"onsetAge": {"value": 40, "unit": "years"}}, None),
        ({"onsetRange": {"low": age(40), "high": age(45)}}, 1.0),
        ({"onsetRange": {"low": age(45), "high": age(55)}}, None),
        ({"onsetRange": {"low": age(50)}}, 0.0),
        ({"onsetRange": {"high": age(45)}}, 1.0),
        ({"onsetRange": {}}, None),
        ({"onsetString": "in her forties"}, None),
        ({}, None),
    ],
    ids=repr,
)
def test_age_at_onset(onset: Resource, answer: float | None) -> None:
    """Surely before the age counts, surely after does not; in between or in words, nobody can say."""
    found = read(EARLY, relative(onset=onset))
    if answer is None:
        assert (found.state, found.reason) == ("missing", "onset-unknown")
    else:
        assert (found.value, found.known) == (answer, True)


@pytest.mark.parametrize(
    ("period", "born", "answer"),
    [
        ({"start": "1990", "end": "1991"}, "1950-05-01", 1.0),
        ({"start": "2000-05-01"}, "1950-05-01", 0.0),
        ({"start": "1999", "end": "2000-04-30"}, "1950-05-01", 1.0),
        ({"start": "1999", "end": "2000-05-01"}, "1950-05-01", None),
        ({"start": "1990", "end": "1991"}, None, None),
        ({"start": "1990", "end": "2000"}, "1950", None),
        ({"start": "2001-03-01"}, "1951-02-28", 0.0),
        ({"end": "2002-02-28"}, "1952-02-29", 1.0),
        ({"start": "2002-03-01"}, "1952-02-29", 0.0),
    ],
)
def test_period_of_onset_needs_the_birth(period: Resource, born: str | None, answer: float | None) -> None:
    """A period is an age where the relative's date of birth is known."""
    found = read(EARLY, relative(onset={"onsetPeriod": period}, bornDate=born))
    assert (found.value if found.known else None) == answer


def test_unknown_onset_does_not_hide_a_known_one() -> None:
    """One relative who surely counts is enough; for a count it is not."""
    chart = relative(), relative("SIS", "f2", onset={"onsetString": "young"})
    assert read(EARLY, *chart).value == 1.0
    assert read({**EARLY, "value": "count"}, *chart).reason == "onset-unknown"


@pytest.mark.parametrize("status", ["partial", "completed"])
def test_status_that_counts(status: str) -> None:
    """Partial histories count as much as complete ones."""
    assert read(SPEC, relative(status=status)).value == 1.0


def test_erroneous_history_never_counts() -> None:
    """What was entered in error is not there."""
    assert read(SPEC, relative(status="entered-in-error")).state == "none-recorded"


def test_unknown_health_is_not_health() -> None:
    """A mother of whom nothing is known leaves the question open; an uncle does not where parents matter."""
    assert read(FIRST, relative(status="health-unknown", condition=None)).reason == "health-unknown"
    assert read(FIRST, relative("MUNCLE", status="health-unknown")).state == "none-recorded"


@pytest.mark.parametrize(
    "elements",
    [
        {"relationship": {"text": "mother"}},
        {"relationship": concept("FAMMEMB", "http://terminology.hl7.org/CodeSystem/v3-RoleCode")},
        {"relationship": None},
        {"condition": [{"code": {"text": "breast cancer"}}]},
        {"condition": [{"code": {"coding": [{"code": BREAST_CANCER}]}}]},
        {"condition": [{}]},
        {"condition": 5},
        {"status": "brewing"},
        {"status": None},
        {"date": "spring"},
        {"date": 5},
    ],
    ids=repr,
)
def test_history_that_cannot_be_read_is_not_nothing(elements: Resource) -> None:
    """A relative or an illness that may be the one gives no value, and an issue names the entry."""
    given = {name: value for name, value in (relative() | elements).items() if value is not None}
    assert read(SPEC, given).state == "missing"
    assert told(SPEC, given)[0].path.startswith("prefetch.bundle.entry[1].resource")
