"""The simulation suite, in a short form."""

import pytest

from fairness.simulation import Row, coverage_rows, error_rows, sequential_rows, table
from fairness.simulation.__main__ import main
from fairness.simulation.scenarios import POPULATIONS, separation_of

RUNS = 60


@pytest.mark.parametrize("rows", [coverage_rows, error_rows, sequential_rows])
def test_no_goal_is_missed(rows: object) -> None:
    """Coverage, type I error and false discoveries are within their goals, give or take Monte-Carlo error.

    With so few runs the slack is wide; a broken interval or test is far outside it.
    """
    missed = [row for row in rows(RUNS, 2026) if row.kept is False]
    assert not missed, table(missed)


def test_rows_depend_on_the_seed_alone() -> None:
    """The same seed gives the same table."""
    assert list(sequential_rows(5, 7)) == list(sequential_rows(5, 7))


def test_truths_agree_with_a_large_study() -> None:
    """The truths that coverage is measured against are those of 400,000 simulated people."""
    import numpy as np

    from fairness.engine import evaluate

    population = POPULATIONS[3]._replace(n=400_000)
    found = evaluate(population.study(np.random.default_rng(0)).tally()).groups[0]
    for name, truth in population.truths().items():
        figure = next(figure for figure in found.metrics if figure.name == name)
        assert figure.value == pytest.approx(truth, abs=0.02)


def test_separation_of_an_area() -> None:
    """Unit normals that are 1.19 apart have an area of 0.8."""
    assert separation_of(0.8) == pytest.approx(1.1902, abs=1e-4)


def test_a_row_outside_its_goal_is_marked() -> None:
    """88 % of 1,000 is not 93 to 97 %; 92.5 % is within Monte-Carlo error of it."""
    bad, near = (Row("coverage", "x", "y", share, 1000) for share in (0.88, 0.925))
    assert (bad.kept, near.kept) == (False, True)
    assert "NOT KEPT" in table([bad])


def test_the_command_refuses_no_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """Zero studies show nothing; the message names the option."""
    with pytest.raises(SystemExit):
        main(["--runs", "0"])
    assert "--runs" in capsys.readouterr().err
