"""What a method changes for each group, and when that is levelling down."""

from __future__ import annotations

import numpy as np
import pytest
from mitigation_samples import people
from sklearn.metrics import roc_auc_score

from fairness import net_benefit, o_e
from models.training.design import Floats
from models.training.mitigation.change import Change, Comparison, Task
from models.training.mitigation.crossfit import Answer
from models.training.mitigation.levelling import Levelling, assess
from models.training.mitigation.strata import People

PEOPLE = people()
Y = PEOPLE.outcomes[:, 0]
RNG = np.random.default_rng(2)
BEFORE = np.clip(0.25 + 0.2 * (Y - 0.25) + RNG.normal(0, 0.12, len(Y)), 0.01, 0.99)
AFTER = np.clip(BEFORE + RNG.normal(0.01, 0.06, len(Y)), 0.01, 0.99)
TASK = Task(Y, 0.25, (0.1, 0.4))
WHITE = np.array(["white" in race for race in PEOPLE.groups["race"]])


def compared(before: Answer, after: Answer, who: People = PEOPLE, task: Task = TASK) -> Comparison:
    """A comparison with few draws."""
    return Comparison(who, task, before, after, replicates=300, seed=1)


def figure(name: str, after: Answer, value: str = "white") -> Change:
    """One figure of one group."""
    groups = compared(Answer(BEFORE), after).groups(["race"])
    return next(one for one in groups if one.value == value).figure(name)


def test_the_change_of_net_benefit_is_the_difference_of_two_net_benefits() -> None:
    """In a group, before, after and change are those of the room's own formula."""
    told = figure("net_benefit", Answer(AFTER))
    first, second = (net_benefit(Y[WHITE], risk[WHITE], 0.25).value for risk in (BEFORE, AFTER))
    assert first is not None
    assert second is not None
    assert (told.before, told.after) == (pytest.approx(first), pytest.approx(second))
    assert told.change == pytest.approx(second - first)


def test_over_a_range_it_is_the_mean_of_the_changes() -> None:
    """The figure over the range is the mean over 21 thresholds of the formula written out."""

    def direct(risk: Floats, at: float) -> float:
        chosen = risk[WHITE] >= at
        return float((chosen & (Y[WHITE] == 1)).mean() - at / (1 - at) * (chosen & (Y[WHITE] == 0)).mean())

    expected = np.mean([direct(AFTER, at) - direct(BEFORE, at) for at in np.linspace(0.1, 0.4, 21)])
    assert figure("net_benefit_over_range", Answer(AFTER)).change == pytest.approx(expected)


def test_the_interval_is_that_of_a_bootstrap_of_rows() -> None:
    """Redrawing the rows by hand gives the same limits, up to the noise of the draws."""
    terms = [(p >= 0.25) * np.where(Y == 1, 1.0, -1 / 3) for p in (BEFORE, AFTER)]
    apart = (terms[1] - terms[0])[WHITE]
    by_hand = [RNG.choice(apart, apart.size).mean() for _ in range(2000)]
    told = figure("net_benefit", Answer(AFTER))
    spread = float(np.std(by_hand))
    assert told.low == pytest.approx(np.quantile(by_hand, 0.025), abs=0.3 * spread)
    assert told.high == pytest.approx(np.quantile(by_hand, 0.975), abs=0.3 * spread)


def test_rows_of_one_person_are_drawn_together() -> None:
    """Each row written four times widens nothing and narrows nothing when it is the same person."""
    four = np.repeat(np.arange(len(Y)), 4)
    groups = {"race": [PEOPLE.groups["race"][at] for at in four]}
    same = People(PEOPLE.rows[four], PEOPLE.outcomes[four], four, groups)
    task = Task(Y[four], 0.25, (0.1, 0.4))
    repeated = compared(Answer(BEFORE[four]), Answer(AFTER[four]), same, task).groups([])[0]
    once = compared(Answer(BEFORE), Answer(AFTER)).groups([])[0]
    assert repeated.figure("net_benefit").low == pytest.approx(once.figure("net_benefit").low)
    assert repeated.figure("auroc").low is None


def test_ranking_and_calibration_are_those_of_both_scores() -> None:
    """AUROC and O/E of a group are scikit-learn's and the room's; nearer to 1 is a change below 0."""
    areas = [roc_auc_score(Y[WHITE], risk[WHITE]) for risk in (BEFORE, AFTER)]
    assert figure("auroc", Answer(AFTER)).change == pytest.approx(areas[1] - areas[0])
    told = figure("o_e", Answer(AFTER))
    ratios = [o_e(Y[WHITE], risk[WHITE]).value for risk in (BEFORE, AFTER)]
    assert [told.before, told.after] == pytest.approx(ratios)
    assert told.change == pytest.approx(abs(np.log(ratios[1])) - abs(np.log(ratios[0])))


