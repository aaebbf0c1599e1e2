"""Observation features: which value counts, and why the others do not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapping_samples import (
    LOINC,
    NOW,
    UCUM,
    Resource,
    bundle,
    concept,
    feature,
    features,
    observation,
    patient,
    quantity,
    read,
    record,
    told,
)

from fhir_mapping.record import PatientRecord

THREE = (
    observation(80, "2026-03-01", "o2"),
    observation(60, "2025-12-01", "o1"),
    observation(73, "2026-05-01", "o3"),
)


@pytest.mark.parametrize(
    ("which", "value"),
    [("latest", 73), ("first", 60), ("min", 60), ("max", 80), ("mean", 71), ("count", 3), ("any", 1)],
)
def test_aggregate_of_three_values(which: str, value: float) -> None:
    """Each aggregate of 60, 80 and 73 kg, in this order of time, has its textbook value."""
    found = read(feature(value=which), *THREE)
    assert (found.state, found.value) == ("ok", pytest.approx(value))


def test_value_tells_where_it_came_from() -> None:
    """A value carries unit, date as recorded, and the resource it was read from."""
    found = read(feature(), *THREE)
    assert (found.unit, found.date, found.source) == ("kg", "2026-05-01", "Observation/o3")


@pytest.mark.parametrize(("which", "unit"), [("count", "1"), ("any", None), ("mean", "kg"), ("max", "kg")])
def test_aggregate_has_its_own_unit(which: str, unit: str | None) -> None:
    """A count is a number of results, a flag has no unit, and neither nor a mean shows one result as sent."""
    found = read(feature(value=which), *THREE)
    assert (found.unit, found.original_value) == (unit, None)


def test_converted_value_tells_what_was_sent() -> None:
    """After a conversion, the number and the unit as sent are kept beside the canonical value."""
    sent = {"value": 180, "unit": "lbs", "system": UCUM, "code": "[lb_av]"}
    found = read(feature(), observation(valueQuantity=sent))
    assert found.value == pytest.approx(81.6466266)
    assert (found.original_value, found.original_unit) == (180, "lbs")


@pytest.mark.parametrize(
    ("when", "state", "reason"),
    [
        ("2026-06-01T12:00:00Z", "ok", None),
        ("2026-06-01T12:00:01Z", "missing", "after-index-time"),
        ("2026-06-01T14:00:00+02:00", "ok", None),
        ("2026-05-22T12:00:00Z", "ok", None),
        ("2026-05-22T11:59:59Z", "missing", "stale"),
        ("2026-05-22", "ok", None),
        ("2026-05-21", "missing", "stale"),
        ("2026-05", "ok", None),
        ("2026", "missing", "date-partial"),
        ("2025", "missing", "stale"),
    ],
)
def test_window_edges_count(when: str, state: str, reason: str | None) -> None:
    """Both edges of a ten-day window count, and so does a partial date that may lie inside."""
    found = read(feature(window="10d"), observation(when=when))
    assert (found.state, found.reason) == (state, reason)


@pytest.mark.parametrize(
    ("when", "reason"),
    [(None, "date-missing"), ("2026-05-01T10:00:00", "date-without-zone"), ("2026-99", "date-format")],
)
def test_date_that_cannot_be_placed_has_a_reason(when: str | None, reason: str) -> None:
    """A value without a readable date is not used, and the reason is told as value and as issue."""
    assert read(feature(), observation(when=when)).reason == reason
    assert [issue.code for issue in told(feature(), observation(when=when))] == [reason]


def test_future_values_are_unknown_at_an_earlier_index_time() -> None:
    """At an earlier index time, the value is the one that was known then."""
    assert read(feature(), *THREE, at=datetime(2026, 1, 1, tzinfo=UTC)).value == 60


def test_stale_values_do_not_hide_a_fresh_one() -> None:
    """A fresh value is found behind several stale ones of another date form."""
    old = [observation(50 + i, f"201{i}-01-01", f"old{i}") for i in range(4)]
    assert read(feature(window="1y"), *old, observation(90, "2026-05-01T08:00:00Z", "new")).value == 90


@pytest.mark.parametrize("status", ["entered-in-error", "preliminary", "cancelled", "registered"])
def test_status_that_is_not_final_never_counts(status: str) -> None:
    """The older final value is used instead of a newer one that is not final."""
    assert read(feature(), observation(99, "2026-05-20", "o9", status=status), *THREE).value == 73
    assert read(feature(), observation(status=status)).reason == "status-not-accepted"


@pytest.mark.parametrize("status", ["unknown", "finl", None])
def test_a_status_that_nobody_can_read_is_not_passed_over(status: str | None) -> None:
    """A newest value whose status is unknown may be final: the feature is missing, with the reason."""
    newest = observation(99, "2026-05-20", "o9", status=status)
    assert read(feature(), newest, *THREE).reason == "status-unknown"


@pytest.mark.parametrize("status", ["final", "amended", "corrected"])
def test_final_and_amended_values_count(status: str) -> None:
    """Final, amended and corrected results are results."""
    assert read(feature(), observation(status=status)).value == 70


def test_code_of_another_system_is_ignored() -> None:
    """The right code under another system is another thing."""
    assert read(feature(), observation() | {"code": concept("29463-7", "urn:local")}).reason == "not-recorded"


def test_code_is_found_among_other_codings() -> None:
    """A local code before the LOINC code does not hide it."""
    both = {"coding": [{"system": "urn:local", "code": "WT"}, {"system": LOINC, "code": "29463-7"}]}
    assert read(feature(), observation() | {"code": both}).value == 70


@given(st.text(min_size=1, max_size=20).filter(lambda text: text.strip() == text and text.isprintable()))
@settings(deadline=None)
def test_display_never_matters(words: str) -> None:
    """Display and text of a code change nothing, whatever they say."""
    shown = observation() | {"code": {**concept("29463-7", display=words), "text": words}}
    misleading = observation(90, ident="o2") | {"code": concept("1-8", display="Body weight")}
    assert read(feature(), shown, misleading).value == 70


@pytest.mark.parametrize(("value", "flag"), [(69.9, 0.0), (70, 1.0), (71, 1.0)])
def test_at_least_turns_a_number_into_a_flag(value: float, flag: float) -> None:
    """`at_least` includes its threshold; the number as sent is kept."""
    found = read(feature(at_least=70), observation(value))
    assert (found.value, found.unit, found.original_value) == (flag, None, value)


def test_newest_value_out_of_range_is_not_replaced_by_an_older_one() -> None:
    """An implausible newest value is told as an issue, and the feature is missing: something has changed."""
    typo = observation(7000, "2026-05-20", "o9")
    assert read(feature(), typo, *THREE).reason == "out-of-range"
    assert [(issue.code, issue.path) for issue in told(feature(), typo, *THREE)] == [
        ("out-of-range", "prefetch.bundle.entry[1].resource")
    ]


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (quantity(70) | {"comparator": "<"}, "censored"),
        ({"value": 70}, "unit-missing"),
        (quantity(70, "stone"), "unit-not-accepted"),
        (quantity(70) | {"unit": "lbs"}, "unit-conflict"),
        ({"unit": "kg"}, "no-value"),
        (quantity(1e9), "out-of-range"),
        (None, "no-value"),
    ],
)
def test_value_that_cannot_be_used_is_missing_with_a_reason(sent: Resource | None, reason: str) -> None:
    """A value that is not clear is missing with its reason and leaves an issue of the same name."""
    unclear = observation(valueQuantity=sent)
    assert read(feature(), unclear).reason == reason
    assert [issue.code for issue in told(feature(), unclear)] == [reason]


def test_integer_value_is_read() -> None:
    """A valueInteger counts as a value in the canonical unit."""
    days = feature(codes=[{"system": LOINC, "code": "89555-7"}], unit="d/wk", range=[0, 7])
    assert read(days, observation(code="89555-7", valueQuantity=None, valueInteger=3)).value == 3


def test_huge_integer_is_an_invalid_resource() -> None:
    """An integer beyond FHIR's 32 bits is refused, not converted."""
    huge = observation(valueQuantity=None, valueInteger=10**400)
    assert read(feature(), huge).reason == "invalid-resource"


