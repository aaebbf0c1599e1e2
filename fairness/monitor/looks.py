"""Looks that are counted: whether this run may judge the claims, and at which level.

Every run that judges spends part of the plan's alpha. The looks of one plan are kept by whoever runs the
monitor; a run without new outcomes is no look and spends nothing.
"""

from collections.abc import Sequence

import msgspec

from fairness.monitor.plan import MonitorPlan
from fairness.verdicts.looks import Look, plan_looks

# Closer looks than this differ by rounding only.
_STEP = 1e-9


class Turn(msgspec.Struct, frozen=True):
    """The look that a run may take, or why it takes none; `number` counts from 1 over the plan's looks."""

    number: int
    look: Look | None
    why: str | None = None


def next_turn(past: Sequence[float], judged: int, plan: MonitorPlan) -> Turn:
    """The next look at `judged` mature patients after looks at the fractions `past`, oldest first.

    Information is the number of judged patients over `plan.planned`. Raises `SampleError` when `past` is not
    increasing within (0, 1].
    """
    number = len(past) + 1
    if past and past[-1] >= 1.0:
        return Turn(number, None, "the plan's last look has been taken; declare a new plan to go on")
    fraction = min(1.0, judged / plan.planned)
    if judged == 0:
        return Turn(number, None, "no outcome is mature yet")
    if past and fraction <= past[-1] + _STEP:
        return Turn(number, None, "no outcome has matured since the last look")
    return Turn(number, plan_looks((*past, fraction), plan.alpha, plan.spending)[-1])
