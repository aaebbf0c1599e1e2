"""Encounters by class and type."""

from __future__ import annotations

import pytest
from mapping_samples import SNOMED, Resource, concept, encounter, feature, features, read, told

from fhir_mapping.errors import SpecError

VISIT = "50849002"
SPEC = feature(kind="encounter", classes=["EMER"], window="1y", value="count")
TYPED = feature(kind="encounter", codes=[{"system": SNOMED, "code": VISIT}])


def test_emergency_visits_of_the_last_year() -> None:
    """Visits of the class in the window are counted; those before it and of another class are not."""
    chart = [
        encounter(),
        encounter(ident="e2", when="2025-07-01"),
        encounter(ident="e3", when="2024-07-01"),
        encounter("AMB", ident="e4"),
    ]
    assert read(SPEC, *chart).value == 2.0


def test_no_visit_is_zero() -> None:
    """A list without such a visit gives 0, none recorded; no list gives nothing."""
    assert (read(SPEC, encounter("AMB")).value, read(SPEC, encounter("AMB")).state) == (0.0, "none-recorded")
    assert read(SPEC).reason == "not-provided"


def test_type_of_an_encounter() -> None:
    """A visit is found by its type, wherever that stands among several."""
    given = encounter(type=[concept("185349003", SNOMED), concept(VISIT, SNOMED)])
    assert read(TYPED, given).value == 1.0
    assert read(TYPED, encounter(type=[concept("185349003", SNOMED)])).value == 0.0


def test_class_and_type_have_to_fit() -> None:
    """Where both are asked for, one of the two is not enough."""
    both = {**TYPED, "classes": ["EMER"]}
    assert [read(both, encounter(setting)).value for setting in ("EMER", "AMB")] == [1.0, 0.0]


@pytest.mark.parametrize("status", ["planned", "cancelled", "entered-in-error"])
def test_visit_that_did_not_happen(status: str) -> None:
    """Planned, cancelled and erroneous visits never count."""
    assert read(SPEC, encounter(status=status)).state == "none-recorded"


@pytest.mark.parametrize(
    "elements",
    [
        {"status": "unknown"},
        {"status": None},
        {"class": {"system": "urn:local", "code": "13"}},
        {"class": {"code": "EMER"}},
        {"class": None},
        {"period": None},
        {"period": {"start": "in March"}},
    ],
    ids=repr,
)
def test_visit_that_cannot_be_read_is_not_nothing(elements: Resource) -> None:
    """A visit of unknown class, status or time gives no count, and an issue names it."""
    assert read(SPEC, encounter(**elements)).state == "missing"
    assert told(SPEC, encounter(**elements))[0].path.startswith("prefetch.bundle.entry[1].resource")


def test_visit_without_a_type_is_not_nothing() -> None:
    """A visit whose type nobody coded may be of the type."""
    assert read(TYPED, encounter(type=None)).reason == "not-coded"


def test_days_since_the_last_visit() -> None:
    """The time since the last visit, by the beginning of its period."""
    assert read({**SPEC, "value": "days_since"}, encounter()).value == 92.0


def test_feature_without_class_and_type_is_refused() -> None:
    """A feature has to say which encounters."""
    with pytest.raises(SpecError, match="needs `classes`"):
        features(feature(kind="encounter"))


def test_value_set_of_classes() -> None:
    """Codes of ActCode in a value set are classes, and mean what `classes` means."""
    listed = feature(kind="encounter", valueset="encounter-emergency", window="1y", value="count")
    chart = [encounter(), encounter("AMB", ident="e2")]
    assert read(listed, *chart).value == read(SPEC, *chart).value == 1.0
    assert features(listed).readers["f"].meaning() == features(SPEC).readers["f"].meaning()  # type: ignore[union-attr]
