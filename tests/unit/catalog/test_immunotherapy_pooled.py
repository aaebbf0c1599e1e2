"""The pooled fit, the paired comparison and the formula reader, against independent references."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from models.training.design import Feature, Floats
from models.training.ensemble import Recipe
from models.training.paired import brier_difference, paired_difference, unpaired_difference
from models.training.pooled import Column, Sample, fit_pooled, sample_of
from models.training.pooled_ensemble import Pooling, Term, Within, fit
from models.training.published_formulas import Formula


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def complete_sample(rng: np.random.Generator, n: int = 300) -> Sample:
    columns = rng.normal(size=(n, 3))
    outcome = (rng.random(n) < 1 / (1 + np.exp(-(columns @ [1.0, -0.5, 0.0] - 0.3)))).astype(float)
    return sample_of([row[None] for row in columns], outcome)


def test_equal_priors_without_signs_are_ridge_logistic_regression(rng: np.random.Generator) -> None:
    """With one spread for all columns the mode is scikit-learn's ridge fit with C = spread squared."""
    sample = complete_sample(rng)
    weights, intercept = fit_pooled(sample, [Column(0.5)] * 3)
    ridge = LogisticRegression(C=0.25, tol=1e-10, max_iter=1000).fit(sample.columns, sample.outcome)
    np.testing.assert_allclose([*weights, intercept], [*ridge.coef_[0], ridge.intercept_[0]], atol=2e-4)


def test_a_sign_against_the_data_holds_the_effect_at_zero(rng: np.random.Generator) -> None:
    """A column that may only raise the odds gets no effect when the data say it lowers them."""
    weights, _ = fit_pooled(complete_sample(rng), [Column(1.0), Column(1.0, sign=1), Column(1.0)])
    assert weights[1] == 0.0


def test_a_spread_of_zero_takes_the_column_out(rng: np.random.Generator) -> None:
    """A prior without spread leaves exactly no effect."""
    weights, _ = fit_pooled(complete_sample(rng), [Column(0.0), Column(1.0), Column(1.0)])
    assert weights[0] == 0.0


def test_identical_draws_count_once(rng: np.random.Generator) -> None:
    """Repeating a patient's row as several equally likely draws does not change the fit."""
    sample = complete_sample(rng)
    thrice = sample_of([np.repeat(row[None], 3, axis=0) for row in sample.columns], sample.outcome)
    once, again = (fit_pooled(each, [Column(1.0)] * 3)[0] for each in (sample, thrice))
    np.testing.assert_allclose(once, again, atol=1e-4)


def test_integrating_a_missing_input_recovers_its_effect(rng: np.random.Generator) -> None:
    """With half of an independent input missing at random, its slope stays near the truth of 2."""
    n, values = 6000, np.array([0.0, 1.0])
    x = rng.choice(values, n)
    outcome = (rng.random(n) < 1 / (1 + np.exp(-(2.0 * x - 1.0)))).astype(float)
    draws = [values[:, None] if rng.random() < 0.5 else np.array([[value]]) for value in x]
    weights, _ = fit_pooled(sample_of(draws, outcome), [Column(100.0)])
    assert weights[0] == pytest.approx(2.0, abs=0.2)


def test_a_patient_with_weight_zero_has_no_say(rng: np.random.Generator) -> None:
    """Weights of 0 and 1 give the fit of the patients with weight 1 alone."""
    sample = complete_sample(rng)
    half = sample.reweighted((np.arange(300) < 150).astype(float))
    alone = sample_of([row[None] for row in sample.columns[:150]], sample.outcome[:150])
    np.testing.assert_allclose(
        fit_pooled(half, [Column(1.0)] * 3)[0], fit_pooled(alone, [Column(1.0)] * 3)[0], atol=1e-4
    )


def grouped(rng: np.random.Generator) -> tuple[Recipe, Pooling, Floats, Floats]:
    """Level 1: 8 patients and no event; level 2: 200 and 10 %; level 3: 200 and 50 %; x has no effect."""
    code = np.repeat([1.0, 2.0, 3.0], [8, 200, 200])
    outcome = np.concatenate([np.zeros(8), np.arange(200) % 10 == 0, np.arange(200) % 2 == 0]).astype(float)
    rows = np.column_stack([rng.random(408), code])
    features = (Feature("x", "continuous", (0.0, 1.0)), Feature("kind", "nominal", levels=(1.0, 2.0, 3.0)))
    recipe = Recipe(features, ("y",), members=8, calibration_members=4, strengths=(0.3, 1.0), seed=1)
    pooling = Pooling((Term("x", 0.0, 1.0, effect=0.5),), "kind", (1.0, 2.0, 3.0))
    return recipe, pooling, rows, outcome


