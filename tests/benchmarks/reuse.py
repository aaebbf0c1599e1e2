"""What is done once: resources seen again, ten models on one request, and entries that nothing reads.

Medians of interleaved rounds of process CPU time, against the floor F, against one model and against the
growth in bytes. The ten models have their features in ten orders, so none is another one under a new name.
"""

import gc
import statistics
import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import forest
import onnx
import orjson
import payloads
import yaml
from paths import DecisionPath, Floor
from run import interleaved
from server import Live, live

from cds_hooks.consultation import clearance_for
from cds_hooks.decision import Decision, decide
from cds_hooks.protocol import read_call
from fhir_mapping import validate
from fhir_mapping.features import FeatureSet
from fhir_mapping.record import PatientRecord
from models.loader import load_model

HOOKS = ("patient-view", "order-select")
MODELS = 10
SEEN_AGAIN, MANY_MODELS, UNTOUCHED = 0.7, 2.0, 1.1
LOADS = {"small": 300, "typical": 150}
SERVICE_ROUNDS = 5


class Decisions:
    """Bedside from bytes to the decisions of some models, touched resources validated."""

    def __init__(self, models: Sequence[Path], index: datetime) -> None:
        self._models = [load_model(model) for model in models]
        self._kinds = frozenset().union(*(model.features.kinds for model in self._models))
        self._index = index

    def __call__(self, body: bytes) -> list[Decision]:
        call = read_call(body, HOOKS, self._kinds)
        record = PatientRecord(call.context.patient_id, call.payloads, call.raw, call.drafts, call.issues)
        predictions = [
            (model, model.predict(model.features.extract(record, self._index))) for model in self._models
        ]
        return [decide(model, told, clearance_for(model, ())) for model, told in predictions]


def main() -> None:
    """Measure and print one table."""
    validate.preload()
    print(f"{'':32}{'size':9}{'us':>10}{'against':>10}{'us':>10}{'ratio':>8}{'goal':>7}")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        many = ten_models(home / "many")
        one = forest.write(home / "one" / "forest")
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
        _seen_again(one)
        _untouched(one)
        _many_models(many)
        _many_models_served(home / "one", home / "many")


def ten_models(folder: Path) -> list[Path]:
    """Write ten models of the same features and trees for the service `forest`; return their folders."""
    return [_renamed(forest.write(folder / f"forest-{i}"), f"forest-{i}", i) for i in range(MODELS)]


def order_select(request: bytes) -> bytes:
    """The hook call that follows a patient-view: the same patient's resources, and a draft order."""
    call: dict[str, Any] = orjson.loads(request)
    draft = {
        "resourceType": "MedicationRequest",
        "id": "draft-1",
        "status": "draft",
        "intent": "order",
        "medicationCodeableConcept": {"coding": [{"system": payloads.RXNORM, "code": "617310"}]},
        "subject": {"reference": "Patient/bench-1"},
    }
    drafts = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": draft}]}
    context = call["context"] | {"selections": ["MedicationRequest/draft-1"], "draftOrders": drafts}
    instance = "a0a3d5b8-2f0e-4c55-9be0-0c6f3a1d8e42"
    return orjson.dumps(call | {"hook": "order-select", "hookInstance": instance, "context": context})


def _renamed(folder: Path, name: str, turn: int) -> Path:
    """The model under another id, its features turned by some places, also offered on order-select."""
    features = forest.features()
    features = [*features[turn:], *features[:turn]]
    path = folder / "model.onnx"
    model = onnx.load(path)
    spec = FeatureSet.parse(features, name).sha256
    told = {"bedside.model": name, "bedside.version": "1.0.0", "bedside.feature_spec": spec}
    onnx.helper.set_model_props(model, told)
    data = model.SerializeToString(deterministic=True)
    path.write_bytes(data)
    manifest = yaml.safe_load((folder / "model.yaml").read_text(encoding="utf-8"))
    manifest |= {"id": name, "features": features, "hooks": ["patient-view", "order-select"]}
    manifest["files"] = {"model.onnx": sha256(data).hexdigest()}
    (folder / "model.yaml").write_text(yaml.safe_dump(manifest, sort_keys=False), encoding="utf-8")
    return folder


def _seen_again(model: Path) -> None:
    """The decision of an order-select whose resources a patient-view has brought before, against F."""
    view = payloads.request("typical")
    path = Decisions([model], payloads.INDEX)
    path(view)
    times = interleaved({"F": Floor(model), "again": path}, order_select(view))
    _row("seen again, validated", "typical", times["again"], "F", times["F"], SEEN_AGAIN)


def _untouched(model: Path) -> None:
    """How the time grows from typical to large, against how the bytes grow."""
    bodies = {size: payloads.request(size) for size in ("typical", "large")}
    growth = len(bodies["large"]) / len(bodies["typical"])
    for name, validated in (("no validation", False), ("validated", True)):
        path = DecisionPath(model, payloads.INDEX, validated)
        times = interleaved({size: _on(path, body) for size, body in bodies.items()}, b"")
        _row(
            f"time per byte, {name}", "large", times["large"] / growth, "typical", times["typical"], UNTOUCHED
        )


def _on(run: Callable[[bytes], object], body: bytes) -> Callable[[bytes], object]:
    return lambda _: run(body)


def _many_models(models: Sequence[Path]) -> None:
    """The decisions of ten models on one request, against one model's."""
    work = {"one": Decisions(models[:1], payloads.INDEX), "ten": Decisions(models, payloads.INDEX)}
    for size in LOADS:
        times = interleaved(work, payloads.request(size))
        _row("ten models, decisions", size, times["ten"], "one", times["one"], MANY_MODELS)


def _many_models_served(one: Path, ten: Path) -> None:
    """The same through HTTP, with ten cards and ten entries in the ledger: server CPU per request."""
    with live(one) as alone, live(ten) as together:
        for size in LOADS:
            body = payloads.request(size)
            taken: dict[str, list[float]] = {"one": [], "ten": []}
            for _ in range(SERVICE_ROUNDS):
                taken["one"].append(_cpu(alone, body, LOADS[size]))
                taken["ten"].append(_cpu(together, body, LOADS[size]))
            medians = {name: statistics.median(times) for name, times in taken.items()}
            _row("ten models, whole service", size, medians["ten"], "one", medians["one"], MANY_MODELS)


def _cpu(service: Live, body: bytes, calls: int) -> float:
    before = service.cpu()
    service.post("forest", body, calls)
    return (service.cpu() - before) / calls


def _row(name: str, size: str, seconds: float, against: str, base: float, goal: float) -> None:
    ratio = f"{seconds / base:8.2f}{goal:7.2f}"
    print(f"{name:32}{size:9}{seconds * 1e6:10.1f}{against:>10}{base * 1e6:10.1f}{ratio}", flush=True)


if __name__ == "__main__":
    main()
