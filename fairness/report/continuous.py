"""From rows with a continuous outcome, such as a dose, to a report: bias and errors per group."""

from collections.abc import Mapping

import numpy.typing as npt

from fairness.engine import GroupColumn
from fairness.engine.continuous import continuous
from fairness.engine.row_sample import RowSample
from fairness.report.build import Built
from fairness.report.plan import About, Plan
from fairness.report.row_report import build_rows


def build_continuous(
    y: npt.ArrayLike,
    predicted: npt.ArrayLike,
    groups: Mapping[str, GroupColumn],
    about: About,
    plan: Plan | None = None,
    *,
    intervals: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
) -> Built:
    """The report on n people; `y`, `predicted` and the limits of `intervals` (n,) are in one unit.

    Raises `SampleError` for a claim on a figure that amounts do not have, and as `evaluate_continuous`.
    """
    outcome = continuous(y, predicted, intervals)
    return build_rows(RowSample(outcome, groups, outcome.errors.size), "continuous", about, plan)
