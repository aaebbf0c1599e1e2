"""Reports: what they hold for groups that are told, and what they keep for the others."""

import msgspec
import numpy as np
import pytest
from report_samples import ABOUT, people, report

from fairness.engine import ScoreGrid, differences, evaluate, tally
from fairness.errors import GroupError
from fairness.report.build import build
from fairness.report.csv_view import to_csv
from fairness.report.json_view import to_json
from fairness.report.measure import to_measure
from fairness.report.model import GroupRow, MetricRow
from fairness.report.plan import Plan
from fairness.verdicts import GapClaim, LevelClaim, SpreadClaim

CROSSED = Plan(crossings=(("sex", "race"),))
EASY = (LevelClaim(metric="auroc", at_least=0.55, crossings=((), ("sex",))),)


def two_worlds(islanders: int, plan: Plan) -> tuple[bytes, bytes, bytes]:
    """All text views of a report on 3,000 people of whom 14 are in two small groups, split as asked."""
    rng = np.random.default_rng(3)
    p = rng.beta(2.0, 6.0, 3000)
    y = rng.random(3000) < p
    race = np.array(["asian", "white"])[rng.integers(0, 2, 3000)].astype(object)
    race[:14] = "native"
    race[:islanders] = "islander"
    sex = np.array(["female", "male"])[rng.integers(0, 2, 3000)]
    grid = ScoreGrid(thresholds=(0.3,))
    found = build(tally(y, p, {"sex": sex, "race": race.tolist()}, grid), ABOUT, plan).report
    return to_json(found), to_csv(found).encode(), to_measure(found)


@pytest.mark.parametrize("plan", [
    Plan(),
    CROSSED,
    Plan(claims=(GapClaim(metric="auroc", attributes=("race",), margin=0.2),)),
    Plan(claims=(SpreadClaim(metric="sensitivity", threshold=0.3, attributes=("race",), margin=0.2),)),
    Plan(claims=(LevelClaim(metric="o_e", between=(0.5, 2.0), crossings=(("race",), ("sex", "race"))),)),
])  # fmt: skip
def test_counts_that_are_withheld_do_not_change_a_single_byte(plan: Plan) -> None:
    """Moving people between two withheld groups leaves every view as it is."""
    assert two_worlds(6, plan) == two_worlds(9, plan)


def test_a_told_figure_is_that_of_the_engine() -> None:
    """Value, limits and counts of a group that is told are those of `evaluate`."""
    counts = people()
    theirs = evaluate(counts).group("sex", "female")
    ours = report(counts).group("sex", "female")
    assert (ours.n, ours.events, ours.state) == (theirs.n, theirs.events, "ok")
    for mine, figure in zip(ours.metrics, theirs.metrics, strict=True):
        assert (mine.name, mine.threshold, mine.value, mine.low, mine.high) == (
            figure.name, figure.threshold, figure.value, figure.low, figure.high,
        )  # fmt: skip


def test_a_small_group_is_masked_whole() -> None:
    """A group of four people has no count, no figure and a reason."""
    row = report().group("race", "islander")
    assert (row.n, row.events, row.state) == (None, None, "masked")
    assert all(figures(metric) == (None, None, None) for metric in row.metrics)
    assert all(metric.state == "masked" and metric.why for metric in row.metrics)


def figures(metric: MetricRow) -> tuple[float | None, ...]:
    """Value and limits."""
    return metric.value, metric.low, metric.high


def test_another_group_is_masked_with_the_small_one() -> None:
    """The small group cannot be had by taking the others from everybody."""
    rows = [row for row in report().groups if row.attribute == "race"]
    assert sum(row.n is None for row in rows) >= 2


def test_groups_that_are_masked_have_no_curve() -> None:
    """Curves are drawn only for groups whose people, events and non-events are told."""
    found = report()
    told = {(row.attribute, row.value) for row in found.groups if row.events is not None}
    assert {(curve.attribute, curve.value) for curve in found.curves} == told


