"""Fixtures that the tests of this room share."""

import pytest
from cohorts import Cohort, cohort_with_ties, miscalibrated_cohort


@pytest.fixture
def cohort() -> Cohort:
    """400 people, mildly miscalibrated, no ties."""
    return miscalibrated_cohort()


@pytest.fixture
def tied_cohort() -> Cohort:
    """300 people whose scores take eleven values, 0 and 1 among them."""
    return cohort_with_ties()
