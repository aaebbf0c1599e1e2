"""Differences of a group from everybody else against statsmodels and single rows."""

import math

import numpy as np
import pytest
from engine_samples import People, people, rows_of
from statsmodels.stats.proportion import confint_proportions_2indep

import fairness
from fairness.engine import Difference, ScoreGrid, differences, tally
from fairness.engine.estimates import CONTRASTED
from fairness.errors import SampleError


@pytest.fixture(scope="module")
def sample() -> People:
    """3,000 people."""
    return people()


@pytest.fixture(scope="module")
def found(sample: People) -> dict[tuple[str, str, float | None], Difference]:
    """Every difference by group, metric and threshold."""
    return {
        (gap.group, gap.metric, gap.threshold): gap for gap in differences(sample.tally(), metrics=CONTRASTED)
    }


def test_shares_have_newcombe_intervals(
    sample: People, found: dict[tuple[str, str, float | None], Difference]
) -> None:
    """The difference of two sensitivities and its interval are those of statsmodels."""
    rows, y, chosen = rows_of(sample, "race", "asian"), sample.y == 1, sample.p >= 0.25
    a, b = (rows & y), (~rows & y)
    counts = (int((a & chosen).sum()), int(a.sum()), int((b & chosen).sum()), int(b.sum()))
    gap = found["asian", "sensitivity", 0.25]
    limits = confint_proportions_2indep(*counts, method="newcomb", compare="diff")
    assert (gap.low, gap.high) == pytest.approx(limits, abs=1e-12)
    assert gap.value == pytest.approx(counts[0] / counts[1] - counts[2] / counts[3], abs=1e-12)


def test_o_e_is_compared_as_a_ratio(
    sample: People, found: dict[tuple[str, str, float | None], Difference]
) -> None:
    """The ratio of the two ratios; equality is 1."""
    rows = rows_of(sample, "race", "asian")
    one, other = (fairness.o_e(sample.y[part], sample.p[part]) for part in (rows, ~rows))
    gap = found["asian", "o_e", None]
    assert gap.scale == "ratio"
    assert gap.value == pytest.approx(one.value / other.value, rel=1e-9)
    assert gap.low < gap.value < gap.high


def test_areas_have_the_delong_variance_of_both(
    sample: People, found: dict[tuple[str, str, float | None], Difference]
) -> None:
    """The half width of an AUROC difference is that of two independent DeLong variances."""
    rows = rows_of(sample, "sex", "female")
    variance = sum(
        fairness.discrimination.delong_variance(sample.y[part], sample.p[part]) for part in (rows, ~rows)
    )
    gap = found["female", "auroc", None]
    assert (gap.high - gap.low) / 2 == pytest.approx(1.959964 * math.sqrt(variance), rel=1e-3)


def test_every_contrast_has_a_state(found: dict[tuple[str, str, float | None], Difference]) -> None:
    """All metrics are compared for all groups, and those of large groups are `ok`."""
    assert {key[1] for key in found} == set(CONTRASTED)
    assert all(gap.state == "ok" for key, gap in found.items() if key[0] in ("female", "male", "white"))


def test_a_side_without_events_is_undefined() -> None:
    """The difference of a sensitivity that does not exist does not exist either, and says on which side."""
    y, groups = [0] * 50 + [0, 1] * 50, {"g": ["a"] * 50 + ["b"] * 100}
    counts = tally(y, np.linspace(0.05, 0.95, 150), groups, ScoreGrid(thresholds=(0.5,)))
    gap = differences(counts, metrics=("sensitivity",))[0]
    assert (gap.state, gap.value) == ("undefined", None)
    assert gap.why == "the group: nobody in the denominator"


def test_an_attribute_with_one_value_has_nobody_to_compare_with() -> None:
    """Where everybody is in the group, there is no everybody else."""
    gap = differences(tally([0, 1] * 50, [0.2, 0.8] * 50, {"g": ["a"] * 100}), metrics=("auroc",))[0]
    assert gap.state == "undefined"


def test_the_calibration_index_is_not_compared() -> None:
    """An index that is biased in small groups has no difference; the message says which metrics have."""
    with pytest.raises(SampleError, match="'ici' has no comparison"):
        differences(people(300).tally(), metrics=("ici",))
