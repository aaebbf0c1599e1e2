"""The joint bootstrap over counts against a bootstrap of rows."""

import numpy as np
import pytest
from engine_samples import people, rows_of

from fairness.engine import ScoreGrid, bootstrap, evaluate, tally
from fairness.engine.bootstrap import FORMULAS
from fairness.errors import SampleError
from fairness.groups import Membership

BLACK, WHITE = (Membership("race", "black"),), (Membership("race", "white"),)


def test_draws_have_the_spread_of_a_row_bootstrap() -> None:
    """Mean and standard deviation of a sensitivity and of a gap of overlapping groups are those of resampled
    rows."""
    sample = people(600)
    rng = np.random.default_rng(1)
    groups = [rows_of(sample, "race", value) for value in ("black", "white")]
    rows = []
    for _ in range(1500):
        drawn = rng.integers(0, 600, 600)
        chosen, y = sample.p[drawn] >= 0.25, sample.y[drawn] == 1
        rows.append([chosen[y & group[drawn]].mean() for group in groups])
    by_rows = np.array(rows)
    found = bootstrap(sample.tally(), 0.25, replicates=3000, seed=2)
    by_counts = np.column_stack([found.of("sensitivity", BLACK), found.of("sensitivity", WHITE)])
    assert by_counts.mean(axis=0) == pytest.approx(by_rows.mean(axis=0), abs=0.01)
    assert np.std(by_counts[:, 0] - by_counts[:, 1]) == pytest.approx(
        np.std(by_rows[:, 0] - by_rows[:, 1]), rel=0.08
    )


@pytest.mark.parametrize("metric", FORMULAS)
def test_intervals_hold_the_point_value(metric: str) -> None:
    """Every formula of the draws is that of the point value: the interval lies around it."""
    sample = people()
    low, high = bootstrap(sample.tally(), 0.25).interval(metric, BLACK)
    threshold = None if metric == "prevalence" else 0.25
    value = evaluate(sample.tally(), metrics=(metric,)).group("race", "black").metric(metric, threshold).value
    assert low < value < high
    assert high - low < 0.2


def test_draws_do_not_depend_on_the_number_of_threads() -> None:
    """The seed alone decides, so that a report can be made again elsewhere."""
    counts = people(500).tally()
    one = bootstrap(counts, 0.25, replicates=2500, seed=9, workers=1).draws
    assert np.array_equal(
        one, bootstrap(counts, 0.25, replicates=2500, seed=9, workers=2).draws, equal_nan=True
    )


def test_an_undefined_replicate_leaves_no_interval() -> None:
    """A group with one event is without events in many resamples: no interval rather than a biased one."""
    counts = tally([1] + [0] * 59, np.linspace(0.1, 0.9, 60), {}, ScoreGrid(thresholds=(0.5,)))
    assert bootstrap(counts, 0.5).interval("sensitivity", ()) is None


def test_differences_of_a_group_with_itself_are_zero() -> None:
    """Groups are drawn together, so the difference of a group with itself does not vary."""
    assert bootstrap(people(500).tally(), 0.25).difference("ppv", WHITE, WHITE) == (0.0, 0.0)


def test_nobody_cannot_be_resampled() -> None:
    """An empty tally has no bootstrap."""
    with pytest.raises(SampleError, match="at least one person"):
        bootstrap(tally([], [], {}, ScoreGrid(thresholds=(0.5,))), 0.5)
