"""Which predictions can be judged, and what becomes of the outcomes that do not fit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from monitor_cases import observed, scored

from fairness.errors import SampleError
from fairness.monitor.labels import Labels, label
from fairness.monitor.plan import MonitorPlan

PLAN = MonitorPlan(window_days=90, delay_days=30)
ONE = scored(("a", 0.0, 0.2))
LONG = 200.0


def state(found: Labels) -> tuple[str, float]:
    """State and label of the first prediction."""
    return found.states[0], float(found.y[0])


def test_a_mature_event_is_an_event() -> None:
    """An event in the window makes the label 1 once the prediction is old enough."""
    assert state(label(ONE, observed(("a", 50.0, 1)), PLAN, LONG)) == ("mature", 1.0)


def test_an_early_event_waits_with_the_others() -> None:
    """An event that is known before the prediction matures is not judged early."""
    found = label(ONE, observed(("a", 50.0, 1)), PLAN, 100.0)
    assert found.states == ("unmatured",)
    assert np.isnan(found.y[0])


def test_the_day_of_maturity_counts() -> None:
    """A prediction is judged from the window plus the delay on."""
    at = observed(("a", 50.0, 0))
    states = [label(ONE, at, PLAN, now).states[0] for now in (119.9, 120.0)]
    assert states == ["unmatured", "mature"]


def test_silence_is_not_a_negative() -> None:
    """Without any outcome a mature prediction has no label."""
    assert label(ONE, observed(), PLAN, LONG).states == ("no-outcome",)


def test_silence_is_a_negative_where_the_plan_says_so() -> None:
    """With every event certain to be reported, no record means no event."""
    plan = MonitorPlan(window_days=90, delay_days=30, no_record="no-event")
    assert state(label(ONE, observed(), plan, LONG)) == ("mature", 0.0)


def test_an_outcome_before_the_prediction_is_a_clock_or_a_known_finding() -> None:
    """Beyond the tolerance it is counted and not used."""
    found = label(ONE, observed(("a", -2.0, 1)), PLAN, LONG)
    assert (found.states[0], found.tallied.outcomes_before) == ("no-outcome", 1)


def test_a_little_skew_is_tolerated() -> None:
    """An outcome dated within the tolerance before the prediction belongs to it."""
    assert state(label(ONE, observed(("a", -0.9, 1)), PLAN, LONG)) == ("mature", 1.0)


def test_an_outcome_after_the_window_is_late() -> None:
    """It is counted and says nothing about the window."""
    found = label(ONE, observed(("a", 91.0, 1)), PLAN, LONG)
    assert (found.states[0], found.tallied.outcomes_late) == ("no-outcome", 1)


def test_a_contradiction_of_one_moment_is_no_label() -> None:
    """Had it and had it not, at the same time: conflicting."""
    assert label(ONE, observed(("a", 5.0, 1), ("a", 5.0, 0)), PLAN, LONG).states == ("conflicting",)


def test_a_later_event_follows_an_earlier_negative() -> None:
    """First without it, then with it: an event."""
    assert state(label(ONE, observed(("a", 5.0, 0), ("a", 9.0, 1)), PLAN, LONG)) == ("mature", 1.0)


def test_a_repeated_outcome_counts_once() -> None:
    """The same finding told twice is one, and counted as repeated."""
    found = label(ONE, observed(("a", 5.0, 1), ("a", 5.0, 1)), PLAN, LONG)
    assert (state(found), found.tallied.outcomes_repeated) == (("mature", 1.0), 1)


def test_the_first_prediction_of_a_patient_counts() -> None:
    """Later ones are repeats, in whatever order the rows come."""
    found = label(scored(("a", 9.0, 0.3), ("a", 1.0, 0.2)), observed(("a", 50.0, 0)), PLAN, LONG)
    assert found.states == ("repeat", "mature")


def test_an_outcome_of_somebody_else_is_counted_apart() -> None:
    """A patient without a prediction of this version is elsewhere."""
    assert label(ONE, observed(("b", 5.0, 1)), PLAN, LONG).tallied.outcomes_elsewhere == 1


def test_what_arrives_later_is_not_known_now() -> None:
    """An outcome told after the moment of the audit is not used."""
    assert label(ONE, observed(("a", 5.0, 1), delay=500.0), PLAN, LONG).states == ("no-outcome",)


def test_a_prediction_without_a_score_is_not_judged() -> None:
    """NaN is no probability."""
    assert label(scored(("a", 0.0, np.nan)), observed(("a", 5.0, 1)), PLAN, LONG).states == ("no-score",)


def test_nothing_at_all_is_nothing_at_all() -> None:
    """No rows: no states, and no coverage."""
    found = label(scored(), observed(), PLAN, LONG)
    assert (found.states, found.tallied.coverage) == ((), None)


@pytest.mark.parametrize(
    ("rows", "outcomes"),
    [
        (scored(("a", 0.0, 1.5)), observed()),
        (scored(("a", np.nan, 0.5)), observed()),
        (ONE, observed(("a", 1.0, 2))),
    ],
)
def test_columns_that_do_not_fit_are_refused(rows: object, outcomes: object) -> None:
    """Scores outside [0, 1], NaN times and other values are errors."""
    with pytest.raises(SampleError):
        label(rows, outcomes, PLAN, LONG)  # type: ignore[arg-type]


PEOPLE = st.sampled_from("abcd")
DAYS = st.floats(-50, 150).map(lambda day: round(day, 1))


@given(
    st.lists(st.tuples(PEOPLE, DAYS, st.floats(0, 1))),
    st.lists(st.tuples(PEOPLE, DAYS, st.integers(0, 1))),
    st.floats(0, 400),
)
def test_every_prediction_has_one_state(
    rows: list[tuple[str, float, float]], outcomes: list[tuple[str, float, int]], now: float
) -> None:
    """The states add up to the predictions, only mature ones have a label, and one per patient at most."""
    found = label(scored(*rows), observed(*outcomes), PLAN, now)
    counted = found.tallied
    states = (counted.mature, counted.unmatured, counted.no_outcome, counted.conflicting, counted.repeat)
    assert sum(states) + counted.no_score == len(rows)
    assert [state == "mature" for state in found.states] == (~np.isnan(found.y)).tolist()
    judged = [row[0] for row, state in zip(rows, found.states, strict=True) if state == "mature"]
    assert len(judged) == len(set(judged))
