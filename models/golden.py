"""Golden cases of a model: invented patients with the values and probabilities that they must always give.

``golden.json`` is a JSON list of cases, each an object with

- ``name``: slug of the case, unique in the file;
- ``index``: the moment of the request, RFC 3339 with a zone;
- ``bundle``: a FHIR R4 Bundle of one invented patient, taken as the whole chart: a resource type that it does
  not hold counts as asked for and not found;
- ``drafts``: draft orders of the hook, FHIR resources (left out when there are none);
- ``status``: ``inside``, or ``silent`` or ``outside`` with the reason's slug after a colon;
- ``features``: every feature of the manifest -> value in its canonical unit, null when missing;
- ``outputs``: every output -> ``[probability, low, high]``; empty unless the status is ``inside``.

The file is written by a model's training script and read again wherever the model runs, so that another
processor, another runtime or a changed mapping cannot change a score unnoticed.
"""

import math
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol

import msgspec

from fhir_mapping.drafts import read_draft
from fhir_mapping.features import FeatureSet
from fhir_mapping.prefetch import KEYS
from fhir_mapping.record import PatientRecord
from fhir_mapping.values import FeatureVector
from models.prediction import Prediction

FEATURE_TOLERANCE = 1e-6
"""Relative; a unit conversion may round in another order."""
PROBABILITY_TOLERANCE = 1e-5
"""Absolute; the model computes in single precision."""


class Scorer(Protocol):
    """The part of a model that golden cases need."""

    @property
    def features(self) -> FeatureSet:
        """The compiled features of the manifest."""

    def predict(self, vector: FeatureVector) -> Prediction:
        """The model's answer for one patient."""


class Case(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One case as written; see the module's text."""

    name: str
    index: datetime
    bundle: dict[str, Any]
    status: str
    features: dict[str, float | None]
    outputs: dict[str, tuple[float, float, float]]
    drafts: tuple[dict[str, Any], ...] = ()


def read(content: bytes) -> list[Case]:
    """Cases of a golden.json. Raises ``msgspec.ValidationError`` or ``msgspec.DecodeError``."""
    return msgspec.json.decode(content, type=list[Case])


def run(model: Scorer, case: Case) -> Case:
    """The case with what the model says now; raises what the mapper and the model raise."""
    record = PatientRecord.of_bundle(msgspec.json.encode(case.bundle))
    record.answer(KEYS.values())
    record.drafts = [read_draft(msgspec.json.encode(draft)) for draft in case.drafts]
    vector = model.features.extract(record, case.index)
    prediction = model.predict(vector)
    found = prediction.applicability
    return msgspec.structs.replace(
        case,
        status=found.status if found.reason is None else f"{found.status}:{found.reason}",
        features={value.name: None if math.isnan(value.value) else value.value for value in vector},
        outputs={out.name: (out.probability, out.low, out.high) for out in prediction.outputs},
    )


def check(model: Scorer, golden_bytes: bytes) -> list[str]:
    """Differences between a golden.json and the model as it runs here, one sentence each."""
    try:
        cases = read(golden_bytes)
    except msgspec.MsgspecError as error:
        return [f"golden.json cannot be read: {error}"]
    return [difference for case in cases for difference in compare(case, run(model, case))]


def compare(expected: Case, found: Case) -> list[str]:
    """Differences of one case, one sentence each."""
    where = f"case `{expected.name}`"
    lines = []
    if expected.status != found.status:
        lines.append(f"{where}: status is {found.status}, recorded {expected.status}")
    for name in _names(expected.features, found.features):
        then, now = expected.features.get(name), found.features.get(name)
        if not _same_value(then, now):
            lines.append(f"{where}: feature `{name}` is {_told(now)}, recorded {_told(then)}")
    for name in _names(expected.outputs, found.outputs):
        before, after = expected.outputs.get(name), found.outputs.get(name)
        if not _same_output(before, after):
            lines.append(f"{where}: output `{name}` is {_listed(after)}, recorded {_listed(before)}")
    return lines


def _names(*mappings: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name for mapping in mappings for name in mapping))


def _same_value(then: float | None, now: float | None) -> bool:
    if then is None or now is None:
        return then is now
    return math.isclose(then, now, rel_tol=FEATURE_TOLERANCE)


def _same_output(then: tuple[float, ...] | None, now: tuple[float, ...] | None) -> bool:
    if then is None or now is None:
        return then is now
    return all(abs(a - b) <= PROBABILITY_TOLERANCE for a, b in zip(then, now, strict=True))


def _told(value: float | None) -> str:
    return "missing" if value is None else f"{value:.9g}"


def _listed(values: tuple[float, ...] | None) -> str:
    return "absent" if values is None else ", ".join(f"{value:.6f}" for value in values)
