"""What the gate says for one patient, from the cells of an evaluation."""

from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness.cells import Cell
from fairness.gate import Claim, Clearance, Evidence, Policy, clear
from fairness.groups import Membership, memberships
from fairness.metric import Metric

POLICY = Policy(dataset="cohort", output="risk")
SEX_ONLY = Policy(dataset="cohort", output="risk", attributes=("sex",))
GOOD = (1.02, 0.83, 1.25)

Ratio = tuple[float, float, float]


def metric(name: str, ratio: Ratio) -> Metric:
    """A metric with its interval."""
    return Metric(name, *ratio, "ok")


def cell(
    attribute: str, value: str, ratio: Ratio = GOOD, n: int = 2250, events: int = 90, **other: Ratio
) -> Cell:
    """A cell with an observed to expected ratio and other metrics by name."""
    metrics = (metric("o_e", ratio), *(metric(name, figures) for name, figures in other.items()))
    return Cell("cohort", "risk", attribute, value, n, events, metrics)


OVERALL = cell("overall", "all", n=4500, events=180)
WOMEN = (OVERALL, cell("sex", "female"))
CELLS = (
    *WOMEN,
    cell("age_band", "50-59", n=705, events=48),
    cell("race", "white", (0.48, 0.33, 0.70), 1531, 27),
    cell("race", "black-or-african-american", (1.44, 1.12, 1.84), 994, 55),
    cell("race", "asian", (1.62, 1.14, 2.28), 617, 28),
    cell("race", "other-race", (1.25, 0.64, 2.41), 224, 8),
    cell("ethnicity", "not-hispanic-or-latino", n=3366, events=118),
)


def ask(
    policy: Policy = SEX_ONLY,
    cells: tuple[Cell, ...] = WOMEN,
    sex: str | None = "female",
    age: float | None = 55,
    race: Collection[str] | None = None,
    ethnicity: Collection[str] | None = ("not-hispanic-or-latino",),
) -> Clearance:
    """The gate's answer for one person."""
    return clear(policy, cells, memberships(sex=sex, age=age, race=race, ethnicity=ethnicity))


def verdicts(clearance: Clearance) -> dict[str, str]:
    """Verdict of each group."""
    return {one.value: one.verdict for one in clearance.evidence}


def test_groups_in_line_are_served() -> None:
    """Enough people and no shift shown: serve, with n and ratio in the line."""
    found = ask()
    assert found.action == "serve"
    assert found.line == "No shift shown for Female (2,250 studied, 102 found per 100 predicted, 83-125)."


@pytest.mark.parametrize(
    ("race", "words"),
    [
        ("white", "too high for White"),
        ("black-or-african-american", "too low for Black"),
        ("asian", "too low for Asian"),
    ],
)
def test_a_shifted_group_is_served_with_caution(race: str, words: str) -> None:
    """A ratio outside the margin whose interval excludes 1 is told with its direction."""
    found = ask(POLICY, CELLS, race={race})
    assert found.action == "caution"
    assert words in found.line


def test_a_wide_interval_around_one_shows_nothing() -> None:
    """A ratio outside the margin whose interval holds 1 is not a shift."""
    assert ask(cells=(OVERALL, cell("sex", "female", (1.4, 0.9, 2.1)))).action == "serve"


def test_a_small_shift_is_within_the_margin() -> None:
    """A ratio that differs from 1 beyond doubt, but by less than a quarter, is in line."""
    assert ask(cells=(OVERALL, cell("sex", "female", (1.2, 1.1, 1.3)))).action == "serve"


@pytest.mark.parametrize(("n", "events"), [(29, 14), (500, 9), (500, 491)])
def test_too_few_people_are_no_evidence(n: int, events: int) -> None:
    """Few people, events or non-events give caution, whatever the ratio is."""
    found = ask(cells=(OVERALL, cell("sex", "female", (9.0, 8.0, 10.0), n, events)))
    assert (found.action, verdicts(found)["female"]) == ("caution", "insufficient")
    assert "Too few studied to judge Female" in found.line


def test_a_group_without_cases_is_no_evidence() -> None:
    """A group that the data do not have is told, not skipped."""
    found = ask(sex="male")
    assert (found.action, verdicts(found)["male"]) == ("caution", "no-cases")


def test_an_attribute_that_was_never_collected_is_named() -> None:
    """Where the data have no race at all, that is what the line says."""
    cells = tuple(one for one in CELLS if one.attribute not in ("race", "ethnicity"))
    found = ask(POLICY, cells, race={"asian"})
    assert found.action == "caution"
    assert "ace and ethnicity were not recorded in the data, fairness by them is unknown" in found.line


@pytest.mark.parametrize("race", [None, {"declined"}, {"unknown"}])
def test_a_race_that_is_not_on_record_is_not_guessed(race: set[str] | None) -> None:
    """Nothing is said about race, and the card is careful because the figures differ by race."""
    found = ask(POLICY, CELLS, race=race)
    assert found.action == "caution"
    assert "othing is said about race (not on record)" in found.line


