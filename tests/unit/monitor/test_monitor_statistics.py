"""Drift, maturity, bounds and looks against independent references."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight

from fairness.errors import SampleError
from fairness.monitor.chi_squared import upper_quantile, upper_tail
from fairness.monitor.drift import Baseline, Divergence, divergence
from fairness.monitor.known import as_known_now, bounds
from fairness.monitor.looks import next_turn
from fairness.monitor.maturity import maturity_curve, share_known
from fairness.monitor.plan import MonitorPlan
from fairness.verdicts import plan_looks


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 9, 10, 31])
@pytest.mark.parametrize("x", [0.0, 0.3, 1.0, 7.5, 40.0, 200.0])
def test_chi_squared_tails_are_scipys(freedom: int, x: float) -> None:
    """The closed form agrees with scipy to 1e-12."""
    assert upper_tail(x, freedom) == pytest.approx(stats.chi2.sf(x, freedom), rel=1e-10, abs=1e-300)


@pytest.mark.parametrize("freedom", [1, 2, 9, 30])
def test_chi_squared_quantiles_are_scipys(freedom: int) -> None:
    """The 95th percentile agrees with scipy."""
    assert upper_quantile(0.05, freedom) == pytest.approx(stats.chi2.isf(0.05, freedom), rel=1e-9)


def compared(now: np.ndarray, before: np.ndarray, min_n: int = 30) -> Divergence:
    """The divergence of two samples, which must exist."""
    found = divergence(now, Baseline.of_sample(before), min_n)
    assert isinstance(found, Divergence)
    return found


def test_the_two_sample_test_is_scipys() -> None:
    """The p value is that of Pearson's test on the table of both samples' bins."""
    rng = np.random.default_rng(3)
    before, now = rng.normal(size=600), rng.normal(0.15, size=400)
    edges = np.asarray(Baseline.of_sample(before).edges)
    table = [np.bincount(np.searchsorted(edges, one), minlength=edges.size + 1) for one in (now, before)]
    assert compared(now, before).p == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue)


def test_the_null_of_the_index_holds() -> None:
    """Among equal samples the index averages what is expected, and passes the 95th percentile in 5 %."""
    rng = np.random.default_rng(4)
    pairs = [(rng.normal(size=300), rng.normal(size=500)) for _ in range(600)]
    found = [compared(*pair) for pair in pairs]
    assert np.mean([one.psi for one in found]) == pytest.approx(found[0].psi_expected, rel=0.08)
    assert 0.03 <= np.mean([one.psi > one.psi_95 for one in found]) <= 0.07
    assert 0.03 <= np.mean([one.p <= 0.05 for one in found]) <= 0.07


def test_a_shift_is_found() -> None:
    """Half a standard deviation in 500 people is far beyond chance."""
    rng = np.random.default_rng(5)
    found = compared(rng.normal(0.5, size=500), rng.normal(size=500))
    assert found.p < 1e-6
    assert found.psi > found.psi_95


def test_quantile_tables_and_samples_agree() -> None:
    """A baseline from a fine table of quantiles has the shares of the sample it was made from."""
    sample = np.random.default_rng(6).normal(size=5000)
    probs = np.linspace(0.001, 0.999, 999)
    table = Baseline.of_quantiles(probs.tolist(), np.quantile(sample, probs).tolist(), 5000)
    assert table.shares == pytest.approx(Baseline.of_sample(sample).shares, abs=0.003)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (np.zeros(5), "5 people in the smaller sample, fewer than 30"),
        (np.full(50, np.nan), "0 people in the smaller sample, fewer than 30"),
        (np.zeros(0), "0 people in the smaller sample, fewer than 30"),
    ],
)
def test_small_samples_are_not_compared(values: np.ndarray, told: str) -> None:
    """Too few people: a sentence and no figure."""
    assert divergence(values, Baseline.of_sample(np.arange(100.0)), 30) == told


def test_a_constant_has_nothing_to_compare() -> None:
    """One value everywhere is one bin."""
    assert divergence(np.ones(50), Baseline.of_sample(np.ones(50)), 30) == "all values fall into one bin"


def test_a_baseline_needs_a_value() -> None:
    """Nothing known before: an error, not an empty distribution."""
    with pytest.raises(SampleError, match="no value"):
        Baseline.of_sample(np.full(3, np.nan))


def test_the_maturity_curve_is_kaplan_meiers() -> None:
    """Shares and limits agree with statsmodels' product-limit estimate."""
    rng = np.random.default_rng(7)
    age, delay = rng.integers(1, 120, 200).astype(float), rng.integers(1, 100, 200).astype(float)
    known = np.where(delay <= age, delay, np.nan)
    curve = maturity_curve(known, age)
    reference = SurvfuncRight(np.minimum(delay, age), (delay <= age).astype(int))
    assert [point.days for point in curve] == reference.surv_times.tolist()
    assert [point.share for point in curve] == pytest.approx((1.0 - reference.surv_prob).tolist())
    errors = reference.surv_prob_se
    point, at = curve[10], 10
    log_error = errors[at] / (reference.surv_prob[at] * abs(np.log(reference.surv_prob[at])))
    reach = np.exp(1.959963984540054 * log_error)
    assert point.low == pytest.approx(1.0 - reference.surv_prob[at] ** (1 / reach))
    assert point.high == pytest.approx(1.0 - reference.surv_prob[at] ** reach)


