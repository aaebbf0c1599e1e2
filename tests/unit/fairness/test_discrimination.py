"""The area under the ROC curve against scikit-learn and a direct DeLong computation."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from cohorts import Cohort
from scipy.special import expit, logit
from sklearn.metrics import roc_auc_score

from fairness import Sufficiency, auroc
from fairness.discrimination import delong_variance, midranks
from fairness.errors import SampleError


def pairwise_delong_variance(y: npt.NDArray[np.int64], p: npt.NDArray[np.float64]) -> float:
    """The definition of DeLong, DeLong and Clarke-Pearson (1988), pair by pair."""
    events, non_events = p[y == 1], p[y == 0]
    kernel = np.array([[1.0 if e > c else 0.5 if e == c else 0.0 for c in non_events] for e in events])
    area = kernel.mean()
    s10 = sum((row.mean() - area) ** 2 for row in kernel) / (len(events) - 1)
    s01 = sum((column.mean() - area) ** 2 for column in kernel.T) / (len(non_events) - 1)
    return float(s10 / len(events) + s01 / len(non_events))


def test_area_equals_scikit_learn(cohort: Cohort) -> None:
    """The area of untied scores is that of scikit-learn."""
    assert auroc(*cohort).value == pytest.approx(roc_auc_score(*cohort), abs=1e-12)


def test_area_equals_scikit_learn_with_ties(tied_cohort: Cohort) -> None:
    """Tied pairs count one half, as in scikit-learn."""
    assert auroc(*tied_cohort).value == pytest.approx(roc_auc_score(*tied_cohort), abs=1e-12)


def test_variance_equals_definition(cohort: Cohort) -> None:
    """The midrank variance is the pairwise DeLong variance."""
    assert delong_variance(*cohort) == pytest.approx(pairwise_delong_variance(*cohort), rel=1e-10)


def test_variance_equals_definition_with_ties(tied_cohort: Cohort) -> None:
    """The midrank variance stays the pairwise one when scores are tied."""
    assert delong_variance(*tied_cohort) == pytest.approx(pairwise_delong_variance(*tied_cohort), rel=1e-10)


def test_interval_is_symmetric_on_the_logit_scale(cohort: Cohort) -> None:
    """The limits are logit(area) plus and minus 1.96 delta-method standard errors, taken back."""
    area = roc_auc_score(*cohort)
    reach = 1.959963984540054 * math.sqrt(pairwise_delong_variance(*cohort)) / (area * (1 - area))
    metric = auroc(*cohort)
    expected = expit([logit(area) - reach, logit(area) + reach])
    assert (metric.low, metric.high) == pytest.approx(expected, abs=1e-12)


def test_perfect_ranking_has_the_exact_lower_limit() -> None:
    """An area of 1 from 20 events and 30 others is bounded below by 0.025 ** (1 / 20)."""
    metric = auroc(np.repeat([0, 1], [30, 20]), np.linspace(0.0, 1.0, 50))
    assert (metric.value, metric.low, metric.high) == pytest.approx((1.0, 0.025 ** (1 / 20), 1.0), abs=1e-12)


def test_reversed_ranking_mirrors_the_perfect_one() -> None:
    """An area of 0 has the limits of an area of 1, mirrored."""
    metric = auroc(np.repeat([1, 0], [20, 30]), np.linspace(0.0, 1.0, 50))
    high = 1 - 0.025 ** (1 / 20)
    assert (metric.value, metric.low, metric.high) == pytest.approx((0.0, 0.0, high), abs=1e-12)


@pytest.mark.parametrize("outcome", [0, 1])
def test_one_class_is_undefined(outcome: int) -> None:
    """Without both outcomes there is no pair to rank, so the value is None and not 0 or 0.5."""
    metric = auroc(np.full(50, outcome), np.linspace(0.1, 0.9, 50))
    assert (metric.state, metric.value, metric.low, metric.high) == ("undefined", None, None, None)


def test_single_event_has_a_value_and_no_interval() -> None:
    """One event among many gives an area, and says why there is no interval."""
    metric = auroc([0, 0, 1, 0], [0.1, 0.2, 0.3, 0.4])
    assert (metric.value, metric.low, metric.state) == (pytest.approx(2 / 3), None, "insufficient")
    assert metric.why is not None
    assert "no interval" in metric.why


def test_variance_of_a_single_event_is_refused() -> None:
    """The bare variance refuses a sample that cannot have one."""
    with pytest.raises(SampleError, match="two events"):
        delong_variance([0, 0, 1], [0.1, 0.2, 0.3])


def test_midranks_share_the_mean_rank() -> None:
    """Equal values share the mean of the ranks they take up."""
    assert midranks(np.array([0.3, 0.1, 0.3, 0.2])).tolist() == [3.5, 1.0, 3.5, 2.0]


def test_wider_level_gives_a_wider_interval(cohort: Cohort) -> None:
    """A 99 % interval holds the 80 % interval."""
    wide, narrow = auroc(*cohort, level=0.99), auroc(*cohort, level=0.8)
    assert wide.low is not None
    assert narrow.low is not None
    assert wide.low < narrow.low


def test_own_limits_decide_sufficiency() -> None:
    """The same sample is ok under limits that it meets."""
    y, p = [0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4]
    assert auroc(y, p).state == "insufficient"
    assert auroc(y, p, limits=Sufficiency(min_n=4, min_events=2)).state == "ok"
