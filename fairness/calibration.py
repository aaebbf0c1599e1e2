"""Calibration: do the probabilities mean what they say?

Every function takes `y` (n,) in {0, 1} and `p` (n,) in [0, 1]; NaN raises `SampleError`. Probabilities of
exactly 0 or 1 are moved to 1e-6 and 1 - 1e-6 wherever their log odds are needed.
"""

import math

import numpy as np
import numpy.typing as npt

from fairness.errors import FitError
from fairness.intervals import all_or_nothing, log_normal, wald
from fairness.logistic import fit_logistic, logit
from fairness.metric import (
    DEFAULT_LEVEL,
    DEFAULT_SUFFICIENCY,
    Interval,
    Metric,
    Sample,
    Sufficiency,
    checked_level,
    checked_sample,
    defined,
    undefined,
)

# With fewer expected events the ratio is a statement about rounding, and in the end overflows.
_LEAST_EXPECTED = 1e-6


def brier(
    y: npt.ArrayLike,
    p: npt.ArrayLike,
    *,
    level: float = DEFAULT_LEVEL,
    limits: Sufficiency = DEFAULT_SUFFICIENCY,
) -> Metric:
    """Mean squared difference of outcome and probability, in [0, 1], lower is better. Undefined for nobody.

    The interval is the normal one of a mean of n squared errors, cut to [0, 1]; a single person has none.
    """
    checked_level(level)
    sample = checked_sample(y, p)
    if sample.n == 0:
        return undefined("brier", "nobody in the group")
    errors = (sample.y - sample.p) ** 2
    if sample.n == 1:
        return defined("brier", sample, errors.mean(), None, limits, no_interval="one person has no variance")
    mean = float(errors.mean())
    low, high = wald(mean, float(errors.std(ddof=1)) / math.sqrt(sample.n), level)
    return defined("brier", sample, mean, Interval(max(0.0, low), min(1.0, high)), limits)


def calibration_intercept(
    y: npt.ArrayLike,
    p: npt.ArrayLike,
    *,
    level: float = DEFAULT_LEVEL,
    limits: Sufficiency = DEFAULT_SUFFICIENCY,
) -> Metric:
    """Calibration in the large, in log odds: a in `logit E[y] = a + logit(p)`, Wald interval.

    0 is ideal; above 0 the model predicts too little risk. Undefined with one class only. Source: Cox DR.
    Biometrika 1958;45:562-565; Steyerberg EW. Clinical Prediction Models, 2nd ed., 2019, ch. 15.
    """
    checked_level(level)
    sample = checked_sample(y, p)
    if sample.events == 0 or sample.non_events == 0:
        return undefined("calibration_intercept", "needs at least one event and one non-event")
    design = np.ones((sample.n, 1))
    try:
        fit = fit_logistic(design, sample.y, offset=logit(sample.p), start=_intercept_start(sample))
    except FitError as error:
        return undefined("calibration_intercept", str(error))
    interval = wald(float(fit.coefficients[0]), math.sqrt(fit.covariance[0, 0]), level)
    return defined("calibration_intercept", sample, fit.coefficients[0], interval, limits)


def calibration_slope(
    y: npt.ArrayLike,
    p: npt.ArrayLike,
    *,
    level: float = DEFAULT_LEVEL,
    limits: Sufficiency = DEFAULT_SUFFICIENCY,
) -> Metric:
    """Calibration slope: b in `logit E[y] = a + b * logit(p)`, Wald interval.

    1 is ideal; below 1 the predictions are too extreme. Undefined with one class, with one probability for
    everybody, and when some cut of the score separates events from non-events (the slope is then infinite).
    Source: Cox DR. Biometrika 1958;45:562-565; Steyerberg EW. Clinical Prediction Models, 2nd ed., 2019, ch.
    15.
    """
    checked_level(level)
    sample = checked_sample(y, p)
    obstacle = _slope_obstacle(sample)
    if obstacle:
        return undefined("calibration_slope", obstacle)
    log_odds = logit(sample.p)
    spread = float(log_odds.std())
    # Standardising keeps the fit well conditioned when all probabilities are close together.
    standardised = (log_odds - log_odds.mean()) / spread
    try:
        fit = fit_logistic(np.column_stack([np.ones(sample.n), standardised]), sample.y)
    except FitError as error:
        return undefined("calibration_slope", str(error))
    slope = float(fit.coefficients[1]) / spread
    interval = wald(slope, math.sqrt(fit.covariance[1, 1]) / spread, level)
    return defined("calibration_slope", sample, slope, interval, limits)


def o_e(
    y: npt.ArrayLike,
    p: npt.ArrayLike,
    *,
    level: float = DEFAULT_LEVEL,
    limits: Sufficiency = DEFAULT_SUFFICIENCY,
) -> Metric:
    """Observed over expected events, `sum(y) / sum(p)`, 0 or more; 1 is ideal.

    Undefined when the expected number of events is below 1e-6.

    The interval is log-normal, with the linearised variance of a ratio of two sums over the same people; it
    does not assume that the model is calibrated. Source: Cochran WG. Sampling Techniques, 3rd ed., 1977, sec.
    6.3.

    With no events the logarithm does not exist and the linearised variance is 0, although the data do bound
    the ratio. There, and when everybody has the event, the limits are the exact binomial ones for the given
    expected count. They are conservative: n unequal risks give "no event" less often than n times their mean
    does.
    """
    checked_level(level)
    sample = checked_sample(y, p)
    expected = float(sample.p.sum())
    if expected < _LEAST_EXPECTED:
        return undefined("o_e", "next to no event is expected")
    ratio = sample.events / expected
    if sample.events == 0 or sample.non_events == 0:
        share = all_or_nothing(sample.events, sample.n, level)
        interval = Interval(share.low * sample.n / expected, share.high * sample.n / expected)
        return defined("o_e", sample, ratio, interval, limits)
    residuals = sample.y - ratio * sample.p
    variance = sample.n / (sample.n - 1) * float(residuals @ residuals) / sample.events**2
    return defined("o_e", sample, ratio, log_normal(ratio, math.sqrt(variance), level), limits)


def _intercept_start(sample: Sample) -> npt.NDArray[np.float64]:
    observed, expected = logit(np.array([sample.y.mean(), sample.p.mean()]))
    return np.array([observed - expected])


def _slope_obstacle(sample: Sample) -> str | None:
    if sample.events == 0 or sample.non_events == 0:
        return "needs at least one event and one non-event"
    log_odds = logit(sample.p)
    if log_odds.min() == log_odds.max():
        return "everybody has the same probability"
    events, non_events = log_odds[sample.y == 1.0], log_odds[sample.y == 0.0]
    # With one predictor the slope is finite exactly when the two ranges overlap (Albert & Anderson 1984).
    if non_events.max() <= events.min() or events.max() <= non_events.min():
        return "the score separates events from non-events completely"
    return None
