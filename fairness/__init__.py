"""What is known about groups of patients: metrics with intervals, group definitions, evaluation cells.

Plain arrays and records in, plain records out, so that any model can be audited with it. Runs on numpy and
msgspec.
"""

from fairness.calibration import brier, calibration_intercept, calibration_slope, o_e
from fairness.calibration_curve import ici
from fairness.cells import Cell, evaluate_cells, evaluate_metrics
from fairness.discrimination import auroc
from fairness.errors import FairnessError, FitError, GroupError, SampleError
from fairness.groups import AgeBands, Membership, group_columns, memberships
from fairness.intervals import newcombe, wilson
from fairness.metric import Interval, Metric, Sufficiency
from fairness.operating_point import net_benefit, npv, ppv, selection_rate, sensitivity, specificity

__all__ = [
    "AgeBands",
    "Cell",
    "FairnessError",
    "FitError",
    "GroupError",
    "Interval",
    "Membership",
    "Metric",
    "SampleError",
    "Sufficiency",
    "auroc",
    "brier",
    "calibration_intercept",
    "calibration_slope",
    "evaluate_cells",
    "evaluate_metrics",
    "group_columns",
    "ici",
    "memberships",
    "net_benefit",
    "newcombe",
    "npv",
    "o_e",
    "ppv",
    "selection_rate",
    "sensitivity",
    "specificity",
    "wilson",
]