def test_molar_and_mass_codes_are_one_feature() -> None:
    """Cholesterol under the molar LOINC code is the same feature, in the canonical mass unit."""
    cholesterol = feature(analyte="total-cholesterol")
    mass = observation(code="2093-3", when="2026-01-01", valueQuantity=quantity(200, "mg/dL"))
    molar = observation(code="14647-2", ident="o2", valueQuantity=quantity(5, "mmol/L"))
    assert read(cholesterol, mass).value == 200
    assert read(cholesterol, mass, molar).value == pytest.approx(193.3, abs=0.1)


def test_equal_times_are_settled_by_id() -> None:
    """Of two values of one moment, the one with the later id counts, in either order of entries."""
    one, two = observation(61, ident="a"), observation(62, ident="b")
    assert read(feature(), one, two).value == read(feature(), two, one).value == 62


def test_count_of_nothing_is_zero_only_where_asked() -> None:
    """No match in a list that was given counts 0; without any list the count is missing."""
    assert read(feature(value="count"), observation(code="1-8")).state == "none-recorded"
    assert read(feature(value="count")).reason == "not-provided"


def test_nothing_recorded_is_told_from_nothing_provided() -> None:
    """Observations without a match are `not-recorded`, no Observations at all `not-provided`."""
    assert read(feature(), observation(code="1-8")).reason == "not-recorded"
    assert read(feature()).reason == "not-provided"


