"""Counts of many people by group, and every figure that follows from them.

`tally` counts rows, tallies of shards add up exactly, `evaluate` turns a tally into figures with intervals
and states.
"""

from fairness.engine.bootstrap import Bootstrap, bootstrap
from fairness.engine.columns import Coded, GroupColumn
from fairness.engine.continuous import evaluate_continuous
from fairness.engine.contrasts import Difference, difference, differences
from fairness.engine.counting import tally
from fairness.engine.curves import (
    CurvePoint,
    DecisionPoint,
    RiskBar,
    calibration_curve,
    decision_curve,
    risk_distribution,
)
from fairness.engine.estimates import Pair
from fairness.engine.evaluate import DEFAULT_METRICS, METRICS, evaluate, group_figure
from fairness.engine.figures import Evaluation, Figure, GroupResult
from fairness.engine.flags import FlagTally, flag_rates, flag_tally
from fairness.engine.grid import ScoreGrid
from fairness.engine.metric_frame import through_metric_frame
from fairness.engine.multiclass import evaluate_multiclass, evaluate_ordinal
from fairness.engine.responses import ResponseTally, response_rates, response_tally
from fairness.engine.strata import Group, attribute_name, value_name
from fairness.engine.survival import evaluate_survival
from fairness.engine.tally import GroupTally, Tally

__all__ = [
    "DEFAULT_METRICS",
    "METRICS",
    "Bootstrap",
    "Coded",
    "CurvePoint",
    "DecisionPoint",
    "Difference",
    "Evaluation",
    "Figure",
    "FlagTally",
    "Group",
    "GroupColumn",
    "GroupResult",
    "GroupTally",
    "Pair",
    "ResponseTally",
    "RiskBar",
    "ScoreGrid",
    "Tally",
    "attribute_name",
    "bootstrap",
    "calibration_curve",
    "decision_curve",
    "difference",
    "differences",
    "evaluate",
    "evaluate_continuous",
    "evaluate_multiclass",
    "evaluate_ordinal",
    "evaluate_survival",
    "flag_rates",
    "flag_tally",
    "group_figure",
    "response_rates",
    "response_tally",
    "risk_distribution",
    "tally",
    "through_metric_frame",
    "value_name",
]
