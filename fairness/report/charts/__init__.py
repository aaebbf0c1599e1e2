"""Charts of the fairness report as scenes, drawn alike as SVG and on a page of a PDF."""

from fairness.report.charts.forest import Forest, ForestRow, forest, split
from fairness.report.charts.panels import (
    calibration_panel,
    calibration_scales,
    decision_panel,
    decision_scales,
    key,
    risk_panel,
    risk_scales,
)
from fairness.report.charts.people import hundred
from fairness.report.charts.scene import Scene
from fairness.report.charts.svg import icon, svg
from fairness.report.charts.trend import MOST_LINES, TrendLine, trend

__all__ = [
    "MOST_LINES",
    "Forest",
    "ForestRow",
    "Scene",
    "TrendLine",
    "calibration_panel",
    "calibration_scales",
    "decision_panel",
    "decision_scales",
    "forest",
    "hundred",
    "icon",
    "key",
    "risk_panel",
    "risk_scales",
    "split",
    "svg",
    "trend",
]
