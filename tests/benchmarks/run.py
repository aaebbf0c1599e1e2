"""`make bench`: Bedside against the floor F, in one run on one machine; only the ratios travel.

F = orjson.loads + plain dict extraction of 12 features + one ONNX Runtime run of a 200-tree model, in
process. Rounds are interleaved and medians of process CPU time are compared, so that a busy machine moves
both sides.
"""

import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import forest
import numpy as np
import payloads
from paths import DecisionPath, Floor
from server import live

from fhir_mapping import validate

ROUNDS = 9
GOALS = {
    ("decision, no validation", "small"): 0.6,
    ("decision, no validation", "typical"): 0.6,
    ("decision, no validation", "large"): 0.35,
    ("decision, touched resources validated", "typical"): 3.5,
    ("decision, touched resources validated", "large"): 0.5,
    ("whole service, server CPU", "typical"): 6.0,
}


def interleaved(
    work: Mapping[str, Callable[[bytes], object]], body: bytes, seconds: float = 0.2, rounds: int = ROUNDS
) -> dict[str, float]:
    """Median CPU seconds per call of each piece of work."""
    taken: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, run in work.items():
            calls, started = 0, time.process_time()
            while (spent := time.process_time() - started) < seconds or calls < 3:
                run(body)
                calls += 1
            taken[name].append(spent / calls)
    return {name: statistics.median(times) for name, times in taken.items()}


def main() -> None:
    """Measure and print one table."""
    with tempfile.TemporaryDirectory() as home:
        model = forest.write(Path(home) / "forest")
        floor = Floor(model)
        unvalidated = DecisionPath(model, payloads.INDEX, validated=False)
        work: dict[str, Callable[[bytes], object]] = {
            "F": floor,
            "decision, no validation": unvalidated,
            "decision, touched resources validated": DecisionPath(model, payloads.INDEX, validated=True),
        }
        validate.preload()
        bodies = {size: payloads.request(size) for size in payloads.SIZES}
        _agree(floor, unvalidated, bodies)
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
        print(f"{'':42}{'size':9}{'us per call':>12}{'x F':>8}{'goal':>7}")
        floors: dict[str, float] = {}
        for size, body in bodies.items():
            times = interleaved(work, body)
            floors[size] = times["F"]
            for name, seconds in times.items():
                _row(name, size, seconds, times["F"])
        _service(Path(home), bodies, floors)


def _agree(floor: Floor, path: DecisionPath, bodies: Mapping[str, bytes]) -> None:
    import orjson

    for size, body in bodies.items():
        ours = np.array(path.vector(body).row(), np.float32)[:10]
        if not np.array_equal(floor.extract(orjson.loads(body))[0, :10], ours, equal_nan=True):
            raise SystemExit(
                f"{size}: the floor and Bedside read different values; the comparison means nothing"
            )


def _service(home: Path, bodies: Mapping[str, bytes], floors: Mapping[str, float]) -> None:
    with live(home) as service:
        for size, calls in (("small", 400), ("typical", 200), ("large", 20)):
            service.post("forest", bodies[size], 20)
            before = service.cpu()
            service.post("forest", bodies[size], calls)
            _row("whole service, server CPU", size, (service.cpu() - before) / calls, floors[size])
        print(f"\nstart to first answer: {service.first_answer:.2f} s (goal < 2)")
        print(f"worker memory, all models loaded: {service.memory():.0f} MiB resident (goal < 130)")


def _row(name: str, size: str, seconds: float, floor: float) -> None:
    goal = GOALS.get((name, size))
    told = f"{goal:7.2f}" if goal is not None else ""
    print(f"{name:42}{size:9}{seconds * 1e6:12.1f}{seconds / floor:8.2f}{told}")


if __name__ == "__main__":
    main()
