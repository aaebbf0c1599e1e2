"""One line of the simulation's table, and the table."""

import math
from collections.abc import Iterable
from typing import Literal

import msgspec

Measure = Literal["coverage", "type I error", "power", "false discoveries"]
_GOALS: dict[Measure, tuple[float, float] | None] = {
    "coverage": (0.93, 0.97),
    "type I error": (0.0, 0.05),
    "false discoveries": (0.0, 0.05),
    "power": None,
}


class Row(msgspec.Struct, frozen=True):
    """How often it happened in `runs` simulated studies."""

    measure: Measure
    what: str
    scenario: str
    share: float
    runs: int

    @property
    def error(self) -> float:
        """Monte-Carlo standard error of the share, at the share itself."""
        return math.sqrt(self.share * (1.0 - self.share) / self.runs) if self.runs else math.nan

    @property
    def kept(self) -> bool | None:
        """Whether the goal is met, give or take two Monte-Carlo standard errors at its edge; None without
        one."""
        goal = _GOALS[self.measure]
        if goal is None:
            return None
        slack = [2.0 * math.sqrt(edge * (1.0 - edge) / self.runs) for edge in goal]
        return goal[0] - slack[0] <= self.share <= goal[1] + slack[1]

    @property
    def goal(self) -> str:
        """The goal in words."""
        return {
            "coverage": "93 to 97 %",
            "type I error": "at most 5 %",
            "false discoveries": "at most 5 %",
            "power": "",
        }[self.measure]


def table(rows: Iterable[Row]) -> str:
    """The rows as text, one line each."""
    lines = [f"{'measure':18}{'what':38}{'scenario':46}{'share':>8}{'± MC':>7}{'runs':>7}  goal"]
    for row in rows:
        kept = {True: "kept", False: "NOT KEPT", None: ""}[row.kept]
        lines.append(
            f"{row.measure:18}{row.what:38}{row.scenario:46}{row.share:8.1%}{row.error:7.1%}{row.runs:7}"
            f"  {row.goal} {kept}".rstrip()
        )
    return "\n".join(lines)
