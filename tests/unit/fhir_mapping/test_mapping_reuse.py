"""What several models of one request read alike is read once, and gives the same values."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapping_samples import (
    MODELS,
    NOW,
    catalog_features,
    condition,
    feature,
    features,
    observation,
    order,
    quantity,
    record,
)

from fhir_mapping.features import FeatureSet
from fhir_mapping.record import PatientRecord
from fhir_mapping.values import FeatureValue

CHART = [
    observation(80),
    observation(ident="o2", when="2026-04-01"),
    observation(valueQuantity={"value": 7}, ident="odd", code="8302-2"),
    observation(40, "2026-03-01", "alb", "1751-7", valueQuantity=quantity(40, "g/L")),
    condition("44054006"),
    order(),
]
SPECS = {
    "height": feature(analyte="body-height"),
    "latest": feature(),
    "mean": feature(value="mean"),
    "trend": feature(value="trend"),
    "recent": feature(window="30d"),
    "heavy": feature(at_least=75),
    "range": feature(range=[1, 20]),
    "preliminary": feature(statuses=["preliminary"]),
    "albumin": feature(analyte="albumin"),
    "diabetes": feature(kind="condition", valueset="diabetes-mellitus"),
    "resolved": feature(kind="condition", valueset="diabetes-mellitus", clinical=["resolved"]),
    "drug": feature(kind="medication", valueset="glucose-lowering-drugs"),
    "age": feature(kind="age"),
    "adult": feature(kind="age", range=[60, 130]),
    "sex": feature(kind="sex"),
    "draft": feature(kind="draft", valueset="glucose-lowering-drugs"),
}


def compiled(*names: str) -> FeatureSet:
    """A set of some of the specs, each under its own name."""
    return features(*({**SPECS[name], "name": name} for name in names))


ALONE = {name: compiled(name) for name in SPECS}
FRESH = {name: one.extract(record(*CHART), NOW)[name] for name, one in ALONE.items()}


@given(st.permutations(sorted(SPECS)))
def test_values_are_those_of_a_record_of_their_own(order_of_models: list[str]) -> None:
    """One record asked by many models in any order gives what a fresh record gives each of them."""
    chart = record(*CHART)
    for name in order_of_models:
        assert same(ALONE[name].extract(chart, NOW)[name], FRESH[name])


def test_what_is_read_alike_is_read_once() -> None:
    """The same meaning under another name, label or rule for missing values is the same reading."""
    chart = record(*CHART)
    height = feature(analyte="body-height")
    first = features({**height, "name": "height"}).extract(chart, NOW)["height"]
    rest = {"label": "Length", "required": True, "when_missing": "nan", "domain": [1, 2], "note": "x"}
    second = features({**height, **rest, "name": "length"}).extract(chart, NOW)["length"]
    assert (second.name, second.reason) == ("length", first.reason)
    assert [issue.path for issue in chart.issues] == ["prefetch.bundle.entry[3].resource"]


@pytest.mark.parametrize(
    "names", [("latest", "recent"), ("latest", "heavy"), ("age", "adult"), ("diabetes", "resolved")]
)
def test_what_differs_in_meaning_is_read_again(names: tuple[str, str]) -> None:
    """Windows, thresholds, ranges and statuses keep readings apart."""
    chart = record(*CHART)
    found = [ALONE[name].extract(chart, NOW)[name] for name in names]
    assert not same(*found)
    assert all(same(one, FRESH[name]) for one, name in zip(found, names, strict=True))


def test_another_index_time_is_another_reading() -> None:
    """A value of today is not taken for one of a month ago."""
    chart = record(*CHART)
    assert ALONE["latest"].extract(chart, NOW)["latest"].date == "2026-05-01"
    earlier = ALONE["latest"].extract(chart, NOW - timedelta(days=40))["latest"]
    assert earlier.date == "2026-04-01"


def test_an_answer_that_comes_later_counts() -> None:
    """What was missing is read again when the client is found to have answered."""
    chart = record()
    assert ALONE["diabetes"].extract(chart, NOW)["diabetes"].reason == "not-provided"
    chart.answer(("Condition",))
    assert ALONE["diabetes"].extract(chart, NOW)["diabetes"].state == "none-recorded"


@pytest.mark.parametrize("model", MODELS)
def test_models_of_the_catalog_agree_on_one_record(model: str) -> None:
    """Each catalog model reads after the others what it reads alone."""
    chart = record(*CHART)
    for other in MODELS:
        catalog_features(other).extract(chart, NOW)
    after = catalog_features(model).extract(chart, NOW).values
    alone = catalog_features(model).extract(record(*CHART), NOW).values
    assert all(same(one, two) for one, two in zip(after, alone, strict=True))


def test_records_of_many_threads_do_not_mix() -> None:
    """One compiled set reads many records at once, each with its own values."""

    def weigh(kilos: int) -> float:
        return ALONE["latest"].extract(record(observation(kilos)), NOW)["latest"].value

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(weigh, range(40, 140))) == list(range(40, 140))


def same(one: FeatureValue, other: FeatureValue) -> bool:
    """Equal in everything but the name; two missing values are equal."""
    parts = ("state", "reason", "unit", "date", "source", "original_value", "original_unit", "text")
    equal = one.value == other.value or not (one.known or other.known)
    return equal and all(getattr(one, part) == getattr(other, part) for part in parts)


def test_readings_are_kept_with_the_record_alone() -> None:
    """A new record of the same bytes starts with nothing remembered."""
    chart: PatientRecord = record(*CHART)
    ALONE["latest"].extract(chart, NOW)
    assert chart.memo
    assert not record(*CHART).memo
