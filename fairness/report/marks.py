"""The symbols of verdicts: shapes that differ without colour."""

from fairness.report.charts.palette import BLUE, GREEN, INK, MUTED, VERMILION
from fairness.report.charts.scene import Mark

SIDE = 14.0
_MIDDLE, _HALF = 7.0, 4.5

VERDICT_MARKS: dict[str, Mark] = {
    "pass": Mark(_MIDDLE, _MIDDLE, "circle", GREEN, _HALF),
    "fail": Mark(_MIDDLE, _MIDDLE, "cross", VERMILION, _HALF),
    "insufficient evidence": Mark(_MIDDLE, _MIDDLE, "hollow-diamond", INK, _HALF),
    "beyond chance": Mark(_MIDDLE, _MIDDLE, "triangle", BLUE, _HALF),
    "no claim": Mark(_MIDDLE, _MIDDLE, "ring", MUTED, _HALF),
}
