"""Withheld counts of reports on classes, on ordered classes and on silence cannot be worked out."""

from __future__ import annotations

import numpy as np
import pytest
from attacker import Knowledge, pinned

from fairness.disclosure import Cell, Table, is_published, suppress
from fairness.engine import FlagTally, ScoreGrid, flag_tally, tally
from fairness.engine.multiclass import classes_outcome, ordinal_outcome
from fairness.engine.row_sample import RowOutcome, RowSample
from fairness.report.cells import report_table
from fairness.report.row_cells import table_of_rows
from fairness.report.silence import with_silence

CLASSES = ("low", "middle", "high")
CROSSING = (("sex", "race"),)


def groups(rng: np.random.Generator, n: int) -> dict[str, list[str]]:
    """Sex and race of n people, some of them rare."""
    return {
        "sex": rng.choice(["female", "male", "other"], n, p=[0.5, 0.45, 0.05]).tolist(),
        "race": rng.choice(["asian", "black", "white"], n, p=[0.15, 0.25, 0.6]).tolist(),
    }


def classified(seed: int, *, ordered: bool) -> Table:
    """Of people in three classes, one of them rare."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(80, 300))
    p = rng.dirichlet([3.0, 2.0, 0.4], n)
    y = [CLASSES[rng.choice(3, p=row)] for row in p]
    outcome: RowOutcome = classes_outcome(y, p, CLASSES)
    if ordered:
        outcome = ordinal_outcome(y, [CLASSES[at] for at in p.argmax(axis=1)], CLASSES)
    return table_of_rows(RowSample(outcome, groups(rng, n), n).evaluate(crossings=CROSSING))


def unanswered(seed: int) -> Table:
    """Of people of whom some have no score, no outcome or no card."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(80, 300))
    own, p = groups(rng, n), rng.random(n)
    abstained = rng.random(n) < rng.choice([0.02, 0.1, 0.3])
    unmatured = ~abstained & (rng.random(n) < 0.1)
    flags = {"abstained": abstained, "unmatured": unmatured, "no_card": rng.random(n) < 0.3}
    silence: FlagTally = flag_tally(flags, own)
    kept = ~abstained & ~unmatured
    heard = {name: np.array(column)[kept].tolist() for name, column in own.items()}
    y = (rng.random(n) < p).astype(float)[kept]
    people = tally(y, p[kept], heard, ScoreGrid(bins=4, thresholds=(0.5,))).with_strata(tuple(silence.counts))
    return with_silence(report_table(people, CROSSING), silence, CROSSING)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("make", [
    lambda seed: classified(seed, ordered=False), lambda seed: classified(seed, ordered=True), unanswered,
])  # fmt: skip
def test_a_solver_does_not_recover_a_withheld_count(make: object, seed: int) -> None:
    """From all sums of the report, every withheld count above 0 keeps several possible values."""
    table: Table = make(seed)  # type: ignore[operator] # one of the above
    hidden = suppress(table)
    assert hidden
    assert not [
        (cell, table.counts[cell]) for _, cell in pinned([Knowledge(table, hidden)]) if table.counts[cell]
    ]


def test_people_who_are_found_are_withheld_from_both_shares_that_count_them() -> None:
    """The shares of a class that is found, and of those given it who have it, hold the same people."""
    hidden = {Cell("right:high", ())}
    assert not is_published("sensitivity:high", None, (), hidden)
    assert not is_published("ppv:high", None, (), hidden)
    assert is_published("auroc:high", None, (), hidden)


def test_the_classes_make_up_the_people() -> None:
    """A rare class is not told by the others: one more is withheld with it."""
    table = classified(1, ordered=False)
    hidden = suppress(table)
    rare = [cell for cell in hidden if cell.kind.startswith("class:") and cell.group == ()]
    assert len(rare) != 1
