"""The joint distribution of the inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from training_samples import FEATURES

from models.training.design import Feature, Floats
from models.training.reference import complete, completions, fit_reference, write_reference


def test_correlation_is_positive_definite_when_pairs_contradict_each_other() -> None:
    """Three pairs that were never seen together cannot yield an impossible correlation matrix."""
    rng = np.random.default_rng(2)
    rows = np.full((300, 3), np.nan)
    for part, (i, j, sign) in enumerate([(0, 1, 1), (1, 2, 1), (0, 2, -1)]):
        block = slice(100 * part, 100 * part + 100)
        rows[block, i] = rng.normal(size=100)
        rows[block, j] = sign * rows[block, i] + rng.normal(0, 0.05, 100)
    features = [Feature(name, "continuous") for name in "abc"]
    correlation = np.array(fit_reference(features, rows).as_json()["correlation"])
    np.linalg.cholesky(correlation)
    np.testing.assert_allclose(np.diag(correlation), 1.0)


def test_refit_is_byte_identical(training_sample: tuple[Floats, Floats], tmp_path: Path) -> None:
    """Fitting and writing twice gives the same file."""
    for name in ("one", "two"):
        write_reference(fit_reference(FEATURES, training_sample[0], "kind"), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_no_extreme_value_is_published() -> None:
    """The lowest and highest values of a small sample do not appear as table ends."""
    values = np.arange(40.0)
    table = fit_reference([Feature("x", "continuous")], values[:, None]).quantiles["x"]
    assert values.min() < table.min()
    assert table.max() < values.max()


def test_small_strata_get_no_table(training_sample: tuple[Floats, Floats]) -> None:
    """A level with fewer than 30 rows is left to the overall table."""
    rows = training_sample[0].copy()
    rows[:, 3] = 1.0
    rows[:29, 3] = 2.0
    assert list(fit_reference(FEATURES, rows, "kind").strata) == ["1"]


def test_draws_follow_what_is_known(training_sample: tuple[Floats, Floats]) -> None:
    """Weight drawn for the old is higher than for the young, since both rise together in the sample."""
    reference = fit_reference(FEATURES, training_sample[0])
    rows = np.array([[25.0, np.nan, 1.0, 1.0], [75.0, np.nan, 1.0, 1.0]])
    young, old = completions(reference, FEATURES, rows)[:, :, 1].mean(axis=1)
    assert old - young == pytest.approx(0.3 * 50, abs=4)


def test_known_values_are_never_touched(training_sample: tuple[Floats, Floats]) -> None:
    """A completion fills the gaps and nothing else."""
    rows = training_sample[0]
    filled = complete(fit_reference(FEATURES, rows), FEATURES, rows, seed=1)
    known = ~np.isnan(rows)
    np.testing.assert_array_equal(filled[known], rows[known])
    assert not np.isnan(filled).any()


def test_a_missing_nominal_input_is_refused(training_sample: tuple[Floats, Floats]) -> None:
    """A nominal code cannot be drawn from a Gaussian copula, so the row is refused."""
    rows = training_sample[0].copy()
    reference = fit_reference(FEATURES, rows)
    rows[0, 3] = np.nan
    with pytest.raises(ValueError, match="nominal"):
        completions(reference, FEATURES, rows)
