"""Runs one model on one patient: completion of missing inputs, score, interval, explanation.

Interval: a row's own interval covers the uncertainty of the parameters. With missing inputs, the spread of
the log odds between the completions is added to the mean variance within them (law of total variance), and
the interval is symmetric on the log-odds scale around the averaged probability.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from fhir_mapping.features import FeatureSet
from fhir_mapping.spec import Assumption
from fhir_mapping.values import FeatureVector
from models.applicability import Gate, checks, unchecked
from models.evaluation import Evaluation
from models.explain import Explainer, explainer
from models.manifest import Manifest
from models.prediction import Applicability, Contribution, OutputValue, Prediction
from models.reference import Reference
from models.session import Scores, Session

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

INSIDE = Applicability("inside")
Z95 = 1.959963984540054
CHUNK = 256
# People of the typical rows that an additive explanation starts from.
_DRAWN = 16
# Probabilities come as float32; closer to 0 or 1 they are not told apart.
_SMALLEST = 1e-7


class _Plan(NamedTuple):
    """Rows to score for one patient: completions, then typical rows, then rows of the explanation."""

    vector: FeatureVector
    patient: Floats
    typical: Floats | None = None
    explained: tuple[int, ...] = ()
    explanation: Explainer | None = None

    def rows(self) -> Floats:
        parts = [self.patient]
        if self.typical is not None:
            parts.append(self.typical)
        if self.explanation is not None:
            parts.append(self.explanation.rows)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


class Model:
    """One loaded model; immutable, free of patient state, safe to use from several threads."""

    def __init__(
        self,
        manifest: Manifest,
        features: FeatureSet,
        session: Session,
        *,
        reference: Reference | None = None,
        evaluation: Evaluation | None = None,
        sha256: str = "",
        folder: Path | None = None,
    ) -> None:
        self.manifest = manifest
        self.features = features
        self.evaluation = evaluation
        self.sha256 = sha256
        self.folder = folder
        self._session = session
        self._reference = reference
        self._gate = Gate(manifest.rules, features.specs)
        self._checks = checks(manifest.rules, features.specs)
        specs = [spec for spec in features.specs if spec.input]
        self._anchors = np.array([name in manifest.explanation.anchors for name in features.inputs])
        self._passed_as_nan = np.array([spec.when_missing == "nan" for spec in specs])
        self._assumed = {
            column: spec.when_missing.value
            for column, spec in enumerate(specs)
            if isinstance(spec.when_missing, Assumption)
        }

    def predict(self, vector: FeatureVector, explain: bool = True) -> Prediction:
        """What the model says about one patient; raises PredictionError when its figures are unusable.

        Without `explain` there are no contributions and no typical patient, and the run is shorter.
        """
        verdict = self._gate.verdict(vector)
        if verdict is not None:
            return self._unscored(vector, verdict)
        if not explain or self._reference is None:
            row = vector.row()
            if not any(map(math.isnan, row)):
                return self._stated(vector, *_limits(*self._session.run_one(row)))
        plan = self._plan(vector, explain)
        return self._prediction(plan, self._session.run(plan.rows()))

    def predict_many(self, vectors: Sequence[FeatureVector], explain: bool = False) -> list[Prediction]:
        """Predictions in order, scored in batches; equal to `predict` up to float32 rounding."""
        found: list[Prediction] = []
        for start in range(0, len(vectors), CHUNK):
            found += self._chunk(vectors[start : start + CHUNK], explain)
        return found

    def middle(self) -> dict[str, float]:
        """The median of each input that the reference population knows; empty without one."""
        if self._reference is None:
            return {}
        nothing = np.full(len(self.features.inputs), np.nan)
        row = self._reference.median(nothing, np.zeros(len(nothing), dtype=np.bool_))
        named = zip(self.features.inputs, row.tolist(), strict=True)
        return {name: value for name, value in named if not np.isnan(value)}

    def _chunk(self, vectors: Sequence[FeatureVector], explain: bool) -> list[Prediction]:
        verdicts = [self._gate.verdict(vector) for vector in vectors]
        plans = [
            self._plan(vector, explain)
            for vector, verdict in zip(vectors, verdicts, strict=True)
            if verdict is None
        ]
        scored = iter(self._scored(plans))
        return [
            next(scored) if verdict is None else self._unscored(vector, verdict)
            for vector, verdict in zip(vectors, verdicts, strict=True)
        ]

    def _scored(self, plans: Sequence[_Plan]) -> list[Prediction]:
        if not plans:
            return []
        blocks = [plan.rows() for plan in plans]
        scores = self._session.run(np.concatenate(blocks))
        ends = np.cumsum([len(block) for block in blocks])
        return [
            self._prediction(plan, _part(scores, slice(end - len(block), end)))
            for plan, block, end in zip(plans, blocks, ends, strict=True)
        ]

    def _unscored(self, vector: FeatureVector, verdict: Applicability) -> Prediction:
        return Prediction(self.manifest.id, self.manifest.version, verdict, vector)

    def _plan(self, vector: FeatureVector, explain: bool) -> _Plan:
        values = vector.row()
        row = np.array(values, dtype=np.float64)
        explain = explain and self._reference is not None
        if not explain and not any(map(math.isnan, values)):
            return _Plan(vector, row[None, :])
        for column, value in self._assumed.items():
            if math.isnan(values[column]):
                row[column] = value
        patient = self._completed(row)
        if not explain or self._reference is None:
            return _Plan(vector, patient)
        stated = [vector[name].state in ("ok", "none-recorded") for name in self.features.inputs]
        return self._explained(_Plan(vector, patient), row, np.array(stated), self._reference)

    def _completed(self, row: Floats) -> Floats:
        """Rows `[1 or 64, p]` with missing inputs drawn, except those that the model takes as NaN."""
        if not np.isnan(row).any() or self._reference is None:
            return row[None, :]
        left = np.isnan(row) & self._passed_as_nan
        if (left == np.isnan(row)).all():
            return row[None, :]
        rows = self._reference.complete(row)
        rows[:, left] = np.nan
        return rows

    def _explained(self, plan: _Plan, row: Floats, stated: Bools, reference: Reference) -> _Plan:
        """The plan with typical rows and the rows of the explanation.

        Inputs that the reference cannot draw stay as they are in the patient.
        """
        anchors = self._anchors & stated
        stratum = self._stratum(row, anchors, reference)
        typical = reference.complete(row, anchors, stratum)
        method = self.manifest.explanation.method
        additive = method == "additive"
        base = typical[:_DRAWN].copy() if additive else reference.median(row, anchors, stratum)[None, :]
        explained = tuple(int(c) for c in np.flatnonzero(stated & ~anchors & (base != row).any(axis=0)))
        # What is assumed about the patient, or passed as NaN, is no difference from the typical patient.
        aside = ~stated & (self._passed_as_nan | np.isin(np.arange(len(row)), list(self._assumed)))
        base[:, aside] = row[aside]
        rows = explainer(method, base if additive else base[0], row, explained)
        return plan._replace(typical=typical, explained=explained, explanation=rows)

    def _stratum(self, row: Floats, anchors: Bools, reference: Reference) -> float | None:
        if reference.stratified_by not in self.features.inputs:
            return None
        column = self.features.inputs.index(reference.stratified_by)
        return float(row[column]) if anchors[column] else None

    def _prediction(self, plan: _Plan, scores: Scores) -> Prediction:
        own = len(plan.patient)
        point, low, high = _figures(
            scores if len(scores.probability) == own else _part(scores, slice(0, own))
        )
        typical: list[float] = []
        after = own
        if plan.typical is not None:
            after += len(plan.typical)
            typical = scores.probability[own:after].mean(axis=0).tolist()
        stated = self._stated(plan.vector, point, low, high, typical)
        if not plan.explained:
            return stated
        contributions = self._contributions(plan, scores.probability[after:, 0])
        return msgspec.structs.replace(stated, contributions=contributions)

    def _stated(
        self,
        vector: FeatureVector,
        point: Sequence[float],
        low: Sequence[float],
        high: Sequence[float],
        typical: Sequence[float | None] = (),
    ) -> Prediction:
        """The prediction with these figures, one of each kind for each output."""
        told = zip(self.manifest.outputs, point, low, high, typical or [None] * len(point), strict=True)
        outputs = tuple(
            [
                OutputValue(one.name, one.label, middle, least, most, usual)
                for one, middle, least, most, usual in told
            ]
        )
        untold = unchecked(vector, self._checks)
        return Prediction(self.manifest.id, self.manifest.version, INSIDE, vector, outputs, unchecked=untold)

    def _contributions(self, plan: _Plan, probability: Floats) -> tuple[Contribution, ...]:
        """Effects on the primary output, largest first."""
        if plan.explanation is None:
            return ()
        effects = plan.explanation.effects(log_odds(probability))
        found = [
            Contribution(self.features.inputs[c], e) for c, e in zip(plan.explained, effects, strict=True)
        ]
        return tuple(sorted(found, key=lambda one: -abs(one.effect)))


def _figures(scores: Scores) -> tuple[list[float], list[float], list[float]]:
    """Probability and 95 % limits of each output, over equally likely completions `[R, K]`.

    A model without intervals gives low = high = probability for a complete row.
    """
    if len(scores.probability) == 1:
        interval = None if scores.interval is None else scores.interval[0].tolist()
        return _limits(scores.probability[0].tolist(), interval)
    point, low, high = averaged(scores)
    return point.tolist(), low.tolist(), high.tolist()


def _limits(
    point: list[float], interval: list[list[float]] | None
) -> tuple[list[float], list[float], list[float]]:
    """Probability and limits of one row, the limits never on the wrong side of the probability."""
    if interval is None:
        return point, point, point
    low, high = zip(*interval, strict=True)
    return point, [*map(min, low, point)], [*map(max, high, point)]


def averaged(scores: Scores) -> tuple[Floats, Floats, Floats]:
    """Probability and 95 % limits, each `[K]`, over equally likely completions `[R, K]`."""
    point = scores.probability.mean(axis=0)
    spread = log_odds(scores.probability).var(axis=0)
    if scores.interval is not None:
        logits = log_odds(scores.interval)
        spread = spread + (((logits[:, :, 1] - logits[:, :, 0]) / (2 * Z95)) ** 2).mean(axis=0)
    centre, reach = log_odds(point), Z95 * np.sqrt(spread)
    low, high = 1 / (1 + np.exp(reach - centre)), 1 / (1 + np.exp(-reach - centre))
    return point, np.minimum(low, point), np.maximum(high, point)


def log_odds(probability: Floats) -> Floats:
    """Log odds of probabilities of any shape, held within 1e-7 of 0 and 1."""
    held = np.clip(probability, _SMALLEST, 1 - _SMALLEST)
    return np.asarray(np.log(held / (1 - held)), dtype=np.float64)


def _part(scores: Scores, rows: slice) -> Scores:
    return Scores(scores.probability[rows], None if scores.interval is None else scores.interval[rows])