def test_the_gap_of_a_masked_group_is_masked() -> None:
    """A gap would give the figure of a masked group away."""
    gaps = [gap for gap in report().gaps if gap.value == "islander"]
    assert gaps
    assert all(gap.state == "masked" and gap.gap is None for gap in gaps)


def test_a_told_gap_is_that_of_the_engine() -> None:
    """The gap of a group that is told is that of `differences`."""
    counts = people(small=0)
    theirs = differences(counts)
    ours = report(counts).gaps
    assert [(gap.metric, gap.value, gap.gap) for gap in ours] == [
        (one.metric, one.group, one.value) for one in theirs
    ]


def test_a_report_with_an_unestimable_group_does_not_pass() -> None:
    """Every claim passes, a group is too small to be estimated: the outcome is insufficient evidence."""
    found = report(plan=Plan(claims=EASY))
    assert {row.outcome for row in found.verdicts} == {"pass"}
    assert "race: islander" in found.unestimable
    assert found.outcome == "insufficient evidence"


def test_a_report_passes_when_every_claim_does_and_every_group_can_be_estimated() -> None:
    """Without the small group the same claims pass."""
    found = report(people(small=0), Plan(claims=EASY))
    assert (found.unestimable, found.outcome) == ((), "pass")


def test_a_claim_that_does_not_hold_fails_the_report() -> None:
    """One failed claim decides, whatever else is unknown."""
    assert report(plan=Plan(claims=(LevelClaim(metric="auroc", at_least=0.99),))).outcome == "fail"


def test_without_a_claim_nothing_passes_or_fails() -> None:
    """Equal groups of a calibrated score: the gaps are what chance makes of them."""
    found = report(people(small=0))
    assert {row.kind for row in found.verdicts} == {"screen"}
    assert {row.outcome for row in found.verdicts} == {"insufficient evidence"}
    assert found.outcome == "insufficient evidence"


def test_a_gap_without_a_claim_comes_with_the_gap_of_equal_groups() -> None:
    """Each largest gap has the mean and the 95th percentile of the gap of groups that do not differ."""
    row = next(row for row in report(people(small=0)).verdicts if row.metric == "auroc")
    assert row.estimate is not None
    assert row.expected_gap is not None
    assert row.gap_95 is not None
    assert 0.0 < row.expected_gap < row.gap_95


def test_a_gap_beyond_chance_is_called_so() -> None:
    """Scores without information in one of two groups: the gap in area is no chance finding."""
    rng = np.random.default_rng(1)
    p = rng.beta(2.0, 3.0, 4000)
    sex = np.array(["female", "male"])[np.arange(4000) % 2]
    y = np.where(sex == "female", rng.random(4000) < p, rng.random(4000) < 0.4)
    found = report(tally(y, p, {"sex": sex}))
    row = next(row for row in found.verdicts if (row.attribute, row.metric) == ("sex", "auroc"))
    assert row.outcome == "beyond chance"
    assert found.outcome in ("no claim", "insufficient evidence")


def test_what_a_masked_group_needs_is_masked() -> None:
    """How many people are missing tells how many there are."""
    row = next(row for row in report().needed if row.value == "islander")
    assert (row.patients, row.events, row.state) == (None, None, "masked")


def test_what_a_small_group_that_is_told_needs_is_told() -> None:
    """With counts of 15 and more told, a group of 20 people lacks at least ten."""
    counts = people(small=0)
    rng = np.random.default_rng(2)
    p = np.tile(rng.uniform(0.4, 0.6, 24), 1)
    y = np.arange(24) % 2
    few = tally(y, p, {"sex": ["female"] * 24, "race": ["islander"] * 24}, counts.grid)
    found = report(counts + few)
    row = next(row for row in found.needed if row.value == "islander")
    assert row.state == "ok"
    assert row.patients == 6


def test_intersections_are_drawn_to_their_mean() -> None:
    """A figure of an intersection comes with a shrunken one, which lies closer to the others."""
    found = report(people(small=0), CROSSED)
    rows = [row for row in found.groups if row.attribute == "sex × race" and row.state == "ok"]
    raw, drawn = zip(*(auroc_and_shrunken(row) for row in rows), strict=True)
    assert np.ptp(drawn) < np.ptp(raw)


