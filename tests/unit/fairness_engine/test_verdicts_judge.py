"""Verdicts on claims: pass, fail, insufficient evidence."""

import msgspec
import numpy as np
import pytest
from engine_samples import people

from fairness.engine import ScoreGrid, Tally, evaluate, tally
from fairness.errors import GroupError, SampleError
from fairness.simulation.scenarios import labels, ratios
from fairness.verdicts import Audit, Claim, GapClaim, LevelClaim, SpreadClaim, judge, shrunken

BY = ("group",)
SENSITIVITY = {"metric": "sensitivity", "threshold": 0.5}


def equal_groups() -> Tally:
    """Two groups of 3,000 with a sensitivity of 0.8."""
    return labels(np.random.default_rng(1), (3000, 3000), (0.8, 0.8)).tally((0.5,))


def unequal_groups() -> Tally:
    """The second group has a sensitivity of 0.5."""
    return labels(np.random.default_rng(2), (1500, 800), (0.8, 0.5)).tally((0.5,))


def with_a_tiny_group() -> Tally:
    """Two large equal groups and one of 20."""
    return labels(np.random.default_rng(3), (3000, 3000, 20), (0.8, 0.8, 0.8)).tally((0.5,))


def outcomes(audit: Audit) -> dict[str, str]:
    """Outcome by group."""
    return {verdict.value: verdict.outcome for verdict in audit.verdicts}


def test_equivalent_groups_pass() -> None:
    """Enough people and no gap: shown to be inside the margin."""
    audit = judge(equal_groups(), [GapClaim(**SENSITIVITY, attributes=BY, margin=0.1)])
    assert (audit.outcome, outcomes(audit)) == ("pass", {"g0": "pass", "g1": "pass"})


def test_different_groups_fail() -> None:
    """A gap of 0.3 is larger than the margin, and equality is rejected."""
    audit = judge(unequal_groups(), [GapClaim(**SENSITIVITY, attributes=BY, margin=0.1)])
    assert (audit.outcome, outcomes(audit)) == ("fail", {"g0": "fail", "g1": "fail"})


def test_an_audit_with_an_unestimable_group_cannot_pass() -> None:
    """Two groups pass, one of 20 people cannot be judged: the whole is insufficient evidence."""
    audit = judge(with_a_tiny_group(), [GapClaim(**SENSITIVITY, attributes=BY, margin=0.1)])
    assert outcomes(audit) == {"g0": "pass", "g1": "pass", "g2": "insufficient evidence"}
    assert audit.outcome == "insufficient evidence"


def test_an_undecided_group_says_how_many_more_it_takes() -> None:
    """What is missing is named in patients and events."""
    audit = judge(with_a_tiny_group(), [GapClaim(**SENSITIVITY, attributes=BY, margin=0.1)])
    needed = audit.verdicts[2].needed
    assert needed.patients >= 10
    assert needed.events > 0


def test_a_spread_with_an_unestimable_group_cannot_pass() -> None:
    """The largest gap of those that can be judged is not the largest gap."""
    audit = judge(with_a_tiny_group(), [SpreadClaim(**SENSITIVITY, attributes=BY, margin=0.2)])
    assert audit.outcome == "insufficient evidence"
    assert "g2" in audit.verdicts[0].why


def test_groups_left_out_are_named() -> None:
    """Leaving a group out is possible, and on record."""
    claim = SpreadClaim(**SENSITIVITY, attributes=BY, margin=0.2, leave_out=("g2",))
    audit = judge(with_a_tiny_group(), [claim])
    assert (audit.outcome, audit.left_out) == ("pass", ("g2",))


def test_a_spread_comes_with_its_distribution_under_equality() -> None:
    """A gap of 0.3 stands beside what equal groups of that size would show."""
    verdict = judge(unequal_groups(), [SpreadClaim(**SENSITIVITY, attributes=BY, margin=0.1)]).verdicts[0]
    assert verdict.outcome == "fail"
    assert 0.0 < verdict.expected_gap < verdict.gap_95 < 0.1 < verdict.estimate