def test_a_small_level_is_drawn_to_the_common_mean(rng: np.random.Generator) -> None:
    """Eight patients without an event do not get a lower chance than two hundred with few events."""
    recipe, pooling, rows, outcome = grouped(rng)
    small, low, high = fit(recipe, pooling, rows, outcome).probability(
        np.array([[0.5, 1.0], [0.5, 2.0], [0.5, 3.0]])
    )[:, 0]
    assert low < small < high


def test_the_ensemble_is_calibrated_in_the_large(rng: np.random.Generator) -> None:
    """The mean probability of the training rows is near the share of events."""
    recipe, pooling, rows, outcome = grouped(rng)
    predicted = fit(recipe, pooling, rows, outcome).probability(rows)
    assert predicted.mean() == pytest.approx(outcome.mean(), abs=0.02)


def test_an_effect_within_a_level_is_absent_elsewhere(rng: np.random.Generator) -> None:
    """An input that only counts inside the last level does nothing in the others."""
    recipe, _, rows, outcome = grouped(rng)
    extra = (Within("x", centre=0.0, column=Column(1.0)),)
    pooling = Pooling((Term("x", 0.0, 1.0, effect=0.0),), "kind", (1.0, 2.0, 3.0), extra)
    ensemble = fit(recipe, pooling, rows, outcome)
    both = ensemble.probability(np.array([[0.0, 2.0], [1.0, 2.0], [0.0, 3.0], [1.0, 3.0]]))[:, 0]
    assert both[0] == both[1]
    assert both[2] != both[3]


def test_too_few_events_are_refused(rng: np.random.Generator) -> None:
    """Fewer events than folds raise a ValueError."""
    recipe, pooling, rows, _ = grouped(rng)
    with pytest.raises(ValueError, match="fewer events"):
        fit(recipe, pooling, rows, np.zeros(len(rows)))


def kernel(y: Floats, p: Floats) -> Floats:
    """All pairs, event by non-event: 1 concordant, one half tied, 0 discordant."""
    return np.asarray((np.sign(np.subtract.outer(p[y == 1], p[y == 0])) + 1) / 2, dtype=float)


def test_paired_difference_agrees_with_all_pairs_counted(rng: np.random.Generator) -> None:
    """Value and limits equal those from the full matrix of pairs (DeLong's definition)."""
    y = (rng.random(80) < 0.4).astype(float)
    first, second = rng.random(80), np.round(rng.random(80), 1)
    both = kernel(y, first) - kernel(y, second)
    spread = [both.mean(axis=axis).var(ddof=1) / both.shape[1 - axis] for axis in (0, 1)]
    error = np.sqrt(sum(spread))
    found = paired_difference(y, first, second)
    np.testing.assert_allclose(
        [found.value, found.low, found.high],
        [both.mean(), both.mean() - 1.959964 * error, both.mean() + 1.959964 * error], atol=1e-6,
    )  # fmt: skip


def test_a_score_does_not_differ_from_itself(rng: np.random.Generator) -> None:
    """The difference of a score and itself is 0 and shows nothing."""
    y, p = (rng.random(60) < 0.5).astype(float), rng.random(60)
    assert paired_difference(y, p, p).verdict == "no difference shown"


def test_swapping_the_scores_swaps_the_verdict(rng: np.random.Generator) -> None:
    """A perfect score against noise is better, and noise against it is worse."""
    y, noise = (np.arange(100) % 2).astype(float), rng.random(100)
    verdicts = [paired_difference(*pair).verdict for pair in ((y, y, noise), (y, noise, y))]
    assert verdicts == ["better", "worse"]


def test_unpaired_difference_refuses_a_group_without_events(rng: np.random.Generator) -> None:
    """One class only has no area, so there is no difference either."""
    with pytest.raises(ValueError, match="one class"):
        unpaired_difference(np.zeros(30), rng.random(30), np.ones(30), rng.random(30))


def test_brier_difference_is_the_difference_of_the_scores(rng: np.random.Generator) -> None:
    """The value is the first Brier score minus the second."""
    y, first, second = (rng.random(50) < 0.5).astype(float), rng.random(50), rng.random(50)
    assert brier_difference(y, first, second).value == pytest.approx(
        float(((y - first) ** 2).mean() - ((y - second) ** 2).mean())
    )


def test_a_formula_caps_and_adds_the_type() -> None:
    """Values above a cap count as the cap, an unlisted type adds nothing, a gap gives NaN."""
    formula = Formula("f", "s", -1.0, {"TMB": 50}, {"TMB": 0.02}, {"renal": 0.5})
    scores = formula.score(pd.DataFrame({"TMB": [80.0, 50.0, np.nan]}), ["renal", "other", "renal"])
    np.testing.assert_allclose(scores, [1 / (1 + np.exp(-0.5)), 0.5, np.nan])
