"""Protected inputs are found in the feature map, whatever anybody declares."""

from __future__ import annotations

from typing import Any

import pytest
from evidence_records import DIABETES, RESPONSE, record

from fairness.evidence.protected import BEHIND, INPUT, RULE, protected_inputs


def feature(name: str, kind: str = "observation", **rest: Any) -> dict[str, Any]:
    return {"name": name, "label": name.capitalize(), "kind": kind, **rest}


def coded(name: str, code: str, system: str = "http://loinc.org") -> dict[str, Any]:
    return feature(name, codes=[{"system": system, "code": code}])


def trait(found: dict[str, list[dict[str, Any]]], name: str) -> dict[str, Any]:
    return next(one for part in found.values() for one in part if one["id"] == name)


def test_all_nine_traits_of_the_rule_are_told() -> None:
    """A trait that nothing touches is listed as not used."""
    found = protected_inputs([], [], [])
    assert len(found["traits"]) == 9
    assert not any(one["used"] for part in found.values() for one in part)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("age", "date-of-birth"), ("sex", "sex"), ("race", "race"), ("language", "language")],
)
def test_a_kind_of_feature_is_found(kind: str, name: str) -> None:
    """Age, sex, race and language are found by the kind of the feature."""
    assert trait(protected_inputs([feature("x", kind)], ["x"], []), name)["used"]


@pytest.mark.parametrize(
    ("code", "system", "name"),
    [
        ("32624-9", "http://loinc.org", "race"),
        ("69490-1", "http://loinc.org", "ethnicity"),
        ("54899-0", "http://loinc.org", "language"),
        ("76690-7", "http://loinc.org", "sexual-orientation"),
        ("76691-5", "http://loinc.org", "gender-identity"),
        ("71802-3", "http://loinc.org", "social-determinants"),
        ("Z59.0", "http://hl7.org/fhir/sid/icd-10-cm", "social-determinants"),
        ("72166-2", "http://loinc.org", "health-status"),
        ("76437-3", "http://loinc.org", "payer"),
        ("45401-7", "http://loinc.org", "place"),
    ],
)
def test_a_code_is_found(code: str, system: str, name: str) -> None:
    """An observation by the code of a trait is found, whatever its name."""
    assert trait(protected_inputs([coded("x", code, system)], ["x"], []), name)["used"]


def test_the_same_code_of_another_system_is_not_found() -> None:
    """A code means nothing without its system."""
    assert not trait(protected_inputs([coded("x", "32624-9", "http://example.org")], ["x"], []), "race")[
        "used"
    ]


def test_a_questionnaire_is_an_assessment_and_its_items_are_looked_at() -> None:
    """A form counts as health status, and an item by its LOINC code as what the code means."""
    found = protected_inputs([feature("form", "questionnaire", items=["/71802-3"])], ["form"], [])
    used = {one["id"] for one in found["traits"] if one["used"]}
    assert used == {"health-status", "social-determinants"}


def test_a_trait_behind_a_computed_input_is_found() -> None:
    """A ratio of two observations touches what they touch, through any depth."""
    features = [
        feature("score", "derived", inputs=["inner"]),
        feature("inner", "derived", inputs=["years"], prefer="other"),
        feature("years", "age"),
        feature("other", "sex"),
    ]
    found = protected_inputs(features, ["score"], [])
    assert [one["use"] for one in trait(found, "date-of-birth")["features"]] == [BEHIND]
    assert trait(found, "sex")["used"]


def test_features_that_feed_each_other_do_not_hang() -> None:
    """A loop in the descriptions ends."""
    loop = [feature("a", "derived", inputs=["b"]), feature("b", "derived", inputs=["a"])]
    assert not trait(protected_inputs(loop, ["a"], []), "sex")["used"]


def test_a_trait_that_only_a_rule_reads_is_told_apart() -> None:
    """Age that decides whether the model applies is told, and is no input."""
    found = trait(
        protected_inputs([feature("age", "age")], [], [{"when": {"feature": "age"}}]), "date-of-birth"
    )
    assert ([one["use"] for one in found["features"]], found["used"]) == ([RULE], False)


def test_the_diabetes_model_uses_age_sex_and_health_status() -> None:
    """The bundled model's inputs: age, sex, smoking and activity; pregnancy by a rule; no race."""
    found = record(DIABETES).document["protected"]
    used = {
        one["id"]: [(f["name"], f["use"]) for f in one["features"]]
        for one in found["traits"]
        if one["features"]
    }
    assert used == {
        "sex": [("male", INPUT)],
        "date-of-birth": [("age", INPUT)],
        "health-status": [("ever_smoker", INPUT), ("active", INPUT), ("pregnant", RULE)],
    }


def test_the_response_model_uses_age_alone() -> None:
    """Sex is no input of that model."""
    found = record(RESPONSE).document["protected"]["traits"]
    assert [one["id"] for one in found if one["used"]] == ["date-of-birth"]
