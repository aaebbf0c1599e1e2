"""Reweighing, recalibration, reductions and post-processing against independent computations."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from fairlearn.metrics import equalized_odds_difference
from fairlearn.postprocessing import ThresholdOptimizer
from mitigation_samples import FEATURES, learner, people
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from fairness.logistic import expit, logit
from models.training.mitigation.crossfit import (
    BASE,
    METHODS,
    POSTPROCESSING,
    REWEIGHING,
    Folds,
    crossfit,
    splits,
)
from models.training.mitigation.postprocessing import fit_thresholds, repeats
from models.training.mitigation.recalibration import ENOUGH, fit_line, fit_recalibration
from models.training.mitigation.reductions import fit_reductions
from models.training.mitigation.reweighing import reweighing
from models.training.mitigation.strata import NOBODY, People, standing

PEOPLE = people()
RACE = PEOPLE.strata("race")
Y = PEOPLE.outcomes[:, 0]
FOLDS = list(splits(PEOPLE.outcomes, PEOPLE.subjects, 3, 1, 0))
RNG = np.random.default_rng(8)
RISK = np.clip(expit(PEOPLE.rows[:, 0] - 0.8 + RNG.normal(0, 0.3, len(Y))), 0.01, 0.99)


def test_weights_are_those_of_the_paper_by_hand() -> None:
    """Ten people, six of group a with two events and four of b with three: P(g) P(y) / P(g, y)."""
    strata = np.array(["a"] * 6 + ["b"] * 4)
    outcome = np.array([1, 1, 0, 0, 0, 0, 1, 1, 1, 0.0])
    weights, notes = reweighing(strata, outcome)
    by_hand = {("a", 1): 0.6 * 0.5 / 0.2, ("a", 0): 0.6 * 0.5 / 0.4, ("b", 1): 0.4 * 0.5 / 0.3,
               ("b", 0): 0.4 * 0.5 / 0.1}  # fmt: skip
    assert weights == pytest.approx([by_hand[g, int(y)] for g, y in zip(strata, outcome, strict=True)])
    assert notes == ()


def test_group_and_outcome_are_independent_under_the_weights() -> None:
    """In the weighted sample every group has the same share of events, and its old number of people."""
    weights, _ = reweighing(RACE, Y)
    shares = [np.average(Y[group == RACE], weights=weights[group == RACE]) for group in np.unique(RACE)]
    assert shares == pytest.approx([Y.mean()] * 3, abs=1e-12)
    assert [weights[group == RACE].sum() for group in np.unique(RACE)] == pytest.approx(
        [(group == RACE).sum() for group in np.unique(RACE)], abs=1e-9
    )


def test_people_without_a_group_and_groups_of_one_class_keep_weight_one() -> None:
    """Nobody is weighed by what is not recorded; a group without events is left as it is, and named."""
    strata = np.array(["a", "a", "b", "b", "c", "c", NOBODY])
    weights, notes = reweighing(strata, np.array([1, 0, 1, 0, 0, 0, 1.0]))
    assert weights[4:] == pytest.approx([1.0, 1.0, 1.0])
    assert [note.split(":")[0] for note in notes] == ["c"]


def test_several_answers_make_multiple_and_no_answer_makes_nobody() -> None:
    """Two races are one group of their own; declined, unknown and absent are none."""
    column = [{"asian", "white"}, {"asian"}, {"absent"}, {"declined"}, {"unknown"}]
    given = People(np.zeros((5, 1)), np.zeros((5, 1)), np.arange(5), {"race": column})
    assert given.strata("race").tolist() == ["multiple", "asian", NOBODY, NOBODY, NOBODY]


def test_a_line_without_shrinkage_is_that_of_a_generalised_linear_model() -> None:
    """With a very wide prior shift and tilt equal statsmodels' binomial GLM with the log odds as offset."""
    log_odds = logit(RISK)
    design = np.column_stack([np.ones(len(Y)), log_odds + 0.5])
    expected = sm.GLM(Y, design, family=sm.families.Binomial(), offset=log_odds).fit(tol=1e-12).params
    assert fit_line(RISK, Y, -0.5, 1e6) == pytest.approx(tuple(expected), abs=1e-6)


def test_a_shrunk_line_maximises_the_penalised_likelihood() -> None:
    """An optimiser that knows nothing of ours finds the same shift and tilt."""
    log_odds = logit(RISK)

    def loss(line: np.ndarray) -> float:
        eta = log_odds + line[0] + line[1] * (log_odds + 0.5)
        return float(np.sum(np.logaddexp(0, eta) - Y * eta) + 0.5 * np.sum(line**2) / 0.2**2)

    expected = minimize(loss, np.zeros(2), method="BFGS", options={"gtol": 1e-8}).x
    assert fit_line(RISK, Y, -0.5, 0.2) == pytest.approx(tuple(expected), abs=1e-5)


def test_a_thin_group_keeps_the_pooled_calibration_and_it_is_said() -> None:
    """A group with fewer events than asked for keeps its probabilities to the last bit, with the reason."""
    thin = np.where(RACE == "asian", "white", RACE).astype("<U30")
    thin[:15] = "other-race"
    fitted = fit_recalibration(RISK, Y, thin, FOLDS)
    inside = thin == "other-race"
    np.testing.assert_array_equal(fitted.apply(RISK, thin)[inside], RISK[inside])
    assert any(
        note.startswith("other-race: keeps the pooled calibration (15 people") for note in fitted.notes
    )


