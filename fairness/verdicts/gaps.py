"""A claim on a gap: one group against everybody else, or the largest gap of all groups."""

import itertools
import math
from collections.abc import Mapping

import msgspec
import numpy as np

from fairness.engine.agreement import Pivot
from fairness.engine.bootstrap import confusion_cells
from fairness.engine.contrasts import difference_of
from fairness.engine.estimates import (
    Pair,
    Pivots,
    Shares,
    Sides,
    estimate_of,
    is_share,
    normal_scale,
    paired,
    scale_of,
    sides_of,
    standard_error,
)
from fairness.engine.figures import Size, shortfall
from fairness.engine.rates import RATES, Confusion, Share
from fairness.engine.row_sample import RowGroup, RowSample
from fairness.engine.strata import Group, attribute_name, value_name
from fairness.engine.tally import GroupTally, Tally
from fairness.errors import FitError
from fairness.verdicts import equivalence, exact
from fairness.verdicts.claims import GapClaim, SpreadClaim, Verdict
from fairness.verdicts.drafts import Draft, Rules, groups_of_claim, lacking
from fairness.verdicts.needed import Needed, to_decide, to_equivalence
from fairness.verdicts.spread import Spread, spread_of_pivots, spread_of_shares


def gap_draft(tally: Tally | RowSample, members: Group, claim: GapClaim, rules: Rules) -> Draft:
    """One group against everybody else."""
    group = tally.of(members)
    pair = Pair(group, tally.rest_of(members), claim.metric, claim.threshold)
    start = Verdict(claim, attribute_name(members), value_name(members), group.n, group.events,
                    "insufficient evidence")  # fmt: skip
    needed = lacking(min(pair.a, pair.b, key=lambda side: side.n), rules)
    try:
        sides = sides_of(pair)
    except FitError as error:
        return Draft(msgspec.structs.replace(start, why=str(error), needed=needed))
    gap = difference_of(sides, pair, members, limits=rules.limits)
    start = msgspec.structs.replace(start, estimate=gap.value, low=gap.low, high=gap.high, why=gap.why)
    if gap.state != "ok":
        return Draft(msgspec.structs.replace(start, needed=needed))
    reach = equivalence.reach_of(claim.metric, claim.margin)
    p_fail = (
        equal(claim.metric, sides)
        if claim.fails == "unequal"
        else equivalence.beyond(sides, reach, claim.metric)
    )
    verdict = msgspec.structs.replace(
        start,
        p_pass=equivalence.within(sides, reach, claim.metric),
        p_fail=p_fail,
        needed=_for_gap(group, sides, reach, rules.alpha),
    )
    return Draft(verdict, _size(sides) > reach)


def equal(metric: str, sides: Sides) -> float:
    """Two-sided p value for no gap: exact for shares, normal for the rest (of the log odds of an area)."""
    if isinstance(sides, Shares):
        return exact.equal_shares(*sides.a, *sides.b)
    gap = Pivots(normal_scale(metric, sides.a), normal_scale(metric, sides.b)).gap
    return exact.two_sided(gap.value / gap.error)


def _size(sides: Sides) -> float:
    return abs(sides.gap if isinstance(sides, Shares) else sides.gap.value)


def _for_gap(group: GroupTally | RowGroup, sides: Sides, reach: float, alpha: float) -> Needed:
    distance = _size(sides)
    own, others = standard_error(sides.a), standard_error(sides.b)
    if distance < reach:
        return to_equivalence(group.n, group.events, own, others, reach, alpha)
    return to_decide(group.n, group.events, math.hypot(own, others), distance, alpha)


def spread_draft(tally: Tally | RowSample, claim: SpreadClaim, rules: Rules) -> Draft:
    """All groups of the attributes at once.

    Groups too small to count are left out of the figure and named; with one of them the claim cannot pass.
    """
    people = {m: tally.of(m) for m in groups_of_claim(tally, claim.attributes, claim.leave_out)}
    estimates, small = _estimates(people, claim, rules)
    n = sum(group.n for group in people.values())
    counted = [group.events for group in people.values()]
    events = None if None in counted else sum(count or 0 for count in counted)
    start = Verdict(claim, " × ".join(claim.attributes), "largest gap", n, events, "insufficient evidence",
                    why="; ".join(f"{value_name(m)}: {why}" for m, why in small.items()) or None,
                    needed=_largest([lacking(people[m], rules) for m in small]))  # fmt: skip
    if len(estimates) < 2:
        return Draft(msgspec.structs.replace(start, why=start.why or "fewer than two groups"))
    spread = _spread(tally, claim, estimates, rules)
    reach = equivalence.reach_of(claim.metric, claim.margin)
    compared = {(a, b): paired(estimates[a], estimates[b]) for a, b in itertools.combinations(estimates, 2)}
    shown = {names: equivalence.within(sides, reach, claim.metric) for names, sides in compared.items()}
    last = max(shown, key=shown.__getitem__)
    figures = [math.exp(x) if scale_of(claim.metric) == "ratio" else x for x in spread[:3]]
    verdict = msgspec.structs.replace(
        start,
        estimate=figures[0],
        expected_gap=figures[1],
        gap_95=figures[2],
        p_pass=None if small else shown[last],
        p_fail=spread.p,
        needed=start.needed or _for_gap(people[last[0]], compared[last], reach, rules.alpha),
    )
    return Draft(verdict, spread.value > reach)


def _estimates(
    people: Mapping[Group, GroupTally | RowGroup], claim: SpreadClaim, rules: Rules
) -> tuple[dict[Group, Share | Pivot], dict[Group, str]]:
    """What each group has to say, and why the others have nothing."""
    found: dict[Group, Share | Pivot] = {}
    small: dict[Group, str] = {}
    for members, group in people.items():
        try:
            estimate = estimate_of(group, Pair(group, group, claim.metric, claim.threshold))
        except FitError as error:
            small[members] = str(error)
            continue
        of = estimate.of if isinstance(estimate, Share) else None
        short = shortfall(Size(group.n, group.events), rules.limits, of)
        if short:
            small[members] = short
        else:
            found[members] = estimate
    return found, small


def _spread(
    tally: Tally | RowSample, claim: SpreadClaim, estimates: dict[Group, Share | Pivot], rules: Rules
) -> Spread:
    if not is_share(claim.metric):
        pivots = [estimate for estimate in estimates.values() if isinstance(estimate, Pivot)]
        shown = spread_of_pivots(pivots, draws=rules.draws, seed=rules.seed)
        tested = [normal_scale(claim.metric, pivot) for pivot in pivots]
        return shown._replace(p=spread_of_pivots(tested, draws=rules.draws, seed=rules.seed).p)
    inside = np.array([tally.inside(members) for members in estimates])
    used = np.asarray(inside.any(axis=0))
    if isinstance(tally, RowSample):
        rows = tally.shares(claim.metric, used)
        return spread_of_shares(rows, inside[:, used], draws=rules.draws, seed=rules.seed)
    # Prevalence needs no threshold: at 0 everybody is selected, and the cells still hold all events.
    cells = [Confusion(*row) for row in confusion_cells(tally, claim.threshold or 0.0)[used].tolist()]
    strata = [
        Share(cell.tp + cell.fn, cell.n) if claim.metric == "prevalence" else RATES[claim.metric][0](cell)
        for cell in cells
    ]
    return spread_of_shares(strata, inside[:, used], draws=rules.draws, seed=rules.seed)


def _largest(needs: list[Needed | None]) -> Needed | None:
    return max((need for need in needs if need), key=lambda need: need.patients or 0, default=None)
