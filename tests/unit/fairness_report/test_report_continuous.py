"""Reports on continuous outcomes, such as a dose."""

import numpy as np
import pytest
from report_samples import ABOUT

from fairness.errors import SampleError
from fairness.report.continuous import build_continuous
from fairness.report.plan import Plan
from fairness.verdicts import LevelClaim


def sample(small: int = 0) -> tuple[np.ndarray, np.ndarray, dict[str, list[str]]]:
    """Doses, guesses and a race of 400 people; `small` of them are the only ones of theirs."""
    rng = np.random.default_rng(0)
    y = rng.gamma(4.0, 8.0, 400)
    guessed = y + rng.normal(2.0, 5.0, 400)
    race = ["asian", "white"] * 200
    race[:small] = ["islander"] * small
    return y, guessed, {"race": race}


def test_bias_and_error_of_a_group_are_means() -> None:
    """Bias is predicted less observed, the error its absolute value, per group."""
    y, guessed, groups = sample()
    report = build_continuous(y, guessed, groups, ABOUT).report
    inside = np.array(groups["race"]) == "asian"
    metrics = {metric.name: metric.value for metric in report.group("race", "asian").metrics}
    assert metrics["bias"] == pytest.approx((guessed - y)[inside].mean())
    assert metrics["mae"] == pytest.approx(np.abs(guessed - y)[inside].mean())


def test_small_groups_are_masked_with_another() -> None:
    """Three people and one larger group are withheld."""
    report = build_continuous(*sample(small=3), ABOUT).report
    assert sum(row.n is None for row in report.groups) == 2
    assert all(m.value is None for m in report.group("race", "islander").metrics)


def test_a_claim_on_a_figure_that_amounts_do_not_have_is_refused() -> None:
    """The error names the figures that there are."""
    plan = Plan(claims=(LevelClaim(metric="auroc", at_least=0.5),))
    with pytest.raises(SampleError, match="bias, mae"):
        build_continuous(*sample(), ABOUT, plan)


def test_the_outcome_is_never_pass() -> None:
    """Nothing is claimed, and a gap inside chance is no evidence of equality, as for other outcomes."""
    assert build_continuous(*sample(), ABOUT).report.outcome == "insufficient evidence"
    assert build_continuous(*sample(small=3), ABOUT).report.outcome == "insufficient evidence"