def test_a_large_gap_of_small_groups_is_not_a_fail() -> None:
    """Equal groups of 60 show gaps beyond the margin by chance; chance is not a fail."""
    counts = labels(np.random.default_rng(4), (60, 60, 60, 60), (0.7,) * 4).tally((0.5,))
    verdict = judge(counts, [SpreadClaim(**SENSITIVITY, attributes=BY, margin=0.05)]).verdicts[0]
    assert verdict.estimate > 0.05
    assert verdict.outcome == "insufficient evidence"


@pytest.mark.parametrize(
    ("factor", "outcome"), [(1.0, "pass"), (1.6, "fail"), (1.22, "insufficient evidence")]
)
def test_levels_have_three_outcomes(factor: float, outcome: str) -> None:
    """O/E within 0.8 and 1.25: shown to hold, shown not to, and neither near the limit."""
    counts = ratios(np.random.default_rng(5), (2500,), (factor,)).tally()
    audit = judge(counts, [LevelClaim(metric="o_e", between=(0.8, 1.25), crossings=(BY,))])
    assert audit.outcome == outcome


@pytest.mark.parametrize("metric", ["auroc", "brier", "calibration_intercept", "calibration_slope", "o_e"])
def test_every_score_metric_can_be_claimed(metric: str) -> None:
    """Gaps of all metrics are judged; with groups drawn alike none fails."""
    claim = GapClaim(metric=metric, attributes=("sex",), margin=1.5 if metric == "o_e" else 0.3)
    audit = judge(people(6000).tally(), [claim])
    assert "fail" not in outcomes(audit).values()


def test_beyond_margin_asks_for_more_than_inequality() -> None:
    """A gap that is surely not 0, but perhaps not above the margin, fails the one rule and not the other."""
    counts = labels(np.random.default_rng(6), (1500, 1500), (0.8, 0.68)).tally((0.5,))
    claims = [
        GapClaim(**SENSITIVITY, attributes=BY, margin=0.1, fails=rule)
        for rule in ("unequal", "beyond-margin")
    ]
    assert [judge(counts, [claim]).outcome for claim in claims] == ["fail", "insufficient evidence"]


def test_intersections_are_claimed_like_groups() -> None:
    """A crossing of two attributes has a verdict for each intersection."""
    audit = judge(people(6000).tally(), [GapClaim(metric="auroc", attributes=("sex", "race"), margin=0.2)])
    assert {verdict.attribute for verdict in audit.verdicts} == {"sex × race"}
    assert "female × white" in outcomes(audit)


def test_more_claims_make_each_harder_to_fail() -> None:
    """Holm adjusts over the audit: the same p value counts for less beside others."""
    claim = GapClaim(**SENSITIVITY, attributes=BY, margin=0.1)
    alone = judge(unequal_groups(), [claim]).verdicts[0]
    beside = judge(unequal_groups(), [claim, LevelClaim(metric="o_e", at_least=0.1)]).verdicts[0]
    assert beside.p_fail == alone.p_fail
    assert beside.p_fail_adjusted > alone.p_fail_adjusted


def test_screening_uses_benjamini_hochberg() -> None:
    """The adjustment is on record."""
    audit = judge(equal_groups(), [LevelClaim(metric="o_e", at_least=0.1)], purpose="screen")
    assert audit.adjustment == "benjamini-hochberg"


def test_a_group_without_events_is_insufficient_evidence() -> None:
    """No events: the claim on sensitivity is neither true nor false."""
    y = [0] * 200 + [0, 1] * 200
    counts = tally(y, [0.25, 0.75] * 300, {"group": ["a"] * 200 + ["b"] * 400}, ScoreGrid(thresholds=(0.5,)))
    audit = judge(counts, [LevelClaim(**SENSITIVITY, at_least=0.5, crossings=(BY,))])
    assert outcomes(audit)["a"] == "insufficient evidence"


