"""The grid of an evaluation: every metric for everybody and for each group, in the shape of
`evaluation.json`.

A cell is one dataset, one output, one group. People whose attribute is not recorded form the group `absent`;
nobody is dropped. Figures are rounded here and nowhere else, to six digits after the point.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from fairness.calibration import brier, calibration_intercept, calibration_slope, o_e
from fairness.calibration_curve import DEFAULT_REPLICATES, ici
from fairness.discrimination import auroc
from fairness.errors import GroupError
from fairness.groups import ABSENT
from fairness.metric import DEFAULT_LEVEL, DEFAULT_SUFFICIENCY, Metric, Sample, Sufficiency, checked_sample
from fairness.operating_point import net_benefit, npv, ppv, selection_rate, sensitivity, specificity

OVERALL = "overall"
ALL = "all"
DIGITS = 6
THRESHOLD_FREE = (auroc, brier, calibration_intercept, calibration_slope, o_e)
AT_A_THRESHOLD = (selection_rate, sensitivity, specificity, ppv, npv, net_benefit)

GroupColumn = Sequence[str | Collection[str] | None]


class Cell(msgspec.Struct, frozen=True):
    """All metrics of one group: n people, of whom `events` had the outcome."""

    dataset: str
    output: str
    attribute: str
    value: str
    n: int
    events: int
    metrics: tuple[Metric, ...]

    def metric(self, name: str, threshold: float | None = None) -> Metric:
        """The metric of that name and threshold. Raises `KeyError` when the cell does not hold it."""
        for metric in self.metrics:
            if metric.name == name and metric.threshold == _rounded_figure(threshold):
                return metric
        raise KeyError((name, threshold))


def evaluate_metrics(
    y: npt.ArrayLike,
    p: npt.ArrayLike,
    thresholds: Sequence[float] = (),
    *,
    level: float = DEFAULT_LEVEL,
    limits: Sufficiency = DEFAULT_SUFFICIENCY,
    replicates: int = DEFAULT_REPLICATES,
    seed: int = 0,
) -> tuple[Metric, ...]:
    """Every metric of one sample, rounded: those without a threshold first, then all of each threshold in
    turn.

    `y` (n,) in {0, 1}, `p` (n,) in [0, 1], thresholds in [0, 1); NaN raises `SampleError`. `replicates` and
    `seed` drive the bootstrap of the integrated calibration index.
    """
    plain = [metric(y, p, level=level, limits=limits) for metric in THRESHOLD_FREE]
    smoothed = ici(y, p, level=level, limits=limits, replicates=replicates, seed=seed)
    decisions = [
        metric(y, p, threshold, level=level, limits=limits)
        for threshold in thresholds
        for metric in AT_A_THRESHOLD
    ]
    return tuple(rounded(metric) for metric in (*plain, smoothed, *decisions))


def evaluate_cells(
    y: npt.ArrayLike,
    p: npt.ArrayLike,
    groups: Mapping[str, GroupColumn],
    dataset: str,
    output: str,
    thresholds: Sequence[float] = (),
    *,
    level: float = DEFAULT_LEVEL,
    limits: Sufficiency = DEFAULT_SUFFICIENCY,
    replicates: int = DEFAULT_REPLICATES,
    seed: int = 0,
) -> list[Cell]:
    """One cell for everybody, then one per value of each attribute (attributes in the given order, values
    sorted).

    `groups` maps an attribute to a column (n,): a value, a collection of values (the person counts in each),
    or None, NaN, "" or an empty collection, which become `absent`. Raises `GroupError` for a column of
    another length or an entry of another type, and as `evaluate_metrics`.
    """
    sample = checked_sample(y, p)
    cells = []
    for attribute, value, rows in _members(groups, sample.n):
        part = Sample(sample.y[rows], sample.p[rows])
        metrics = evaluate_metrics(
            part.y, part.p, thresholds, level=level, limits=limits, replicates=replicates, seed=seed
        )
        cells.append(Cell(dataset, output, attribute, value, part.n, part.events, metrics))
    return cells


def rounded(metric: Metric) -> Metric:
    """The metric with its figures at six digits after the point."""
    return msgspec.structs.replace(
        metric,
        value=_rounded_figure(metric.value),
        low=_rounded_figure(metric.low),
        high=_rounded_figure(metric.high),
        threshold=_rounded_figure(metric.threshold),
    )


def _members(groups: Mapping[str, GroupColumn], n: int) -> Iterator[tuple[str, str, npt.NDArray[np.intp]]]:
    yield OVERALL, ALL, np.arange(n)
    for attribute, column in groups.items():
        if attribute == OVERALL:
            raise GroupError(f"{attribute}: this name is kept for everybody")
        if len(column) != n:
            raise GroupError(f"{attribute}: {len(column)} entries for {n} people")
        rows: dict[str, list[int]] = {}
        for row, entry in enumerate(column):
            for value in _values(attribute, entry):
                rows.setdefault(value, []).append(row)
        for value in sorted(rows):
            yield attribute, value, np.array(rows[value], dtype=np.intp)


def _values(attribute: str, entry: object) -> frozenset[str]:
    if entry is None or (isinstance(entry, float) and math.isnan(entry)):
        return frozenset({ABSENT})
    values = frozenset([entry] if isinstance(entry, str) else _collection(attribute, entry))
    for value in values:
        if not isinstance(value, str):
            raise GroupError(f"{attribute}: {value!r} is not a string")
    return frozenset(str(value) for value in values if value) or frozenset({ABSENT})


def _collection(attribute: str, entry: object) -> Collection[object]:
    if not isinstance(entry, Collection):
        raise GroupError(f"{attribute}: {entry!r} is neither a string nor a collection of strings")
    return entry


def _rounded_figure(figure: float | None) -> float | None:
    # Adding 0.0 turns the -0.0 of a tiny negative figure into 0.0.
    return None if figure is None else round(figure, DIGITS) + 0.0
