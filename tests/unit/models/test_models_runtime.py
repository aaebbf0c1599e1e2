"""One prediction: applicability, probability, interval, typical patient, contributions."""

import json
import math
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import toy_models as toys
from hypothesis import given
from hypothesis import strategies as st

from fhir_mapping.values import FeatureValue, FeatureVector
from models.errors import PredictionError
from models.loader import load_model
from models.runtime import Model

PATIENT = {"age": 60.0, "lactate": 2.0, "score": -1.0}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return toys.toy(tmp_path_factory.mktemp("models") / "toy")


def features(**changes: dict[str, Any]) -> list[dict[str, Any]]:
    """The toy features, some with other fields."""
    return [{**feature, **changes.get(feature["name"], {})} for feature in toys.FEATURES]


def logit_of(age: float = 0, lactate: float = 0, score: float = 0) -> float:
    """Log odds of the toy model's first output."""
    return toys.INTERCEPTS[0] + float(np.dot(toys.SLOPES, (age, lactate, score)))


def test_a_rule_keeps_the_model_silent(model: Model) -> None:
    """A rule that holds gives its reason and text, and no score."""
    found = model.predict(toys.vector(model, **PATIENT, sepsis=1))
    assert (found.applicability.status, found.applicability.reason, found.outputs) == (
        "silent",
        "known-sepsis",
        (),
    )


def test_a_rule_can_put_the_patient_outside(model: Model) -> None:
    """An outside rule asks for a card when it says so."""
    found = model.predict(toys.vector(model, **{**PATIENT, "score": 16}))
    assert (found.applicability.status, found.applicability.card) == ("outside", True)


def test_the_first_rule_decides(model: Model) -> None:
    """Of two rules that hold, the earlier one gives the reason."""
    found = model.predict(toys.vector(model, **{**PATIENT, "score": 16}, sepsis=1))
    assert found.applicability.reason == "known-sepsis"


def test_a_missing_value_satisfies_no_comparison(model: Model) -> None:
    """A rule with `above` does not hold for a missing value."""
    found = model.predict(toys.vector(model, age=60, lactate=2))
    assert found.applicability.status == "inside"


@pytest.mark.parametrize(
    ("present", "given_score", "status"),
    [(False, None, "outside"), (False, 1.0, "inside"), (True, None, "inside"), (True, 1.0, "outside")],
)
def test_presence_is_a_test_of_its_own(
    tmp_path: Path, present: bool, given_score: float | None, status: str
) -> None:
    """`present` asks whether the value is there, whatever it is."""
    rule = {
        "when": {"feature": "score", "present": present},
        "outcome": "outside",
        "reason": "r",
        "text": "t",
    }
    model = toys.toy(tmp_path / "toy", rules=[rule])
    values = {"age": 60.0, "lactate": 2.0} | ({} if given_score is None else {"score": given_score})
    assert model.predict(toys.vector(model, **values)).applicability.status == status


def test_a_missing_required_input_keeps_the_model_silent(model: Model) -> None:
    """Without a required input there is no score, and the reason names the input."""
    found = model.predict(toys.vector(model, lactate=2, score=1)).applicability
    assert (found.status, found.reason) == ("silent", "required-missing:age")
    assert found.text == "Age is needed for an estimate and is missing (not recorded)."


@pytest.mark.parametrize("lactate", [-0.1, 30.1])
def test_outside_the_domain_there_is_no_score(model: Model, lactate: float) -> None:
    """A known input outside the span of training is told with value and span."""
    found = model.predict(toys.vector(model, **{**PATIENT, "lactate": lactate}))
    assert (found.applicability.status, found.applicability.card, found.outputs) == ("outside", True, ())
    assert f"Lactate is {lactate:g} mmol/L; the model was made for 0 to 30 mmol/L." in (
        found.applicability.text or ""
    )


def test_the_ends_of_the_domain_are_inside(model: Model) -> None:
    """The span of training includes its ends."""
    assert model.predict(toys.vector(model, **{**PATIENT, "lactate": 30})).applicability.status == "inside"


def test_a_complete_row_has_the_models_own_interval(model: Model) -> None:
    """With everything known, limits are the graph's interval."""
    found = model.predict(toys.vector(model, **PATIENT)).outputs[0]
    reach = [toys.logit(limit) - logit_of(**PATIENT) for limit in (found.low, found.high)]
    assert reach == pytest.approx([-toys.MEMBER_REACH, toys.MEMBER_REACH], abs=1e-5)


def test_a_missing_input_widens_the_interval(model: Model) -> None:
    """The log-odds variance is that of the parameters plus that of the missing input."""
    found = model.predict(toys.vector(model, age=60, lactate=1)).outputs[0]
    sd = (toys.logit(found.high) - toys.logit(found.low)) / (2 * 1.959964)
    rho = toys.CORRELATION
    left = 1 - 2 * rho**2 / (1 + rho)
    expected = math.sqrt((toys.MEMBER_REACH / 1.959964) ** 2 + toys.SLOPES[2] ** 2 * left)
    assert sd == pytest.approx(expected, rel=0.02)


