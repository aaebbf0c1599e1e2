"""The reference population: completions of missing inputs and the typical patient."""

import json
from typing import Any

import numpy as np
import pytest
import toy_models as toys
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import qmc

from models.reference import DRAWS, Reference
from models.sobol import MAX_DIMENSIONS, sobol
from models.training.design import Feature
from models.training.reference import Reference as Fitted
from models.training.reference import completions

INPUTS = ("age", "lactate", "score")
NAN = float("nan")


def read(content: dict[str, Any] | None = None, inputs: tuple[str, ...] = INPUTS) -> Reference:
    return Reference.read(json.dumps(content or toys.reference()).encode(), inputs)


def row(*values: float) -> NDArray[np.float64]:
    return np.array(values)


def test_points_are_the_sobol_sequence() -> None:
    """All 21 dimensions agree with SciPy's unscrambled sequence, moved to the middle of the cells."""
    expected = qmc.Sobol(MAX_DIMENSIONS, scramble=False).random(DRAWS) + 0.5 / DRAWS
    assert np.array_equal(sobol(6, MAX_DIMENSIONS), expected)


def test_each_dimension_fills_every_cell() -> None:
    """A single missing input is drawn once from each of 64 equally likely slices."""
    assert (np.sort(sobol(6, 9), axis=0) == ((np.arange(64) + 0.5) / 64)[:, None]).all()


def test_too_many_dimensions_are_refused() -> None:
    """Beyond the table of direction numbers there are no points."""
    with pytest.raises(ValueError, match="1 to 21"):
        sobol(6, MAX_DIMENSIONS + 1)


def test_a_complete_row_stays_alone() -> None:
    """With nothing missing there is one row, the patient's own."""
    assert np.array_equal(read().complete(row(50, 1, 2)), [[50, 1, 2]])


def test_known_values_are_held() -> None:
    """All 64 completions carry the known values unchanged."""
    rows = read().complete(row(62, NAN, 1.25))
    assert rows.shape == (DRAWS, 3)
    assert (rows[:, [0, 2]] == [62, 1.25]).all()


@pytest.mark.parametrize("known", [-1.5, 0.0, 0.7, 2.0])
def test_one_missing_input_has_the_conditional_mean(known: float) -> None:
    """For normal inputs the mean of the completions is rho * z, the closed form."""
    rows = read(toys.reference(("lactate", "score")), ("lactate", "score")).complete(row(known, NAN))
    assert rows[:, 1].mean() == pytest.approx(toys.CORRELATION * known, abs=0.01)


@pytest.mark.parametrize("known", [-1.5, 0.7])
def test_one_missing_input_has_the_conditional_spread(known: float) -> None:
    """For normal inputs the standard deviation of the completions is sqrt(1 - rho^2)."""
    rows = read(toys.reference(("lactate", "score")), ("lactate", "score")).complete(row(known, NAN))
    assert rows[:, 1].std() == pytest.approx((1 - toys.CORRELATION**2) ** 0.5, rel=0.02)


def test_two_known_inputs_give_the_regression_mean() -> None:
    """With two known inputs the mean is their regression: rho / (1 + rho) times their sum."""
    rows = read().complete(row(60, 0.5, NAN))
    slope = toys.CORRELATION / (1 + toys.CORRELATION)
    assert rows[:, 2].mean() == pytest.approx(slope * 1.5, abs=0.01)


def test_nothing_known_gives_the_population() -> None:
    """Without any known input the completions have the population's means."""
    rows = read().complete(row(NAN, NAN, NAN))
    assert rows.mean(axis=0) == pytest.approx([50, 0, 0], abs=0.2)


def test_the_median_is_the_conditional_one() -> None:
    """The typical patient of 60 years has every other input at rho times one standard deviation."""
    middle = read().median(row(60, NAN, NAN), np.array([True, False, False]))
    assert middle == pytest.approx([60, toys.CORRELATION, toys.CORRELATION], abs=1e-3)


def test_values_beyond_the_table_count_as_its_end() -> None:
    """A known value far outside the table shifts the others no further than the table's end does."""
    reference = read()
    far, end = (
        reference.complete(row(age, NAN, NAN)) for age in (500, 50 + 10 * toys.normal_quantile(0.999))
    )
    assert np.array_equal(far[:, 1:], end[:, 1:])


def discrete() -> dict[str, Any]:
    content = toys.reference(("age", "lactate"))
    del content["quantiles"]["lactate"]
    return {**content, "discrete": {"lactate": {"values": [0.0, 1.0], "proportions": [0.75, 0.25]}}}


def test_discrete_inputs_keep_their_proportions() -> None:
    """A 0/1 input is drawn as 0 or 1, as often as in the population."""
    rows = read(discrete(), ("age", "lactate")).complete(row(NAN, NAN))
    assert set(rows[:, 1]) == {0.0, 1.0}
    assert rows[:, 1].mean() == pytest.approx(0.25, abs=0.02)


def test_a_stratum_has_tables_of_its_own() -> None:
    """With a stratum its quantiles are used, for a value without tables the pooled ones."""
    content = toys.reference(("age", "lactate"))
    shifted = [value + 100 for value in content["quantiles"]["lactate"]]
    content["quantiles_by"] = {"feature": "score", "strata": {"3": {"lactate": shifted}}}
    reference = read(content)
    means = [reference.complete(row(50, NAN, 3), None, stratum)[:, 1].mean() for stratum in (3.0, 4.0, None)]
    assert means == pytest.approx([100, 0, 0], abs=0.05)


def fitted(content: dict[str, Any]) -> Fitted:
    """The same reference as the training side holds it; its probabilities are the toy's."""
    tables = {name: np.array(table) for name, table in content["quantiles"].items()}
    return Fitted(content["n"], tuple(content["features"]), tables, {}, np.array(content["correlation"]))


@given(st.lists(st.one_of(st.none(), st.floats(-2, 2)), min_size=3, max_size=3))
def test_completions_are_those_of_training(values: list[float | None]) -> None:
    """With the training side's points, the completions are the training side's to rounding."""
    probabilities = toys.reference()["probs"]
    patient = row(*(NAN if value is None else value for value in values))
    content = toys.reference(("lactate", "score", "potassium"))
    features = [Feature(name, "continuous") for name in content["features"]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("models.training.reference.PROBABILITIES", probabilities)
        patch.setattr("models.training.reference.qmc.Sobol", _OurPoints)
        theirs = completions(fitted(content), features, patient[None, :])[0]
    ours = read(content, tuple(content["features"])).complete(patient)
    assert np.allclose(np.broadcast_to(ours, theirs.shape), theirs, atol=1e-9)


class _OurPoints:
    """Gives the runtime's points where the training side asks SciPy for its own."""

    def __init__(self, dimensions: int, **_: object) -> None:
        self.dimensions = dimensions

    def random(self, _: int) -> NDArray[np.float64]:
        return sobol(6, self.dimensions)