@pytest.mark.parametrize("name", ["net_benefit_over_range", "auroc", "o_e"])
def test_a_decision_has_no_figure_that_needs_a_risk(name: str) -> None:
    """Undefined with the reason, and never 0."""
    told = figure(name, Answer(None, np.full(len(Y), 0.5)))
    assert (told.state, told.change, told.before) == ("undefined", None, None)
    assert told.why == "the method decides at one threshold and gives no risk"


def test_a_random_decision_counts_by_its_probability() -> None:
    """Selecting everybody with probability one half has half the net benefit of selecting everybody."""
    everybody = net_benefit(Y[WHITE], np.ones(WHITE.sum()), 0.25).value
    assert everybody is not None
    assert figure("net_benefit", Answer(None, np.full(len(Y), 0.5))).after == pytest.approx(everybody / 2)


def test_thin_groups_say_that_they_are_thin() -> None:
    """Twelve people are insufficient with the count; a group without events has no sensitivity, not 0."""
    race = [frozenset({"other-race"}) if at < 12 else one for at, one in enumerate(PEOPLE.groups["race"])]
    outcome = Y.copy()
    outcome[:12] = 0.0
    few = People(PEOPLE.rows, outcome[:, None], PEOPLE.subjects, {"race": race})
    comparison = compared(Answer(BEFORE), Answer(AFTER), few, Task(outcome, 0.25, (0.1, 0.4)))
    thin = next(one for one in comparison.groups(["race"]) if one.value == "other-race")
    assert thin.state == "insufficient"
    assert (thin.figure("net_benefit").why or "").startswith("12 people, fewer than 30; 0 events")
    for name in ("sensitivity", "auroc", "o_e"):
        assert (thin.figure(name).state, thin.figure(name).change) == ("undefined", None)
    assert thin.figure("net_benefit").effect == "not known"


def test_nothing_changed_is_no_interval_and_no_effect() -> None:
    """The same answer twice changes by exactly 0, which is a value, and has no interval."""
    told = figure("net_benefit", Answer(BEFORE))
    assert (told.change, told.low, told.effect) == (0.0, None, "not known")


def verdict(after: Floats, figure: str = "sensitivity") -> Levelling:
    """The verdict on a decision for two groups of which the first was selected better before."""
    n = 400
    outcome = np.tile([1.0, 0.0], n)
    first = np.repeat([True, False], n)
    race = [frozenset({"white" if one else "asian"}) for one in first]
    who = People(np.zeros((2 * n, 1)), outcome[:, None], np.arange(2 * n), {"race": race})
    comparison = compared(
        Answer(None, selected(0.9, 0.6)), Answer(None, after), who, Task(outcome, 0.2, (0.1, 0.3))
    )
    found = assess(comparison, who, "race", comparison.groups(["race"]))
    return next(one for one in found if one.figure == figure)


def selected(white: float, asian: float) -> Floats:
    """Who is selected: these shares of the events of each group, and one in ten of the others."""
    at = np.arange(400) // 2 % 100 / 100
    return np.concatenate([
        np.where(np.arange(400) % 2 == 0, at < share, at < 0.1).astype(float) for share in (white, asian)
    ])  # fmt: skip


def test_a_gap_that_shrinks_by_loss_alone_is_levelling_down() -> None:
    """The better-off group falls to the level of the other, which stays where it was."""
    found = verdict(selected(0.6, 0.6))
    assert (found.state, found.better_off) == ("levelling-down", "white")
    assert found.gap_before == pytest.approx(0.3)
    assert found.gap_after == pytest.approx(0.0)


def test_everybody_worse_off_is_levelling_down() -> None:
    """Both groups lose, the better-off one more: the gap shrinks and nobody has gained."""
    assert verdict(selected(0.5, 0.45)).state == "levelling-down"


def test_a_group_that_gains_makes_it_no_levelling_down() -> None:
    """The better-off group loses and the other gains: a trade, not levelling down."""
    assert verdict(selected(0.8, 0.75)).state == "no"


def test_a_gap_that_shrinks_by_gain_alone_is_no_levelling_down() -> None:
    """The worse-off group catches up, the better-off one stays."""
    assert verdict(selected(0.9, 0.8)).state == "no"


def test_a_gap_that_grows_is_no_levelling_down() -> None:
    """The worse-off group loses: that is harm, and has another name."""
    assert verdict(selected(0.9, 0.4)).state == "no"


def test_a_loss_that_chance_explains_is_not_excluded() -> None:
    """One person of the better-off group loses: the loss is neither shown nor excluded."""
    one = selected(0.9, 0.6)
    one[0] = 0.0
    assert verdict(one).state == "not-excluded"


def test_one_group_alone_has_no_gap() -> None:
    """With a single group that is large enough nothing is assessed, and nothing is called good."""
    who = People(PEOPLE.rows, PEOPLE.outcomes, PEOPLE.subjects, {"race": [frozenset({"white"})] * len(Y)})
    comparison = compared(Answer(BEFORE), Answer(AFTER), who)
    states = {one.state for one in assess(comparison, who, "race", comparison.groups(["race"]))}
    assert states == {"not-assessed"}
