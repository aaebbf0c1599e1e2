"""Is one score better than another? Paired and unpaired differences of areas under the ROC curve.

Source: DeLong ER, DeLong DM, Clarke-Pearson DL. Biometrics 1988;44:837-845.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from fairness.discrimination import auroc, delong_variance, placements
from fairness.metric import Metric, checked_sample
from models.training.design import Floats

LEVEL_95 = NormalDist().inv_cdf(0.975)
SMALLEST_VARIANCE = 1e-12


@dataclass(frozen=True)
class Difference:
    """``value`` = first area minus second, its 95 % limits and the two-sided p value."""

    value: float
    low: float
    high: float
    p_value: float

    @property
    def verdict(self) -> str:
        """``better``, ``worse`` or ``no difference shown``, at the 5 % level."""
        if self.low > 0:
            return "better"
        return "worse" if self.high < 0 else "no difference shown"

    def metric(self) -> Metric:
        """As a figure of evaluation.json; ``why`` carries the p value and the verdict in words."""
        words = f"first minus second area; two-sided p = {self.p_value:.3f}: {self.verdict}"
        return Metric("auroc_difference", self.value, self.low, self.high, "ok", words)


def paired_difference(y: Floats, first: Floats, second: Floats) -> Difference:
    """DeLong's test of two scores in [0, 1] on the same patients ``[n]``; y in {0, 1}.

    Raises ``InvalidSample`` for NaN and for fewer than two events or non-events.
    """
    delong_variance(y, first)
    above_a, below_a = placements(checked_sample(y, first))
    above_b, below_b = placements(checked_sample(y, second))
    above, below = above_a - above_b, below_a - below_b
    variance = above.var(ddof=1) / above.size + below.var(ddof=1) / below.size
    return _difference(float(above.mean()), float(variance))


def unpaired_difference(y_a: Floats, p_a: Floats, y_b: Floats, p_b: Floats) -> Difference:
    """The same for the areas of two independent groups of patients."""
    areas = auroc(y_a, p_a).value, auroc(y_b, p_b).value
    if areas[0] is None or areas[1] is None:
        raise ValueError("an area is undefined: one class only")
    return _difference(areas[0] - areas[1], delong_variance(y_a, p_a) + delong_variance(y_b, p_b))


def _difference(value: float, variance: float) -> Difference:
    error = float(np.sqrt(max(variance, SMALLEST_VARIANCE)))
    p_value = 2.0 * (1.0 - NormalDist().cdf(abs(value) / error))
    return Difference(value, value - LEVEL_95 * error, value + LEVEL_95 * error, p_value)


def brier_difference(y: Floats, first: Floats, second: Floats) -> Metric:
    """Mean squared error of the first score minus that of the second, with normal 95 % limits."""
    errors = (y - first) ** 2 - (y - second) ** 2
    mean, reach = float(errors.mean()), LEVEL_95 * float(errors.std(ddof=1) / np.sqrt(errors.size))
    words = "first minus second mean squared error; below 0 the first is better"
    return Metric("brier_difference", mean, mean - reach, mean + reach, "ok", words)
