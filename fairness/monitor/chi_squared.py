"""The chi-squared distribution with whole degrees of freedom, in closed form.

Abramowitz M, Stegun IA. Handbook of Mathematical Functions, 1964, 26.4.4 and 26.4.5.
"""

import math

from fairness.errors import SampleError


def upper_tail(x: float, freedom: int) -> float:
    """Probability of a value above x >= 0; raises `SampleError` for a negative x or no degree of freedom."""
    if freedom < 1 or not x >= 0.0:
        raise SampleError(f"chi-squared: no tail above {x} with {freedom} degrees of freedom")
    half = x / 2.0
    if freedom % 2:
        total = math.erfc(math.sqrt(half))
        log_term = 0.5 * math.log(half) - half - math.lgamma(1.5) if half > 0.0 else -math.inf
        first = 1.5
    else:
        total, log_term, first = 0.0, -half, 1.0
    steps = (freedom - 1) // 2 if freedom % 2 else freedom // 2
    for step in range(steps):
        total += math.exp(log_term)
        log_term += (math.log(half) if half > 0.0 else -math.inf) - math.log(first + step)
    return min(1.0, total)


def upper_quantile(probability: float, freedom: int) -> float:
    """The value that is exceeded with a probability in (0, 1), by bisection."""
    if not 0.0 < probability < 1.0:
        raise SampleError(f"chi-squared: no value is exceeded with probability {probability}")
    low, high = 0.0, 1.0
    while upper_tail(high, freedom) > probability:
        low, high = high, 2.0 * high
    for _ in range(100):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if upper_tail(middle, freedom) > probability else (low, middle)
    return 0.5 * (low + high)
