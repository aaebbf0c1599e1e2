"""Scales with round ticks, and the frame of a chart."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from fairness.report.charts.palette import GRID, INK, MUTED
from fairness.report.charts.scene import Item, Line, Words

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_RATIO_TICKS = (0.05, 0.1, 0.2, 0.33, 0.5, 0.67, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0)


class Scale(NamedTuple):
    """Values from `low` to `high` on pixels from `start` to `end`; `ratio` is logarithmic."""

    low: float
    high: float
    start: float
    end: float
    ratio: bool = False

    def at(self, value: float) -> float:
        """The pixel of a value; values outside stay at the nearer end."""
        low, high, here = (self._moved(one) for one in (self.low, self.high, value))
        share = min(1.0, max(0.0, (here - low) / (high - low)))
        return self.start + share * (self.end - self.start)

    def holds(self, value: float) -> bool:
        """Whether the value lies on the scale."""
        return self.low <= value <= self.high

    def ticks(self, about: int = 4) -> list[float]:
        """Round values on the scale, about as many as asked for."""
        if self.ratio:
            return _thinned([tick for tick in _RATIO_TICKS if self.holds(tick)], about + 1)
        step = _step((self.high - self.low) / about)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [at * step for at in range(first, last + 1)]

    def _moved(self, value: float) -> float:
        return math.log(max(value, 1e-9)) if self.ratio else value


class Plot(NamedTuple):
    """The two scales of a chart; y runs upwards, so its `start` is the lower edge."""

    x: Scale
    y: Scale

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Pixels of a pair of values."""
        return self.x.at(x), self.y.at(y)

    def line(self, pairs: Iterable[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
        """Pixels of many pairs."""
        return tuple(self.point(x, y) for x, y in pairs)


def spanned(values: Sequence[float], *, ratio: bool = False, least: float = 0.05) -> tuple[float, float]:
    """The range of some values with a margin of 6 %, at least `least` wide; (0, 1) or (1/2, 2) for none."""
    if not values:
        return (0.5, 2.0) if ratio else (0.0, 1.0)
    low, high = min(values), max(values)
    if ratio:
        factor = max(1.15, (high / max(low, 1e-9)) ** 0.06)
        return max(low, 1e-3) / factor, max(high, 1e-3) * factor
    more = max(0.06 * (high - low), (least - (high - low)) / 2.0)
    return low - more, high + more


def tick_text(value: float) -> str:
    """A tick in as few digits as it takes."""
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text.replace("-", "−")


def frame(plot: Plot, x_label: str, y_label: str, x_ticks: int = 4, y_ticks: int = 4) -> list[Item]:
    """Grid, ticks and the names of both axes; that of y stands above it, so that nobody tilts their head."""
    items: list[Item] = []
    for tick in plot.y.ticks(y_ticks):
        height = plot.y.at(tick)
        items.append(Line(((plot.x.start, height), (plot.x.end, height)), GRID))
        items.append(Words(plot.x.start - 5, height + 3.5, tick_text(tick), "end", 10, colour=MUTED))
    for tick in plot.x.ticks(x_ticks):
        at = plot.x.at(tick)
        items.append(Line(((at, plot.y.start), (at, plot.y.start + 4)), INK))
        items.append(Words(at, plot.y.start + 15, tick_text(tick), "middle", 10, colour=MUTED))
    items.append(Line(((plot.x.start, plot.y.end), (plot.x.start, plot.y.start)), INK))
    items.append(Line(((plot.x.start, plot.y.start), (plot.x.end, plot.y.start)), INK))
    items.append(Words(plot.x.end, plot.y.start + 29, x_label, "end", 10))
    items.append(Words(4, plot.y.end - 8, y_label, size=10))
    return items


def _step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in _STEPS if factor * power >= rough * 0.999)


def _thinned(ticks: list[float], most: int) -> list[float]:
    """At most so many ticks, 1 among them when it is there."""
    if len(ticks) <= most:
        return ticks
    middle = ticks.index(1.0) if 1.0 in ticks else 0
    every = math.ceil(len(ticks) / most)
    return [tick for at, tick in enumerate(ticks) if (at - middle) % every == 0]
