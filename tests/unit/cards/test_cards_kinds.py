"""How values of genomic, questionnaire and timed features read on a card."""

from __future__ import annotations

from typing import Any

import pytest

from cds_hooks.detail import shown
from fhir_mapping.features import FeatureSet
from fhir_mapping.values import FeatureValue


def spoken(found: FeatureValue, **fields: Any) -> str:
    """A value as a card shows it."""
    feature = {"name": "f", "label": "Feature", **fields}
    return shown(FeatureSet.parse([feature], "model.yaml").spec("f"), found)


@pytest.mark.parametrize(("number", "words"), [(1.0, "yes"), (0.0, "no")])
def test_carried_allele_is_yes_or_no(number: float, words: str) -> None:
    """A flag is told in words, with the genotype that was read."""
    value = FeatureValue("f", number, text="HLA-B*57:01/*08:01")
    told = spoken(value, kind="allele_carried", gene="HLA-B", allele="*57:01")
    assert told.startswith(f"{words} (HLA")


def test_variant_is_yes_or_no() -> None:
    """So is a variant."""
    assert spoken(FeatureValue("f", 0.0), kind="variant_present", gene="EGFR") == "no"


def test_diplotype_is_its_genotype() -> None:
    """Of a genotype the alleles are shown, and not the number that stands for it."""
    told = spoken(FeatureValue("f", 5.0, text="CYP2D6*1/*4"), kind="diplotype", gene="CYP2D6")
    assert told.replace("\\", "") == "CYP2D6*1/*4"


def test_score_of_a_questionnaire_is_a_number() -> None:
    """Answers of 0 and 1 do not make a sum into yes or no."""
    answers = [{"system": "http://loinc.org", "code": f"LA{i}-1", "value": i} for i in (0, 1)]
    form = {"kind": "questionnaire", "questionnaire": "https://example.org/q", "items": ["a", "b"]}
    assert spoken(FeatureValue("f", 2.0), **form, answers=answers).startswith("2")


def test_trend_has_its_unit() -> None:
    """A slope is told per year."""
    told = spoken(
        FeatureValue("f", -2.0, unit="kg/a"), kind="observation", analyte="body-weight", value="trend"
    )
    assert "2" in told
    assert "kg/a" in told
