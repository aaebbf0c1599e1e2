"""Which predictions become cards."""

import math

import msgspec
import pytest
from card_examples import (
    CAUTION,
    SERVE,
    WITHHOLD,
    Example,
    diabetes_prediction,
    example,
    outside,
    response_prediction,
)

from cds_hooks.decision import Decision, decide
from models.prediction import Applicability


@pytest.fixture(scope="module")
def diabetes() -> Example:
    """The diabetes model, which speaks from 4 in 100 on."""
    return example("type2-diabetes-risk")


def test_a_risk_at_the_threshold_speaks(diabetes: Example) -> None:
    """The threshold itself counts as reached."""
    assert decide(diabetes, diabetes_prediction(diabetes, 0.04), SERVE) == Decision("card", output="diabetes")


def test_a_risk_below_the_threshold_is_silent(diabetes: Example) -> None:
    """Dysglycaemia above its threshold does not speak for diabetes."""
    decision = decide(diabetes, diabetes_prediction(diabetes, 0.0399), SERVE)
    assert decision == Decision("silent", "below-threshold")


def test_caution_does_not_silence(diabetes: Example) -> None:
    """The gate's caution changes the words, not the decision."""
    assert decide(diabetes, diabetes_prediction(diabetes), CAUTION).kind == "card"


@pytest.mark.parametrize("probability", [0.001, 0.9])
def test_a_withheld_score_tells_nothing_about_itself(diabetes: Example, probability: float) -> None:
    """Withheld is the answer at any score."""
    decision = decide(diabetes, diabetes_prediction(diabetes, probability), WITHHOLD)
    assert decision == Decision("outside", "withheld")


def test_silence_keeps_its_reason(diabetes: Example) -> None:
    """The ledger learns why nothing was said."""
    known = Applicability("silent", "known-diabetes")
    prediction = msgspec.structs.replace(diabetes_prediction(diabetes), applicability=known, outputs=())
    assert decide(diabetes, prediction, None) == Decision("silent", "known-diabetes")


@pytest.mark.parametrize(("card", "kind"), [(True, "outside"), (False, "silent")])
def test_outside_speaks_only_when_the_rule_says_so(diabetes: Example, card: bool, kind: str) -> None:
    """A rule decides whether the clinician is told that the model does not apply."""
    decision = decide(diabetes, outside(diabetes_prediction(diabetes), card=card), None)
    assert decision == Decision(kind, "pregnant")  # type: ignore[arg-type] # the parameter is one of the literals


def test_a_model_without_speak_when_always_speaks() -> None:
    """The primary output speaks at any probability."""
    model = example("immunotherapy-response")
    assert decide(model, response_prediction(model), SERVE) == Decision("card", output="response")


def test_a_score_without_clearance_is_refused(diabetes: Example) -> None:
    """Nobody can forget the gate."""
    with pytest.raises(ValueError, match="needs a clearance"):
        decide(diabetes, diabetes_prediction(diabetes), None)


def test_a_score_that_is_not_finite_is_refused(diabetes: Example) -> None:
    """NaN never passes for a low risk."""
    with pytest.raises(ValueError, match="not finite"):
        decide(diabetes, diabetes_prediction(diabetes, math.nan), SERVE)
