"""Any user metric by group through fairlearn's MetricFrame; offline only.

For metrics that the engine does not have. What MetricFrame returns for a group without events or non-events
is that of the metric, often 0 with no warning; there are no intervals. Needs the packages of the extra
`train`.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from fairness.engine.columns import GroupColumn
from fairness.engine.figures import Basis, Evaluation, Figure, GroupResult, Size, no_figure
from fairness.engine.rows import group_rows
from fairness.errors import SampleError
from fairness.metric import DEFAULT_SUFFICIENCY, Sufficiency

UserMetric = Callable[..., Any]


def through_metric_frame(
    metrics: Mapping[str, UserMetric],
    y: npt.ArrayLike,
    predicted: npt.ArrayLike,
    groups: Mapping[str, GroupColumn],
    *,
    crossings: Sequence[Sequence[str]] = (),
    limits: Sufficiency = DEFAULT_SUFFICIENCY,
) -> Evaluation:
    """Each metric, called as `metric(y_true, y_pred)`, for everybody, each group and each intersection.

    People with several answers count in each group, and those without one as `absent`; both are beyond
    MetricFrame itself, so that every group is framed against its rest. A value that is not a finite number is
    `undefined`. Raises `SampleError` where fairlearn is not installed.
    """
    frame = _metric_frame()
    truth, guess = np.asarray(y), np.asarray(predicted)
    results = []
    for members, rows in group_rows(groups, len(truth), crossings):
        framed = frame(metrics=dict(metrics), y_true=truth, y_pred=guess, sensitive_features=rows)
        basis = Basis(Size(int(rows.sum())), limits)
        values = {name: framed.by_group[name][True] for name in metrics}
        figures = tuple(_figure(name, value, basis) for name, value in values.items())
        results.append(GroupResult(members, basis.size.n, None, figures))
    return Evaluation(len(truth), None, 0.0, (), tuple(results))


def _figure(name: str, value: object, basis: Basis) -> Figure:
    if not isinstance(value, (int, float, np.number)) or not np.isfinite(value):
        return no_figure(name, basis, "the metric has no finite value")
    small = basis.size.n < basis.limits.min_n
    why = f"{basis.size.n} people, fewer than {basis.limits.min_n}; no interval" if small else "no interval"
    return Figure(
        name, float(value), None, None, "insufficient" if small else "ok", why, method="MetricFrame"
    )


def _metric_frame() -> Any:
    # By name, because the service must not import fairlearn and pandas, not even by accident.
    try:
        return import_module("fairlearn.metrics").MetricFrame
    except ImportError:
        raise SampleError("user metrics need fairlearn: install bedside[train]") from None
