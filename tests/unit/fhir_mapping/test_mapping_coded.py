"""Components of panels and coded answers."""

from __future__ import annotations

from typing import Any

import pytest
from mapping_samples import (
    LOINC,
    PANEL,
    SNOMED,
    SYSTOLIC,
    Resource,
    concept,
    feature,
    observation,
    quantity,
    read,
)

SMOKING = "72166-2"
SMOKER: Resource = {
    "name": "f",
    "label": "Smoker",
    "kind": "observation",
    "codes": [{"system": LOINC, "code": SMOKING}],
    "answers": [
        {"system": SNOMED, "code": "266919005", "value": 0, "label": "never"},
        {"system": SNOMED, "code": "8517006", "value": 1, "label": "former"},
    ],
}
# The same answers as LOINC's answer list has them.
BOTH: Resource = SMOKER | {
    "answers": [*SMOKER["answers"], {"system": LOINC, "code": "LA15920-4", "value": 1, "label": "former"}]
}
PRESSURE = feature(analyte="systolic-blood-pressure")


def pressure(*components: Resource, **elements: Any) -> Resource:
    """A blood pressure panel."""
    return observation(code=PANEL, valueQuantity=None, component=list(components), **elements)


def component(code: str, value: float) -> Resource:
    """One component of a blood pressure panel."""
    return {"code": concept(code), "valueQuantity": quantity(value, "mm[Hg]")}


def test_component_of_a_blood_pressure_panel_is_read() -> None:
    """Systolic pressure is found as a component of 85354-9, beside the diastolic one."""
    panel = pressure(component("8462-4", 80), component(SYSTOLIC, 131))
    assert read(PRESSURE, panel).value == 131


def test_panel_and_single_values_are_one_feature() -> None:
    """The newer of a panel's component and a single Observation counts."""
    single = observation(120, "2026-05-20", "o2", SYSTOLIC, valueQuantity=quantity(120, "mm[Hg]"))
    assert read(PRESSURE, pressure(component(SYSTOLIC, 131)), single).value == 120


def test_panel_without_the_component_is_not_recorded() -> None:
    """A panel of diastolic pressure alone holds no systolic one."""
    assert read(PRESSURE, pressure(component("8462-4", 80))).reason == "not-recorded"


def test_observation_with_panel_and_own_code_counts_once() -> None:
    """A resource that carries the panel's and the component's code is one measurement."""
    both = {"coding": [{"system": LOINC, "code": PANEL}, {"system": LOINC, "code": SYSTOLIC}]}
    panel = pressure(component(SYSTOLIC, 131)) | {"code": both}
    assert read(PRESSURE | {"value": "count"}, panel).value == 1


def test_coded_answer_becomes_its_number() -> None:
    """A listed answer gives its number and its label."""
    coded = observation(code=SMOKING, valueQuantity=None, valueCodeableConcept=concept("8517006", SNOMED))
    found = read(SMOKER, coded)
    assert (found.value, found.text) == (1.0, "former")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (concept("266927001", SNOMED), "answer-not-listed"),
        (concept("8517006", LOINC), "answer-not-listed"),
        ({"text": "former smoker"}, "answer-not-listed"),
        (None, "no-value"),
    ],
)
def test_answer_that_is_not_listed_has_a_reason(answer: Resource | None, reason: str) -> None:
    """An answer outside the list, of another system or in words alone is not a number."""
    coded = observation(code=SMOKING, valueQuantity=None, valueCodeableConcept=answer)
    assert read(SMOKER, coded).reason == reason


@pytest.mark.parametrize(
    ("codings", "value"),
    [
        ([{"system": LOINC, "code": "LA15920-4"}], 1.0),
        ([{"system": SNOMED, "code": "8517006"}], 1.0),
        ([{"system": "urn:local", "code": "ex"}, {"system": LOINC, "code": "LA15920-4"}], 1.0),
        ([{"system": LOINC, "code": "8517006"}], None),
    ],
)
def test_answer_in_any_of_several_systems(codings: list[Resource], value: float | None) -> None:
    """An answer is found by its code in SNOMED CT or LOINC, and never by a code of the other system."""
    given = observation(code=SMOKING, valueQuantity=None, valueCodeableConcept={"coding": codings})
    found = read(BOTH, given)
    assert (found.value if found.known else None) == value


def test_answer_in_words_is_not_read() -> None:
    """Text is not guessed at."""
    given = observation(code=SMOKING, valueQuantity=None, valueCodeableConcept={"text": "former smoker"})
    assert read(BOTH, given).reason == "answer-not-listed"
