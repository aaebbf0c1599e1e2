"""How often verdicts are wrong where they must not be, and right where they should be.

A false "fail" is counted where the groups are equal, with margins so small that the estimate nearly always
lies beyond them: the margin must not hide the error of the test. A false "pass" is counted where the gap is
exactly the margin.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from fairness.simulation.scenarios import Study, binormal, labels, ratios, separation_of
from fairness.simulation.table import Measure, Row
from fairness.verdicts import Audit, Claim, GapClaim, LevelClaim, Outcome, SpreadClaim, judge

_SMALL = (800, 500, 220, 100, 60)
_MANY = (120,) * 12
_NONE = 1e-6
_BY = ("group",)


class _Case(NamedTuple):
    measure: Measure
    what: str
    scenario: str
    draw: Callable[[np.random.Generator], Study]
    claims: tuple[Claim, ...]
    outcome: Outcome


def error_rows(runs: int, seed: int) -> Iterator[Row]:
    """One row per test and scenario; an audit counts when its outcome is the one in question."""
    for at, case in enumerate((*_false_fails(), *_false_passes(), *_powers())):
        rng = np.random.default_rng((seed, at))
        audits = (_audit(case, rng) for _ in range(runs))
        share = sum(audit.outcome == case.outcome for audit in audits) / runs
        yield Row(case.measure, case.what, case.scenario, share, runs)


def _audit(case: _Case, rng: np.random.Generator) -> Audit:
    counts = case.draw(rng).tally((0.5,))
    return judge(counts, case.claims, draws=500, seed=int(rng.integers(2**31)))


def _false_fails() -> Iterator[_Case]:
    equal_labels = _labels(_SMALL, (0.7,) * 5)
    small, many = "equal groups of 60 to 800", "12 equal groups of 120"

    def case(what: str, scenario: str, draw: Callable[[np.random.Generator], Study], claim: Claim) -> _Case:
        return _Case("type I error", what, scenario, draw, (claim,), "fail")

    yield case("largest sensitivity gap, false fail", small, equal_labels, _spread("sensitivity", _NONE, 0.5))
    yield case("sensitivity gaps (Holm), false fail", small, equal_labels, _gap("sensitivity", _NONE, 0.5))
    yield case("sensitivity gaps (Holm), false fail", many, _labels(_MANY, (0.7,) * 12),
               _gap("sensitivity", _NONE, 0.5))  # fmt: skip
    areas = _binormal(_SMALL, (0.75,) * 5)
    yield case("largest AUROC gap, false fail", small, areas, _spread("auroc", _NONE))
    yield case("AUROC gaps (Holm), false fail", small, areas, _gap("auroc", _NONE))
    equal = _ratios(_SMALL, (1.0,) * 5)
    yield case("largest O/E gap, false fail", small, equal, _spread("o_e", 1.0 + _NONE))
    yield case("O/E gaps (Holm), false fail", small, equal, _gap("o_e", 1.0 + _NONE))
    yield case("slope gaps (Holm), false fail", small, equal, _gap("calibration_slope", _NONE))
    level = LevelClaim(metric="o_e", at_most=1.2, crossings=(_BY,))
    yield case("O/E at most 1.2 (Holm), false fail", "five groups at 1.2", _ratios(_SMALL, (1.2,) * 5), level)


def _false_passes() -> Iterator[_Case]:
    def case(what: str, scenario: str, draw: Callable[[np.random.Generator], Study], claim: Claim) -> _Case:
        return _Case("type I error", what, scenario, draw, (claim,), "pass")

    sizes = (400, 1600)
    yield case("sensitivity within 0.1, false pass", "two groups, gap 0.1", _labels(sizes, (0.6, 0.7)),
               _gap("sensitivity", 0.1, 0.5))  # fmt: skip
    yield case("AUROC within 0.1, false pass", "two groups, gap 0.1", _binormal(sizes, (0.7, 0.8)),
               _gap("auroc", 0.1))  # fmt: skip
    yield case("O/E within factor 1.25, false pass", "two groups, factor 1.25", _ratios(sizes, (1.25, 1.0)),
               _gap("o_e", 1.25))  # fmt: skip
    yield case("sensitivity >= 0.7, false pass", "one group at 0.7, n 400", _labels((400,), (0.7,)),
               LevelClaim(metric="sensitivity", threshold=0.5, at_least=0.7))  # fmt: skip
    yield case("AUROC >= 0.75, false pass", "one group at 0.75, n 400", _binormal((400,), (0.75,)),
               LevelClaim(metric="auroc", at_least=0.75))  # fmt: skip
    yield case("O/E at most 1.25, false pass", "one group at 1.25, n 400", _ratios((400,), (1.25,)),
               LevelClaim(metric="o_e", at_most=1.25))  # fmt: skip
    yield case("largest sensitivity gap, false pass", "three groups, gap 0.1",
               _labels((900,) * 3, (0.6, 0.65, 0.7)), _spread("sensitivity", 0.1, 0.5))  # fmt: skip


def _powers() -> Iterator[_Case]:
    gap = _labels((800, 500, 220, 200), (0.75, 0.75, 0.75, 0.45))
    yield _Case("power", "largest sensitivity gap, fail", "one of four groups 0.3 lower", gap,
                (_spread("sensitivity", 0.1, 0.5),), "fail")  # fmt: skip
    yield _Case("power", "sensitivity gaps (Holm), fail", "one of four groups 0.3 lower", gap,
                (_gap("sensitivity", 0.1, 0.5),), "fail")  # fmt: skip
    yield _Case("power", "AUROC gaps (Holm), fail", "one of three groups 0.15 lower",
                _binormal((800, 500, 300), (0.8, 0.8, 0.65)), (_gap("auroc", 0.05),), "fail")  # fmt: skip
    yield _Case("power", "sensitivity within 0.1, pass", "two equal groups of 1,500",
                _labels((1500, 1500), (0.8, 0.8)), (_gap("sensitivity", 0.1, 0.5),), "pass")  # fmt: skip
    yield _Case("power", "AUROC within 0.1, pass", "two equal groups of 800",
                _binormal((800, 800), (0.8, 0.8)), (_gap("auroc", 0.1),), "pass")  # fmt: skip


def _gap(metric: str, margin: float, threshold: float | None = None) -> GapClaim:
    return GapClaim(metric=metric, margin=margin, threshold=threshold, attributes=_BY)


def _spread(metric: str, margin: float, threshold: float | None = None) -> SpreadClaim:
    return SpreadClaim(metric=metric, margin=margin, threshold=threshold, attributes=_BY)


def _labels(sizes: Sequence[int], sensitivities: Sequence[float]) -> Callable[[np.random.Generator], Study]:
    return lambda rng: labels(rng, sizes, sensitivities)


def _binormal(sizes: Sequence[int], areas: Sequence[float]) -> Callable[[np.random.Generator], Study]:
    separations = [separation_of(area) for area in areas]
    return lambda rng: binormal(rng, sizes, separations)


def _ratios(sizes: Sequence[int], factors: Sequence[float]) -> Callable[[np.random.Generator], Study]:
    return lambda rng: ratios(rng, sizes, factors)
