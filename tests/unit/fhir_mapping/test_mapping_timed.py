"""Observation features of time: trends by least squares, days since the latest and the first value."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from mapping_samples import (
    NOW,
    Resource,
    concept,
    feature,
    features,
    observation,
    quantity,
    read,
    record,
    told,
)

from fhir_mapping.errors import SpecError
from fhir_mapping.readers.trends import slope_per_year

TREND = feature(value="trend")
YEAR = 365.25
START = date(2024, 1, 1)


def series(*points: tuple[int, float]) -> list[Resource]:
    """Weights at some days after the beginning of 2024."""
    return [
        observation(value, (START + timedelta(days=day)).isoformat(), f"o{at}")
        for at, (day, value) in enumerate(points)
    ]


POINTS = st.dictionaries(st.integers(0, 800), st.floats(40, 200), min_size=3, max_size=30)


def test_straight_line_has_its_slope() -> None:
    """A weight that falls by 2 kg in every year has a trend of -2 kg/a, told by its newest value."""
    points = [(day, 80 - 2 * day / YEAR) for day in (0, 100, 350, 700)]
    found = read(TREND, *series(*points))
    assert found.value == pytest.approx(-2, abs=1e-9)
    assert (found.state, found.unit, found.source, found.date) == (
        "ok",
        "kg/a",
        "Observation/o3",
        "2025-12-01",
    )


@given(POINTS)
def test_slope_is_that_of_polyfit(points: dict[int, float]) -> None:
    """The slope is numpy's polynomial fit of first degree."""
    days = np.array(sorted(points))
    values = np.array([points[day] for day in sorted(points)])
    slope, _ = slope_per_year(
        [(START + timedelta(days=int(day))).isoformat() for day in days], values.tolist(), 3, UTC
    )
    years = days / YEAR
    assert slope == pytest.approx(np.polyfit(years - years.mean(), values, 1)[0], rel=1e-6, abs=1e-6)


def test_slope_is_that_of_statsmodels() -> None:
    """The slope is the coefficient of ordinary least squares on instants with a time of day."""
    dates = [
        "2025-01-01T08:00:00Z",
        "2025-03-04T22:30:00+02:00",
        "2025-09-30T12:00:00Z",
        "2026-05-01T00:00:00Z",
    ]
    values = [81.2, 79.9, 83.4, 77.0]
    years = [datetime.fromisoformat(one).timestamp() / (YEAR * 86_400) for one in dates]
    fitted = sm.OLS(values, sm.add_constant(np.array(years) - np.mean(years))).fit()
    assert slope_per_year(dates, values, 3, UTC)[0] == pytest.approx(fitted.params[1], rel=1e-9)


@given(POINTS, st.randoms(use_true_random=False))
def test_trend_does_not_depend_on_the_order_of_entries(points: dict[int, float], random: object) -> None:
    """A shuffled payload gives the same bits."""
    ordered = series(*points.items())
    shuffled = list(ordered)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    compiled = features(TREND)
    first, second = (compiled.extract(record(*one, validated=False), NOW)["f"] for one in (ordered, shuffled))
    assert first == second


def test_values_of_one_time_are_one_point() -> None:
    """Two values of one day count with their mean; without a third day there is no trend."""
    doubled = series((0, 70), (0, 90), (365, 82), (730, 84))
    assert read(TREND, *doubled).value == pytest.approx(2 * YEAR / 365)
    assert read(TREND, *series((0, 70), (0, 90), (365, 82))).reason == "too-few-values"


def test_resource_sent_twice_is_one_value() -> None:
    """The same resource under two keys does not weigh twice."""
    once = series((0, 80), (365, 90), (365, 70), (700, 60))
    assert read(TREND, *once).value == read(TREND, *once, once[1]).value


@pytest.mark.parametrize("points", [4, 5])
def test_points_asks_for_more_values(points: int) -> None:
    """`points` is the least number of times with a value."""
    found = read(feature(value="trend", points=points), *series((0, 80), (100, 81), (200, 82), (300, 83)))
    assert found.known == (points == 4)
    assert found.reason == (None if found.known else "too-few-values")


def test_only_values_that_count_make_the_trend() -> None:
    """What is stale, not final or dated after the index time is no point."""
    line = series((500, 80), (600, 81), (700, 82))
    other = [
        observation(500, "2020-01-01", "old"),
        observation(500, "2026-01-01", "draft", status="preliminary"),
        observation(500, "2027-01-01", "later"),
    ]
    spec = feature(value="trend", window="2y")
    assert read(spec, *line, *other) == read(spec, *line)


