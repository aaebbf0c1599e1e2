"""How many more people each group needs before its figures count as evidence."""

from collections.abc import Sequence

from fairness.engine import GroupResult
from fairness.metric import Sufficiency
from fairness.report.model import GroupRow, NeededRow
from fairness.report.shown import WITHHELD, Shown
from fairness.verdicts.needed import to_count


def needed_rows(
    results: Sequence[GroupResult], rows: Sequence[GroupRow], shown: Shown, limits: Sufficiency
) -> tuple[NeededRow, ...]:
    """One row per group that is not `ok`.

    What a group lacks tells what it has, so that is withheld with it. `results` and `rows` are the same
    groups.
    """
    pairs = zip(results, rows, strict=True)
    return tuple(_needed(result, row, shown, limits) for result, row in pairs if row.state != "ok")


def _needed(result: GroupResult, row: GroupRow, shown: Shown, limits: Sufficiency) -> NeededRow:
    is_told = shown.whole(result.members)
    needed = to_count(result.n, result.events, limits) if is_told else None
    return NeededRow(
        attribute=row.attribute,
        value=row.value,
        label=row.label,
        patients=needed.patients if needed else None,
        events=needed.events if needed else None,
        state="ok" if is_told else "masked",
        why=needed.why if needed else row.why or WITHHELD,
    )
