"""Rows of gaps between each group and everybody else."""

from collections.abc import Sequence

from fairness.engine import Difference, Tally, differences
from fairness.engine.contrasts import DEFAULT_CONTRASTS
from fairness.engine.row_sample import RowSample
from fairness.metric import Sufficiency
from fairness.report.model import GapRow
from fairness.report.names import group_label
from fairness.report.shown import WITHHELD, Shown


def gap_rows(
    tally: Tally | RowSample,
    crossings: Sequence[Sequence[str]],
    shown: Shown,
    limits: Sufficiency,
    level: float,
    metrics: Sequence[str] = DEFAULT_CONTRASTS,
) -> tuple[GapRow, ...]:
    """Every group and intersection against everybody else, without what is withheld."""
    found = differences(tally, crossings=crossings, metrics=metrics, level=level, limits=limits)
    return tuple(_gap_row(one, shown) for one in found)


def _gap_row(one: Difference, shown: Shown) -> GapRow:
    is_told = shown.gap(one.metric, one.threshold, one.members)
    return GapRow(
        attribute=one.attribute,
        value=one.group,
        label=group_label(one.members),
        metric=one.metric,
        threshold=one.threshold,
        reference=one.reference,
        scale=one.scale,
        gap=one.value if is_told else None,
        low=one.low if is_told else None,
        high=one.high if is_told else None,
        state=one.state if is_told else "masked",
        why=shown.why(one.why, [one.members, ()]) if is_told else WITHHELD,
    )
