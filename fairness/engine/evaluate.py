"""Every figure of every group, from one tally."""

from collections.abc import Callable, Iterator, Sequence

from fairness.engine import agreement, curves, ranking, rates
from fairness.engine.figures import Basis, Evaluation, Figure, GroupResult, Size
from fairness.engine.tally import GroupTally, Tally
from fairness.errors import SampleError
from fairness.metric import DEFAULT_LEVEL, DEFAULT_SUFFICIENCY, Sufficiency, checked_level

THRESHOLD_FREE: dict[str, Callable[[GroupTally, Basis], Figure]] = {
    "prevalence": rates.prevalence,
    "auroc": ranking.auroc,
    "brier": agreement.brier,
    "calibration_intercept": agreement.calibration_intercept,
    "calibration_slope": agreement.calibration_slope,
    "o_e": agreement.o_e,
    "ici": curves.ici,
}
AT_A_THRESHOLD = ("net_benefit", *rates.RATES)
METRICS = (*THRESHOLD_FREE, *AT_A_THRESHOLD)
# Discrimination, calibration and net benefit lead; accuracy has to be asked for, and F1 does not exist here.
DEFAULT_METRICS = tuple(name for name in METRICS if name != "accuracy")


def evaluate(
    tally: Tally,
    *,
    crossings: Sequence[Sequence[str]] = (),
    metrics: Sequence[str] = DEFAULT_METRICS,
    level: float = DEFAULT_LEVEL,
    limits: Sufficiency = DEFAULT_SUFFICIENCY,
) -> Evaluation:
    """Everybody, each group and each intersection of `crossings`, at every threshold of the tally's grid.

    Raises `SampleError` for a metric that does not exist or a level outside (0, 1), and `GroupError` for an
    attribute that was not tallied.
    """
    checked_level(level)
    for name in metrics:
        if name not in METRICS:
            raise SampleError(f"metrics: {name!r} is not one of {', '.join(METRICS)}")
    results = []
    for members in tally.groups(crossings):
        group = tally.of(members)
        figures = tuple(_figures(group, metrics, level, limits))
        results.append(GroupResult(members, group.n, group.events, figures))
    return Evaluation(tally.n, tally.events, level, tally.grid.thresholds, tuple(results))


def group_figure(
    group: GroupTally,
    name: str,
    threshold: float | None = None,
    *,
    level: float = DEFAULT_LEVEL,
    limits: Sufficiency = DEFAULT_SUFFICIENCY,
) -> Figure:
    """One figure of one group.

    Raises `SampleError` for an unknown metric or a missing threshold.
    """
    basis = Basis(Size(group.n, group.events), limits, level, threshold)
    if name in THRESHOLD_FREE:
        return THRESHOLD_FREE[name](group, basis._replace(threshold=None))
    if name not in AT_A_THRESHOLD:
        raise SampleError(f"metric: {name!r} is not one of {', '.join(METRICS)}")
    if threshold is None:
        raise SampleError(f"{name}: needs a threshold")
    cells = rates.confusion(group, threshold)
    return rates.net_benefit(cells, basis) if name == "net_benefit" else rates.rate(name, cells, basis)


def _figures(
    group: GroupTally, metrics: Sequence[str], level: float, limits: Sufficiency
) -> Iterator[Figure]:
    for name in metrics:
        if name in THRESHOLD_FREE:
            yield group_figure(group, name, level=level, limits=limits)
    for threshold in group.grid.thresholds:
        cells = rates.confusion(group, threshold)
        basis = Basis(Size(group.n, group.events), limits, level, threshold)
        for name in metrics:
            if name == "net_benefit":
                yield rates.net_benefit(cells, basis)
            elif name in rates.RATES:
                yield rates.rate(name, cells, basis)
