"""Reports on made-up people, from the engine as an audit would make them."""

from functools import cache

import numpy as np

from fairness.engine import ScoreGrid, Tally, tally
from fairness.logistic import expit, logit
from fairness.report.build import build
from fairness.report.model import Check, Report
from fairness.report.plan import About, Plan
from fairness.verdicts import GapClaim, LevelClaim, SpreadClaim

_RACES = (
    "white",
    "black-or-african-american",
    "asian",
    "american-indian-or-alaska-native",
    "native-hawaiian-or-other-pacific-islander",
    None,
)
_AGES = ("18-39", "40-49", "50-59", "60-69", "70-79", "80-plus")
CLAIMS = (
    LevelClaim(metric="auroc", at_least=0.65, crossings=((), ("sex",))),
    LevelClaim(metric="o_e", between=(0.8, 1.25), crossings=(("race",),)),
    GapClaim(metric="sensitivity", threshold=0.2, attributes=("sex",), margin=0.1),
    SpreadClaim(metric="sensitivity", threshold=0.2, attributes=("race",), margin=0.15),
)


def people(n: int = 4000, seed: int = 7, thresholds: tuple[float, ...] = (0.1, 0.2, 0.3)) -> Tally:
    """Counts of n people in three attributes; the score is too low for one race, one group is tiny."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(["female", "male", "unknown"], n, p=[0.52, 0.47, 0.01])
    age = rng.choice(_AGES, n)
    race = rng.choice(len(_RACES), n, p=[0.6, 0.2, 0.12, 0.02, 0.0015, 0.0585])
    score = expit(-1.8 + 1.1 * rng.standard_normal(n))
    risk = expit(logit(score) + 0.6 * (race == 1))
    groups = {"sex": sex, "age_band": age, "race": [_RACES[at] for at in race]}
    return tally(rng.random(n) < risk, score, groups, ScoreGrid(1024, thresholds))


@cache
def sample(n: int = 4000, seed: int = 7, *, claims: bool = True, created: str = "2026-03-31") -> Report:
    """A report with failing, passing and undecided claims, masked groups and intersections."""
    about = About(
        title="Readmission within 30 days: audit by sex, age and race",
        source="made-up people of the unit tests",
        model="readmission",
        version="2.1.0",
        created=created,
        checks=(Check(name="duplicate patients", count=0, told="no patient occurs twice"),),
    )
    plan = Plan(claims=CLAIMS if claims else (), crossings=(("sex", "race"),))
    return build(people(n, seed), about, plan).report
