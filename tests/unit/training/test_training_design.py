"""Design columns of the additive models."""

from __future__ import annotations

import numpy as np
import pytest

from models.training.design import Feature, Product, fit_design


def test_hinges_equal_a_computation_value_by_value() -> None:
    """Each hinge column is the distance above its knot, held between 0 and the way to the last knot."""
    values = np.array([-5.0, 0.0, 3.0, 7.0, 10.0, 99.0])
    design = fit_design([Feature("x", "continuous", knots=(0.0, 5.0, 10.0))], values[:, None])
    expected = [[min(max(v - knot, 0.0), 10.0 - knot) for knot in (0.0, 5.0)] for v in values]
    np.testing.assert_array_equal(design.transform(values[:, None]), expected)


def test_curves_are_flat_outside_the_outer_knots() -> None:
    """A value beyond the last knot has the columns of the last knot itself."""
    design = fit_design([Feature("x", "continuous", knots=(0.0, 10.0))], np.zeros((2, 1)))
    np.testing.assert_array_equal(design.transform(np.array([[1e9]])), design.transform(np.array([[10.0]])))


def test_level_columns_mark_exactly_one_code() -> None:
    """A nominal feature gets one column per declared level, and an undeclared code gets none."""
    design = fit_design([Feature("kind", "nominal", levels=(1.0, 2.0))], np.array([[1.0], [2.0], [3.0]]))
    np.testing.assert_array_equal(design.transform(np.array([[1.0], [2.0], [3.0]])), [[1, 0], [0, 1], [0, 0]])


def test_products_multiply_centred_columns() -> None:
    """An interaction column is the product of both first columns, less their means."""
    rows = np.array([[0.0, 0.0], [2.0, 1.0], [4.0, 1.0], [6.0, 0.0]])
    features = [Feature("x", "continuous", knots=(0.0, 6.0)), Feature("b", "binary")]
    design = fit_design(features, rows, [Product("x", "b")])
    np.testing.assert_allclose(design.transform(rows)[:, -1], (rows[:, 0] - 3.0) * (rows[:, 1] - 0.5))


def test_missing_values_stay_missing() -> None:
    """NaN in an input makes every one of its columns NaN, level columns included."""
    features = [Feature("x", "continuous", knots=(0.0, 1.0)), Feature("kind", "nominal", levels=(1.0,))]
    design = fit_design(features, np.array([[0.0, 1.0], [1.0, 1.0]]))
    assert np.isnan(design.transform(np.array([[np.nan, np.nan]]))).all()


def test_a_feature_without_spread_is_refused() -> None:
    """Quantile knots of a constant cannot be placed, and the message names the feature."""
    with pytest.raises(ValueError, match="constant"):
        fit_design([Feature("constant", "continuous")], np.ones((50, 1)))
