"""The claims of a monitoring plan, judged on mature outcomes at the level that this look may spend."""

from collections.abc import Sequence

import msgspec

from fairness.engine.tally import Tally
from fairness.errors import GroupError
from fairness.metric import Sufficiency
from fairness.monitor.labels import Tallied
from fairness.monitor.looks import Turn
from fairness.monitor.plan import MonitorPlan
from fairness.verdicts.claims import Audit, Claim, LevelClaim, Outcome
from fairness.verdicts.drafts import groups_of_claim
from fairness.verdicts.judge import judge


class Judgement(msgspec.Struct, frozen=True):
    """What a run says of the claims. `audit` is None where nothing was judged, and `why` says why.

    `not_judged` names the claims for which no group was left; with any, the outcome is never `pass`.
    """

    outcome: Outcome
    audit: Audit | None = None
    not_judged: tuple[str, ...] = ()
    why: str | None = None


def judged(counted: Tally, plan: MonitorPlan, turn: Turn, tallied: Tallied) -> Judgement:
    """Judge the plan's claims on a tally of mature predictions.

    Nothing is judged without a look to take, and while too few of the old predictions have an outcome: those
    who are followed up differ from those who are not.
    """
    if turn.look is None:
        return Judgement("insufficient evidence", why=turn.why)
    if too_few := coverage_problem(tallied, plan):
        return Judgement("insufficient evidence", why=too_few)
    claims, missing = _estimable(counted, plan.claims)
    if not claims:
        return Judgement("insufficient evidence", not_judged=missing, why="no claim has a group to judge")
    limits = Sufficiency(plan.min_n, plan.min_events)
    audit = judge(counted, claims, alpha=turn.look.alpha, limits=limits)
    outcome = "insufficient evidence" if missing and audit.outcome == "pass" else audit.outcome
    return Judgement(outcome, audit, missing)


def coverage_problem(tallied: Tallied, plan: MonitorPlan) -> str | None:
    """A sentence when too few of the old predictions have an outcome, None otherwise."""
    coverage = tallied.coverage
    if coverage is None or coverage >= plan.min_coverage:
        return None
    return f"an outcome is known for less than {plan.min_coverage:.0%} of the predictions that are old enough"


def _estimable(counted: Tally, claims: Sequence[Claim]) -> tuple[list[Claim], tuple[str, ...]]:
    """The claims as far as the tally has groups for them, and the names of the rest."""
    kept: list[Claim] = []
    missing: list[str] = []
    for claim in claims:
        crossings = claim.crossings if isinstance(claim, LevelClaim) else (claim.attributes,)
        present = tuple(one for one in crossings if _has_groups(counted, one, claim.leave_out))
        missing += [f"{claim.metric} by {' × '.join(one)}" for one in crossings if one not in present]
        if not present:
            continue
        is_level = isinstance(claim, LevelClaim)
        kept.append(msgspec.structs.replace(claim, crossings=present) if is_level else claim)
    return kept, tuple(missing)


def _has_groups(counted: Tally, attributes: tuple[str, ...], leave_out: tuple[str, ...]) -> bool:
    try:
        return bool(groups_of_claim(counted, attributes, leave_out))
    except GroupError:
        return False
