"""The statistics behind verdicts against scipy, statsmodels and published tables."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import binom, fisher_exact, norm
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.stats.multitest import multipletests

from fairness.engine.agreement import Pivot
from fairness.engine.estimates import Pivots, Shares
from fairness.engine.rates import Share
from fairness.errors import SampleError
from fairness.metric import Sufficiency
from fairness.verdicts import (
    EProcess,
    benjamini_hochberg,
    for_auroc,
    for_o_e,
    for_rate,
    holm,
    log_odds,
    plan_looks,
    shrink,
    spread_of_pivots,
    spread_of_shares,
)
from fairness.verdicts.equivalence import above, beyond, lower_area, lower_limit, within
from fairness.verdicts.exact import equal_shares, lower_tail, upper_tail
from fairness.verdicts.needed import to_count, to_decide, to_equivalence

P_VALUES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12)


# The reference takes a third of a second per call.
@settings(max_examples=12)
@given(P_VALUES)
def test_holm_equals_statsmodels(p: list[float]) -> None:
    """Adjusted p values of Holm's procedure, in the order given."""
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1], abs=1e-12)


@given(P_VALUES)
def test_benjamini_hochberg_equals_statsmodels(p: list[float]) -> None:
    """Adjusted p values of the Benjamini-Hochberg procedure, in the order given."""
    assert benjamini_hochberg(p) == pytest.approx(multipletests(p, method="fdr_bh")[1], abs=1e-12)


@pytest.mark.parametrize("p", [[0.1, float("nan")], [1.2], [-0.1]])
def test_impossible_p_values_are_refused(p: list[float]) -> None:
    """A p outside [0, 1] is a mistake upstream."""
    with pytest.raises(SampleError, match="p_values"):
        holm(p)


@given(st.integers(1, 80), st.integers(1, 80), st.data())
def test_equal_shares_is_fishers_test(of_a: int, of_b: int, data: st.DataObject) -> None:
    """The exact two-sided p value of two shares is scipy's."""
    a, b = data.draw(st.integers(0, of_a)), data.draw(st.integers(0, of_b))
    expected = fisher_exact([[a, of_a - a], [b, of_b - b]])[1]
    assert equal_shares(a, of_a, b, of_b) == pytest.approx(expected, rel=1e-6)


def test_equal_shares_of_large_groups_is_close_to_the_exact_test() -> None:
    """Where the normal approximation takes over, it agrees with the exact p value."""
    expected = fisher_exact([[10_250, 89_750], [10_500, 109_500]])[1]
    assert equal_shares(10_250, 100_000, 10_500, 120_000) == pytest.approx(expected, rel=0.05)


@given(st.integers(1, 200), st.floats(0.0, 1.0), st.data())
def test_binomial_tails_equal_scipy(of: int, share: float, data: st.DataObject) -> None:
    """Both tails include the observed count."""
    hits = data.draw(st.integers(0, of))
    assert upper_tail(hits, of, share) == pytest.approx(binom.sf(hits - 1, of, share), abs=1e-9)
    assert lower_tail(hits, of, share) == pytest.approx(binom.cdf(hits, of, share), abs=1e-9)


def test_corrected_limits_equal_the_published_example() -> None:
    """56/70 against 48/80 has a lower limit of 0.0428 with continuity correction (Newcombe 1998, table
    II)."""
    assert lower_limit(Share(56, 70), Share(48, 80), 1.959964) == pytest.approx(0.0428, abs=5e-5)


def test_equivalence_is_the_interval_inside_the_margin() -> None:
    """The p value is 0.05 exactly where the 90 % limit meets the margin."""
    sides = Shares(Share(160, 200), Share(310, 400))
    reach = -lower_limit(sides.b, sides.a, 1.6448536)
    assert within(sides, max(reach, 0.1)) == pytest.approx(0.05, abs=1e-6) or reach < 0.1
    assert within(sides, 0.5) < 1e-6


def test_equivalence_and_excess_cannot_both_be_shown() -> None:
    """A gap inside the margin is not beyond it."""
    near, far = Pivots(Pivot(0.8, 0.01), Pivot(0.79, 0.01)), Pivots(Pivot(0.8, 0.01), Pivot(0.5, 0.01))
    assert (within(near, 0.1) < 0.05, beyond(near, 0.1) < 0.05) == (True, False)
    assert (within(far, 0.1) < 0.05, beyond(far, 0.1) < 0.05) == (False, True)


