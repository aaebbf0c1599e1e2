"""What a model says about one patient, as plain records."""

from typing import Literal

import msgspec

from fhir_mapping.values import FeatureValue, FeatureVector


class Applicability(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether the model may speak about this patient.

    `inside`: it may. `silent`: there is nothing to say (`reason` a slug, `text` a sentence for the ledger).
    `outside`: the model was not made for this patient; no score exists, and `card` tells whether the
    clinician is told so.
    """

    status: Literal["inside", "silent", "outside"]
    reason: str | None = None
    text: str | None = None
    card: bool = False


class OutputValue(msgspec.Struct, frozen=True):
    """One output: probability with its 95 % interval, all in [0, 1].

    `typical` is the probability of the reference population at the same values of the manifest's anchors
    (age and sex, say), None when the model has no reference.
    """

    name: str
    label: str
    probability: float
    low: float
    high: float
    typical: float | None = None


class Contribution(msgspec.Struct, frozen=True):
    """How far one known input moves the primary output from the typical patient, in log odds (positive:
    up)."""

    name: str
    effect: float


class Prediction(msgspec.Struct, frozen=True):
    """One model on one patient. `outputs` and `contributions` are empty unless the status is `inside`.

    `unchecked` are then the features that would have forbidden the score and of which nobody can tell whether
    they do: the score stands, with this said beside it.
    """

    model: str
    version: str
    applicability: Applicability
    vector: FeatureVector
    outputs: tuple[OutputValue, ...] = ()
    contributions: tuple[Contribution, ...] = ()
    unchecked: tuple[FeatureValue, ...] = ()
