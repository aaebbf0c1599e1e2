"""Invented patients, predictions and outcomes for the tests of the monitor."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import yaml

from cds_hooks.ledger import HookCallEntry, Ledger, OutcomeEntry, PredictionEntry
from cds_hooks.patient_key import PatientKey
from fairness.monitor.labels import Observed, Scored
from models.loader import load_model
from models.registry import CATALOG
from models.runtime import Model

START = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)
NOW = START + timedelta(days=200)
MODEL = "type2-diabetes-risk"
OUTPUT = "diabetes"
SECRET = b"a key for tests, nothing else"


def scored(*rows: tuple[str, float, float]) -> Scored:
    """Predictions of (patient, day, probability)."""
    patients, at, p = zip(*rows, strict=True) if rows else ((), (), ())
    return Scored(list(patients), np.array(at, dtype=float), np.array(p, dtype=float))


def observed(*rows: tuple[str, float, int], delay: float = 1.0) -> Observed:
    """Outcomes of (patient, day, value), told `delay` days later."""
    patients, at, value = zip(*rows, strict=True) if rows else ((), (), ())
    days = np.array(at, dtype=float)
    return Observed(list(patients), days, days + delay, list(value))


def key_of(patient: str) -> str:
    """The ledger's key of a patient."""
    return PatientKey(SECRET).of(patient)


def model_with(folder: Path, **fairness: Any) -> Model:
    """The diabetes model with fields of its `fairness` block changed."""
    return load_model(model_folder(folder, **fairness))


def model_folder(folder: Path, **fairness: Any) -> Path:
    """A copy of the diabetes model's folder with fields of its `fairness` block changed."""
    made = folder / MODEL
    made.mkdir(parents=True, exist_ok=True)
    content = yaml.safe_load((CATALOG / MODEL / "model.yaml").read_text(encoding="utf-8"))
    for name in content["files"]:
        (made / name).write_bytes((CATALOG / MODEL / name).read_bytes())
        content["files"][name] = hashlib.sha256((made / name).read_bytes()).hexdigest()
    content["fairness"] |= fairness
    (made / "model.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return made


def predict(
    ledger: Ledger,
    patient: str,
    at: datetime = START,
    p: float | None = 0.1,
    groups: dict[str, list[str]] | None = None,
    user: str | None = "Practitioner/1",
    **changes: Any,
) -> PredictionEntry:
    """Record a prediction that was shown as a card; `p` None: not scored."""
    call = HookCallEntry(
        call_id=str(uuid4()), received_at=at, service_id=MODEL, hook="patient-view", hook_instance=None,
        client="https://ehr.example", patient_key=key_of(patient), user_ref=user, encounter_ref=None,
        status=200, duration_ms=1.0,
    )  # fmt: skip
    card = str(uuid4())
    entry: dict[str, Any] = {
        "prediction_id": str(uuid4()), "call_id": call.call_id, "model": MODEL, "version": "1.0.0",
        "model_sha256": "a1" * 32, "feature_spec_sha256": "b2" * 32,
        "features": [{"name": "age", "value": 50.0}, {"name": "bmi", "state": "missing"}],
        "outputs": [] if p is None else [{"name": OUTPUT, "probability": p}],
        "applicability": {"status": "inside"}, "clearance": {}, "decision": "card", "reason": None,
        "card_uuid": card, "card": {"uuid": card}, "group_values": groups or {"sex": ["female"]},
    }  # fmt: skip
    made = PredictionEntry(**(entry | changes))
    ledger.record(call, [made])
    return made


def found(ledger: Ledger, patient: str, value: int, at: datetime, told: datetime | None = None) -> str:
    """Record an outcome and return its receipt."""
    (receipt,) = ledger.record_outcomes(
        [
            OutcomeEntry(
                patient_key=key_of(patient), card_uuid=None, output=OUTPUT, value=value,
                observed_at=at, received_at=told or at + timedelta(days=1),
            )
        ]
    )  # fmt: skip
    return receipt


def cohort(ledger: Ledger, n: int, risk: Sequence[float] = (0.3, 0.3), p: float = 0.3, seed: int = 1) -> None:
    """n women and n men scored `p` in the first days, with outcomes at their own risks a month later."""
    rng = np.random.default_rng(seed)
    for sex, chance in zip(("female", "male"), risk, strict=True):
        for number in range(n):
            at = START + timedelta(hours=number % 200)
            score = float(np.clip(p + rng.normal(0, 0.05), 0.01, 0.99))
            predict(ledger, f"{sex}-{number}", at, score, {"sex": [sex]}, user=f"Practitioner/{number % 9}")
            found(ledger, f"{sex}-{number}", int(rng.random() < chance), at + timedelta(days=30))