DATES = st.sampled_from(
    [
        "2024",
        "2026-05",
        "2026-05-01",
        "2010-01-01",
        "2026-05-01T08:00:00Z",
        "2026-05-01T10:00:00+02:00",
        "2026-05-01T08:00:00.5Z",
        "2011-01-01T08:00:00Z",
        "2027-01-01",
        "soon",
        None,
    ]
)
CHARTS = st.lists(
    st.tuples(st.integers(20, 400), DATES, st.sampled_from(["final", "amended", "preliminary"])), max_size=7
).map(lambda rows: [observation(v, when, f"o{i}", status=s) for i, (v, when, s) in enumerate(rows)])
AGGREGATES = features(
    *(
        feature(name=f"{which}_{window}", value=which, window=window)
        for which in ("latest", "first", "min", "max", "mean", "count", "any")
        for window in ("any", "1y")
    )
)


@given(CHARTS, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_order_of_entries_never_changes_the_vector(chart: list[Resource], random: Any) -> None:
    """Shuffled entries give the same values, reasons, dates and sources."""
    shuffled = [patient(), *chart]
    random.shuffle(shuffled)

    def vector(resources: list[Resource]) -> str:
        body = bundle(*resources)
        return repr(AGGREGATES.extract(PatientRecord.of_bundle(body, validated=False), NOW).values)

    assert vector([patient(), *chart]) == vector(shuffled)


def test_reading_twice_gives_the_same() -> None:
    """A record can be read for several models; the second reading equals the first."""
    chart = record(*THREE)
    assert features(feature()).extract(chart, NOW).row() == features(feature()).extract(chart, NOW).row()


@pytest.mark.parametrize(("which", "value"), [("count", 2.0), ("mean", 75.0)])
def test_observation_that_was_sent_twice_counts_once(which: str, value: float) -> None:
    """A resource under two keys, or twice in one, is one measurement."""
    chart = [observation(70), observation(80, ident="o2"), observation(80, ident="o2")]
    assert read(feature(value=which), *chart).value == value


CANDIDATES: dict[str, tuple[dict[str, Any], str]] = {
    "no zone": ({"effectiveDateTime": "2026-05-20T10:00:00"}, "date-without-zone"),
    "no date": ({"effectiveDateTime": None}, "date-missing"),
    "unit": ({"valueQuantity": quantity(70, "stone")}, "unit-not-accepted"),
    "limit": ({"valueQuantity": quantity(70) | {"comparator": ">"}}, "censored"),
    "absent": ({"dataAbsentReason": {"text": "error"}}, "no-value"),
    "integer": ({"valueQuantity": None, "valueInteger": 70}, "unit-missing"),
    "modifier": ({"modifierExtension": [{"url": "http://x/not", "valueBoolean": True}]}, "invalid-resource"),
    "focus": ({"focus": [{"reference": "Patient/child"}]}, "invalid-resource"),
    "group": ({"subject": {"reference": "Group/p1"}}, "other-subject"),
    "by name": ({"subject": {"display": "somebody"}}, "other-subject"),
    "no system": ({"code": {"coding": [{"code": "29463-7"}]}}, "not-coded"),
}


@pytest.mark.parametrize(("elements", "reason"), CANDIDATES.values(), ids=CANDIDATES)
def test_a_newest_value_that_cannot_be_used_is_never_passed_over(
    elements: dict[str, Any], reason: str
) -> None:
    """No older value stands in for a newest one that is there and cannot be used; the reason is told."""
    newest = {k: v for k, v in (observation(90, "2026-05-20", "o9") | elements).items() if v is not None}
    found = read(feature(), observation(70, "2026-04-01", "o1"), newest)
    assert (found.state, found.reason) == ("missing", reason)
    assert [i for i in told(feature(), observation(70, "2026-04-01", "o1"), newest) if "entry[2]" in i.path]


def test_one_id_with_two_contents_is_ambiguous() -> None:
    """Two versions of one resource: nobody can tell which stands, whatever their order."""
    versions = (observation(70, ident="a"), observation(90, ident="a"))
    assert {read(feature(), *order).reason for order in (versions, versions[::-1])} == {"ambiguous"}


def test_a_result_issued_after_the_index_time_was_not_known() -> None:
    """A chart read as of a day knows only what was issued by then."""
    later = observation(90, "2026-05-20", "o9", issued="2026-07-01T00:00:00Z")
    assert read(feature(), observation(70, "2026-04-01"), later).value == 70


def test_two_components_of_one_code_are_ambiguous() -> None:
    """Two systolic pressures in one panel are not one."""
    part = {"code": {"coding": [{"system": LOINC, "code": "8480-6"}]}}
    parts = [part | {"valueQuantity": quantity(value, "mm[Hg]")} for value in (120, 160)]
    panel = observation(code="85354-9", valueQuantity=None, component=parts)
    assert read(feature(analyte="systolic-blood-pressure"), panel).reason == "ambiguous"