def test_an_unrecorded_attribute_without_differences_is_served() -> None:
    """Where no group of the attribute is shifted, not knowing the patient's changes nothing."""
    assert ask(sex=None).action == "serve"


def test_every_race_of_a_patient_counts() -> None:
    """A patient of two races is judged in both, and never in an invented group of both."""
    found = ask(POLICY, CELLS, race={"white", "asian"})
    assert [one.value for one in found.evidence if one.attribute == "race"] == ["asian", "white"]
    assert "too low for Asian" in found.line
    assert "too high for White" in found.line


def test_no_cells_at_all_give_caution() -> None:
    """A model without evaluation is served with caution and said to be untested."""
    found = ask(cells=())
    assert found.action == "caution"
    assert "has not been tested" in found.line


@pytest.mark.parametrize(("dataset", "output"), [("cohort", "other"), ("elsewhere", "risk")])
def test_other_outputs_and_data_sets_do_not_count(dataset: str, output: str) -> None:
    """Only cells of the policy's data set and the asked output are evidence."""
    policy = Policy(dataset=dataset, output="risk", attributes=("sex",))
    assert clear(policy, CELLS, memberships(sex="female"), output).action == "caution"


def test_nothing_is_withheld_by_default() -> None:
    """The worst figures lead to caution unless the manifest claims otherwise."""
    assert ask(cells=(OVERALL, cell("sex", "female", (9.0, 8.0, 10.0)))).action == "caution"


def claiming(claim: Claim) -> Policy:
    """A policy with one claim."""
    return Policy(dataset="cohort", output="risk", attributes=("sex",), claims=(claim,))


@pytest.mark.parametrize(
    ("auroc", "action"),
    [((0.75, 0.70, 0.80), "serve"), ((0.58, 0.50, 0.66), "serve"), ((0.55, 0.50, 0.59), "withhold")],
)
def test_a_claim_withholds_only_when_shown_to_be_broken(auroc: Ratio, action: str) -> None:
    """An explicit claim withholds when the whole interval lies outside its limits."""
    policy = claiming(Claim(metric="auroc", at_least=0.6, on_fail="withhold"))
    cells = (cell("overall", "all", auroc=(0.75, 0.7, 0.8)), cell("sex", "female", auroc=auroc))
    assert ask(policy, cells).action == action


def test_a_broken_claim_is_named_with_its_group() -> None:
    """The line tells the group and the metric of a claim other than calibration."""
    policy = claiming(Claim(metric="auroc", at_least=0.6))
    cells = (cell("overall", "all", auroc=(0.75, 0.7, 0.8)), cell("sex", "female", auroc=(0.5, 0.4, 0.55)))
    assert ask(policy, cells).line == "Declared performance not reached for Female (auroc)."


def test_a_claim_on_an_unmeasured_metric_is_no_evidence() -> None:
    """A metric that the evaluation does not hold cannot keep a claim."""
    found = ask(claiming(Claim(metric="ici", at_most=0.05)))
    assert verdicts(found)["female"] == "insufficient"


@pytest.mark.parametrize(("least", "most"), [(None, None), (0.5, 0.6)])
def test_a_claim_has_one_kind_of_limit(least: float | None, most: float | None) -> None:
    """A claim with no limit, or two, is refused."""
    with pytest.raises(ValueError, match="exactly one"):
        Claim(metric="auroc", at_least=least, at_most=most)


def test_a_models_own_attribute_is_put_in_words() -> None:
    """An attribute that only this model has is judged and labelled from its name."""
    policy = Policy(dataset="cohort", output="risk", attributes=("cancer_type",))
    cells = (OVERALL, cell("cancer_type", "head-neck"))
    found = clear(policy, cells, [Membership("cancer_type", "head-neck")])
    assert found.line.startswith("No shift shown for head neck (2,250 studied")


RACES = ["white", "asian", "black-or-african-american", "other-race", "declined", "unknown"]


@given(
    st.sampled_from(["female", "male", None]),
    st.one_of(st.none(), st.integers(0, 110)),
    st.sets(st.sampled_from(RACES)),
)
def test_the_line_is_one_short_sentence(sex: str | None, age: int | None, race: set[str]) -> None:
    """At most 220 characters with an end and no line break, whoever the patient is."""
    line = ask(POLICY, CELLS, sex=sex, age=age, race=race).line
    assert len(line) <= 220
    assert line.endswith((".", "…"))
    assert "\n" not in line


def test_evidence_begins_with_everybody() -> None:
    """The first piece of evidence is about everybody, with its counts."""
    first = ask().evidence[0]
    assert isinstance(first, Evidence)
    assert (first.attribute, first.n, first.events) == ("overall", 4500, 180)
