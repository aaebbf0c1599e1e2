"""The fairness policy of a manifest: claims and margins, what follows, overrides, and standing decisions."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from fairness.cells import Cell
from fairness.gate import clear
from fairness.gate_decisions import Standing, declared, settled, standing_of
from fairness.gate_gaps import difference
from fairness.gate_load import examine, policy_problems
from fairness.gate_records import Claim, Clearance, Policy
from fairness.groups import Membership, memberships
from fairness.metric import Metric

TODAY = date(2026, 6, 1)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
Ratio = tuple[float, float, float]
GOOD, BAD, WIDE = (0.8, 0.75, 0.85), (0.5, 0.45, 0.55), (0.6, 0.4, 0.8)


def cell(attribute: str, value: str, auroc: Ratio = GOOD, n: int = 1000, events: int = 200) -> Cell:
    """A cell with an AUROC."""
    return Cell("cohort", "risk", attribute, value, n, events, (Metric("auroc", *auroc, "ok"),))


def policy(*claims: dict[str, Any], **changes: Any) -> Policy:
    """A policy as a manifest gives it."""
    made = {"dataset": "cohort", "output": "risk", "attributes": ["sex"], "claims": list(claims), **changes}
    return msgspec.convert(made, Policy)


CLAIM = {"metric": "auroc", "at_least": 0.7, "on_fail": "do-not-load"}
CELLS = (cell("overall", "all"), cell("sex", "female", BAD), cell("sex", "male"))
WOMAN = memberships(sex="female")
OVERRIDE = {"action": "caution", "owner": "Dr Okafor", "until": "2026-06-30", "reason": "bridging"}


@pytest.mark.parametrize(
    ("auroc", "outcome", "code"),
    [(GOOD, "pass", 0), (BAD, "fail", 1), (WIDE, "insufficient evidence", 3)],
)
def test_a_claim_passes_fails_or_lacks_evidence(auroc: Ratio, outcome: str, code: int) -> None:
    """The whole interval inside, outside, or neither; each has its exit code."""
    found = examine(policy(CLAIM), (cell("overall", "all"), cell("sex", "female", auroc)), TODAY)
    assert (found.outcome, found.exit_code) == (outcome, code)


def test_a_group_that_was_not_evaluated_is_no_pass() -> None:
    """An attribute without cells leaves the examination short of evidence."""
    assert examine(policy(CLAIM), (cell("overall", "all"),), TODAY).outcome == "insufficient evidence"


def test_a_named_group_that_was_not_evaluated_is_no_pass() -> None:
    """A claim on a value without a cell is not left out in silence."""
    claims = (CLAIM | {"groups": ["sex=male"]}, CLAIM | {"groups": ["sex=unknown"]})
    assert examine(policy(*claims), CELLS, TODAY).outcome == "insufficient evidence"


def test_a_broken_claim_keeps_a_version_from_being_loaded() -> None:
    """The refusal names the group and the metric."""
    assert "Female (auroc)" in (examine(policy(CLAIM), CELLS, TODAY).refusal or "")


@pytest.mark.parametrize("on_fail", ["serve", "caution", "withhold"])
def test_a_milder_consequence_lets_it_load(on_fail: str) -> None:
    """Only `do-not-load` keeps a version out, though the examination fails all the same."""
    found = examine(policy(CLAIM | {"on_fail": on_fail}), CELLS, TODAY)
    assert (found.outcome, found.refusal) == ("fail", None)


@pytest.mark.parametrize(
    ("on_fail", "action"), [("serve", "serve"), ("caution", "caution"), ("withhold", "withhold")]
)
def test_what_follows_for_a_patient_is_what_the_claim_says(on_fail: str, action: str) -> None:
    """A patient of the group gets the consequence, and nobody else does."""
    asked = policy(CLAIM | {"on_fail": on_fail})
    assert clear(asked, CELLS, WOMAN).action == action
    assert clear(asked, CELLS, memberships(sex="male")).action == "serve"


def test_a_claim_on_named_groups_is_about_no_other() -> None:
    """`sex=male` says nothing about women."""
    asked = policy(CLAIM | {"on_fail": "withhold", "groups": ["sex=male"]})
    assert clear(asked, CELLS, WOMAN).action == "serve"
    assert examine(asked, CELLS, TODAY).outcome == "pass"


def test_thin_evidence_withholds_where_the_policy_says_so() -> None:
    """A group with too few people is withheld instead of softened."""
    thin = (cell("overall", "all"), cell("sex", "female", n=20, events=10))
    assert clear(policy(when_thin="withhold"), thin, WOMAN).action == "withhold"
    assert clear(policy(), thin, WOMAN).action == "caution"


MARGIN = {"metric": "auroc", "margin": 0.1, "on_fail": "withhold"}


@pytest.mark.parametrize(
    ("auroc", "action"), [(BAD, "withhold"), (WIDE, "serve"), ((0.78, 0.7, 0.86), "serve")]
)
def test_a_margin_is_broken_when_the_gap_is_shown_to_exceed_it(auroc: Ratio, action: str) -> None:
    """The interval of the difference from the largest group decides."""
    cells = (cell("overall", "all"), cell("sex", "female", auroc), cell("sex", "male", n=1500))
    assert clear(policy(MARGIN), cells, WOMAN).action == action


def test_the_reference_of_a_margin_is_not_judged_by_it() -> None:
    """Everybody and the largest group have nothing to differ from."""
    cells = (cell("overall", "all"), cell("sex", "female", BAD), cell("sex", "male", n=1500))
    judged = [(one.attribute, one.value) for one in examine(policy(MARGIN), cells, TODAY).findings]
    assert judged == [("sex", "female")]


def test_the_interval_of_a_gap_is_the_root_of_both_reaches() -> None:
    """Symmetric intervals of the same width give the textbook width times the root of two."""
    gap = difference(Metric("auroc", 0.7, 0.6, 0.8, "ok"), Metric("auroc", 0.6, 0.5, 0.7, "ok"))
    assert (gap.low, gap.high) == pytest.approx((0.1 - 0.1 * math.sqrt(2), 0.1 + 0.1 * math.sqrt(2)))


@pytest.mark.parametrize(("day", "is_refused"), [("2026-06-01", False), ("2026-05-31", True)])
def test_an_override_lets_a_version_load_until_its_day(day: str, is_refused: bool) -> None:
    """On its last day it still holds; afterwards the refusal tells whose it was."""
    found = examine(policy(CLAIM, override=OVERRIDE | {"until": day}), CELLS, TODAY)
    assert (found.refusal is not None) == is_refused
    assert ("Dr Okafor" in (found.refusal or "")) == is_refused


def test_an_override_for_some_groups_does_not_load_a_version_for_all() -> None:
    """Only an override for everybody answers for the version."""
    some = policy(CLAIM, override=OVERRIDE | {"groups": ["sex=female"]})
    assert examine(some, CELLS, TODAY).refusal is not None


def test_an_override_stands_in_place_of_the_claims() -> None:
    """The owner's word replaces what the broken claim asks for, and is told with its end."""
    asked = policy(CLAIM, override=OVERRIDE)
    found = settled(clear(asked, CELLS, WOMAN), declared(asked), WOMAN, NOON)
    assert found.action == "caution"
    assert found.line == "By decision of Dr Okafor, until 2026-06-30: bridging"