def test_recalibration_moves_each_group_towards_its_own_events() -> None:
    """A group whose events were told too rarely is told more of them, and its O/E comes nearer to 1."""
    fitted = fit_recalibration(RISK, Y, RACE, FOLDS)
    inside = RACE == "black-or-african-american"
    before, after = (Y[inside].sum() / p[inside].sum() for p in (RISK, fitted.apply(RISK, RACE)))
    assert abs(after - 1) < abs(before - 1)
    assert min((group == RACE).sum() for group in fitted.lines) >= ENOUGH.min_n


def test_thresholds_per_group_are_those_of_fairlearn() -> None:
    """Selection probabilities equal the mean of fairlearn's own draws on the rows repeated by hand."""
    fitted = fit_thresholds(RISK, Y, RACE, 0.25)
    repeated = np.concatenate([np.arange(len(Y)), *[np.flatnonzero(Y == 1)] * 2])
    model = LogisticRegression(C=1e6).fit(logit(RISK)[:, None], Y)
    theirs = ThresholdOptimizer(
        estimator=model, constraints="equalized_odds", prefit=True, predict_method="predict_proba"
    ).fit(logit(RISK)[repeated, None], Y[repeated].astype(int), sensitive_features=RACE[repeated])
    draws = [
        theirs.predict(logit(RISK)[:, None], sensitive_features=RACE, random_state=seed)
        for seed in range(400)
    ]
    assert np.abs(np.mean(draws, axis=0) - fitted.selected(RISK, RACE)).max() < 0.12


def test_events_are_repeated_by_the_odds_of_the_threshold() -> None:
    """At 0.04 an event counts 24 times, at 0.4 three times for two non-events."""
    assert repeats(np.array([1.0, 0.0]), 0.04).tolist() == [24, 1]
    assert repeats(np.array([1.0, 0.0]), 0.4).tolist() == [3, 2]


def test_reductions_bound_the_difference_of_odds() -> None:
    """On its training rows the constrained decision has smaller differences than the same learner without."""
    made = fit_reductions(FEATURES, PEOPLE.rows, Y, RACE, 0.3, FOLDS, difference=0.02)
    gaps = []
    for chosen in (made.selected_unconstrained(PEOPLE.rows), made.selected(PEOPLE.rows)):
        rates = [
            [chosen[(group == RACE) & (value == Y)].mean() for group in np.unique(RACE)] for value in (0, 1)
        ]
        gaps.append(max(np.ptp(one) for one in rates))
    plain = made.selected_unconstrained(PEOPLE.rows)
    assert gaps[0] == pytest.approx(equalized_odds_difference(Y, plain, sensitive_features=RACE))
    assert gaps[1] <= 0.06
    assert gaps[1] <= gaps[0]


@pytest.mark.parametrize("group", ["asian", "white"])
def test_a_group_without_enough_events_is_not_constrained(group: str) -> None:
    """The note names the group and what it lacks; its people are selected all the same."""
    few = Y.copy()
    few[group == RACE] = 0.0
    made = fit_reductions(FEATURES, PEOPLE.rows, few, RACE, 0.3, FOLDS)
    assert any(note.startswith(f"{group}: not constrained (0 events") for note in made.notes)


def test_a_group_needs_people_events_and_others_to_stand_alone() -> None:
    """Each shortage is told with its count."""
    strata = np.array(["a"] * 40 + ["b"] * 40 + ["c"] * 5)
    outcome = np.array([1.0] * 20 + [0.0] * 20 + [1.0] * 35 + [0.0] * 5 + [1.0] * 5)
    found = standing(strata, outcome)
    assert found.own == ("a",)
    assert found.thin["b"] == "5 non-events, fewer than 10"
    assert found.thin["c"].startswith("5 people, fewer than 30; 5 events")


def test_rows_of_one_person_are_never_on_both_sides() -> None:
    """With three rows per person no outer split has a person in training and test."""
    subjects = np.repeat(np.arange(300), 3)
    for train, test in splits(PEOPLE.outcomes, subjects, 5, 2, 1):
        assert not set(subjects[train]) & set(subjects[test])


def test_no_fit_sees_the_people_it_is_judged_on() -> None:
    """With outcomes that are random no method reaches a better than chance ranking out of fold."""
    shuffled = np.random.default_rng(5).permutation(PEOPLE.outcomes)
    noise = People(PEOPLE.rows, shuffled, PEOPLE.subjects, PEOPLE.groups)
    answers = crossfit(learner(), noise, METHODS, ["race"], [0.3], Folds(1, 4, 3, 0))
    y = shuffled[:, 0]
    for (method, _, _), answer in answers.items():
        chosen = answer.at(0.3)
        lift = chosen[y == 1].mean() - chosen[y == 0].mean()
        assert abs(lift) < 0.1, method


def test_a_method_that_decides_gives_no_risk() -> None:
    """Post-processing answers with a selection probability only; the recipe and reweighing with a risk."""
    answers = crossfit(learner(), PEOPLE, [REWEIGHING, POSTPROCESSING], ["race"], [0.3], Folds(1, 3, 3, 0))
    assert answers[POSTPROCESSING, "race", 0].risk is None
    assert answers[REWEIGHING, "race", 0].risk is not None
    assert answers[(*BASE, 0)].risk is not None