def test_spread_of_equal_small_groups_is_large() -> None:
    """Equal sensitivities of 0.7 in groups of 242 to 3 positives show a largest gap of 0.40 on average, and
    0.67 in one of twenty studies."""
    sizes = [242, 157, 65, 23, 11, 5, 3]
    strata = [Share(round(0.7 * of), of) for of in sizes]
    found = spread_of_shares(strata, np.eye(7, dtype=bool), draws=20_000)
    assert (found.expected, found.high) == pytest.approx((0.40, 0.67), abs=0.02)


def test_spread_keeps_overlapping_groups_together() -> None:
    """Groups that share most of their people differ less under equality than disjoint ones."""
    strata = [Share(10, 20), Share(50, 100), Share(10, 20)]
    overlapping = np.array([[True, True, False], [False, True, True]])
    disjoint = np.array([[True, False, False], [False, False, True]])
    apart = spread_of_shares(strata, disjoint).expected
    assert spread_of_shares(strata, overlapping).expected < apart / 2


def test_spread_of_estimates_equals_the_range_of_normals() -> None:
    """The mean range of five independent standard normals is 2.326 (Tippett 1925)."""
    found = spread_of_pivots([Pivot(0.0, 1.0)] * 5, draws=100_000)
    assert found.expected == pytest.approx(2.326, abs=0.01)


def test_spending_limits_equal_published_tables() -> None:
    """Five equal looks at a two-sided 0.05: the limits of Lan and DeMets' two spending functions (Reboussin
    DM et al.

    Control Clin Trials 2000;21:190-207).
    """
    fractions = [0.2, 0.4, 0.6, 0.8, 1.0]
    obrien = [look.z for look in plan_looks(fractions, 0.05, "obrien-fleming")]
    pocock = [look.z for look in plan_looks(fractions, 0.05, "pocock")]
    assert obrien == pytest.approx([4.8769, 3.3569, 2.6803, 2.2898, 2.0310], abs=2e-4)
    assert pocock == pytest.approx([2.4380, 2.4268, 2.4101, 2.3966, 2.3859], abs=2e-4)


def test_one_look_spends_everything() -> None:
    """A single look at all of the information is the ordinary test."""
    (look,) = plan_looks([1.0])
    assert (look.alpha, look.z) == pytest.approx((0.05, 1.959964), abs=1e-6)


@pytest.mark.parametrize("fractions", [[], [0.0, 1.0], [0.5, 0.5], [0.5, 1.2]])
def test_looks_must_move_forward(fractions: list[float]) -> None:
    """Information only grows, up to what was planned."""
    with pytest.raises(SampleError, match="fractions"):
        plan_looks(fractions)


def test_an_e_value_has_a_mean_of_one_under_equality() -> None:
    """Over all outcomes of a block with equal chances the e-value averages exactly 1: a fair bet."""
    before = EProcess.start(2).after([Share(3, 4), Share(1, 5)])
    total = 0.0
    for a in range(4):
        for b in range(7):
            chance = binom.pmf(a, 3, 0.35) * binom.pmf(b, 6, 0.35)
            total += chance * before.after([Share(a, 3), Share(b, 6)]).e / before.e
    assert total <= 1.0 + 1e-12


def test_evidence_grows_where_groups_differ() -> None:
    """Twenty weeks of 0.9 against 0.3 leave no doubt; nobody in a week changes nothing."""
    evidence = EProcess.start(2)
    for _ in range(20):
        evidence = evidence.after([Share(9, 10), Share(3, 10)])
    assert evidence.e > 1000
    assert evidence.after([Share(0, 0), Share(0, 0)]) == evidence


def test_shrinkage_equals_paule_mandel() -> None:
    """The variance between groups and the mean are those of statsmodels' iterated estimator."""
    values, errors = [0.1, 0.9, -0.4, 0.5, 1.6], [0.2, 0.3, 0.25, 0.1, 0.6]
    found = shrink(values, errors)
    expected = combine_effects(np.array(values), np.array(errors) ** 2, method_re="iterated", atol=1e-12)
    assert found.between**2 == pytest.approx(expected.tau2, rel=1e-4)
    assert found.mean == pytest.approx(expected.mean_effect_re, rel=1e-4)


