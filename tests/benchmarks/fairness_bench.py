"""The audit engine against fairlearn's MetricFrame and against itself; only the ratios travel.

1,000,000 people, 24 groups (sex, race and age crossed), 4 metrics. Both sides run in one process, on the same
columns, and must give the same figures. Usage: python tests/benchmarks/fairness_bench.py [rows]
"""

import statistics
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate
from sklearn.metrics import accuracy_score

from fairness.engine import Coded, Evaluation, ScoreGrid, Tally, bootstrap, evaluate, tally

ROWS = 1_000_000
THRESHOLD = 0.5
CROSSING = ("sex", "race", "age")
VALUES = {"sex": ("F", "M"), "race": ("a", "b", "c", "d"), "age": ("<45", "45-65", ">65")}
METRICS = {
    "accuracy": accuracy_score,
    "selection_rate": selection_rate,
    "sensitivity": true_positive_rate,
    "false_positive_rate": false_positive_rate,
}
ROUNDS = 7


class People:
    """Outcomes, scores, and the same group columns as text, as pandas categories and as codes."""

    def __init__(self, rows: int) -> None:
        rng = np.random.default_rng(0)
        self.p = rng.beta(2.0, 3.0, rows)
        self.y = (rng.random(rows) < self.p).astype(np.int8)
        codes = {name: rng.integers(0, len(values), rows).astype(np.int8) for name, values in VALUES.items()}
        self.coded = {name: Coded(codes[name], values) for name, values in VALUES.items()}
        self.text = {name: np.array(values)[codes[name]] for name, values in VALUES.items()}
        self.frame = pd.DataFrame(self.text)


def audit(people: People, columns: dict[str, Any]) -> tuple[Tally, Evaluation]:
    """Counts and figures of everybody, the 9 groups and the 24 intersections."""
    counts = tally(people.y, people.p, columns, ScoreGrid(thresholds=(THRESHOLD,)))
    return counts, evaluate(counts, crossings=[CROSSING], metrics=tuple(METRICS))


def audit_with_draws(people: People, draws: int) -> None:
    """The same with joint bootstrap intervals of every figure."""
    counts, _ = audit(people, people.coded)
    groups = counts.groups([CROSSING])
    replicates = bootstrap(counts, THRESHOLD, metrics=tuple(METRICS), groups=groups, replicates=draws)
    np.quantile(replicates.draws, [0.025, 0.975], axis=1)


def frame_of(people: People) -> MetricFrame:
    """fairlearn on the same people."""
    return MetricFrame(
        metrics=METRICS, y_true=people.y, y_pred=people.p >= THRESHOLD, sensitive_features=people.frame
    )


def check_equal(people: People, frame: MetricFrame) -> None:
    """Stops when a figure differs by more than 1e-12."""
    _, found = audit(people, people.coded)
    by_group = frame.by_group
    for result in found.groups:
        if len(result.members) == len(CROSSING):
            theirs = by_group.loc[tuple(member.value for member in result.members)]
            for name in METRICS:
                ours = result.metric(name, THRESHOLD).value
                if ours is None or abs(ours - theirs[name]) > 1e-12:
                    raise SystemExit(f"{result.value}: {name} differs; the comparison means nothing")


def seconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Median CPU seconds of a call."""
    taken = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return statistics.median(taken)


def main(rows: int = ROWS) -> None:
    """Measure and print."""
    warnings.simplefilter("ignore")
    people = People(rows)
    started = time.process_time()
    frame = frame_of(people)
    frame_seconds = time.process_time() - started
    check_equal(people, frame)
    plain = seconds(lambda: audit(people, people.coded))
    text = seconds(lambda: audit(people, people.text))
    drawn = seconds(lambda: audit_with_draws(people, 1000))
    print(f"{rows:,} rows x 24 groups x 4 metrics, figures equal to 1e-12")
    print(f"MetricFrame {frame_seconds:.2f} s, one frame")
    ratio = frame_seconds / plain
    print(f"audit, coded columns   {plain * 1e3:7.1f} ms  MetricFrame / audit = {ratio:6.0f}  goal >= 200")
    print(f"audit, text columns    {text * 1e3:7.1f} ms  MetricFrame / audit = {frame_seconds / text:6.0f}")
    print(
        f"audit, 1,000 draws     {drawn * 1e3:7.1f} ms  with / without      = {drawn / plain:6.2f}  goal <= 2"
    )
    many_draws(rows)


def many_draws(rows: int) -> None:
    """10,000 joint replicates of 20 groups and 10 metrics with their intervals, on two threads."""
    rng = np.random.default_rng(1)
    p = rng.beta(2.0, 5.0, rows)
    groups = {"site": Coded(rng.integers(0, 20, rows), [f"s{at}" for at in range(20)])}
    counts = tally(rng.random(rows) < p, p, groups, ScoreGrid(thresholds=(THRESHOLD,)))
    taken = []
    for _ in range(3):
        started = time.perf_counter()
        found = bootstrap(counts, THRESHOLD, groups=counts.groups()[1:], replicates=10_000, workers=2)
        np.quantile(found.draws, [0.025, 0.975], axis=1)
        taken.append(time.perf_counter() - started)
    print(f"10,000 replicates x 20 groups x {len(found.metrics)} metrics: {min(taken):.2f} s  goal < 1")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
