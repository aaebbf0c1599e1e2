"""Rows of groups and their figures."""

from collections.abc import Mapping, Sequence

import msgspec

from fairness.engine import Evaluation, Figure, Group, GroupResult
from fairness.engine.figures import lost
from fairness.gate_gaps import NOT_ANSWERED
from fairness.metric import Sufficiency
from fairness.report.model import GroupRow, MetricRow, Shrunken, State
from fairness.report.names import group_label
from fairness.report.shown import WITHHELD, Shown

Key = tuple[Group, str, float | None]
# The denominator of this figure is the people of the class.
_OWN_CLASS = "sensitivity:"


def group_rows(
    found: Evaluation, shown: Shown, limits: Sufficiency, shrunken: Mapping[Key, Shrunken] | None = None
) -> tuple[GroupRow, ...]:
    """Every group of an evaluation, without what is withheld."""
    drawn = shrunken or {}
    return tuple(_group_row(result, shown, limits, drawn) for result in found.groups)


def _group_row(
    result: GroupResult, shown: Shown, limits: Sufficiency, shrunken: Mapping[Key, Shrunken]
) -> GroupRow:
    group = result.members
    metrics = tuple(metric_row(figure, group, shown) for figure in result.metrics)
    state, why = group_state(result, shown, limits)
    if state == "ok" and metrics and all(row.value is None for row in metrics):
        is_masked = any(row.state == "masked" for row in metrics)
        state, why = ("masked", WITHHELD) if is_masked else ("undefined", "no figure has a value")
    return GroupRow(
        attribute=result.attribute,
        value=result.value,
        members=tuple((member.attribute, member.value) for member in group),
        label=group_label(group),
        n=result.n if shown.cell("n", group) else None,
        events=result.events if shown.whole(group) else None,
        state=state,
        why=why,
        metrics=tuple(
            msgspec.structs.replace(row, shrunken=shrunken.get((group, row.name, row.threshold)))
            for row in metrics
        ),
    )


def group_state(result: GroupResult, shown: Shown, limits: Sufficiency) -> tuple[State, str | None]:
    """Whether a group can be estimated at all, and why not."""
    if not shown.whole(result.members):
        return "masked", WITHHELD
    if result.events is not None and result.n and result.events in (0, result.n):
        return "undefined", "no events" if result.events == 0 else "no non-events"
    short = _short(result, limits)
    return ("insufficient", short) if short else ("ok", None)


def _short(result: GroupResult, limits: Sufficiency) -> str | None:
    counts = [("people", result.n, limits.min_n)]
    if result.events is not None:
        counts += [("events", result.events, limits.min_events)]
        counts += [("non-events", result.n - result.events, limits.min_events)]
    short = [f"{n} {noun}, fewer than {least}" for noun, n, least in counts if n < least]
    short += [told for told in (lost(result.followed, limits), _rare(result, limits)) if told]
    return "; ".join(short) or None


def _rare(result: GroupResult, limits: Sufficiency) -> str | None:
    """Classes with too few people of the group, without their numbers."""
    sizes = {
        one.name.partition(":")[2]: one.of or 0 for one in result.metrics if one.name.startswith(_OWN_CLASS)
    }
    rare = [name for name, size in sizes.items() if size < limits.min_events]
    return f"fewer than {limits.min_events} people of class {', '.join(rare)}" if rare else None


def metric_row(figure: Figure, group: Group, shown: Shown) -> MetricRow:
    """One figure, or that it is withheld."""
    if not shown.metric(figure.name, figure.threshold, group):
        return MetricRow(name=figure.name, threshold=figure.threshold, value=None, low=None, high=None,
                         state="masked", why=WITHHELD)  # fmt: skip
    return MetricRow(
        name=figure.name,
        threshold=figure.threshold,
        value=figure.value,
        low=figure.low,
        high=figure.high,
        state=figure.state,
        why=shown.why(figure.why, [group]),
    )


def unestimable(rows: Sequence[GroupRow]) -> tuple[str, ...]:
    """The groups that cannot be estimated: `race: asian`; `race: nothing recorded` where nobody has one."""
    silent = [f"{row.attribute}: {row.value}" for row in rows if row.state != "ok"]
    return (*silent, *(f"{name}: nothing recorded" for name in _unrecorded(rows)))


def _unrecorded(rows: Sequence[GroupRow]) -> list[str]:
    """Attributes of which no group is an answer."""
    values: dict[str, set[str]] = {}
    for row in rows:
        if len(row.members) == 1:
            values.setdefault(row.attribute, set()).add(row.value)
    return [attribute for attribute, found in values.items() if found <= NOT_ANSWERED]