def test_value_that_cannot_be_read_takes_the_trend_away() -> None:
    """A value in the window that nobody can read could bend the line: missing, with an issue."""
    odd = observation(500, "2026-01-02", "odd", valueQuantity=quantity(500, "mg/dL"))
    chart = [*series((500, 80), (600, 81), (700, 82)), odd]
    assert read(TREND, *chart).reason == "unit-not-accepted"
    assert [issue.code for issue in told(TREND, *chart)] == ["unit-not-accepted"]


def test_trend_of_partial_dates_is_missing() -> None:
    """Years have no place on a line."""
    years = [observation(70 + i, f"202{i}", f"y{i}") for i in range(4)]
    assert read(TREND, *years).reason == "date-partial"


@pytest.mark.parametrize(("least", "value"), [(1.0, 1.0), (3.0, 0.0)])
def test_steep_enough_is_a_flag(least: float, value: float) -> None:
    """`at_least` asks whether the slope reaches a value."""
    found = read(feature(value="trend", at_least=least), *series((0, 80), (365, 82), (730, 84)))
    assert (found.value, found.unit) == (value, None)


def test_trend_of_a_component() -> None:
    """The trend of a blood pressure is read from the components of its panel."""
    panels = [
        observation(
            None,
            f"2025-0{month}-01",
            f"p{month}",
            "85354-9",
            valueQuantity=None,
            component=[{"code": concept("8480-6"), "valueQuantity": quantity(120 + month, "mm[Hg]")}],
        )
        for month in (1, 2, 3)
    ]
    found = read(feature(analyte="systolic-blood-pressure", value="trend"), *panels)
    assert found.value == pytest.approx(np.polyfit(np.array([0, 31, 59]) / YEAR, [121, 122, 123], 1)[0])
    assert found.unit == "mm[Hg]/a"


@pytest.mark.parametrize(
    ("value", "days", "ident"), [("days_since", 31, "o1"), ("days_since_first", 152, "o0")]
)
def test_days_since(value: str, days: float, ident: str) -> None:
    """Whole days from the latest, or first, value to the index time."""
    chart = [observation(70, "2025-12-31T12:00:00Z", "o0"), observation(71, "2026-05-01T11:00:00Z", "o1")]
    found = read(feature(value=value), *chart)
    assert (found.value, found.unit, found.source) == (days, "d", f"Observation/{ident}")


def test_days_since_counts_from_what_was_known() -> None:
    """A value dated after the index time is not counted from; a newer one that cannot be read decides."""
    known = [observation(70, "2026-05-01", "o0"), observation(70, "2026-07-01", "later")]
    odd = observation(70, "2026-05-20", "odd", valueQuantity={"value": 70})
    assert read(feature(value="days_since"), *known).value == 31
    assert read(feature(value="days_since"), *known, odd).reason == "unit-missing"
    assert read(feature(value="days_since_first"), *known, odd).value == 31


def test_month_that_reaches_beyond_the_latest_day_is_not_passed_over() -> None:
    """A value of some day in May may be later than one of 10 May, and is not later than one of 31 May."""
    month = observation(70, "2026-05", "month")
    assert (
        read(feature(value="days_since"), observation(71, "2026-05-10", "d"), month).reason == "date-partial"
    )
    assert read(feature(value="days_since"), observation(71, "2026-05-31", "d"), month).value == 1


@pytest.mark.parametrize(
    ("chart", "reason"),
    [
        ([], "not-provided"),
        ([observation(code="8302-2")], "not-recorded"),
        ([observation(when="2026")], "date-partial"),
        ([observation(when=None)], "date-missing"),
        ([observation(valueQuantity={"value": 1})], "unit-missing"),
    ],
)
def test_nothing_to_count_from_is_missing(chart: list[Resource], reason: str) -> None:
    """Without a usable value the time since it is missing with the reason, in days."""
    found = read(feature(value="days_since"), *chart)
    assert (found.state, found.reason, found.unit) == ("missing", reason, "d")


def test_points_without_a_trend_are_refused() -> None:
    """A field that would do nothing is a mistake."""
    with pytest.raises(SpecError, match="points: is for `value: trend`"):
        features(feature(points=5))
    with pytest.raises(SpecError, match="points"):
        features(feature(value="trend", points=2))


def test_new_fields_keep_old_digests() -> None:
    """`points` at its default is no part of a digest, and changes it when used."""
    assert features(feature(points=3)).sha256 == features(feature()).sha256
    assert features({**TREND, "points": 4}).sha256 != features(TREND).sha256


def test_index_time_decides() -> None:
    """At an earlier index time the trend is that of the values known then."""
    points = series((0, 80), (100, 81), (200, 83), (300, 70))
    at = datetime(2024, 8, 1, tzinfo=UTC)
    assert read(TREND, *points, at=at).value == read(TREND, *points[:3]).value
