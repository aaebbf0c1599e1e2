"""Small panels, one per group and all on the same scales: calibration, net benefit, distribution of scores.

Each takes the group and the panel of everybody in grey, so that a group is compared without a second chart.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from fairness.report.charts.axes import Plot, Scale, frame, spanned
from fairness.report.charts.palette import BLUE, BLUE_TINT, INK, MUTED, PAPER, VERMILION
from fairness.report.charts.scene import Area, Bar, Item, Line, Mark, Scene, Shape, Words, text_lines, wrapped
from fairness.report.model import CalibrationPoint, DecisionPoint, GroupCurves, RiskBand

Kind = Literal["calibration", "decision"]
WIDTH = 240.0
_LEFT, _RIGHT, _HEIGHT, _HEAD = 40.0, 230.0, 150.0, 54.0


class Scales(NamedTuple):
    """The ranges that all panels of one kind share."""

    x: tuple[float, float]
    y: tuple[float, float]


def calibration_scales(curves: Sequence[GroupCurves]) -> Scales:
    """From 0 to the highest band of any group, the same on both axes."""
    points = [point for one in curves for point in one.calibration]
    top = max((max(point.predicted, point.high) for point in points), default=1.0)
    return Scales((0.0, min(1.0, top * 1.05)), (0.0, min(1.0, top * 1.05)))


def calibration_panel(
    title: str, curve: Sequence[CalibrationPoint], everybody: Sequence[CalibrationPoint], scales: Scales
) -> Scene:
    """Observed against predicted risk with its band, and the diagonal of perfect agreement."""
    heading, plot = _start(title, scales)
    band = [(point.predicted, point.high) for point in curve]
    band += [(point.predicted, point.low) for point in reversed(curve)]
    top = min(scales.x[1], scales.y[1])
    items: list[Item] = [Area(plot.line(band), BLUE_TINT)] if curve else []
    items += frame(plot, "predicted risk", "observed risk")
    items.append(Line(plot.line([(0.0, 0.0), (top, top)]), INK, 1.0, (5.0, 3.0)))
    items += _line(plot, [(point.predicted, point.observed) for point in everybody], MUTED, (2.0, 2.0))
    items += _line(plot, [(point.predicted, point.observed) for point in curve], BLUE)
    items += [Mark(*plot.point(point.predicted, point.observed), "circle", BLUE, 2.0) for point in curve]
    told = f"Predicted against observed risk, {title}: {len(curve)} points with a band."
    return _scene(f"Calibration: {title}", told, heading, items, plot)


def decision_scales(curves: Sequence[GroupCurves]) -> Scales:
    """All thresholds; net benefit from a little below 0 to the best of any group."""
    points = [point for one in curves for point in one.decision]
    best = max((max(point.high or point.model, point.treat_all, 0.0) for point in points), default=1.0)
    worst = min((point.model for point in points), default=0.0)
    low, high = spanned([min(worst, -0.1 * best), best], least=0.01)
    return Scales(spanned([point.threshold for point in points], least=0.02), (low, high))


def decision_panel(title: str, curve: Sequence[DecisionPoint], scales: Scales) -> Scene:
    """Net benefit of the model with its interval, of acting on everybody, and of acting on nobody (0)."""
    heading, plot = _start(title, scales)
    items = frame(plot, "threshold", "net benefit")
    items.append(Line(plot.line([(scales.x[0], 0.0), (scales.x[1], 0.0)]), INK, 1.0))
    everybody = [(point.threshold, point.treat_all) for point in curve]
    items += _line(plot, _cut(everybody, plot.y), VERMILION, (5.0, 3.0))
    items += [
        Mark(*plot.point(*pair), "triangle", VERMILION, 3.0) for pair in everybody if plot.y.holds(pair[1])
    ]
    for point in curve:
        if point.low is not None and point.high is not None:
            ends = [(point.threshold, point.low), (point.threshold, point.high)]
            items.append(Line(plot.line(ends), BLUE, 1.5))
    items += _line(plot, [(point.threshold, point.model) for point in curve], BLUE)
    items += [Mark(*plot.point(point.threshold, point.model), "circle", BLUE, 3.0) for point in curve]
    told = f"Net benefit of the model and of acting on everybody, {title}: {len(curve)} thresholds."
    return _scene(f"Net benefit: {title}", told, heading, items, plot)


def risk_scales(curves: Sequence[GroupCurves]) -> Scales:
    """One step per band; shares up to the largest that is shown."""
    shares = [band.share for one in curves for band in one.risk if band.share is not None]
    steps = max((len(one.risk) for one in curves), default=1)
    # Of bands that are told all may be empty.
    return Scales((0.0, float(steps)), (0.0, 1.05 * (max(shares, default=0.0) or 1.0)))


def risk_panel(title: str, bands: Sequence[RiskBand], scales: Scales) -> Scene:
    """Share of the group in each band of the score; a band that is withheld has a cross instead of a bar."""
    heading, plot = _start(title, scales)
    items = [item for item in frame(plot, "score", "share of the group", 1) if not _is_tick(item, plot)]
    for at, band in enumerate(bands):
        left, right = plot.x.at(at), plot.x.at(at + 1)
        if at % 3 == 0:
            items.append(Words(left, plot.y.start + 13, f"{band.low:g}", "middle", 9, colour=MUTED))
        if band.share is None:
            items.append(Mark((left + right) / 2, plot.y.start - 5, "cross", MUTED, 2.5))
        elif band.share > 0.0:
            top = plot.y.at(band.share)
            items.append(Bar(left + 0.5, top, right - left - 1, plot.y.start - top, BLUE, PAPER))
    told = f"Share of people by score, {title}. Withheld bands have a cross."
    return _scene(f"Scores: {title}", told, heading, items, plot)


def key(kind: Kind) -> Scene:
    """What the lines and symbols of a kind of panel mean."""
    entries = _KEYS[kind]
    items: list[Item] = []
    for at, sample in enumerate(entries):
        y = 12.0 + 18 * at
        items += [*sample.drawn(y), Words(46, y + 3.5, sample.words)]
    told = "; ".join(sample.words for sample in entries)
    return Scene(f"Key: {kind}", told, 360.0, 24.0 + 18 * (len(entries) - 1), tuple(items))


def _start(title: str, scales: Scales) -> tuple[list[Words], Plot]:
    heading = text_lines(4, 13, wrapped(title, WIDTH - 8, 11, 2, bold=True), 11, bold=True)
    top = _HEAD
    x, y = Scale(*scales.x, _LEFT, _RIGHT), Scale(*scales.y, top + _HEIGHT, top)
    return heading, Plot(x, y)


def _scene(title: str, told: str, heading: list[Words], items: list[Item], plot: Plot) -> Scene:
    return Scene(title, told, WIDTH, plot.y.start + 36, (*heading, *items))


def _is_tick(item: Item, plot: Plot) -> bool:
    """The ticks of x count bands; the scores where bands begin are written instead."""
    if isinstance(item, Words):
        return plot.y.start + 8 < item.y < plot.y.start + 20
    return isinstance(item, Line) and item.points[-1][1] > plot.y.start


def _line(
    plot: Plot, pairs: Sequence[tuple[float, float]], colour: str, dash: tuple[float, ...] = ()
) -> list[Item]:
    return [Line(plot.line(pairs), colour, 1.8, dash)] if len(pairs) > 1 else []


def _cut(pairs: Sequence[tuple[float, float]], y: Scale) -> list[tuple[float, float]]:
    """A falling line up to where it leaves the lower edge."""
    kept: list[tuple[float, float]] = []
    for pair in pairs:
        if pair[1] < y.low:
            if kept:
                last = kept[-1]
                share = (last[1] - y.low) / (last[1] - pair[1])
                kept.append((last[0] + share * (pair[0] - last[0]), y.low))
            break
        kept.append(pair)
    return kept


class _Sample(NamedTuple):
    """How a kind of line looks, and what it stands for."""

    words: str
    colour: str
    dash: tuple[float, ...] = ()
    shape: Shape | None = None

    def drawn(self, y: float) -> list[Item]:
        """A short piece of it at a height."""
        line = Line(((6.0, y), (36.0, y)), self.colour, 1.8, self.dash)
        return [line] if self.shape is None else [line, Mark(21.0, y, self.shape, self.colour, 3.0)]


_KEYS: dict[Kind, tuple[_Sample, ...]] = {
    "calibration": (
        _Sample("this group, with its band", BLUE, (), "circle"),
        _Sample("everybody", MUTED, (2.0, 2.0)),
        _Sample("perfect agreement", INK, (5.0, 3.0)),
    ),
    "decision": (
        _Sample("acting on the model, with its interval", BLUE, (), "circle"),
        _Sample("acting on everybody", VERMILION, (5.0, 3.0), "triangle"),
        _Sample("acting on nobody (0)", INK),
    ),
}