def test_audits_read_back_equal() -> None:
    """An audit is a record: stored as JSON and read back, claims included."""
    claims: list[Claim] = [
        SpreadClaim(**SENSITIVITY, attributes=BY, margin=0.1),
        LevelClaim(metric="o_e", at_least=0.5),
    ]
    audit = judge(unequal_groups(), claims)
    assert msgspec.json.decode(msgspec.json.encode(audit), type=Audit) == audit


def test_audits_are_reproducible() -> None:
    """The same counts, claims and seed give the same bytes."""
    claims = [SpreadClaim(**SENSITIVITY, attributes=BY, margin=0.1)]
    first, second = (msgspec.json.encode(judge(unequal_groups(), claims, seed=3)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (lambda: GapClaim(metric="f1", attributes=BY, margin=0.1), "metric 'f1' is not one of"),
        (lambda: GapClaim(metric="auroc", attributes=BY, margin=0.0), "margin of auroc must be above 0"),
        (lambda: GapClaim(metric="o_e", attributes=BY, margin=0.9), "margin of o_e must be above 1"),
        (lambda: GapClaim(metric="sensitivity", attributes=BY, margin=0.1), "sensitivity needs a threshold"),
        (lambda: LevelClaim(metric="auroc", threshold=0.2, at_least=0.7), "auroc has no threshold"),
        (lambda: LevelClaim(metric="auroc"), "exactly one of"),
        (lambda: LevelClaim(metric="o_e", between=(1.2, 0.8)), "lower and a higher"),
    ],
)
def test_claims_that_are_none_are_refused(make: object, names: str) -> None:
    """A policy with an unknown metric, an impossible margin or no limit says so when it is read."""
    with pytest.raises(SampleError, match=names):
        make()


def test_unknown_attributes_and_thresholds_are_refused() -> None:
    """A claim on a group or threshold that was not counted is an error and not an empty audit."""
    with pytest.raises(GroupError, match="'race' has no column"):
        judge(equal_groups(), [GapClaim(metric="auroc", attributes=("race",), margin=0.1)])
    with pytest.raises(SampleError, match="not an edge"):
        judge(equal_groups(), [LevelClaim(metric="sensitivity", threshold=0.123, at_least=0.5)])


def test_an_audit_without_claims_is_refused() -> None:
    """No claim, no verdict, and above all no pass."""
    with pytest.raises(SampleError, match="without a claim"):
        judge(equal_groups(), [])


@pytest.mark.parametrize(("metric", "threshold"), [("sensitivity", 0.25), ("auroc", None), ("o_e", None)])
def test_intersections_stand_raw_and_shrunken(metric: str, threshold: float | None) -> None:
    """Every intersection keeps its raw figure; beside it one that lies between it and the others."""
    counts = people(2000).tally()
    found = shrunken(counts, metric, ("sex", "race"), threshold=threshold)
    raw = evaluate(counts, metrics=(metric,), crossings=[("sex", "race")])
    with_both = [figure for figure in found if figure.value is not None]
    assert len(with_both) >= 6
    for figure in with_both:
        own = raw.group(figure.attribute, figure.group).metric(metric, threshold)
        assert figure.raw == pytest.approx(own.value, rel=1e-9)
        assert figure.low < figure.value < figure.high
    values = [figure.value for figure in with_both]
    assert np.ptp(values) < np.ptp([figure.raw for figure in with_both])


def test_an_undefined_intersection_is_not_shrunken_into_a_value() -> None:
    """A group without events has no sensitivity, whatever the others have."""
    y = [0] * 50 + [0, 1] * 100
    groups = {"group": ["a"] * 50 + ["b"] * 100 + ["c"] * 100}
    counts = tally(y, [0.25, 0.75] * 125, groups, ScoreGrid(thresholds=(0.5,)))
    found = shrunken(counts, "sensitivity", BY, threshold=0.5)[0]
    assert (found.raw, found.value, found.why) == (None, None, "nobody in the denominator")
