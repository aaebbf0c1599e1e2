"""Out-of-fold predictions."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from training_samples import RECIPE, sample

from models.training import crossval
from models.training.crossval import Plan, Scenario, cross_validate, predict, splits, without
from models.training.design import Floats
from models.training.ensemble import Ensemble, Recipe

SMALL = dataclasses.replace(RECIPE, members=3, calibration_members=2)


def test_every_row_is_tested_once_per_repeat_and_never_trained_on() -> None:
    """Test parts cover all rows once in each repeat, apart from the training part of their fold."""
    _, outcomes = sample(200)
    tested = np.zeros((2, 200))
    for repeat, train, test in splits(outcomes, Plan(repeats=2, folds=4)):
        tested[repeat, test] += 1
        assert not set(train) & set(test)
    assert (tested == 1).all()


def test_nothing_is_learnt_from_noise() -> None:
    """With outcomes that are random, out-of-fold discrimination stays at chance: nothing leaks."""
    rows, outcomes = sample(600)
    shuffled = np.random.default_rng(8).permutation(outcomes)
    probability = cross_validate(SMALL, rows, shuffled, Plan(repeats=1, folds=4)).probability
    assert roc_auc_score(shuffled[:, 1], probability[:, 1]) == pytest.approx(0.5, abs=0.08)


def test_a_fold_is_fitted_without_its_test_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole fit, reference and knots included, is given the training rows of the fold only."""
    rows, outcomes = sample(300)
    seen: list[int] = []
    real = crossval.fit

    def spy(recipe: Recipe, given: Floats, results: Floats) -> Ensemble:
        seen.append(len(given))
        return real(recipe, given, results)

    monkeypatch.setattr(crossval, "fit", spy)
    cross_validate(SMALL, rows, outcomes, Plan(repeats=1, folds=3))
    assert seen == [200, 200, 200]


def test_missing_inputs_are_averaged(ensemble: Ensemble) -> None:
    """A row without age has the mean probability of its 64 completions."""
    rows = np.array([[np.nan, 80.0, 1.0, 1.0]])
    drawn = crossval.completions(ensemble.reference, ensemble.recipe.features, rows)[0]
    np.testing.assert_allclose(predict(ensemble, rows)[0], ensemble.probability(drawn).mean(axis=0))


def test_a_scenario_blanks_only_its_inputs() -> None:
    """Taking one input away leaves the other inputs, and the caller's rows, as they were."""
    rows, _ = sample(50)
    fewer = without(RECIPE, rows, Scenario(("male",)), seed=0)
    assert np.isnan(fewer[:, 2]).all()
    np.testing.assert_array_equal(np.delete(fewer, 2, axis=1), np.delete(rows, 2, axis=1))
    assert not np.isnan(rows[:, 2]).any()
