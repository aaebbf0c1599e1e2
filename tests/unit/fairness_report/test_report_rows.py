"""Reports on outcomes whose figures need the rows, and on people without a score or an outcome."""

import numpy as np
import pytest
from report_samples import ABOUT

from fairness.engine import flag_tally, tally
from fairness.engine.multiclass import classes_outcome, ordinal_outcome
from fairness.engine.row_sample import RowSample
from fairness.engine.survival import survival_outcome
from fairness.errors import SampleError
from fairness.report.build import build
from fairness.report.claim_text import parse_claim
from fairness.report.continuous import build_continuous
from fairness.report.model import Report
from fairness.report.plan import Plan
from fairness.report.row_report import build_rows

CLASSES = ("low", "middle", "high")
N = 1200


def survival_report(claim: str | None = None, *, alone: int = 0) -> Report:
    """Survival of 1,200 people in two groups; `alone` are the only ones of a third."""
    rng = np.random.default_rng(6)
    x = rng.normal(size=N)
    died, lost = rng.exponential(np.exp(-x)), rng.exponential(2.0, N)
    sex = ["x"] * alone + (["f", "m"] * N)[: N - alone]
    outcome = survival_outcome(np.minimum(died, lost), died <= lost, -np.expm1(-np.exp(x)), 1.0)
    plan = Plan(claims=parse_claim(claim) if claim else ())
    return build_rows(RowSample(outcome, {"sex": sex}, N), "survival", ABOUT, plan).report


def labels(rows: int = N) -> tuple[list[str], np.ndarray, dict[str, list[str]]]:
    """True classes, their probabilities, and sex."""
    rng = np.random.default_rng(8)
    p = rng.dirichlet([1.0, 1.0, 1.0], rows)
    return [CLASSES[rng.choice(3, p=row)] for row in p], p, {"sex": (["f", "m"] * rows)[:rows]}


@pytest.mark.parametrize(("claim", "outcome"), [
    ("survival_auc >= 0.6 by sex", "pass"),
    ("survival_auc >= 0.95 by sex", "fail"),
    ("survival_o_e in 0.7..1.4 by sex", "pass"),
    ("survival_auc gap < 0.2 by sex", "pass"),
    ("survival_auc spread < 0.001 by sex", "insufficient evidence"),
])  # fmt: skip
def test_claims_on_survival_are_judged(claim: str, outcome: str) -> None:
    """Levels, gaps and spreads of figures with censoring weights."""
    assert survival_report(claim).outcome == outcome


def test_three_people_of_their_own_keep_a_survival_report_from_passing() -> None:
    """They are withheld with another group, and no claim that holds makes up for it."""
    report = survival_report("survival_auc >= 0.6", alone=3)
    assert report.outcome == "insufficient evidence"
    assert [row.n for row in report.groups].count(None) >= 2
    assert all(gap.gap is None for gap in report.gaps if gap.value == "x")


def test_a_claim_of_another_kind_of_outcome_names_those_that_there_are() -> None:
    """An area without a horizon is no figure of a survival outcome."""
    with pytest.raises(SampleError, match="survival_auc"):
        survival_report("auroc >= 0.6")


def test_a_claim_on_a_class_is_judged_against_the_rest() -> None:
    """A claim names the class after a colon."""
    y, p, groups = labels()
    sample = RowSample(classes_outcome(y, p, CLASSES), groups, N)
    plan = Plan(claims=parse_claim("auroc:high >= 0.6 by sex"))
    assert build_rows(sample, "multi-class", ABOUT, plan).report.outcome == "pass"


def test_a_rare_class_withholds_its_figures() -> None:
    """One person of a class is not told by its area, its share found or its ratio."""
    y, p, groups = labels()
    y = ["middle" if one == "high" and at > y.index("high") else one for at, one in enumerate(y)]
    report = build_rows(RowSample(classes_outcome(y, p, CLASSES), groups, N), "multi-class", ABOUT).report
    told = {one.name: one.state for one in report.groups[0].metrics}
    assert {told[f"{name}:high"] for name in ("auroc", "o_e", "sensitivity")} == {"masked"}


def test_ordered_classes_have_gaps() -> None:
    """Each group is compared with everybody else on the figures of steps."""
    y, p, groups = labels()
    guess = [CLASSES[at] for at in p.argmax(axis=1)]
    report = build_rows(RowSample(ordinal_outcome(y, guess, CLASSES), groups, N), "ordinal", ABOUT).report
    assert {gap.metric for gap in report.gaps if gap.gap is not None} >= {"accuracy", "weighted_kappa"}


@pytest.mark.parametrize(("claim", "outcome"), [
    ("bias in -1..1 by sex", "pass"),
    ("mae <= 3 by sex", "fail"),
    ("interval_coverage >= 0.8 by sex", "pass"),
    ("bias gap < 2 by sex", "pass"),
])  # fmt: skip
def test_claims_on_amounts_are_judged(claim: str, outcome: str) -> None:
    """Bias, mean absolute error and coverage of predicted intervals, as levels and as gaps."""
    rng = np.random.default_rng(0)
    y = rng.gamma(4.0, 8.0, N)
    guess = y + rng.normal(0.0, 5.0, N)
    plan = Plan(claims=parse_claim(claim))
    built = build_continuous(
        y, guess, {"sex": ["f", "m"] * (N // 2)}, ABOUT, plan, intervals=(guess - 10.0, guess + 10.0)
    )
    assert built.report.outcome == outcome


def test_people_without_a_score_are_a_rate_of_each_group() -> None:
    """The share of silence counts everybody; the other figures count those with a score and an outcome."""
    rng = np.random.default_rng(1)
    p, sex = rng.random(N), np.array(["f", "m"] * (N // 2))
    y, silent = (rng.random(N) < p).astype(float), (rng.random(N) < 0.2) & (sex == "f")
    kept = ~silent
    counts = flag_tally({"abstained": silent, "unmatured": np.zeros(N, bool)}, {"sex": sex.tolist()})
    report = build(tally(y[kept], p[kept], {"sex": sex[kept].tolist()}), ABOUT, Plan(), counts).report
    rates = {
        row.value: next(one.value for one in row.metrics if one.name == "abstained_rate")
        for row in report.groups
    }
    assert rates["f"] == pytest.approx(silent.sum() / (sex == "f").sum())
    assert report.group("sex", "f").n == int(kept[sex == "f"].sum())
