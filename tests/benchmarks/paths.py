"""The pieces of work that the benchmark compares, each a function of the request's bytes."""

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import orjson
from payloads import LOINC, READ

from cds_hooks.consultation import clearance_for
from cds_hooks.decision import Decision, decide
from cds_hooks.protocol import read_call
from fhir_mapping.record import PatientRecord
from models.loader import load_model

POSITION = {code: i for i, (code, *_) in enumerate(READ)}


class Floor:
    """F: decode everything, pick twelve values from plain dicts, run the model once."""

    def __init__(self, model: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            (model / "model.onnx").read_bytes(), options, providers=["CPUExecutionProvider"]
        )

    def extract(self, request: dict[str, Any]) -> Any:
        """Twelve features: the latest of ten codes by comparing text, age by subtracting years, sex."""
        row = np.full((1, 12), np.nan, np.float32)
        newest = [""] * len(READ)
        prefetch = request["prefetch"]
        for entry in prefetch["observations"]["entry"]:
            resource = entry["resource"]
            for coding in resource["code"]["coding"]:
                at = POSITION.get(coding["code"])
                if at is None or coding["system"] != LOINC:
                    continue
                when = resource.get("effectiveDateTime", "")
                if when > newest[at]:
                    newest[at] = when
                    row[0, at] = resource["valueQuantity"]["value"]
                break
        row[0, 10] = 2026 - int(prefetch["patient"]["birthDate"][:4])
        row[0, 11] = prefetch["patient"]["gender"] == "male"
        return row

    def __call__(self, body: bytes) -> float:
        row = self.extract(orjson.loads(body))
        return float(self._session.run(["probability"], {"features": row})[0][0, 0])


class DecisionPath:
    """Bedside from bytes to decision: call, record, features with provenance, prediction, clearance,
    decision."""

    def __init__(self, model: Path, index: datetime, validated: bool) -> None:
        self._model = load_model(model)
        self._index = index
        self._validated = validated

    def vector(self, body: bytes) -> Any:
        """Features of the request."""
        call = read_call(body, ("patient-view",), self._model.features.kinds)
        record = PatientRecord(
            call.context.patient_id, call.payloads, call.raw, call.drafts, call.issues, self._validated
        )
        return self._model.features.extract(record, self._index)

    def __call__(self, body: bytes) -> Decision:
        prediction = self._model.predict(self.vector(body))
        return decide(self._model, prediction, clearance_for(self._model, ()))