def auroc_and_shrunken(row: GroupRow) -> tuple[float, float]:
    """The raw and the shrunken area."""
    metric = next(metric for metric in row.metrics if metric.name == "auroc")
    assert metric.value is not None
    assert metric.shrunken is not None
    return metric.value, metric.shrunken.value


def test_groups_of_single_attributes_are_not_shrunken() -> None:
    """Shrinkage is for intersections only."""
    assert all(metric.shrunken is None for row in report().groups for metric in row.metrics)


def test_classification_metrics_only_at_declared_thresholds() -> None:
    """Without a threshold there is no sensitivity, and F1 never."""
    counts = people()
    plain = tally([0, 1], [0.2, 0.4], {"sex": ["female", "male"]})
    names = {metric.name for metric in report(plain).groups[0].metrics}
    assert names == {
        "prevalence",
        "auroc",
        "brier",
        "calibration_intercept",
        "calibration_slope",
        "o_e",
        "ici",
    }
    assert "f1" not in {metric.name for metric in report(counts).groups[0].metrics}


def test_calibration_points_lie_on_round_scores_inside_the_carried_range() -> None:
    """No point of a curve is the score of a single person."""
    counts = people()
    for curve in report(counts).curves:
        for point in curve.calibration:
            assert round(point.predicted, 3) == point.predicted
            assert point.low <= point.observed <= point.high


def test_an_attribute_that_was_not_tallied_is_named() -> None:
    """A crossing of an unknown attribute is an error that names it."""
    with pytest.raises(GroupError, match="language"):
        report(plan=Plan(crossings=(("sex", "language"),)))


def test_one_class_only_makes_no_figure_and_no_error() -> None:
    """Nobody has the event: areas are undefined, nothing is 0 by accident, nothing passes."""
    p = np.linspace(0.01, 0.9, 200)
    groups = {"sex": np.array(["female", "male"])[np.arange(200) % 2]}
    found = report(tally(np.zeros(200), p, groups, ScoreGrid(thresholds=(0.2,))), Plan(claims=EASY))
    auroc = next(metric for metric in found.groups[0].metrics if metric.name == "auroc")
    assert (auroc.value, auroc.state) == (None, "undefined")
    assert found.outcome == "insufficient evidence"


def test_constant_scores_make_a_report() -> None:
    """A score that is the same for everybody has an area of one half and no calibration slope."""
    counts = tally(np.arange(200) % 2, np.full(200, 0.5), {"sex": ["female"] * 100 + ["male"] * 100})
    metrics = {metric.name: metric for metric in report(counts).groups[0].metrics}
    assert metrics["auroc"].value == 0.5
    assert metrics["calibration_slope"].state == "undefined"


def test_a_second_report_does_not_tell_the_difference() -> None:
    """Three more people: what a first report told is not told again with a difference of three."""
    first = build(people(), ABOUT)
    more = people() + tally([0, 1, 0], [0.1, 0.3, 0.2],
                            {"sex": ["female"] * 3, "race": ["white"] * 3}, people().grid)  # fmt: skip
    second = build(more, ABOUT, Plan(before=first.release)).report
    assert first.report.groups[0].n == 3000
    assert second.groups[0].n is None


def test_equal_counts_give_equal_reports() -> None:
    """Building twice gives the same bytes; nothing depends on the clock."""
    assert to_json(report(plan=CROSSED)) == to_json(report(plan=CROSSED))


def test_the_notes_name_what_is_missing() -> None:
    """A report without claims and intersections says so."""
    told = " ".join(report().notes)
    assert "claimed" in told
    assert "Intersections" in told
    assert "withheld" in told


def test_reports_are_immutable() -> None:
    """No view can change what the next one shows."""
    with pytest.raises(AttributeError):
        report().title = "another"  # type: ignore[misc]
    assert msgspec.structs.asdict(report())["title"] == "A title"
