"""Rows of verdicts: on the claims of the plan or, without claims, on the largest gap of each attribute."""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from fairness.engine import Group, Tally, attribute_name, value_name
from fairness.engine.contrasts import thresholds_of
from fairness.engine.estimates import SILENCE, scale_of
from fairness.engine.row_sample import RowSample, base_name
from fairness.errors import GroupError
from fairness.report.marginal import marginal
from fairness.report.model import NeededRow, VerdictOutcome, VerdictRow
from fairness.report.names import attribute_title, group_label
from fairness.report.plan import Plan
from fairness.report.shown import TOO_FEW, WITHHELD, Shown
from fairness.report.wording import NO_CLAIM, claim_sentence
from fairness.verdicts import Claim, GapClaim, LevelClaim, Outcome, SpreadClaim, Verdict, judge

# Not the net benefit: it differs with the share of events, also between groups treated alike.
SCREENED = ("auroc", "o_e", "calibration_slope", "sensitivity", "specificity")
SCREENED_BY_ROWS = ("survival_auc", "survival_o_e", "auroc", "o_e", "bias", "mae", "interval_coverage",
                    "accuracy", "level_bias", "level_error", "abstained_rate", "unmatured_rate",
                    "no_card_rate")  # fmt: skip
Kind = Literal["level", "gap", "spread", "screen"]
# No gap is this small: the claim is equality, which data can refute and never show.
_NO_MARGIN = 1e-12


class Judged(NamedTuple):
    """The verdicts; what the claims come to is None where nothing was claimed."""

    rows: tuple[VerdictRow, ...]
    adjustment: str = "none"
    outcome: Outcome | None = None
    left_out: tuple[str, ...] = ()


def judged(tally: Tally | RowSample, plan: Plan, shown: Shown, silence: RowSample | None = None) -> Judged:
    """Verdicts of the plan's claims, adjusted for each other; those on who got no answer over `silence`."""
    wanted = {name for claim in plan.claims for crossing in _crossings(claim) for name in crossing}
    unknown = sorted(wanted - set(tally.attributes))
    if unknown:
        raise GroupError(f"claim: {unknown[0]!r} has no column; there are {', '.join(tally.attributes)}")
    people = marginal(tally, wanted)
    audit = judge(
        people, plan.claims, alpha=plan.alpha, purpose=plan.purpose, limits=plan.limits, seed=plan.seed,
        silence=None if silence is None else marginal(silence, wanted),
    )  # fmt: skip
    rows = tuple(_row(people, one, shown, is_screen=False) for one in audit.verdicts)
    return Judged(rows, audit.adjustment, audit.outcome, audit.left_out)


def screened(tally: Tally | RowSample, plan: Plan, shown: Shown, silence: RowSample | None = None) -> Judged:
    """Where nothing is claimed: each attribute's largest gaps against those of equal groups, adjusted over
    the metrics of an attribute (Benjamini-Hochberg)."""
    rows: list[VerdictRow] = []
    for attribute in tally.attributes:
        people = marginal(tally, [attribute])
        unheard = None if silence is None else marginal(silence, [attribute])
        claims = tuple(_equalities(people, attribute, shown))
        claims += tuple(_equalities(unheard, attribute, shown)) if unheard is not None else ()
        if claims:
            audit = judge(
                people, claims, alpha=plan.alpha, purpose="screen", limits=plan.limits, seed=plan.seed,
                silence=unheard,
            )  # fmt: skip
            rows += [_row(people, one, shown, is_screen=True) for one in audit.verdicts]
    return Judged(tuple(rows), "benjamini-hochberg" if rows else "none")


def screened_names(people: Tally | RowSample) -> tuple[str, ...]:
    """The figures whose largest gaps are looked at where nothing is claimed."""
    if not isinstance(people, RowSample):
        return SCREENED
    names = [name for name in people.outcome.names if base_name(name) in SCREENED_BY_ROWS]
    # Where everybody got an answer there is no gap to look for.
    return tuple(name for name in names if name not in SILENCE or people.of(()).figure(name).value)


