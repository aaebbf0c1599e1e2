"""What performance would be if the scores were right: an estimate without labels, never mixed with figures.

If every probability is calibrated, the expected confusion matrix follows from the scores alone. That is an
assumption about the very thing that a monitor has to find out, so an estimate is no evidence for or against a
claim and enters no verdict; it fills the time until outcomes mature.
"""

from collections.abc import Iterator

import msgspec

from fairness.engine.grid import ScoreGrid
from fairness.engine.strata import attribute_name, value_name
from fairness.engine.tally import GroupTally, Tally

ASSUMPTIONS = (
    "Every probability is calibrated in the group it is estimated for, now as at evaluation.",
    "Inputs and outcome are related as before; a change of that cannot be seen without outcomes.",
    "Patients who were scored stand for those the model is meant for.",
)


class Estimated(msgspec.Struct, frozen=True):
    """A figure expected from scores alone; `value` None where it has none. `n` people were scored."""

    attribute: str
    value_name: str
    metric: str
    threshold: float | None
    value: float | None
    n: int


class LabelFree(msgspec.Struct, frozen=True):
    """Estimates without any label, and what they assume."""

    estimates: tuple[Estimated, ...]
    assumptions: tuple[str, ...] = ASSUMPTIONS


def estimate(counted: Tally) -> LabelFree:
    """Expected prevalence, and per threshold selection rate, PPV and sensitivity, of every group.

    Only the scores of the tally are read, whatever its outcomes are. `expected PPV = mean of p above the
    threshold`, `expected sensitivity = sum of p above it / sum of p`.
    """
    return LabelFree(
        tuple(
            Estimated(attribute_name(members), value_name(members), metric, threshold, value, group.n)
            for members in (counted.groups() if counted.n else ())
            for group in (counted.of(members),)
            for metric, threshold, value in _expected(group, counted.grid)
        )
    )


def _expected(group: GroupTally, grid: ScoreGrid) -> Iterator[tuple[str, float | None, float | None]]:
    people, scores = group.counts.sum(axis=0), group.sums.sum(axis=0)
    n, events = int(people.sum()), float(scores.sum())
    yield "prevalence", None, events / n if n else None
    for threshold in grid.thresholds:
        at = grid.position(threshold)
        selected, true = int(people[at:].sum()), float(scores[at:].sum())
        yield "selection_rate", threshold, selected / n if n else None
        yield "ppv", threshold, true / selected if selected else None
        yield "sensitivity", threshold, true / events if events > 0.0 else None
