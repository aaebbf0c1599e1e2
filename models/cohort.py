"""Scores of a whole cohort: one row for each chart of a Bulk Data export, at one index time."""

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path

import msgspec

from fhir_mapping.bulk.charts import Chart
from fhir_mapping.bulk.leads import Unsettled
from fhir_mapping.features import FeatureSet
from fhir_mapping.record import PatientRecord
from fhir_mapping.terminology.site import SiteTerminology
from fhir_mapping.times import DateError, bounds, time_zone
from fhir_mapping.values import FeatureVector
from models.errors import PredictionError
from models.loader import load_model
from models.manifest import MANIFEST
from models.prediction import Prediction
from models.runtime import Model

BATCH = 256
"""Charts that are scored together."""

DECEASED = "deceased"
FAILED = "model-failed"


class ScoreRow(msgspec.Struct, frozen=True, array_like=True):
    """A model's primary output for one patient.

    `score` in [0, 1] with its 95 % interval `low` to `high`; all three None when the model abstains or does
    not apply, and `reason` then is the slug that the hook would record (`required-missing:bmi`, a rule's
    reason, `deceased`), or `model-failed`. `missing` names the inputs without a value, `not_checked` beside a
    score the features that would have forbidden it and of which nobody can tell whether they do: a list that
    is in no file of the export, or entries that cannot be read.
    """

    patient: str
    score: float | None
    reason: str | None
    low: float | None
    high: float | None
    missing: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()


class Scoring(msgspec.Struct, frozen=True):
    """The work of `bedside score`, to be sent to where it is done: a model folder at an index time.

    `answered` are the resource types that the export holds, `doubted` those of which some were lost;
    `terminology` is the folder of the site's own codes, empty where there is none; `zone` the site's time
    zone.
    """

    folder: str
    index: datetime
    answered: tuple[str, ...] = ()
    doubted: tuple[str, ...] = ()
    terminology: str = ""
    zone: str = "UTC"

    def features(self) -> FeatureSet:
        """The compiled features of the model; raises SpecError."""
        return _features(self.folder, self.terminology)

    def rows(self, charts: Iterable[Chart]) -> Iterator[ScoreRow | Unsettled]:
        """One ScoreRow for each chart, or Unsettled where the chart leaves out lines that matter; raises
        ModelError when the folder cannot be served."""
        zone = time_zone(self.zone)
        model, waiting = _model(self.folder, self.terminology), iter(charts)
        while batch := list(islice(waiting, BATCH)):
            records = [chart.record(self.answered, self.doubted, zone) for chart in batch]
            vectors = [model.features.extract(record, self.index) for record in records]
            alive = [not has_died(record, self.index) for record in records]
            scored = iter(_predictions(model, [v for v, lives in zip(vectors, alive, strict=True) if lives]))
            for chart, vector, lives in zip(batch, vectors, alive, strict=True):
                row = _row(chart.patient, vector, next(scored) if lives else DECEASED)
                yield row if chart.settles(vector, zone) else Unsettled(chart.patient)


def has_died(record: PatientRecord, index: datetime) -> bool:
    """Whether the patient is recorded as deceased at the index time.

    A death that is dated after the index time had not happened; one without a readable date counts always.
    """
    patient = record.patient
    if patient is None or not record.deceased:
        return False
    try:
        return patient.deceasedDateTime is None or bounds(patient.deceasedDateTime, record.zone)[0] <= index
    except DateError:
        return True


def _predictions(model: Model, vectors: Sequence[FeatureVector]) -> list[Prediction | str]:
    """Predictions in order; where a batch fails, each of its patients is scored alone, so that one patient's
    figures cost nobody else's."""
    try:
        return list(model.predict_many(vectors))
    except PredictionError:
        return [_alone(model, vector) for vector in vectors]


def _alone(model: Model, vector: FeatureVector) -> Prediction | str:
    try:
        return model.predict(vector, explain=False)
    except PredictionError:
        return FAILED


def _row(patient: str, vector: FeatureVector, found: Prediction | str) -> ScoreRow:
    missing = tuple(value.name for value in vector.missing())
    if isinstance(found, str):
        return ScoreRow(patient, None, found, None, None, missing)
    if not found.outputs:
        applies = found.applicability
        return ScoreRow(patient, None, applies.reason or applies.status, None, None, missing)
    primary = found.outputs[0]
    figures = (primary.probability, primary.low, primary.high)
    if not all(map(math.isfinite, figures)):
        return ScoreRow(patient, None, FAILED, None, None, missing)
    untold = tuple(value.name for value in found.unchecked)
    return ScoreRow(patient, figures[0], None, figures[1], figures[2], missing, untold)


@lru_cache(maxsize=4)
def _features(folder: str, terminology: str) -> FeatureSet:
    return FeatureSet.load(Path(folder) / MANIFEST, SiteTerminology.of(terminology))


@lru_cache(maxsize=4)
def _model(folder: str, terminology: str) -> Model:
    return load_model(Path(folder), SiteTerminology.of(terminology))