def _equalities(people: Tally | RowSample, attribute: str, shown: Shown) -> Iterator[SpreadClaim]:
    """One claim of equality per metric, over the groups that are told."""
    groups = people.groups()[1:]
    for metric in screened_names(people):
        for threshold in thresholds_of(metric, people):
            withheld = [group for group in groups if not shown.metric(metric, threshold, group)]
            if len(groups) - len(withheld) > 1:
                yield SpreadClaim(
                    metric=metric,
                    threshold=threshold,
                    attributes=(attribute,),
                    margin=(1.0 if scale_of(metric) == "ratio" else 0.0) + _NO_MARGIN,
                    leave_out=tuple(group[0].value for group in withheld),
                )


def _crossings(claim: Claim) -> tuple[tuple[str, ...], ...]:
    return claim.crossings if isinstance(claim, LevelClaim) else (claim.attributes,)


def _row(tally: Tally | RowSample, verdict: Verdict, shown: Shown, is_screen: bool) -> VerdictRow:
    claim = verdict.claim
    groups = _groups(tally, verdict)
    is_told = all(_tells(shown, verdict, group) for group in groups)
    outcome: VerdictOutcome = verdict.outcome
    if is_screen and outcome == "fail":
        outcome = "beyond chance"
    label = attribute_title(claim.attributes) if isinstance(claim, SpreadClaim) else group_label(groups[0])
    return VerdictRow(
        kind="screen" if is_screen else _kind(verdict),
        claim=NO_CLAIM if is_screen else claim_sentence(claim),
        metric=claim.metric,
        threshold=claim.threshold,
        attribute=verdict.attribute,
        value=verdict.value,
        label=label,
        outcome=outcome,
        **_figures(verdict if is_told else None, is_screen),
        state="ok" if is_told else "masked",
        why=shown.why(verdict.why, groups) if is_told else WITHHELD,
        needed=None if is_screen else _needed(verdict, label, is_told),
    )


def _figures(verdict: Verdict | None, is_screen: bool) -> dict[str, float | None]:
    names = {"estimate": "estimate", "low": "low", "high": "high", "p_pass": "p_pass", "p_fail": "p_fail",
             "p_adjusted": "p_fail_adjusted", "expected_gap": "expected_gap", "gap_95": "gap_95"}  # fmt: skip
    found = {name: getattr(verdict, field, None) for name, field in names.items()}
    return found | {"p_pass": None} if is_screen else found


def _needed(verdict: Verdict, label: str, is_told: bool) -> NeededRow | None:
    if verdict.needed is None:
        return None
    return NeededRow(
        attribute=verdict.attribute,
        value=verdict.value,
        label=label,
        patients=verdict.needed.patients if is_told else None,
        events=verdict.needed.events if is_told else None,
        state="ok" if is_told else "masked",
        why=verdict.needed.why if is_told else TOO_FEW,
    )


def _kind(verdict: Verdict) -> Kind:
    if isinstance(verdict.claim, LevelClaim):
        return "level"
    return "gap" if isinstance(verdict.claim, GapClaim) else "spread"


def _groups(tally: Tally | RowSample, verdict: Verdict) -> Sequence[Group]:
    """The groups that a verdict rests on."""
    claim = verdict.claim
    if isinstance(claim, SpreadClaim):
        crossing = claim.attributes
        return [
            group
            for group in dict.fromkeys(tally.groups([crossing]))
            if tuple(one.attribute for one in group) == crossing
            and not any(one.value in claim.leave_out for one in group)
        ]
    wanted = (verdict.attribute, verdict.value)
    crossings = _crossings(claim)
    found = dict.fromkeys(tally.groups([one for one in crossings if one]))
    return [group for group in found if _names(group) == wanted][:1]


def _names(group: Group) -> tuple[str, str]:
    return attribute_name(group), value_name(group)


def _tells(shown: Shown, verdict: Verdict, group: Group) -> bool:
    claim = verdict.claim
    tells = shown.gap if isinstance(claim, GapClaim) else shown.metric
    return tells(claim.metric, claim.threshold, group)
