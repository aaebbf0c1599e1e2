"""Whether a prediction becomes a card: the four ways in which a model may speak or keep silent."""

import math
from typing import Literal, Protocol

import msgspec

from fairness.gate import Clearance
from fhir_mapping.features import FeatureSet
from models.manifest import Manifest
from models.prediction import OutputValue, Prediction

__all__ = ["BELOW_THRESHOLD", "WITHHELD", "Decision", "Subject", "decide"]

BELOW_THRESHOLD = "below-threshold"
WITHHELD = "withheld"


class Subject(Protocol):
    """What cards and decisions need to know of a model; `models.runtime.Model` is one."""

    @property
    def manifest(self) -> Manifest: ...

    @property
    def features(self) -> FeatureSet: ...


class Decision(msgspec.Struct, frozen=True):
    """What becomes of one prediction.

    `card`: shown with its score, because of `output`. `outside`: a card without a score says why there is
    none. `silent`: nothing is shown. `reason` is a slug for the ledger, None for `card`.
    """

    kind: Literal["card", "silent", "outside"]
    reason: str | None = None
    output: str | None = None


def decide(model: Subject, prediction: Prediction, clearance: Clearance | None) -> Decision:
    """Decide by applicability, then by the gate, then by the manifest's thresholds.

    The gate comes before the thresholds so that a withheld card tells nothing about the score. `clearance`
    may be None only when the model does not apply. Raises ValueError when a prediction that applies has no
    clearance, or an output that is not finite.
    """
    applies = prediction.applicability
    if applies.status == "silent" or (applies.status == "outside" and not applies.card):
        return Decision("silent", applies.reason or applies.status)
    if applies.status == "outside":
        return Decision("outside", applies.reason or applies.status)
    if clearance is None:
        raise ValueError(f"model {prediction.model}: a prediction that applies needs a clearance")
    if clearance.action == "withhold":
        return Decision("outside", WITHHELD)
    _require_finite(prediction)
    speaking = _speaking_output(model.manifest, prediction.outputs)
    return Decision("card", output=speaking.name) if speaking else Decision("silent", BELOW_THRESHOLD)


def _require_finite(prediction: Prediction) -> None:
    if not prediction.outputs:
        raise ValueError(f"model {prediction.model}: a prediction that applies has no output")
    for output in prediction.outputs:
        if not all(math.isfinite(p) for p in (output.probability, output.low, output.high)):
            raise ValueError(f"model {prediction.model}: output {output.name} is not finite")


def _speaking_output(manifest: Manifest, outputs: tuple[OutputValue, ...]) -> OutputValue | None:
    """The first output that reaches its threshold; the primary one when the manifest names none."""
    policy = manifest.card
    if not policy.speak_when:
        return outputs[0]
    speaking = (output for output in outputs if output.name in policy.speak_when)
    return next((one for one in speaking if one.probability >= policy.thresholds[one.name].at), None)
