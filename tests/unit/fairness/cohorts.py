"""Seeded cohorts for the tests of this room."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Cohort(NamedTuple):
    """Outcomes (n,) and probabilities (n,)."""

    y: npt.NDArray[np.int64]
    p: npt.NDArray[np.float64]


def miscalibrated_cohort() -> Cohort:
    """400 people, mildly miscalibrated, no ties."""
    rng = np.random.default_rng(20)
    p = rng.beta(2.0, 5.0, 400)
    return Cohort((rng.random(400) < p**1.3).astype(np.int64), p)


def cohort_with_ties() -> Cohort:
    """300 people whose scores take eleven values, 0 and 1 among them."""
    rng = np.random.default_rng(21)
    p = rng.integers(0, 11, 300) / 10.0
    return Cohort((rng.random(300) < 0.2 + 0.5 * p).astype(np.int64), p)
