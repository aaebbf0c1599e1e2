"""Every reader of lists against a plain reading of the rules, on charts in any order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapping_samples import (
    ACT,
    BREAST_CANCER,
    METFORMIN,
    NOW,
    PENICILLIN,
    RXNORM,
    SNOMED,
    Resource,
    allergy,
    clinical,
    condition,
    encounter,
    feature,
    features,
    order,
    procedure,
    record,
    relative,
)

GOUT, ENDOSCOPY = "90560007", "80146002"
Make = Callable[[str, str, str], Resource]


def listed(kind: str, code: str, system: str = SNOMED) -> Resource:
    """A spec of a list."""
    return feature(kind=kind, codes=[{"system": system, "code": code}])


# Spec, statuses that count, statuses that do not, and an entry of (id, date, status).
KINDS: dict[str, tuple[Resource, list[str], list[str], Make]] = {
    "condition": (
        listed("condition", GOUT) | {"clinical": ["active"]},
        ["active"],
        ["inactive", "resolved"],
        lambda i, when, status: condition(GOUT, ident=i, onsetDateTime=when, clinicalStatus=clinical(status)),
    ),
    "medication": (
        listed("medication", METFORMIN, RXNORM),
        ["active", "completed"],
        ["cancelled", "draft"],
        lambda i, when, status: order(i, authoredOn=when, status=status),
    ),
    "procedure": (
        listed("procedure", ENDOSCOPY),
        ["completed"],
        ["not-done", "preparation"],
        lambda i, when, status: procedure(ENDOSCOPY, ident=i, performedDateTime=when, status=status),
    ),
    "allergy": (
        listed("allergy", PENICILLIN, RXNORM),
        ["active"],
        ["resolved"],
        lambda i, when, status: allergy(ident=i, recordedDate=when, clinicalStatus=clinical(status)),
    ),
    "family_history": (
        listed("family_history", BREAST_CANCER),
        ["completed", "partial"],
        ["entered-in-error"],
        lambda i, when, status: relative(ident=i, date=when, status=status),
    ),
    "encounter": (
        feature(kind="encounter", classes=["EMER"]),
        ["finished"],
        ["planned", "cancelled"],
        lambda i, when, status: encounter(ident=i, status=status, period={"start": when}),
    ),
}
TIMED = sorted(set(KINDS) - {"allergy", "family_history"})
DATES = st.dates(datetime(2023, 1, 1).date(), datetime(2027, 1, 1).date()).map(str)


@st.composite
def charts(draw: st.DrawFn) -> tuple[str, list[tuple[str, bool]], list[Resource]]:
    """A kind, the (date, counts) of its entries, and the entries in any order."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    _, good, bad, make = KINDS[kind]
    drawn = draw(st.lists(st.tuples(DATES, st.sampled_from(good + bad)), max_size=6))
    entries = [make(f"r{at}", when, status) for at, (when, status) in enumerate(drawn)]
    return kind, [(when, status in good) for when, status in drawn], draw(st.permutations(entries))


def value_of(spec: Resource, chart: list[Resource]) -> Any:
    """The feature's value with its date and source."""
    found = features(spec).extract(record(*chart), NOW)["f"]
    return found.value if found.known else found.reason, found.date, found.source


@given(charts())
@settings(max_examples=150, deadline=None)
def test_count_in_a_window_is_the_plain_count(
    drawn: tuple[str, list[tuple[str, bool]], list[Resource]],
) -> None:
    """Entries of an accepted status, from a year before the index to the index, are counted."""
    kind, dated, chart = drawn
    spec = KINDS[kind][0] | {"window": "365d", "value": "count"}
    earliest, latest = str((NOW - timedelta(days=365)).date()), str(NOW.date())
    expected = sum(good and earliest <= when <= latest for when, good in dated)
    assert value_of(spec, chart)[0] == (float(expected) if chart else "not-provided")


@given(charts())
@settings(max_examples=150, deadline=None)
def test_days_since_is_the_plain_difference(
    drawn: tuple[str, list[tuple[str, bool]], list[Resource]],
) -> None:
    """The days from the last date that is not after the index."""
    kind, dated, chart = drawn
    if kind not in TIMED or not chart:
        return
    past = [when for when, good in dated if good and when <= str(NOW.date())]
    for which, chosen in (("days_since", max), ("days_since_first", min)):
        expected = "not-recorded"
        if past:
            expected = float((NOW - datetime.fromisoformat(chosen(past)).replace(tzinfo=UTC)).days)
        assert value_of(KINDS[kind][0] | {"value": which}, chart)[0] == expected


@given(charts(), st.randoms(use_true_random=False), st.sampled_from(["any", "count"]))
@settings(max_examples=150, deadline=None)
def test_order_and_repetition_change_nothing(
    drawn: tuple[str, list[tuple[str, bool]], list[Resource]], random: Any, which: str
) -> None:
    """Value, date and source are the same when entries are shuffled and sent twice."""
    kind, _, chart = drawn
    spec = KINDS[kind][0] | {"value": which}
    again = [*chart, *chart]
    random.shuffle(again)
    assert value_of(spec, again) == value_of(spec, chart)


@pytest.mark.parametrize("kind", KINDS)
def test_ties_go_to_the_last_id(kind: str) -> None:
    """Of entries of one date, the source is the one with the highest id, whatever their order."""
    spec, good, _, make = KINDS[kind]
    pair = [make(ident, "2026-01-01", good[0]) for ident in ("b", "a")]
    assert value_of(spec, pair) == value_of(spec, pair[::-1])
    assert value_of(spec, pair)[2].endswith("/b")


def test_class_of_encounters_is_of_act_code() -> None:
    """The samples use the system that the reader reads, so that the tests above test something."""
    assert encounter()["class"]["system"] == ACT
