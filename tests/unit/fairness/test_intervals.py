"""Intervals of proportions against statsmodels and scipy."""

import pytest
from scipy.stats import binomtest
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from fairness.errors import SampleError
from fairness.intervals import (
    all_or_nothing,
    log_normal,
    logit_scale,
    newcombe,
    normal_quantile,
    share_behind,
    wilson,
)

COUNTS = [(0, 5), (1, 5), (5, 5), (3, 17), (40, 61), (999, 1000)]


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(("successes", "n"), COUNTS)
def test_wilson_equals_statsmodels(successes: int, n: int, level: float) -> None:
    """The Wilson limits are those of statsmodels for any count and level."""
    expected = proportion_confint(successes, n, alpha=1 - level, method="wilson")
    assert wilson(successes, n, level) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize(
    ("a", "b"), [((7, 34), (1, 34)), ((0, 10), (10, 10)), ((56, 70), (48, 80)), ((5, 5), (5, 5))]
)
def test_newcombe_equals_statsmodels(a: tuple[int, int], b: tuple[int, int], level: float) -> None:
    """The limits of a difference of proportions are the Newcombe limits of statsmodels."""
    expected = confint_proportions_2indep(*a, *b, method="newcomb", compare="diff", alpha=1 - level)
    assert newcombe(*a, *b, level) == pytest.approx(expected, abs=1e-12)


def test_newcombe_equals_published_example() -> None:
    """56/70 against 48/80 gives 0.0524 to 0.3339, as in table II of Newcombe 1998."""
    assert newcombe(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@pytest.mark.parametrize("n", [1, 7, 200])
@pytest.mark.parametrize("all_of_them", [False, True])
def test_all_or_nothing_equals_clopper_pearson(n: int, all_of_them: bool) -> None:
    """With no or only successes the limits are the exact ones of scipy."""
    successes = n if all_of_them else 0
    expected = binomtest(successes, n).proportion_ci(0.9, method="exact")
    assert all_or_nothing(successes, n, 0.9) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_all_or_nothing_refuses_other_counts() -> None:
    """A count strictly between none and all has no closed form and is refused."""
    with pytest.raises(SampleError, match="neither none nor all"):
        all_or_nothing(1, 3)


def test_normal_quantile_of_95_percent() -> None:
    """A level of 0.95 means 1.959964 standard errors."""
    assert normal_quantile(0.95) == pytest.approx(1.959963984540054, abs=1e-12)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_level_outside_the_unit_interval_is_refused(level: float) -> None:
    """A level given in percent, or one that allows no error, is refused by name."""
    with pytest.raises(SampleError, match="level"):
        normal_quantile(level)


@pytest.mark.parametrize(("successes", "n"), [(1, 0), (-1, 4), (5, 4)])
def test_impossible_counts_are_refused(successes: int, n: int) -> None:
    """A proportion of nobody, or of more than everybody, has no interval."""
    with pytest.raises(SampleError):
        wilson(successes, n)


def test_log_normal_is_symmetric_for_ratio_and_inverse() -> None:
    """The interval of 1/r is the inverse of the interval of r."""
    low, high = log_normal(2.0, 0.3)
    assert log_normal(0.5, 0.3) == pytest.approx((1 / high, 1 / low), rel=1e-12)


def test_logit_scale_is_symmetric_for_complements() -> None:
    """The interval of 1 - a is the mirror image of the interval of a."""
    low, high = logit_scale(0.9, 0.05)
    assert logit_scale(0.1, 0.05) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (1, 2), (0, 57), (57, 57), (782, 1383), (5, 10**7)])
def test_a_share_and_its_limits_tell_the_two_counts(successes: int, n: int) -> None:
    """Also a fraction in lower terms, none of them and all of them."""
    limits = wilson(successes, n, 0.9)
    assert share_behind(successes / n, (limits.low, limits.high), 0.9) == (successes, n)


@pytest.mark.parametrize("limits", [(0.31, 0.52), (0.4, 0.4), (-1.0, 2.0)])
def test_limits_of_another_kind_tell_no_counts(limits: tuple[float, float]) -> None:
    """Rather than the wrong ones."""
    assert share_behind(0.4, limits) is None
