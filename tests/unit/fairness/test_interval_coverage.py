"""The 95 % intervals hold the truth in about 95 % of seeded simulated studies."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from scipy.stats import norm

from fairness import Metric, auroc, o_e, sensitivity

STUDIES = 2000
SEPARATION = 1.2

Study = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]


def coverage(
    study: Callable[[np.random.Generator], Study], metric: Callable[..., Metric], truth: float
) -> float:
    """Share of the studies whose interval holds the truth."""
    rng = np.random.default_rng(31)
    results = [metric(*study(rng)) for _ in range(STUDIES)]
    return float(np.mean([result.low <= truth <= result.high for result in results]))


def binormal_study(rng: np.random.Generator) -> Study:
    """200 people, 30 % events, normal scores that differ by 1.2 standard deviations."""
    y = (rng.random(200) < 0.3).astype(np.int64)
    return y, expit(rng.normal(SEPARATION * y))


def calibrated_study(rng: np.random.Generator) -> Study:
    """300 people whose outcomes follow their probabilities."""
    p = rng.beta(2.0, 6.0, 300)
    return (rng.random(300) < p).astype(np.int64), p


def test_auroc_interval_covers() -> None:
    """The DeLong interval holds the binormal area."""
    assert 0.925 <= coverage(binormal_study, auroc, norm.cdf(SEPARATION / np.sqrt(2))) <= 0.975


def test_sensitivity_interval_covers() -> None:
    """The Wilson interval holds the binormal sensitivity at a score of 0.5."""
    share = coverage(binormal_study, lambda y, p: sensitivity(y, p, 0.5), norm.cdf(SEPARATION))
    assert 0.925 <= share <= 0.975


def test_o_e_interval_covers() -> None:
    """The ratio interval holds 1 for a calibrated model."""
    assert 0.925 <= coverage(calibrated_study, o_e, 1.0) <= 0.975