def test_a_missing_input_is_averaged_over(model: Model) -> None:
    """The probability is the mean of the logistic curve over the conditional normal distribution."""
    rho = toys.CORRELATION
    mean, sd = rho / (1 + rho) * 2, math.sqrt(1 - 2 * rho**2 / (1 + rho))
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    curve = 1 / (1 + np.exp(-(logit_of(60, 1, mean) + toys.SLOPES[2] * sd * nodes)))
    found = model.predict(toys.vector(model, age=60, lactate=1)).outputs[0].probability
    assert found == pytest.approx(float(curve @ weights / weights.sum()), abs=5e-4)


inputs = st.fixed_dictionaries(
    {"age": st.floats(18, 90)}, optional={"lactate": st.floats(0, 30), "score": st.floats(-15, 15)}
)


@given(inputs)
def test_every_output_is_ordered_and_bounded(model: Model, values: dict[str, float]) -> None:
    """0 <= low <= probability <= high <= 1, whatever is known."""
    for output in model.predict(toys.vector(model, **values)).outputs:
        assert 0 <= output.low <= output.probability <= output.high <= 1


@given(inputs)
def test_predictions_repeat(model: Model, values: dict[str, float]) -> None:
    """The same patient gets the same answer again, to the last digit."""
    first, again = (model.predict(toys.vector(model, **values)) for _ in range(2))
    assert (first.outputs, first.contributions) == (again.outputs, again.contributions)


@given(st.lists(inputs, max_size=8))
def test_a_batch_equals_single_predictions(model: Model, patients: list[dict[str, float]]) -> None:
    """Scoring many at once gives each the answer that it gets alone."""
    vectors = [toys.vector(model, **{"sepsis": float(i % 3 == 0), **v}) for i, v in enumerate(patients)]
    batch = model.predict_many(vectors)
    for found, one in zip(batch, vectors, strict=True):
        alone = model.predict(one, explain=False)
        assert found.applicability == alone.applicability
        pairs = zip(found.outputs, alone.outputs, strict=True)
        assert all(a.probability == pytest.approx(b.probability, abs=1e-6) for a, b in pairs)


# Ages within the tables; findings that keep float32 probabilities away from 0 and 1, where digits are lost.
moderate = st.fixed_dictionaries(
    {"age": st.floats(22, 78)}, optional={"lactate": st.floats(0, 10), "score": st.floats(-4, 4)}
)


@given(moderate)
def test_additive_contributions_add_up(model: Model, values: dict[str, float]) -> None:
    """For a sum of effects, contributions are exact: they move by slope times the change of the value."""
    found = {c.name: c.effect for c in model.predict(toys.vector(model, **values)).contributions}
    moved = {name: value + (name != "age") for name, value in values.items()}
    after = {c.name: c.effect for c in model.predict(toys.vector(model, **moved)).contributions}
    for name, slope in zip(("lactate", "score"), toys.SLOPES[1:], strict=True):
        if name in values:
            assert after[name] - found[name] == pytest.approx(slope, abs=5e-3)


def test_an_input_is_compared_with_typical_people(model: Model) -> None:
    """A value as typical people have it hardly moves the estimate."""
    found = model.predict(toys.vector(model, age=50, lactate=0, score=2)).contributions
    assert abs(next(c.effect for c in found if c.name == "lactate")) < 0.2 * abs(toys.SLOPES[1])


def test_missing_inputs_and_anchors_have_no_contribution(model: Model) -> None:
    """Only known inputs other than the anchors are explained."""
    found = model.predict(toys.vector(model, age=60, score=3))
    assert [c.name for c in found.contributions] == ["score"]


def test_contributions_come_largest_first(model: Model) -> None:
    """The order of contributions is that of their size, whatever the sign."""
    effects = [c.effect for c in model.predict(toys.vector(model, age=50, lactate=2, score=3)).contributions]
    assert effects == sorted(effects, key=abs, reverse=True)
    assert [effect > 0 for effect in effects] == [False, True]


def test_the_typical_patient_shares_the_anchors_only(model: Model) -> None:
    """The typical probability depends on age and on nothing else that is known."""
    one, other, older = (
        model.predict(toys.vector(model, age=age, lactate=lactate, score=0)).outputs[0].typical
        for age, lactate in ((50, 1), (50, 20), (70, 1))
    )
    assert one == other != older


def test_without_explanation_there_is_neither(model: Model) -> None:
    """Asked not to explain, the model gives no contributions and no typical patient."""
    found = model.predict(toys.vector(model, **PATIENT), explain=False)
    assert (found.contributions, found.outputs[0].typical) == ((), None)


