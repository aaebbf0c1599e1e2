"""Confidence intervals for proportions, ratios and means.

All functions are pure. `level` is the two-sided coverage, in (0, 1). Counts are integers with
`0 <= successes <= n` and `n >= 1`; anything else raises `SampleError`.
"""

import math
from statistics import NormalDist

from fairness.errors import SampleError
from fairness.metric import DEFAULT_LEVEL, Interval, checked_level


def normal_quantile(level: float = DEFAULT_LEVEL) -> float:
    """The z of a two-sided normal interval: 1.96 for a level of 0.95."""
    return NormalDist().inv_cdf(0.5 + checked_level(level) / 2.0)


def wald(estimate: float, standard_error: float, level: float = DEFAULT_LEVEL) -> Interval:
    """`estimate ± z * standard_error`, unbounded."""
    reach = normal_quantile(level) * standard_error
    return Interval(estimate - reach, estimate + reach)


def log_normal(estimate: float, log_standard_error: float, level: float = DEFAULT_LEVEL) -> Interval:
    """Interval of a positive ratio, symmetric on the log scale, from the standard error of its logarithm."""
    factor = math.exp(normal_quantile(level) * log_standard_error)
    return Interval(estimate / factor, estimate * factor)


def logit_scale(estimate: float, standard_error: float, level: float = DEFAULT_LEVEL) -> Interval:
    """Interval of a proportion-like figure in (0, 1), symmetric on the logit scale (delta method), inside [0,
    1].

    `standard_error` is that of the figure itself. The figure must lie strictly between 0 and 1.
    """
    centre = math.log(estimate) - math.log1p(-estimate)
    low, high = wald(centre, standard_error / (estimate * (1.0 - estimate)), level)
    return Interval(_expit(low), _expit(high))


def wilson(successes: int, n: int, level: float = DEFAULT_LEVEL) -> Interval:
    """Score interval of a proportion, inside [0, 1] and never of width 0.

    Source: Wilson EB. J Am Stat Assoc 1927;22:209-212, without continuity correction.
    """
    _check_counts(successes, n)
    z2 = normal_quantile(level) ** 2
    share = successes / n
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = math.sqrt(z2) / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    # The limits at 0 and n are exactly 0 and 1; rounding must not leave the observed share outside.
    low = 0.0 if successes == 0 else max(0.0, centre - reach)
    high = 1.0 if successes == n else min(1.0, centre + reach)
    return Interval(low, high)


def share_behind(
    value: float, interval: tuple[float, float], level: float = DEFAULT_LEVEL
) -> tuple[int, int] | None:
    """Successes and n of a proportion and its `wilson` interval, the other way round.

    None where no whole numbers have that proportion and interval.
    """
    low, high = interval
    half2, z2 = (0.5 * (high - low)) ** 2, normal_quantile(level) ** 2
    # The squared half-width is a quadratic of 1 / n with one positive root.
    a, b = z2 * z2 * (half2 - 0.25), z2 * (2.0 * half2 - value * (1.0 - value))
    if not (0.0 <= value <= 1.0 and a < 0.0 < half2):
        return None
    n = round(-2.0 * a / (b + math.sqrt(b * b - 4.0 * a * half2)))
    successes = round(value * n)
    if n < 1 or not math.isclose(successes / n, value, abs_tol=1e-12):
        return None
    again = wilson(successes, n, level)
    is_it = math.isclose(again.low, low, abs_tol=1e-9) and math.isclose(again.high, high, abs_tol=1e-9)
    return (successes, n) if is_it else None


def newcombe(
    successes_a: int, n_a: int, successes_b: int, n_b: int, level: float = DEFAULT_LEVEL
) -> Interval:
    """Interval of the difference `a - b` of two independent proportions, inside [-1, 1].

    Source: Newcombe RG. Stat Med 1998;17:873-890, method 10 (hybrid score from two Wilson intervals).
    """
    wilson_a, wilson_b = wilson(successes_a, n_a, level), wilson(successes_b, n_b, level)
    a, b = successes_a / n_a, successes_b / n_b
    low = (a - b) - math.hypot(a - wilson_a.low, wilson_b.high - b)
    high = (a - b) + math.hypot(wilson_a.high - a, b - wilson_b.low)
    return Interval(max(-1.0, low), min(1.0, high))


def all_or_nothing(successes: int, n: int, level: float = DEFAULT_LEVEL) -> Interval:
    """Exact (Clopper-Pearson) interval of a proportion that was observed as 0 or as 1.

    Source: Clopper CJ, Pearson ES. Biometrika 1934;26:404-413; its limits have a closed form in these two
    cases. Raises `SampleError` for any other count.
    """
    _check_counts(successes, n)
    bound = ((1.0 - checked_level(level)) / 2.0) ** (1.0 / n)
    if successes == n:
        return Interval(bound, 1.0)
    if successes == 0:
        return Interval(0.0, 1.0 - bound)
    raise SampleError(f"successes: {successes} of {n} is neither none nor all")


def _check_counts(successes: int, n: int) -> None:
    if n < 1:
        raise SampleError(f"n: {n} is not a positive count")
    if not 0 <= successes <= n:
        raise SampleError(f"successes: {successes} is not between 0 and {n}")


def _expit(value: float) -> float:
    return 0.5 * (1.0 + math.tanh(value / 2.0))
