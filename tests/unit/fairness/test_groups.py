"""Which groups people belong to."""

import math

import pytest

from fairness.errors import GroupError
from fairness.groups import (
    ABSENT,
    ATTRIBUTES,
    AgeBands,
    Membership,
    attribute_label,
    ethnicity_values,
    further_memberships,
    group_columns,
    label,
    memberships,
    race_values,
    sex_value,
)


@pytest.mark.parametrize(
    ("recorded", "value"),
    [("female", "female"), ("M", "male"), (" f ", "female"), ("other", "unknown"), ("UNK", "unknown")],
)
def test_sex_is_read_from_words_and_codes(recorded: str, value: str) -> None:
    """Words and codes, in any case, map to the machine values."""
    assert sex_value(recorded) == value


@pytest.mark.parametrize("recorded", [None, "", "  "])
def test_sex_that_is_not_recorded_is_absent(recorded: str | None) -> None:
    """Nothing recorded is another group than recorded as unknown."""
    assert sex_value(recorded) == ABSENT


def test_unlisted_sex_is_refused() -> None:
    """A value that the definitions do not list is refused rather than guessed."""
    with pytest.raises(GroupError, match="sex: 'femal' is not a known value"):
        sex_value("femal")


@pytest.mark.parametrize(
    ("age", "band"),
    [
        (17.99, "under-18"),
        (18, "18-39"),
        (39.9, "18-39"),
        (40, "40-49"),
        (79, "70-79"),
        (80, "80-plus"),
        (110, "80-plus"),
    ],
)
def test_age_bands_start_at_their_edges(age: float, band: str) -> None:
    """An edge belongs to the band it opens, and a birthday not yet reached to the band below."""
    assert AgeBands().value_of(age) == band


@pytest.mark.parametrize("age", [None, math.nan])
def test_missing_age_is_absent(age: float | None) -> None:
    """Neither None nor NaN falls into a band."""
    assert AgeBands().value_of(age) == ABSENT


@pytest.mark.parametrize("age", [-1, math.inf])
def test_impossible_age_is_refused(age: float) -> None:
    """A negative or infinite age is an error, not a band."""
    with pytest.raises(GroupError, match="not an age"):
        AgeBands().value_of(age)


def test_age_edges_are_configurable() -> None:
    """Other edges give other bands."""
    assert AgeBands((16, 65)).values == ("under-16", "16-64", "65-plus")


@pytest.mark.parametrize("edges", [(), (40, 40), (50, 40), (0, 40)])
def test_disordered_age_edges_are_refused(edges: tuple[int, ...]) -> None:
    """Edges have to be positive and increasing."""
    with pytest.raises(GroupError, match="edges"):
        AgeBands(edges)


def test_person_of_two_races_is_in_both_groups() -> None:
    """Several answers mean several groups."""
    assert race_values({"2028-9", "white"}) == {"asian", "white"}


@pytest.mark.parametrize(
    ("recorded", "value"),
    [
        ({"ASKU"}, "declined"),
        ({"asked-declined"}, "declined"),
        ({"UNK"}, "unknown"),
        (set(), ABSENT),
        (None, ABSENT),
    ],
)
def test_three_ways_of_not_knowing_race_stay_apart(recorded: set[str] | None, value: str) -> None:
    """Declined, unknown and absent are three groups."""
    assert race_values(recorded) == {value}


def test_race_beside_a_non_answer_counts_alone() -> None:
    """A race that is given outweighs an unknown recorded with it."""
    assert race_values({"UNK", "2106-3"}) == {"white"}


def test_race_as_a_bare_string_is_refused() -> None:
    """A string is not taken for a collection of its letters."""
    with pytest.raises(GroupError, match="expected a collection"):
        race_values("white")


def test_detailed_race_code_is_refused() -> None:
    """A code below the OMB categories has to be rolled up by the caller."""
    with pytest.raises(GroupError, match="2029-7"):
        race_values({"2029-7"})


def test_ethnicity_is_read_from_codes() -> None:
    """The two OMB ethnicities have their own attribute."""
    assert ethnicity_values({"2135-2"}) == {"hispanic-or-latino"}


def test_one_person_has_every_attribute() -> None:
    """A patient belongs to at least one group of each attribute, `absent` included."""
    assert memberships(sex="F", age=44, race={"asian", "white"}) == (
        Membership("sex", "female"),
        Membership("age_band", "40-49"),
        Membership("race", "asian"),
        Membership("race", "white"),
        Membership("ethnicity", ABSENT),
    )


def test_columns_agree_with_single_people() -> None:
    """The groups of a training set are those that each patient gets at the bedside."""
    sexes, ages = ["F", None, "other"], [30.0, math.nan, 81.0]
    races = [{"2106-3"}, None, {"asian", "UNK"}]
    ethnicities = [{"ASKU"}, set(), {"2186-5"}]
    columns = group_columns(sex=sexes, age=ages, race=races, ethnicity=ethnicities)
    for row, (sex, age, race, ethnicity) in enumerate(zip(sexes, ages, races, ethnicities, strict=True)):
        single = set(memberships(sex=sex, age=age, race=race, ethnicity=ethnicity))
        assert {
            Membership(name, value) for name, column in columns.items() for value in column[row]
        } == single


def test_column_that_was_not_collected_is_left_out() -> None:
    """An attribute that a data set does not have is no column of absent values."""
    assert list(group_columns(sex=["F"])) == ["sex"]


@pytest.mark.parametrize(
    ("attribute", "value", "words"),
    [
        ("age_band", "under-18", "Under 18 years"),
        ("age_band", "18-39", "18 to 39 years"),
        ("age_band", "80-plus", "80 years and over"),
        ("race", "declined", "Asked, no answer given"),
        ("ethnicity", ABSENT, "Not recorded"),
    ],
)
def test_groups_have_plain_words(attribute: str, value: str, words: str) -> None:
    """Each machine value has words for a reader."""
    assert label(attribute, value) == words


@pytest.mark.parametrize(
    ("attribute", "value"), [("sex", "asian"), ("age_band", "18-44"), ("shoe_size", "44")]
)
def test_group_that_is_not_defined_has_no_label(attribute: str, value: str) -> None:
    """A label is never made up."""
    with pytest.raises(GroupError):
        label(attribute, value)


def test_attributes_begin_with_the_four_of_an_evaluation() -> None:
    """The attributes and their words are stable."""
    assert ATTRIBUTES[:4] == ("sex", "age_band", "race", "ethnicity")
    assert ATTRIBUTES[4:] == ("race_combination", "race_ethnicity_2024", "language", "coverage", "site")
    assert attribute_label("race") == "Race (alone or in combination)"


def test_more_than_one_race_is_a_group_of_its_own() -> None:
    """Beside each race in combination there is each race alone, and everybody with several."""
    several = dict(further_memberships(race={"asian", "white"}))
    assert several["race_combination"] == "multiple"
    assert dict(further_memberships(race={"asian"}))["race_combination"] == "asian"


def test_further_attributes_that_were_never_recorded_are_absent() -> None:
    """Nothing recorded is a group too, for each further attribute."""
    assert {value for _, value in further_memberships()} == {"absent"}


def test_an_open_attribute_takes_any_value() -> None:
    """A language or a site is its own label; a closed attribute still refuses an unknown word."""
    assert label("language", "haw") == "haw"
    with pytest.raises(GroupError, match="race_ethnicity_2024"):
        further_memberships(combined_2024={"martian"})
