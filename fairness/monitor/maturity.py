"""The maturity curve: what share of outcomes is known by the age of the prediction.

A prediction whose outcome is still open says only that it takes longer than its age, so the share is one
minus the Kaplan-Meier estimate of "not known yet", with Greenwood's variance on the log(-log) scale.
Sources: Kaplan EL, Meier P. J Am Stat Assoc 1958;53:457-481; Kalbfleisch JD, Prentice RL. The Statistical
Analysis of Failure Time Data, 2nd ed., 2002, sec. 1.4.
"""

import math

import msgspec
import numpy as np

from fairness.errors import SampleError
from fairness.intervals import normal_quantile
from fairness.metric import DEFAULT_LEVEL, FloatArray


class MaturityPoint(msgspec.Struct, frozen=True):
    """Share of outcomes known `days` after the prediction; `at_risk`: predictions still open at that age.

    `low` and `high` are None where the share is 0 or 1.
    """

    days: float
    share: float
    low: float | None
    high: float | None
    at_risk: int


def maturity_curve(
    known_after: FloatArray, age: FloatArray, level: float = DEFAULT_LEVEL
) -> tuple[MaturityPoint, ...]:
    """A point at each age at which an outcome became known, in order; empty without any outcome.

    `known_after` (n,): days from prediction to the arrival of its outcome, NaN while it is open. `age` (n,):
    age of the prediction now, in days. Raises `SampleError` for other shapes, NaN or negative ages.
    """
    if known_after.shape != age.shape or age.ndim != 1:
        raise SampleError("age: expected one age per prediction")
    if np.isnan(age).any() or (age < 0).any() or (known_after < 0).any():
        raise SampleError("age: ages and delays must not be negative")
    is_known = ~np.isnan(known_after)
    until = np.where(is_known, known_after, age)
    z = normal_quantile(level)
    points = []
    open_share, hazard = 1.0, 0.0
    for days in np.unique(until[is_known]).tolist():
        at_risk = int((until >= days).sum())
        known = int((is_known & (until == days)).sum())
        open_share *= 1.0 - known / at_risk
        hazard = hazard + known / (at_risk * (at_risk - known)) if known < at_risk else math.inf
        low, high = _limits(open_share, hazard, z)
        points.append(MaturityPoint(float(days), 1.0 - open_share, low, high, at_risk))
    return tuple(points)


def share_known(curve: tuple[MaturityPoint, ...], days: float) -> float:
    """The share known at an age; 0 before the first point."""
    return max((point.share for point in curve if point.days <= days), default=0.0)


def _limits(open_share: float, hazard: float, z: float) -> tuple[float | None, float | None]:
    if not 0.0 < open_share < 1.0:
        return None, None
    reach = z * math.sqrt(hazard) / abs(math.log(open_share))
    return 1.0 - open_share ** math.exp(-reach), 1.0 - open_share ** math.exp(reach)
