"""Repeated looks and many tests: do spending plans, e-processes, Holm and Benjamini-Hochberg hold what they
promise?"""

from collections.abc import Iterator

import numpy as np

from fairness.engine.rates import Share
from fairness.simulation.table import Row
from fairness.verdicts import EProcess, benjamini_hochberg, plan_looks
from fairness.verdicts.exact import equal_shares

_LOOKS = 10
_WEEKS = 52
_ALPHA = 0.05


def sequential_rows(runs: int, seed: int) -> Iterator[Row]:
    """One row per method."""
    rng = np.random.default_rng((seed, 1))
    fractions = [(at + 1) / _LOOKS for at in range(_LOOKS)]
    for spending in ("obrien-fleming", "pocock"):
        plan = [look.alpha for look in plan_looks(fractions, _ALPHA, spending)]
        share = float(np.mean([_ever_rejects(rng, plan, 0.7, 0.7) for _ in range(runs)]))
        yield Row("type I error", f"{spending} spending", f"{_LOOKS} looks, equal groups", share, runs)
        power = float(np.mean([_ever_rejects(rng, plan, 0.7, 0.5) for _ in range(runs)]))
        yield Row("power", f"{spending} spending", f"{_LOOKS} looks, sensitivity 0.7 and 0.5", power, runs)
    for other, measure in ((0.7, "type I error"), (0.5, "power")):
        share = float(np.mean([_e_process_rejects(rng, 0.7, other) for _ in range(runs)]))
        scenario = f"{_WEEKS} weekly looks, sensitivity 0.7 and {other}"
        yield Row(
            "power" if measure == "power" else "type I error", "e-process reaches 20", scenario, share, runs
        )
    share = float(np.mean([_false_discoveries(rng) for _ in range(runs)]))
    yield Row("false discoveries", "Benjamini-Hochberg", "40 intersections, 8 differ", share, runs)


def _ever_rejects(rng: np.random.Generator, plan: list[float], a: float, b: float) -> bool:
    """Looks after every 40 events of the first group and 80 of the second."""
    hits = np.cumsum(rng.binomial((40, 80), (a, b), size=(len(plan), 2)), axis=0).tolist()
    return any(
        equal_shares(one, 40 * at, other, 80 * at) <= alpha
        for at, (alpha, (one, other)) in enumerate(zip(plan, hits, strict=True), start=1)
    )


def _e_process_rejects(rng: np.random.Generator, a: float, b: float) -> bool:
    evidence = EProcess.start(2)
    for _ in range(_WEEKS):
        sizes = rng.poisson((4.0, 8.0))
        block = [Share(int(rng.binomial(n, p)), int(n)) for n, p in zip(sizes, (a, b), strict=True)]
        evidence = evidence.after(block)
        if evidence.e >= 1.0 / _ALPHA:
            return True
    return False


def _false_discoveries(rng: np.random.Generator) -> float:
    """Share of the rejections that are wrong, 0 without one."""
    truth = np.where(np.arange(40) < 8, 0.5, 0.8)
    hits = rng.binomial(60, truth).tolist()
    reference = int(rng.binomial(2000, 0.8))
    adjusted = benjamini_hochberg([equal_shares(hit, 60, reference, 2000) for hit in hits])
    rejected = np.array(adjusted) <= _ALPHA
    return float(rejected[8:].sum() / max(1, rejected.sum()))
