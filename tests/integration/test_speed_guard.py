"""Speed as ratios to a floor in one process, with slack: `make bench` measures, these only catch a fall."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator

import forest
import payloads
import pytest
from paths import DecisionPath, Floor
from run import interleaved

from fhir_mapping import validate

NO_VALIDATION, VALIDATED = "no validation", "touched resources validated"
# About twice what a quiet machine shows; a busy one stays below.
LIMITS = {
    ("small", NO_VALIDATION): 4.0,
    ("typical", NO_VALIDATION): 1.5,
    ("large", NO_VALIDATION): 1.0,
    ("typical", VALIDATED): 10.0,
    ("large", VALIDATED): 2.0,
}


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Callable[[bytes], object]]]:
    model = forest.write(tmp_path_factory.mktemp("models") / "forest")
    validate.preload()
    gc.collect()
    gc.disable()  # a heap full of test objects makes every collection slow, for whoever is interrupted
    yield {
        "F": Floor(model),
        NO_VALIDATION: DecisionPath(model, payloads.INDEX, validated=False),
        VALIDATED: DecisionPath(model, payloads.INDEX, validated=True),
    }
    gc.enable()


@pytest.mark.parametrize("size", payloads.SIZES)
def test_the_decision_path_stays_near_the_floor(
    size: str, work: dict[str, Callable[[bytes], object]]
) -> None:
    """From bytes to decision, Bedside costs no more than these multiples of plain extraction."""
    times = interleaved(work, payloads.request(size), seconds=0.05, rounds=5)
    ratios = {name: seconds / times["F"] for name, seconds in times.items()}
    over = {name: ratio for name, ratio in ratios.items() if ratio > LIMITS.get((size, name), float("inf"))}
    assert not over, f"{size}: {ratios}"
