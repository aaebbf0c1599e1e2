"""A spec is held against what is known of codes, units, statuses and times before any chart is read."""

from __future__ import annotations

import math
from typing import Any

import pytest
from mapping_samples import ICD10CM, LOINC, SNOMED, Resource, feature, features

from fhir_mapping.errors import SpecError

GLUCOSE: Resource = {"codes": [{"system": LOINC, "code": "2345-7"}], "unit": "mg/dL"}
UNCERTAIN: Resource = {"codes": [{"system": "urn:oid:1.2.3", "code": "x"}], "unit": "mg/dL"}


def refused(**fields: Any) -> str:
    """The message with which a feature is refused."""
    with pytest.raises(SpecError) as found:
        features(feature(**fields))
    return str(found.value)


@pytest.mark.parametrize(
    ("units", "words"),
    [
        ({"kg": 1}, "`kg` does not measure what `mg/dL` does"),
        ({"mmol/L": 0}, "factor above 0"),
        ({"g/L": 1}, "is 100 times `mg/dL`, not 1"),
        ({"g/L": -100}, "factor above 0"),
        ({"g/L": math.nan}, "factor above 0"),
        ({"g/L": math.inf}, "factor above 0"),
        ({"g/L": {"time": 100}}, "factor above 0"),
        ({"mmol/L": 0.0555}, "is 18.01"),
    ],
)
def test_a_factor_that_ucum_contradicts_is_refused(units: Resource, words: str) -> None:
    """Another dimension, no number, another size, and the inverse of the molar mass of the codes' analyte."""
    told = refused(**GLUCOSE, units=units)
    assert words in told
    assert f"units.{next(iter(units))}" in told


@pytest.mark.parametrize(
    "units", [{"g/L": 100}, {"mmol/L": 18.0182}, {"mmol/L": 18}, {"mg/L": {"times": 0.1}}]
)
def test_a_factor_that_fits_is_taken(units: Resource) -> None:
    """Exact factors, and rounded ones as laboratories publish them."""
    assert features(feature(**GLUCOSE, units=units)).inputs == ("f",)


def test_moles_of_an_unknown_substance_are_believed() -> None:
    """Without a molar mass nobody can tell a wrong factor from a right one."""
    assert features(feature(**UNCERTAIN, units={"mmol/L": 40})).inputs == ("f",)


@pytest.mark.parametrize(
    ("spellings", "words"),
    [
        ({"mmol/L": "mg/dL"}, "is a unit of its own here"),
        ({"g/L": "mg/dL"}, "is a unit of its own here"),
        ({"ug/L": "mg/dL"}, "is UCUM for 0.0001 times `mg/dL`"),
        ({"mg pct": "mg"}, "which is not in `units`"),
    ],
)
def test_a_spelling_that_means_something_else_is_refused(spellings: Resource, words: str) -> None:
    """A spelling is no way to turn one unit into another in silence."""
    assert words in refused(analyte="glucose", spellings=spellings)


def test_a_spelling_of_a_laboratory_is_taken() -> None:
    """What is no unit by itself may stand for one."""
    assert features(feature(analyte="glucose", spellings={"mg pct": "mg/dL"})).inputs == ("f",)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"codes": [{"system": LOINC, "code": "2345-8"}], "unit": "mg/dL"},
            "codes[0].code: `2345-8` is no code",
        ),
        ({**GLUCOSE, "panels": ["85354-8"]}, "panels[0]: `85354-8` is no code of LOINC"),
        ({"kind": "condition", "codes": [{"system": SNOMED, "code": "44054007"}]}, "no code of SNOMED CT"),
        ({"kind": "draft", "codes": [{"system": SNOMED, "code": " "}]}, "is empty"),
        (
            {"kind": "condition", "codes": [{"system": ICD10CM, "code": "E119"}]},
            "is written E11.9 in ICD-10-CM",
        ),
        (
            {"kind": "condition", "codes": [{"system": "https://loinc.org", "code": "x"}]},
            "write http://loinc.org",
        ),
        (
            {"kind": "condition", "codes": [{"system": "urn:oid:2.16.840.1.113883.6.96", "code": "1"}]},
            "is SNOMED CT; write http://snomed.info/sct",
        ),
        (
            {
                "kind": "condition",
                "categories": [{"value": 1, "label": "x", "codes": [{"system": SNOMED, "code": "44054007"}]}],
            },
            "categories[0].codes[0].code",
        ),
        ({"kind": "condition", "valueset": "diabetes"}, "did you mean `diabetes-mellitus`?"),
        (
            {"kind": "condition", "categories": [{"value": 1, "label": "x", "valueset": "diabetes"}]},
            "categories[0].valueset: value set `diabetes` is not shipped; did you mean",
        ),
    ],
)
def test_a_code_that_no_chart_can_have_is_refused(fields: Resource, words: str) -> None:
    """Check digits, spellings and names of systems, wherever in a feature a code stands."""
    assert words in refused(**fields)


def test_an_answer_of_loinc_has_no_check_digit_of_a_term() -> None:
    """LA codes follow a scheme of their own."""
    answers = [{"system": LOINC, "code": "LA6576-8", "value": 1}]
    assert features(feature(codes=GLUCOSE["codes"], answers=answers)).inputs == ("f",)


@pytest.mark.parametrize("status", ["finl", "Final", "entered-in-error", "cancelled", "unknown"])
def test_a_status_that_no_usable_observation_has_is_refused(status: str) -> None:
    """A typing error would find nothing; what is withdrawn counts nowhere."""
    told = refused(statuses=["final", status])
    assert "statuses[1]" in told
    assert told.endswith("amended, corrected, final, preliminary, registered") or "never counts" in told


@pytest.mark.parametrize("window", ["0d", "0y", "151y", "99999999999y", "1w", "-1d", "٣d", ""])
def test_a_window_that_holds_no_time_or_more_than_a_life_is_refused(window: str) -> None:
    """A window is a number of days, months or years, or `any`."""
    assert "window: must be" in refused(window=window)


@pytest.mark.parametrize("field", ["range", "domain"])
@pytest.mark.parametrize("limits", [[0, math.inf], [-math.inf, 1], [0, math.nan], [2, 1]])
def test_limits_are_finite_and_in_order(field: str, limits: list[float]) -> None:
    """A limit at infinity is none."""
    assert f"{field}: must be [low, high]" in refused(**{field: limits})


@pytest.mark.parametrize(
    "fields", [{"kind": "questionnaire", "questionnaire": "x", "items": ["a"]}, {"kind": "foo"}]
)
def test_the_feature_is_named_once(fields: Resource) -> None:
    """A message says where it is about one time."""
    assert refused(**fields).count("feature `f`") == 1