def test_method_none_explains_nothing(tmp_path: Path) -> None:
    """A manifest without a method gets a typical patient and no contributions."""
    model = toys.toy(tmp_path / "toy", explanation={"method": "none", "anchors": ["age"]})
    found = model.predict(toys.vector(model, **PATIENT))
    assert found.contributions == ()
    assert found.outputs[0].typical is not None


def test_an_assumed_value_is_used_and_not_explained(tmp_path: Path) -> None:
    """A stated assumption enters the score, and is no difference from the typical patient."""
    assumed = {"when_missing": {"value": 0.5, "because": "it is the usual value"}}
    model = toys.toy(tmp_path / "toy", features=features(score=assumed))
    given = {
        **{v.name: v for v in toys.vector(model, **PATIENT)},
        "score": FeatureValue("score", 0.5, "assumed"),
    }
    found = model.predict(FeatureVector(given, model.features.inputs, []))
    assert toys.logit(found.outputs[0].probability) == pytest.approx(logit_of(60, 2, 0.5), abs=1e-5)
    assert [c.name for c in found.contributions] == ["lactate"]


def test_a_missing_value_can_go_to_the_model_as_nan(tmp_path: Path) -> None:
    """`nan` reaches the model as it is; this one takes 0 for it."""
    content = toys.manifest(features=features(score={"when_missing": "nan"}))
    model = load_model(toys.write_folder(tmp_path / "toy", content, toys.filling()))
    found = model.predict(toys.vector(model, age=60, lactate=2), explain=False)
    assert toys.logit(found.outputs[0].probability) == pytest.approx(logit_of(60, 2, 0), abs=1e-5)


def test_figures_that_are_no_probability_are_never_shown(tmp_path: Path) -> None:
    """A model that gives NaN where no trial went raises PredictionError."""
    model = load_model(toys.write_folder(tmp_path / "toy", model=toys.failing(2, 14.5)))
    with pytest.raises(PredictionError, match="not a probability"):
        model.predict(toys.vector(model, **{**PATIENT, "score": 14.8}))


def test_a_model_without_reference_gives_a_score_alone(tmp_path: Path) -> None:
    """Without reference.json, required inputs are scored; there is no typical patient."""
    required = {"required": True}
    card = {"headline": "About {death.of100} in 100"}
    content = toys.manifest(features=features(lactate=required, score=required), card=card)
    model = load_model(toys.write_folder(tmp_path / "toy", content, files={"reference.json": None}))
    found = model.predict(toys.vector(model, **PATIENT))
    assert (found.contributions, found.outputs[0].typical) == ((), None)
    assert toys.logit(found.outputs[0].probability) == pytest.approx(logit_of(**PATIENT), abs=1e-5)


def test_a_model_without_interval_still_spreads_over_what_is_missing(tmp_path: Path) -> None:
    """Without an interval of its own, only missing inputs give width."""
    model = load_model(toys.write_folder(tmp_path / "toy", model=toys.graph(interval=False)))
    complete = model.predict(toys.vector(model, **PATIENT)).outputs[0]
    partial = model.predict(toys.vector(model, age=60)).outputs[0]
    assert complete.low == complete.probability == complete.high
    assert partial.low < partial.probability < partial.high


@pytest.mark.parametrize("explain", [False, True])
def test_an_interval_that_leaves_the_estimate_out_is_widened(tmp_path: Path, explain: bool) -> None:
    """Limits of the graph that do not hold the estimate are moved to it."""
    model = load_model(toys.write_folder(tmp_path / "toy", model=toys.graph(reach=(0.2, 0.6))))
    found = model.predict(toys.vector(model, **PATIENT), explain).outputs[0]
    assert (found.low, toys.logit(found.high)) == (
        found.probability,
        pytest.approx(logit_of(**PATIENT) + 0.6, abs=1e-5),
    )


def test_a_complete_row_alone_and_in_a_batch_give_the_same(model: Model) -> None:
    """The short way of one complete row is the long one's, to the bit."""
    vector = toys.vector(model, **PATIENT)
    alone, (batched,) = model.predict(vector, explain=False), model.predict_many([vector])
    assert alone == batched


def test_figures_of_one_row_that_are_no_probability_are_never_shown(tmp_path: Path) -> None:
    """Also without an explanation, where a row is scored the short way."""
    model = load_model(toys.write_folder(tmp_path / "toy", model=toys.failing(2, 14.5)))
    with pytest.raises(PredictionError, match="not a probability"):
        model.predict(toys.vector(model, **{**PATIENT, "score": 14.8}), explain=False)


def test_a_prediction_is_plain_data(model: Model) -> None:
    """Outputs and contributions encode to JSON as they are."""
    found = model.predict(toys.vector(model, **PATIENT))
    assert json.loads(msgspec.json.encode(found.outputs))[0]["name"] == "death"
