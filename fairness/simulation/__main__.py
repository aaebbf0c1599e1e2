"""`python -m fairness.simulation`: prints the table, exits with 1 when a goal is not kept."""

import argparse
import sys
from collections.abc import Iterator

from fairness.simulation import Row, coverage_rows, error_rows, sequential_rows, table

DEFAULT_RUNS = 800


def rows(runs: int, seed: int) -> Iterator[Row]:
    """All rows of the table."""
    yield from coverage_rows(runs, seed)
    yield from error_rows(runs, seed)
    yield from sequential_rows(runs, seed)


def main(arguments: list[str] | None = None) -> int:
    """Runs the simulation; 0 when every goal is kept."""
    parser = argparse.ArgumentParser(prog="python -m fairness.simulation", description=__doc__)
    parser.add_argument("--runs", type=int, default=DEFAULT_RUNS, help="simulated studies per scenario")
    parser.add_argument("--seed", type=int, default=2026)
    chosen = parser.parse_args(arguments)
    if chosen.runs < 1:
        parser.error("--runs must be 1 or more")
    found = list(rows(chosen.runs, chosen.seed))
    sys.stdout.write(table(found) + "\n")
    return 1 if any(row.kept is False for row in found) else 0


if __name__ == "__main__":
    raise SystemExit(main())
