"""Equity of silence and responses to cards."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import t as student

from fairness.engine import flag_rates, flag_tally, response_rates, response_tally
from fairness.engine.student import t_quantile
from fairness.errors import GroupError, SampleError
from fairness.intervals import wilson


def test_flags_are_rates_of_all_encounters() -> None:
    """No-card and missing-input rates count every encounter of the group in their denominator."""
    silent = np.arange(100) % 4 == 0
    groups = {"sex": ["female"] * 60 + ["male"] * 40}
    found = flag_rates(flag_tally({"no_card": silent, "missing_input": ~silent}, groups))
    figure = found.group("sex", "female").metric("no_card_rate")
    assert (figure.value, figure.low, figure.high) == pytest.approx((0.25, *wilson(15, 60)))
    assert found.group("sex", "male").metric("missing_input_rate").value == 0.75


def test_flag_tallies_of_shards_add_up() -> None:
    """Two shards have the counts of all rows."""
    flags, sexes = np.arange(50) % 3 == 0, ["f" if at % 2 else "m" for at in range(50)]
    whole = flag_tally({"abstained": flags}, {"sex": sexes})
    parts = [
        flag_tally({"abstained": flags[part]}, {"sex": sexes[part]}) for part in (slice(20), slice(20, 50))
    ]
    assert parts[0] + parts[1] == whole


def test_flags_with_gaps_are_refused() -> None:
    """A flag that was not recorded is not a no."""
    with pytest.raises(SampleError, match="no_card: a flag is"):
        flag_tally({"no_card": [True, None]}, {})


def test_override_interval_is_that_of_a_clustered_regression() -> None:
    """The standard error behind the interval is the cluster-robust one of statsmodels, with Student's t."""
    rng = np.random.default_rng(4)
    who = rng.integers(0, 12, 400)
    over = rng.random(400) < rng.beta(6, 4, 12)[who]
    actions = np.where(over, "overridden", "accepted").tolist()
    found = response_rates(response_tally(actions, [f"c{at}" for at in who], {})).groups[0]
    figure = found.metric("override_rate")
    fit = sm.OLS(over.astype(float), np.ones(400)).fit(cov_type="cluster", cov_kwds={"groups": who})
    share = figure.value
    width = student.ppf(0.975, 11) * fit.bse[0] / (share * (1 - share))
    centre = np.log(share / (1 - share))
    expected = [1 / (1 + np.exp(-(centre + shift))) for shift in (-width, width)]
    assert (figure.low, figure.high) == pytest.approx(expected, rel=1e-9)


def test_clustering_widens_the_interval() -> None:
    """Two clinicians' habits are not 200 independent answers; twenty clinicians say more."""
    actions = (["overridden"] * 5 + ["accepted"] * 5) * 20
    alike = [f"c{at // 10}" for at in range(200)]
    split = [f"c{at // 5}" for at in range(200)]
    mixed, extreme = (
        response_rates(response_tally(actions, who, {})).groups[0].metric("override_rate")
        for who in (alike, split)
    )
    assert extreme.high - extreme.low > mixed.high - mixed.low


def test_a_card_without_an_answer_is_a_no_response() -> None:
    """Ignored cards stay in the denominator, so the three rates sum to 1."""
    actions = ["accepted", "no-response", "no-response", "overridden"] * 10
    found = response_rates(response_tally(actions, [f"c{at % 8}" for at in range(40)], {})).groups[0]
    assert found.metric("no_response_rate").value == 0.5
    assert sum(figure.value for figure in found.metrics) == 1.0


def test_few_clinicians_are_insufficient() -> None:
    """Four clinicians cannot show how clinicians vary, however many cards."""
    found = response_rates(response_tally(["accepted", "overridden"] * 200, ["a", "a", "b", "c"] * 100, {}))
    figure = found.groups[0].metric("acceptance_rate")
    assert figure.state == "insufficient"
    assert "3 clinicians, fewer than 5" in figure.why


def test_nobody_accepting_has_an_interval() -> None:
    """A rate of 0 is bounded by the number of clinicians, not of cards."""
    found = response_rates(response_tally(["overridden"] * 100, [f"c{at % 10}" for at in range(100)], {}))
    assert found.groups[0].metric("acceptance_rate").high == pytest.approx(1 - 0.025**0.1)


def test_response_tallies_of_shards_add_up() -> None:
    """A clinician in two shards is one clinician."""
    rng = np.random.default_rng(0)
    actions = rng.choice(["accepted", "overridden", "no-response"], 90).tolist()
    who = [f"c{at}" for at in rng.integers(0, 6, 90)]
    sexes = rng.choice(["f", "m"], 90).tolist()
    whole = response_tally(actions, who, {"sex": sexes})
    parts = [response_tally(actions[s], who[s], {"sex": sexes[s]}) for s in (slice(40), slice(40, 90))]
    assert parts[0] + parts[1] == whole


def test_unknown_actions_are_refused() -> None:
    """An action outside the three is an error and not a fourth class."""
    with pytest.raises(SampleError, match="actions: entry 0"):
        response_tally(["ignored"], ["a"], {})


def test_other_attributes_do_not_add_up() -> None:
    """Cards by sex and cards by race cannot be added."""
    with pytest.raises(GroupError, match="do not add up"):
        response_tally(["accepted"], ["a"], {"sex": ["f"]}) + response_tally(["accepted"], ["a"], {})


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 9, 30, 999])
def test_t_quantiles_equal_scipy(freedom: int) -> None:
    """Quantiles of Student's t for whole degrees of freedom."""
    for probability in (0.01, 0.5, 0.9, 0.975):
        assert t_quantile(probability, freedom) == pytest.approx(student.ppf(probability, freedom), abs=1e-9)