def test_without_outcomes_there_is_no_curve() -> None:
    """Nothing known: no point, and a share of 0 at any age."""
    curve = maturity_curve(np.full(3, np.nan), np.array([1.0, 2.0, 3.0]))
    assert (curve, share_known(curve, 100.0)) == ((), 0.0)


def test_bounds_hold_every_way_in_which_late_demographics_may_fall() -> None:
    """Lowest and highest figures equal those over all assignments of the open patients, one by one."""
    rng = np.random.default_rng(8)
    for _ in range(20):
        y, p = rng.integers(0, 2, 9).astype(float), np.round(rng.random(9), 2)
        values = [frozenset({"asian"})] * 4 + [frozenset({"absent"})] * 5
        found = {(one.metric, one.threshold): one for one in bounds(y, p, values, "race", (0.5,))}
        tried = [np.array([True] * 4 + list(more)) for more in product([False, True], repeat=5)]
        for (metric, _), one in found.items():
            figures = [figure for rows in tried if (figure := by_hand(metric, y[rows], p[rows])) is not None]
            assert (one.low, one.high) == pytest.approx((min(figures), max(figures))) if figures else True


def by_hand(metric: str, y: np.ndarray, p: np.ndarray) -> float | None:
    """A figure at the threshold 0.5, None without a denominator."""
    selected = p >= 0.5
    hits, of = {
        "prevalence": (y.sum(), y.size),
        "o_e": (y.sum(), p.sum()),
        "selection_rate": (selected.sum(), y.size),
        "sensitivity": (y[selected].sum(), y.sum()),
        "ppv": (y[selected].sum(), selected.sum()),
    }[metric]
    return float(hits / of) if of else None


def test_groups_as_known_now_take_later_answers() -> None:
    """A later answer fills a gap; a later gap does not undo an answer."""
    groups = [{"race": ["absent"]}, {"race": ["asian"]}, {"race": ["unknown"]}]
    known = as_known_now(["a", "a", "a"], np.array([1.0, 2.0, 3.0]), groups)
    assert [one["race"] for one in known] == [("asian",)] * 3


def test_of_two_answers_the_later_one_holds() -> None:
    """A corrected record replaces the earlier one, whatever the order of the rows."""
    groups = [{"race": ["white"]}, {"race": ["asian", "white"]}]
    assert as_known_now(["a", "a"], np.array([2.0, 1.0]), groups)[1]["race"] == ("white",)


PLAN = MonitorPlan(planned=1000)


def test_looks_spend_what_the_spending_function_allows() -> None:
    """A third look has the level that planning all three beforehand gives it."""
    turn = next_turn([0.3, 0.6], 900, PLAN)
    assert turn.look == plan_looks((0.3, 0.6, 0.9), 0.05)[-1]
    assert turn.number == 3


@pytest.mark.parametrize(
    ("past", "judged", "told"),
    [([], 0, "mature yet"), ([0.5], 500, "since the last look"), ([0.5, 1.0], 2000, "last look has been")],
)
def test_a_run_without_news_is_no_look(past: list[float], judged: int, told: str) -> None:
    """Nothing mature, nothing new, or nothing left to spend: no look, and why."""
    turn = next_turn(past, judged, PLAN)
    assert turn.look is None
    assert told in (turn.why or "")


def test_more_patients_than_planned_are_the_last_look() -> None:
    """Information is capped at what was planned."""
    look = next_turn([0.5], 5000, PLAN).look
    assert look is not None
    assert (look.fraction, look.spent) == (1.0, pytest.approx(0.05))
