"""How often 95 % intervals hold the truth."""

from collections.abc import Callable, Iterator

import numpy as np

from fairness.engine import (
    Pair,
    Tally,
    difference,
    evaluate,
    evaluate_continuous,
    evaluate_survival,
    response_rates,
    response_tally,
)  # fmt: skip
from fairness.engine.figures import Figure
from fairness.simulation.scenarios import POPULATIONS, Population, binormal, labels, ratios, separation_of
from fairness.simulation.table import Row


def coverage_rows(runs: int, seed: int) -> Iterator[Row]:
    """One row per metric and scenario."""
    rng = np.random.default_rng(seed)
    for population in POPULATIONS:
        yield from _figures(population, runs, rng)
    yield from _differences(runs, rng)
    yield _clinicians(runs, rng)
    yield from _survival(runs, rng)
    yield from _continuous(runs, rng)


def _figures(population: Population, runs: int, rng: np.random.Generator) -> Iterator[Row]:
    truths = population.truths()
    held = {name: [0, 0] for name in truths}
    for _ in range(runs):
        found = evaluate(population.study(rng).tally(), metrics=tuple(truths)).groups[0]
        for figure in found.metrics:
            _count(held[figure.name], figure, truths[figure.name])
    for name, (inside, of) in held.items():
        yield Row("coverage", name, population.name, inside / of, of)


def _differences(runs: int, rng: np.random.Generator) -> Iterator[Row]:
    sizes = (150, 600)
    area, other = 0.8, 0.7
    separations = [separation_of(area), separation_of(other)]
    cases: list[tuple[str, float | None, float, Callable[[], Tally]]] = [
        ("sensitivity", 0.5, 0.15, lambda: labels(rng, sizes, (0.8, 0.65)).tally((0.5,))),
        ("auroc", None, area - other, lambda: binormal(rng, sizes, separations).tally()),
        ("o_e", None, 1.3, lambda: ratios(rng, sizes, (1.3, 1.0)).tally()),
    ]
    for metric, threshold, truth, draw in cases:
        held = [0, 0]
        for _ in range(runs):
            counts = draw()
            members = counts.groups()[1]
            pair = Pair(counts.of(members), counts.rest_of(members), metric, threshold)
            found = difference(pair, members)
            if found.low is not None and found.high is not None:
                held[0] += found.low <= truth <= found.high
                held[1] += 1
        yield Row(
            "coverage", f"{metric}, group against the rest", "n 150 against 600", held[0] / held[1], held[1]
        )


def _clinicians(runs: int, rng: np.random.Generator) -> Row:
    """40 clinicians with 5 to 40 cards each, whose own override rates vary around 0.7."""
    held = [0, 0]
    for _ in range(runs):
        cards = rng.integers(5, 41, 40)
        rates = rng.beta(7.0, 3.0, 40)
        who = np.repeat([f"c{at}" for at in range(40)], cards).tolist()
        overridden = rng.random(len(who)) < np.repeat(rates, cards)
        actions = np.where(overridden, "overridden", "accepted").tolist()
        found = response_rates(response_tally(actions, who, {})).groups[0].metric("override_rate")
        _count(held, found, 0.7)
    return Row("coverage", "override_rate", "40 clinicians, rates differ", held[0] / held[1], held[1])


def _survival(runs: int, rng: np.random.Generator) -> Iterator[Row]:
    """300 people, exponential times, 30 to 40 % lost before the horizon."""
    names = ("survival_auc", "concordance", "survival_brier", "survival_o_e")
    truths = _survival_truths()
    held = {name: [0, 0] for name in names}
    for _ in range(runs):
        x = rng.standard_normal(300)
        died, lost = rng.exponential(np.exp(-x)), rng.exponential(2.0, 300)
        time = np.minimum(died, lost)
        found = evaluate_survival(time, died <= lost, -np.expm1(-np.exp(x)), 1.0, {}).groups[0]
        for name in names:
            _count(held[name], found.metric(name), truths[name])
    for name, (inside, of) in held.items():
        yield Row("coverage", name, "n 300, censored", inside / of, of)


def _survival_truths() -> dict[str, float]:
    """By sums over a grid of the covariate, with hazards `exp(x)` and a horizon of 1."""
    x = np.linspace(-6.0, 6.0, 2001)
    weight = np.exp(-0.5 * x * x)
    weight /= weight.sum()
    hazard = np.exp(x)
    risk = -np.expm1(-hazard)
    events, others = weight * risk, weight * (1.0 - risk)
    below = np.cumsum(others) - 0.5 * others
    # The earlier event is that of i, before 1: h_i / (h_i + h_j) * (1 - exp(-(h_i + h_j))).
    both = hazard[:, np.newaxis] + hazard
    first = hazard[:, np.newaxis] / both * -np.expm1(-both) * weight[:, np.newaxis] * weight
    in_order = np.tril(first, -1).sum() + 0.5 * np.trace(first)
    return {
        "survival_auc": float(events @ below / (events.sum() * others.sum())),
        "survival_brier": float(weight @ (risk * (1.0 - risk))),
        "survival_o_e": 1.0,
        "concordance": float(in_order / first.sum()),
    }


def _continuous(runs: int, rng: np.random.Generator) -> Iterator[Row]:
    """80 people, normal errors with a mean of 1 and a standard deviation of 2."""
    grid = np.linspace(-12.0, 14.0, 4001)
    weight = np.exp(-0.5 * ((grid - 1.0) / 2.0) ** 2)
    truths = {
        "bias": 1.0,
        "mae": float(weight @ np.abs(grid) / weight.sum()),
        "rmse": 5.0**0.5,
        "interval_coverage": float(weight[np.abs(grid) <= 4.0].sum() / weight.sum()),
    }
    held = {name: [0, 0] for name in truths}
    for _ in range(runs):
        y = rng.standard_normal(80)
        predicted = y + rng.normal(1.0, 2.0, 80)
        found = evaluate_continuous(y, predicted, {}, intervals=(predicted - 4.0, predicted + 4.0)).groups[0]
        for name, truth in truths.items():
            _count(held[name], found.metric(name), truth)
    for name, (inside, of) in held.items():
        yield Row("coverage", name, "n 80, normal errors", inside / of, of)


def _count(held: list[int], figure: Figure, truth: float) -> None:
    """Figures too small to count as evidence are not promised anything, and are left out."""
    if figure.state == "ok" and figure.low is not None and figure.high is not None:
        held[0] += figure.low <= truth <= figure.high
        held[1] += 1
