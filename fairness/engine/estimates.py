"""Estimates of one metric in two disjoint sets of people, with what a comparison or a test needs of them."""

import math
from typing import Literal, NamedTuple

from fairness.engine.agreement import Pivot, brier_pivot, intercept_pivot, log_o_e, slope_pivot
from fairness.engine.figures import Size, shortfall
from fairness.engine.ranking import area
from fairness.engine.rates import RATES, Share, confusion, net_benefit_interval, share
from fairness.engine.row_sample import AREAS, RATIOS, RowGroup, base_name
from fairness.engine.tally import GroupTally
from fairness.errors import FitError, SampleError
from fairness.intervals import normal_quantile
from fairness.metric import Sufficiency

Scale = Literal["difference", "ratio"]

PIVOTED = ("auroc", "brier", "calibration_intercept", "calibration_slope", "o_e", "net_benefit")

SILENCE = ("abstained_rate", "unmatured_rate", "no_card_rate")
SHARES = ("prevalence", "interval_coverage", "within_one", *SILENCE)
CONTRASTED = ("prevalence", *RATES, *PIVOTED)


class Pair(NamedTuple):
    """Two disjoint sets of people and what is compared."""

    a: GroupTally | RowGroup
    b: GroupTally | RowGroup
    metric: str
    threshold: float | None = None


class Shares(NamedTuple):
    """The counts of a share in both sets of people."""

    a: Share
    b: Share

    @property
    def gap(self) -> float:
        """The difference a - b."""
        return self.a.hits / self.a.of - self.b.hits / self.b.of


class Pivots(NamedTuple):
    """An estimate with its standard error in both sets of people."""

    a: Pivot
    b: Pivot

    @property
    def gap(self) -> Pivot:
        """The difference a - b; the sets are disjoint, so the variances add up."""
        return Pivot(self.a.value - self.b.value, math.hypot(self.a.error, self.b.error))


Sides = Shares | Pivots

_SIDES = ("the group", "the others")


def scale_of(metric: str) -> Scale:
    """On which scale a metric is compared."""
    return "ratio" if base_name(metric) in RATIOS else "difference"


def is_share(metric: str) -> bool:
    """Whether a metric is a share of people."""
    base = base_name(metric)
    return base in SHARES or base in RATES


def share_of(group: GroupTally, pair: Pair) -> Share:
    """The two counts of the pair's metric in a group."""
    if pair.metric == "prevalence":
        return Share(group.events, group.n)
    return share(pair.metric, confusion(group, _threshold(pair)))


def pivot_of(group: GroupTally, pair: Pair) -> Pivot:
    """Estimate and standard error of a metric that is not a share.

    Raises `FitError` when it has none.
    """
    name = pair.metric
    if name == "auroc":
        found = area(group)
        sizes = (group.events, group.non_events)
        return _usable(None if found is None else Pivot(found.value, math.sqrt(found.variance), sizes))
    if name == "net_benefit":
        return _net_benefit(group, _threshold(pair))
    pivots = {"brier": brier_pivot, "calibration_intercept": intercept_pivot,
              "calibration_slope": slope_pivot, "o_e": log_o_e}  # fmt: skip
    if name not in pivots:
        raise SampleError(f"metric: {name!r} has no comparison; there are {', '.join(CONTRASTED)}")
    return _usable(pivots[name](group))


def estimate_of(group: GroupTally | RowGroup, pair: Pair) -> Share | Pivot:
    """The pair's metric in a group.

    Raises `FitError` where it has none, or no standard error.
    """
    if isinstance(group, RowGroup):
        return group.estimate(pair.metric)
    if not is_share(pair.metric):
        return pivot_of(group, pair)
    part = share_of(group, pair)
    if part.of == 0:
        raise FitError("nobody in the denominator")
    return part


def normal_scale(metric: str, estimate: Pivot) -> Pivot:
    """The estimate where it is closest to normal: the log odds of an area, otherwise as it is.

    In small groups an area and its standard error depend on each other, and tests of the area itself reject
    too often.
    """
    if base_name(metric) not in AREAS or not 0.0 < estimate.value < 1.0:
        return estimate
    value = estimate.value
    return Pivot(math.log(value / (1.0 - value)), estimate.error / (value * (1.0 - value)))


def standard_error(estimate: Share | Pivot) -> float:
    """That of an estimate; shares are drawn a little to one half, so that it is never 0."""
    if isinstance(estimate, Pivot):
        return estimate.error
    share = (estimate.hits + 1.0) / (estimate.of + 2.0)
    return math.sqrt(share * (1.0 - share) / max(1, estimate.of))


def sides_of(pair: Pair) -> Sides:
    """Both estimates.

    Raises `FitError`, naming the side, where one has none.
    """
    found = []
    for side, group in zip(_SIDES, (pair.a, pair.b), strict=True):
        try:
            found.append(estimate_of(group, pair))
        except FitError as error:
            raise FitError(f"{side}: {error}") from error
    return paired(*found)


def paired(a: Share | Pivot, b: Share | Pivot) -> Sides:
    """Two estimates of one metric side by side."""
    if isinstance(a, Share) and isinstance(b, Share):
        return Shares(a, b)
    if isinstance(a, Pivot) and isinstance(b, Pivot):
        return Pivots(a, b)
    raise SampleError("a share and another estimate cannot be compared")


def shortfall_of(pair: Pair, limits: Sufficiency) -> str | None:
    """What the smaller side lacks, in words."""
    for side, group in zip(_SIDES, (pair.a, pair.b), strict=True):
        of = _denominator(group, pair)
        short = shortfall(Size(group.n, group.events), limits, of)
        if short:
            return f"{side}: {short}"
    return None


def _denominator(group: GroupTally | RowGroup, pair: Pair) -> int | None:
    if isinstance(group, RowGroup):
        return group.figure(pair.metric).of
    return share_of(group, pair).of if is_share(pair.metric) else None


def _net_benefit(group: GroupTally, threshold: float) -> Pivot:
    if group.n == 0 or threshold >= 1.0:
        raise FitError("needs a threshold below 1" if group.n else "nobody in the group")
    value, interval = net_benefit_interval(confusion(group, threshold), threshold)
    # The normal error of the same width: that of the observed terms is 0 or far too small with few selected.
    return _usable(Pivot(value, (interval.high - interval.low) / (2.0 * normal_quantile())))


def _usable(found: Pivot | None) -> Pivot:
    if found is None:
        raise FitError("needs at least one event and one non-event")
    if not (math.isfinite(found.error) and found.error > 0.0):
        raise FitError("no variance can be estimated")
    return found


def _threshold(pair: Pair) -> float:
    if pair.threshold is None:
        raise SampleError(f"{pair.metric}: needs a threshold")
    return pair.threshold
