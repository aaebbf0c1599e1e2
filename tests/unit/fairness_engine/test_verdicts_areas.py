"""Areas against a limit where few people had the event."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from fairness.engine import ScoreGrid, Tally, tally
from fairness.engine.agreement import Pivot
from fairness.engine.multiclass import classes_outcome
from fairness.engine.row_sample import RowSample
from fairness.engine.survival import survival_outcome
from fairness.verdicts import GapClaim, LevelClaim, judge
from fairness.verdicts.areas import deviation_at, lower_at, variance_at
from fairness.verdicts.claims import Claim

STUDIES = 800


def scored(rng: np.random.Generator, n: int, prevalence: float, area: float) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes and scores with a true area: two normal distributions, their means apart."""
    y = rng.random(n) < prevalence
    return y.astype(int), 1.0 / (1.0 + np.exp(-rng.normal(y * math.sqrt(2.0) * norm.ppf(area))))


def share_of_passes(groups: dict[str, tuple[int, float, float]], claim: Claim) -> float:
    """How often a claim passes for the first group; groups are n, prevalence and true area."""
    rng = np.random.default_rng(11)
    passes = 0
    for _ in range(STUDIES):
        drawn = [scored(rng, *group) for group in groups.values()]
        sizes = [group[0] for group in groups.values()]
        passes += _first(claim, drawn, np.repeat(list(groups), sizes)) == "pass"
    return passes / STUDIES


def _first(claim: Claim, drawn: list[tuple[np.ndarray, np.ndarray]], names: np.ndarray) -> str:
    y, p = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
    counted: Tally = tally(y, p, {"g": names}, ScoreGrid())
    return judge(counted, [claim]).verdicts[0].outcome


@pytest.mark.parametrize(("n", "prevalence", "area"), [(1000, 0.02, 0.9), (120, 0.2, 0.95), (60, 0.2, 0.8)])
def test_an_area_at_its_limit_seldom_passes(n: int, prevalence: float, area: float) -> None:
    """With a true area at the limit, "above it" is shown in 5 of 100 studies at most; 0.065 is three
    standard errors of the simulation above that."""
    assert share_of_passes({"a": (n, prevalence, area)}, LevelClaim(metric="auroc", at_least=area)) < 0.065


def test_areas_apart_by_the_margin_seldom_pass() -> None:
    """The same for a small group whose area is lower than that of all others by the whole margin."""
    groups = {"a": (120, 0.2, 0.9), "b": (1000, 0.2, 0.97)}
    assert share_of_passes(groups, GapClaim(metric="auroc", attributes=("g",), margin=0.07)) < 0.065


@pytest.mark.parametrize("metric", ["auroc:yes", "survival_auc"])
def test_so_it_is_for_a_class_and_up_to_a_horizon(metric: str) -> None:
    """A class of twenty people, and thirty events of which some are not seen."""
    rng = np.random.default_rng(5)
    passes = 0
    for _ in range(STUDIES // 2):
        y, p = scored(rng, 1000, 0.02 if metric == "auroc:yes" else 0.03, 0.9)
        if metric == "auroc:yes":
            seen = ["yes" if one else "no" for one in y]
            outcome = classes_outcome(seen, np.column_stack([p, 1.0 - p]), ("yes", "no"))
        else:
            event, lost = np.where(y, rng.uniform(1.0, 100.0, 1000), 200.0), rng.uniform(20.0, 400.0, 1000)
            outcome = survival_outcome(np.minimum(event, lost), (event <= lost) & (y == 1), p, 100.0)
        claim = LevelClaim(metric=metric, at_least=0.9)
        sample = RowSample(outcome, {"g": ["a"] * 1000}, 1000)
        passes += judge(sample, [claim]).verdicts[0].outcome == "pass"
    assert passes / (STUDIES // 2) < 0.065


def test_an_area_well_above_its_limit_passes() -> None:
    """Power is kept where there is something to see."""
    assert share_of_passes({"a": (300, 0.2, 0.9)}, LevelClaim(metric="auroc", at_least=0.75)) > 0.95


def test_the_variance_is_that_of_hanley_and_mcneil_for_equal_sizes() -> None:
    """Newcombe's method puts the mean of both sizes into their formula, which changes nothing here."""
    theta, n = 0.85, 40
    q1, q2 = theta / (2.0 - theta), 2.0 * theta**2 / (1.0 + theta)
    told = (theta * (1.0 - theta) + (n - 1) * (q1 + q2 - 2.0 * theta**2)) / n**2
    assert variance_at(theta, n, n) == pytest.approx(told, rel=1e-12)


@pytest.mark.parametrize("z", [0.5, 1.6449, 3.0])
def test_the_lower_limit_is_so_many_deviations_below(z: float) -> None:
    """The limit and the deviation belong together."""
    area = Pivot(0.9, 0.03, (20, 980))
    assert deviation_at(area, lower_at(area, z)) == pytest.approx(z, abs=1e-6)
