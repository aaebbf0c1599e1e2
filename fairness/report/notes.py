"""What a report cannot show, in sentences."""

from collections.abc import Iterator

from fairness.groups import ABSENT
from fairness.report.model import GroupRow, Kind
from fairness.report.plan import Plan


def notes_of(
    rows: tuple[GroupRow, ...], thresholds: tuple[float, ...], plan: Plan, kind: Kind
) -> tuple[str, ...]:
    """The limits of this report; the sentences hold no figure that is withheld."""
    return tuple(_notes(rows, thresholds, plan, kind))


def _notes(
    rows: tuple[GroupRow, ...], thresholds: tuple[float, ...], plan: Plan, kind: Kind
) -> Iterator[str]:
    yield "It compares groups as they are recorded in the data; nobody's group was inferred."
    yield "It describes the people in this data; another place or time may differ."
    yield "It says how predictions fit outcomes. Whether acting on them helps each group, it does not show."
    if any(row.state == "masked" or any(one.state == "masked" for one in row.metrics) for row in rows):
        yield (
            f"Counts from 1 to {plan.minimum_cell - 1}, and others that would give them away, are withheld "
            "with every figure made of them."
        )
    if any(row.state in ("insufficient", "undefined") for row in rows):
        yield "Groups marked insufficient or undefined have too few people, events or non-events."
    if any(value == ABSENT for row in rows for _, value in row.members):
        yield "People whose group is not recorded are a group of their own; their true groups are unknown."
    if not plan.crossings:
        yield "Intersections of groups were not looked at."
    if kind == "binary" and not thresholds:
        yield "No decision threshold was declared, so there is no sensitivity, specificity or net benefit."
    if not plan.claims:
        yield "Nothing was claimed in advance, so nothing can pass; gaps are set against chance only."
