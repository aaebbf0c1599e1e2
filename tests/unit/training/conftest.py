"""The small recipe fitted once on the invented sample."""

from __future__ import annotations

import numpy as np
import pytest
from training_samples import RECIPE, sample

from models.training.design import Floats
from models.training.ensemble import Ensemble, fit


@pytest.fixture(scope="session")
def training_sample() -> tuple[Floats, Floats]:
    """The invented sample."""
    return sample()


@pytest.fixture(scope="session")
def ensemble(training_sample: tuple[Floats, Floats]) -> Ensemble:
    """The small recipe fitted on the invented sample."""
    return fit(RECIPE, *training_sample)


@pytest.fixture
def complete_rows() -> Floats:
    """Complete rows far inside, at the edge of and beyond what was trained on ``[300, 4]``."""
    rng = np.random.default_rng(3)
    numbers = [rng.uniform(0, 110, 300), rng.uniform(20, 180, 300)]
    return np.column_stack([*numbers, rng.integers(0, 2, 300), rng.integers(0, 5, 300)]).astype(float)
