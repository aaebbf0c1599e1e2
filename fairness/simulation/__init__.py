"""Do the intervals and verdicts keep their promises? Simulated studies with a known truth.

`python -m fairness.simulation` prints interval coverage (goal 93 to 97 %), type I error (goal at most 5 %)
and power, by scenario. Everything follows from one seed.
"""

from fairness.simulation.coverage import coverage_rows
from fairness.simulation.error_rates import error_rows
from fairness.simulation.sequential import sequential_rows
from fairness.simulation.table import Row, table

__all__ = ["Row", "coverage_rows", "error_rows", "sequential_rows", "table"]