def test_an_override_ends_at_midnight() -> None:
    """The last day is over at its end in UTC."""
    asked = policy(CLAIM, override=OVERRIDE)
    end = datetime(2026, 7, 1, tzinfo=UTC)
    actions = [
        settled(clear(asked, CELLS, WOMAN), declared(asked), WOMAN, at).action
        for at in (end - timedelta(seconds=1), end)
    ]
    assert actions == ["caution", "withhold"]


SERVED = Clearance("serve", "No shift shown.")


def monitoring(**changes: Any) -> Standing:
    """A decision of the monitor to withhold from women."""
    made: dict[str, Any] = {
        "action": "withhold", "source": "monitor", "reason": "too low", "groups": ("sex=female",),
        "until": NOON + timedelta(days=1),
    }  # fmt: skip
    return Standing(**(made | changes))


def test_a_decision_of_the_monitor_reaches_its_group_only() -> None:
    """Women are withheld, men are served."""
    assert settled(SERVED, [monitoring()], WOMAN, NOON).action == "withhold"
    assert settled(SERVED, [monitoring()], memberships(sex="male"), NOON) == SERVED


def test_the_monitor_makes_nothing_more_lenient() -> None:
    """A withheld clearance stays withheld under a decision of caution."""
    withheld = Clearance("withhold", "Off.")
    assert settled(withheld, [monitoring(action="caution")], WOMAN, NOON) == withheld


def test_a_decision_that_ended_is_forgotten() -> None:
    """From its end on it says nothing."""
    assert settled(SERVED, [monitoring(until=NOON)], WOMAN, NOON) == SERVED


def test_an_owner_may_lift_the_monitors_word_for_a_time() -> None:
    """A named owner's decision stands in place of the monitor's."""
    owned = monitoring(source="override", action="serve", owner="Dr Okafor", groups=())
    assert settled(SERVED, [monitoring(), owned], WOMAN, NOON).action == "serve"


def test_an_intersection_needs_all_of_its_parts() -> None:
    """Asian women are meant, not women and not Asian patients."""
    both = monitoring(groups=("sex × race=female × asian",))
    asian = [Membership("sex", "female"), Membership("race", "asian")]
    assert settled(SERVED, [both], asian, NOON).action == "withhold"
    assert settled(SERVED, [both], asian[:1], NOON) == SERVED


def test_the_line_of_a_decision_is_short() -> None:
    """A long reason is cut after a word."""
    line = settled(SERVED, [monitoring(reason="word " * 100)], WOMAN, NOON).line
    assert len(line) <= 220
    assert line.endswith("word …")


