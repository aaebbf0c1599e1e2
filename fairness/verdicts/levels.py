"""A claim on the level of a figure, for one group."""

import math

import msgspec

from fairness.engine.agreement import Pivot, excess_events
from fairness.engine.estimates import Pair, estimate_of, normal_scale, standard_error
from fairness.engine.evaluate import group_figure
from fairness.engine.figures import Figure
from fairness.engine.rates import Share
from fairness.engine.row_sample import AREAS, RATIOS, RowGroup, base_name
from fairness.engine.strata import Group, attribute_name, value_name
from fairness.engine.tally import GroupTally
from fairness.errors import FitError
from fairness.verdicts.areas import deviation_at
from fairness.verdicts.claims import LevelClaim, Verdict
from fairness.verdicts.drafts import Draft, Rules, lacking
from fairness.verdicts.exact import lower_tail, one_sided, upper_tail
from fairness.verdicts.needed import to_decide


def level_draft(group: GroupTally | RowGroup, members: Group, claim: LevelClaim, rules: Rules) -> Draft:
    """The figure of one group against its limits: exact binomial tails for shares, normal ones for the
    rest."""
    found = _figure(group, claim, rules)
    start = Verdict(claim, attribute_name(members), value_name(members), group.n, group.events,
                    "insufficient evidence", found.value, found.low, found.high, why=found.why)  # fmt: skip
    if found.state != "ok" or found.value is None:
        return Draft(msgspec.structs.replace(start, needed=lacking(group, rules)))
    try:
        estimate = estimate_of(group, Pair(group, group, claim.metric, claim.threshold))
    except FitError as error:
        return Draft(msgspec.structs.replace(start, why=str(error)))
    low, high = claim.limits
    bounds = [(limit, sign) for limit, sign in ((low, 1.0), (high, -1.0)) if limit is not None]
    holds = [_beyond(group, estimate, claim.metric, limit, sign) for limit, sign in bounds]
    broken = [_beyond(group, estimate, claim.metric, limit, -sign) for limit, sign in bounds]
    distance, deviation = min(_distance(estimate, claim.metric, limit) for limit, _ in bounds)
    verdict = msgspec.structs.replace(
        start,
        p_pass=max(holds),
        p_fail=min(1.0, len(broken) * min(broken)),
        needed=to_decide(group.n, group.events, deviation, distance, rules.alpha),
    )
    outside = (low is not None and found.value < low) or (high is not None and found.value > high)
    return Draft(verdict, outside)


def _figure(group: GroupTally | RowGroup, claim: LevelClaim, rules: Rules) -> Figure:
    if isinstance(group, RowGroup):
        return group.figure(claim.metric, rules.limits)
    return group_figure(group, claim.metric, claim.threshold, limits=rules.limits)


def _beyond(
    group: GroupTally | RowGroup, estimate: Share | Pivot, metric: str, limit: float, sign: float
) -> float:
    """P value for "at most the limit" (sign 1) or "at least the limit" (sign -1)."""
    if isinstance(estimate, Share):
        tail = upper_tail if sign > 0 else lower_tail
        return tail(*estimate, min(1.0, max(0.0, limit)))
    if metric == "o_e" and not isinstance(group, RowGroup):
        excess = excess_events(group, limit)
        # Events are counted, so half an event is given away, as it is for shares.
        return one_sided((sign * excess.value - 0.5) / excess.error)
    value, bound = _on_scale(estimate, metric, limit)
    deviation = sign * (value.value - bound) / value.error
    if sign > 0 and estimate.sizes is not None and 0.0 < limit < 1.0:
        deviation = min(deviation, deviation_at(estimate, limit))
    return one_sided(deviation)


def _distance(estimate: Share | Pivot, metric: str, limit: float) -> tuple[float, float]:
    """How far the estimate is from the limit, and its standard error, on one scale."""
    if isinstance(estimate, Share):
        return abs(estimate.hits / estimate.of - limit), standard_error(estimate)
    value, bound = _on_scale(estimate, metric, limit)
    return abs(value.value - bound), value.error


def _on_scale(estimate: Pivot, metric: str, limit: float) -> tuple[Pivot, float]:
    """Estimate and limit where the estimate is closest to normal: log odds of an area, log of O/E."""
    if base_name(metric) in AREAS:
        return normal_scale(metric, estimate), _log_odds(limit)
    if base_name(metric) in RATIOS:
        return estimate, math.log(limit) if limit > 0.0 else -math.inf
    return estimate, limit


def _log_odds(share: float) -> float:
    if share <= 0.0 or share >= 1.0:
        return math.copysign(math.inf, share - 0.5)
    return math.log(share / (1.0 - share))
