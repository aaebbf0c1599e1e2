"""All claims of an audit, judged together."""

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from fairness.engine.evaluate import METRICS
from fairness.engine.row_sample import RowSample
from fairness.engine.tally import Tally
from fairness.errors import SampleError
from fairness.metric import DEFAULT_SUFFICIENCY, Sufficiency
from fairness.verdicts.claims import Audit, Claim, LevelClaim, Outcome, SpreadClaim, Verdict
from fairness.verdicts.drafts import Draft, Rules, groups_of_claim
from fairness.verdicts.gaps import gap_draft, spread_draft
from fairness.verdicts.levels import level_draft
from fairness.verdicts.multiplicity import benjamini_hochberg, holm
from fairness.verdicts.spread import DEFAULT_DRAWS

Purpose = Literal["gate", "screen"]


def judge(
    tally: Tally | RowSample,
    claims: Sequence[Claim],
    *,
    alpha: float = 0.05,
    purpose: Purpose = "gate",
    limits: Sufficiency = DEFAULT_SUFFICIENCY,
    draws: int = DEFAULT_DRAWS,
    seed: int = 0,
    silence: RowSample | None = None,
) -> Audit:
    """Pass, fail or insufficient evidence for every claim and group.

    "Fail" p values are adjusted over the whole audit: Holm for a gate (the chance of any false alarm is at
    most `alpha`), Benjamini-Hochberg for screening. "Pass" needs no adjustment: the audit passes only when
    every verdict does, and that is an intersection-union test of level `alpha`. For repeated looks at growing
    data, `alpha` is that of the look (`plan_looks`). `draws` and `seed` drive the null distribution of
    spreads. Claims on shares of people who got no answer are judged on `silence`.

    Raises `SampleError` for alpha outside (0, 0.5), no claims, or a threshold that is not an edge of the
    tally's grid, and `GroupError` for an attribute that was not tallied.
    """
    if not 0.0 < alpha < 0.5:
        raise SampleError(f"alpha: {alpha} is not between 0 and 0.5")
    if not claims:
        raise SampleError("claims: an audit without a claim has nothing to say")
    sides = [(silence if silence and claim.metric in silence.outcome.names else tally) for claim in claims]
    for people, claim in zip(sides, claims, strict=True):
        check_claims(people, [claim])
    rules = Rules(alpha, limits, draws, seed)
    found = [
        draft for people, claim in zip(sides, claims, strict=True) for draft in _drafts(people, claim, rules)
    ]
    adjust = holm if purpose == "gate" else benjamini_hochberg
    tested = [draft.verdict.p_fail for draft in found if draft.verdict.p_fail is not None]
    adjusted = iter(adjust(tested))
    verdicts = tuple(
        _settled(draft, None if draft.verdict.p_fail is None else next(adjusted), alpha) for draft in found
    )
    left_out = tuple(sorted({value for claim in claims for value in claim.leave_out}))
    name: Literal["holm", "benjamini-hochberg"] = "holm" if purpose == "gate" else "benjamini-hochberg"
    return Audit(overall(verdicts), verdicts, alpha, name, left_out)


def check_claims(tally: Tally | RowSample, claims: Sequence[Claim]) -> None:
    """Raise `SampleError` for a claim on a figure that this kind of outcome does not have."""
    for claim in claims:
        known = tally.outcome.names if isinstance(tally, RowSample) else METRICS
        if claim.metric not in known:
            raise SampleError(f"claim: metric {claim.metric!r} is not one of {', '.join(known)}")
        if isinstance(tally, RowSample):
            if claim.threshold is not None:
                raise SampleError(f"claim: {claim.metric} has no threshold for this kind of outcome")
        elif claim.metric == "accuracy" and claim.threshold is None:
            raise SampleError("claim: accuracy needs a threshold")


def overall(verdicts: Sequence[Verdict]) -> Outcome:
    """`fail` when one fails; `pass` when there is one and all pass; `insufficient evidence` otherwise."""
    outcomes = {verdict.outcome for verdict in verdicts}
    if "fail" in outcomes:
        return "fail"
    return "pass" if outcomes == {"pass"} else "insufficient evidence"


def _drafts(tally: Tally | RowSample, claim: Claim, rules: Rules) -> Iterator[Draft]:
    """One draft per group of the claim, for a spread one in all."""
    if isinstance(claim, SpreadClaim):
        yield spread_draft(tally, claim, rules)
        return
    crossings = claim.crossings if isinstance(claim, LevelClaim) else (claim.attributes,)
    for attributes in crossings:
        for members in groups_of_claim(tally, attributes, claim.leave_out):
            if isinstance(claim, LevelClaim):
                yield level_draft(tally.of(members), members, claim, rules)
            else:
                yield gap_draft(tally, members, claim, rules)


def _settled(draft: Draft, adjusted: float | None, alpha: float) -> Verdict:
    verdict = draft.verdict
    outcome: Outcome = "insufficient evidence"
    if draft.outside and adjusted is not None and adjusted <= alpha:
        outcome = "fail"
    elif verdict.p_pass is not None and verdict.p_pass <= alpha and not draft.outside:
        outcome = "pass"
    undecided = outcome == "insufficient evidence"
    why = verdict.why or ("neither shown to hold nor shown not to hold" if undecided else None)
    return msgspec.structs.replace(
        verdict,
        outcome=outcome,
        p_fail_adjusted=adjusted,
        why=why,
        needed=verdict.needed if undecided else None,
    )