def test_shrinkage_moves_small_groups_most() -> None:
    """The least certain group moves furthest towards the mean, and its interval gets shorter."""
    found = shrink([0.0, 0.1, -0.1, 2.0, 0.6], [0.1, 0.1, 0.1, 0.8, 0.1])
    small = found.groups[3]
    assert small.weight == min(group.weight for group in found.groups)
    assert found.mean < small.value < 2.0
    assert small.interval.high - small.interval.low < 2 * 1.96 * 0.8


def test_groups_that_do_not_differ_shrink_to_one_value() -> None:
    """Where errors explain all variation, every group gets the mean."""
    found = shrink([0.1, -0.1, 0.05], [0.5, 0.5, 0.5])
    assert found.between == 0.0
    assert {round(group.value, 12) for group in found.groups} == {round(found.mean, 12)}


def test_log_odds_of_none_and_all_are_finite() -> None:
    """A share of 0 has log odds and an error."""
    assert log_odds(0, 10)[0] == -log_odds(10, 10)[0]


def test_sample_sizes_equal_the_published_ones() -> None:
    """A sensitivity of 0.8 ± 0.05 takes 246 events; an O/E from 0.8 to 1.25 takes 70 at 10 % events and 76 at
    2 %; an AUROC of 0.8 ± 0.05 takes 112 to 128."""
    assert for_rate(0.8, 0.05) == 246
    assert (for_o_e(1.25, prevalence=0.1), for_o_e(1.25, prevalence=0.02)) == (70, 76)
    assert 110 <= for_auroc(0.8, 0.05, 0.1) <= 128


def test_a_group_short_of_events_is_told_how_many_patients() -> None:
    """Two events of 16 people: eight more events, which is 64 more people at that rate."""
    need = to_count(16, 2, Sufficiency())
    assert (need.patients, need.events) == (64, 8)
    assert to_count(100, 50, Sufficiency()) is None


def test_people_needed_for_equivalence_would_do() -> None:
    """With the error that so many more people bring, equivalence has a power of 80 % at no gap."""
    need = to_equivalence(100, 20, 0.05, 0.01, 0.1, 0.05)
    error = np.hypot(0.05 * (100 / (100 + need.patients)) ** 0.5, 0.01)
    assert error == pytest.approx(0.1 / (1.6448536 + 1.2815516), rel=0.01)


def test_a_claim_on_its_limit_cannot_be_decided() -> None:
    """Where the estimate lies on the limit no number of people is enough, and none is named."""
    assert to_decide(100, 20, 0.05, 0.0, 0.05).patients is None


@pytest.mark.parametrize(("a", "b"), [((0.9, 0.03), (0.82, 0.02)), ((0.6, 0.05), (0.75, 0.04))])
def test_two_areas_are_compared_by_limits_on_their_log_odds(
    a: tuple[float, float], b: tuple[float, float]
) -> None:
    """Zou and Donner's limits written out; the p value is 0.05 where the limit at 1.645 meets the bound."""
    z = float(norm.ppf(0.95))
    limits = [
        expit(logit(value) + sign * z * error / (value * (1 - value)))
        for (value, error), sign in ((a, -1), (b, 1))
    ]
    bound = a[0] - b[0] - np.hypot(a[0] - limits[0], limits[1] - b[0])
    assert lower_area(Pivot(*a), Pivot(*b), z) == pytest.approx(bound, abs=1e-12)
    assert above(Pivots(Pivot(*a), Pivot(*b)), bound, "auroc") == pytest.approx(0.05, abs=1e-9)


def test_high_areas_are_not_called_equal_on_the_spread_that_they_happen_to_have() -> None:
    """The plain Wald test takes the small spread of a high area for that of the lower one at the margin."""
    sides = Pivots(Pivot(0.90, 0.03), Pivot(0.92, 0.01))
    assert within(sides, 0.07, "auroc") > within(sides, 0.07) + 0.005