def row(**changes: Any) -> dict[str, Any]:
    """A decision as the ledger keeps it."""
    made = {
        "digest": "aa", "action": "withhold", "source": "monitor", "reason": "too low", "owner": None,
        "groups": [{"attribute": "sex", "value": "female"}], "expires_at": "2026-08-01T00:00:00.000Z",
        "lifts": None,
    }  # fmt: skip
    return made | changes


def test_a_lifted_decision_does_not_stand() -> None:
    """A lift takes one decision away and leaves the others."""
    rows = [
        row(),
        row(digest="bb", groups=[]),
        row(digest="cc", action="lift", lifts="aa", source="override"),
    ]
    assert [one.groups for one in standing_of(rows)] == [()]


def test_a_decision_on_all_values_is_one_on_the_attribute() -> None:
    """A spread over race reaches every patient with a race on record."""
    (one,) = standing_of([row(groups=[{"attribute": "race", "value": "all"}])])
    assert one.holds(memberships(race=["asian"]), NOON)


def test_a_decision_on_all_values_of_a_crossing_is_one_on_its_attributes() -> None:
    """A spread over sex and race together reaches whoever has both on record."""
    (one,) = standing_of([row(groups=[{"attribute": "sex × race", "value": "all"}])])
    assert one.holds(memberships(sex="female", race=["asian"]), NOON)
    assert not one.holds([Membership("sex", "female")], NOON)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"claims": [{"metric": "f1", "at_least": 0.5}]}, "claims[0]"),
        ({"claims": [{"metric": "auroc", "at_least": 0.5, "groups": ["sex=womn"]}]}, "claims[0]"),
        ({"claims": [{"metric": "auroc", "at_least": 0.5, "on_fail": "panic"}]}, "on_fail"),
        ({"claims": [{"metric": "auroc", "at_least": 0.5, "margin": 0.1}]}, "claims[0]"),
        ({"claims": [{"metric": "auroc", "margin": 0.0}]}, "claims[0]"),
        ({"override": OVERRIDE | {"owner": " "}}, "override"),
        ({"override": OVERRIDE | {"until": "soon"}}, "override.until"),
        ({"monitor": {"claims": [{"kind": "level", "metric": "f1", "at_least": 0.5}]}}, "monitor.claims[0]"),
        ({"monitor": {"attributes": ["sex"]}}, "monitor"),
        ({"monitor": {"window_days": 0}}, "monitor"),
        ({"when_thin": "panic"}, "when_thin"),
        ({"claims": [{"metric": "auroc", "at_least": 0.5, "groups": ["race=asian"]}]}, "attributes"),
    ],
)
def test_a_policy_that_does_not_fit_names_the_place(changes: dict[str, Any], place: str) -> None:
    """Unknown metrics, groups and consequences are errors with the path of the field."""
    with pytest.raises(msgspec.ValidationError) as raised:
        policy(**{"claims": [], **changes})
    assert place in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"attributes": ["sex", "shoe_size"]}, "fairness.attributes"),
        (
            {"claims": [CLAIM | {"groups": ["shoe_size=44"]}], "attributes": ["sex", "shoe_size"]},
            "fairness.attributes fairness.claims[0].groups",
        ),
        ({"dataset": "elsewhere"}, "fairness.dataset"),
        ({"monitor": {"attributes": ["shoe_size"], "claims": []}}, "fairness.monitor.attributes"),
    ],
)
def test_names_that_the_evaluation_does_not_know_are_told(changes: dict[str, Any], field: str) -> None:
    """An attribute that neither this project nor the evaluation has is told with its field."""
    asked = policy(**{"claims": [], **changes})
    assert [problem[0] for problem in policy_problems(asked, CELLS)] == field.split()


def test_a_models_own_attribute_is_known_by_its_evaluation() -> None:
    """Cells of an attribute make it and its values known, and no others."""
    cells = (*CELLS, cell("cancer_type", "melanoma"))
    assert list(policy_problems(policy(attributes=["cancer_type"]), cells)) == []
    asked = policy(CLAIM | {"groups": ["cancer_type=melanom"]}, attributes=["cancer_type"])
    ((field, remedy),) = policy_problems(asked, cells)
    assert (field, "use one of: melanoma" in remedy) == ("fairness.claims[0].groups", True)


@pytest.mark.parametrize(
    "limits",
    [
        {"at_least": float("nan")}, {"at_most": float("inf")}, {"between": (float("nan"), 1.0)},
        {"between": (1.25, 0.8)}, {"margin": float("inf")},
    ],
)  # fmt: skip
def test_a_claim_whose_limits_nothing_can_pass_or_fail_is_refused(limits: dict[str, Any]) -> None:
    """A limit that is no number would never be broken, and look kept."""
    with pytest.raises(ValueError, match=r"finite|lower and a higher"):
        Claim(metric="o_e", **limits)
