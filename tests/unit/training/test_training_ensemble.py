"""Fitting, coherence and recalibration of the ensemble."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import statsmodels.api as sm
from training_samples import RECIPE

from models.training.design import Floats
from models.training.ensemble import Ensemble, calibration_line, fit, fit_ridge


def test_weak_ridge_agrees_with_maximum_likelihood() -> None:
    """With almost no penalty the weights are those of an unpenalised logistic regression."""
    rng = np.random.default_rng(0)
    columns = rng.normal(3.0, 2.0, (400, 3))
    outcome = (rng.random(400) < 1 / (1 + np.exp(-(columns[:, 0] - 3)))).astype(float)
    weights, intercept = fit_ridge(columns, outcome, 1e8)
    expected = sm.Logit(outcome, sm.add_constant(columns)).fit(disp=0).params
    np.testing.assert_allclose([intercept, *weights], expected, rtol=1e-4)


def test_calibration_line_recovers_a_distortion() -> None:
    """Logits that were halved are told to need a slope of two."""
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, 200_000)
    outcome = (rng.random(logits.size) < 1 / (1 + np.exp(-logits))).astype(float)
    intercept, slope = calibration_line(logits / 2, outcome)
    assert (intercept, slope) == (pytest.approx(0, abs=0.03), pytest.approx(2, abs=0.03))


def test_ordered_outputs_never_cross(ensemble: Ensemble, complete_rows: Floats) -> None:
    """An output that implies the next one is capped by it, also where the separate fits would cross."""
    shifted = np.stack([ensemble.intercepts[0] + 3.0, ensemble.intercepts[1]])
    crossing = dataclasses.replace(ensemble, intercepts=shifted)
    logits = crossing.logits(complete_rows)
    assert (logits[:, 0] > logits[:, 1]).any()
    probability, interval = crossing.probability(complete_rows), crossing.interval(complete_rows)
    assert (probability[:, 0] <= probability[:, 1]).all()
    assert (interval[:, 0] <= interval[:, 1]).all()


def test_interval_holds_the_point_estimate(ensemble: Ensemble, complete_rows: Floats) -> None:
    """The 95 % interval contains the probability for every row and output."""
    probability, interval = ensemble.probability(complete_rows), ensemble.interval(complete_rows)
    assert (interval[..., 0] <= probability).all()
    assert (probability <= interval[..., 1]).all()


def test_point_estimate_is_additive_on_the_logit_scale(
    training_sample: tuple[Floats, Floats], complete_rows: Floats
) -> None:
    """Without products, changing two inputs changes the logit by the sum of both single changes."""
    model = fit(dataclasses.replace(RECIPE, products=(), members=5), *training_sample)
    base = np.tile([50.0, 70.0, 0.0, 1.0], (len(complete_rows), 1))
    first, second, both = base.copy(), base.copy(), base.copy()
    first[:, 0] = both[:, 0] = complete_rows[:, 0]
    second[:, 1] = both[:, 1] = complete_rows[:, 1]
    zero = model.logits(base)
    parts = (model.logits(first) - zero) + (model.logits(second) - zero)
    np.testing.assert_allclose(model.logits(both) - zero, parts, atol=1e-10)


def test_too_few_events_are_refused(training_sample: tuple[Floats, Floats]) -> None:
    """An outcome with fewer events than folds cannot be cross-validated and is refused."""
    rows, outcomes = training_sample
    with pytest.raises(ValueError, match="fewer events"):
        fit(RECIPE, rows, np.zeros_like(outcomes))
