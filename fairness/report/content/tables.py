"""Tables of figures: groups down, figures across."""

from collections.abc import Iterable, Sequence

from fairness.report.content.blocks import Cell, Column, Figure, Table
from fairness.report.model import GroupRow, MetricRow, Report, State
from fairness.report.words import (
    STATES,
    attribute_name,
    count,
    metric_name,
    number,
    term,
    withheld_note,
)

Key = tuple[str, float | None]
MOST_COLUMNS = 5
_WITH_EVENTS = ("binary", "survival")


def keys_of(groups: Iterable[GroupRow]) -> list[Key]:
    """Every figure that occurs, in the order of the report."""
    return list(dict.fromkeys((row.name, row.threshold) for group in groups for row in group.metrics))


def metric_of(group: GroupRow, key: Key) -> MetricRow | None:
    """The figure of a group; None when it has none of that name."""
    return next((row for row in group.metrics if (row.name, row.threshold) == key), None)


def group_name(attribute: str, label: str) -> str:
    """`Sex: Female`, so that two groups called "Not recorded" stay apart; everybody is "Everybody"."""
    if attribute == "overall":
        return "Everybody"
    return label if ":" in label or " × " in attribute else f"{attribute_name(attribute)}: {label}"


def figure_tables(report: Report, title: str, groups: Sequence[GroupRow], keys: Sequence[Key]) -> list[Table]:
    """The figures of the groups, at most five to a table; people and events stand in each."""
    portions = [keys[at : at + MOST_COLUMNS] for at in range(0, len(keys), MOST_COLUMNS)]
    return [_figure_table(report, title, groups, portion) for portion in portions]


def figure_cell(
    value: float | None,
    low: float | None,
    high: float | None,
    state: State,
    name: str,
    *,
    signed: bool = False,
) -> Cell:
    """A figure with its limits and, unless there is enough data, a word for its state."""
    text = "" if state == "ok" else STATES[state]
    if value is None:
        return Cell(text or "no value", state=state)
    limits = None
    if low is not None and high is not None:
        limits = ((number(low, name), low), (number(high, name), high))
    return Cell(text, Figure((number(value, name, signed=signed), value), limits), state=state)


def count_cell(value: int | None, *, withheld: bool) -> Cell:
    """A count; where there is none, the word for it."""
    if value is not None:
        return Cell(count(value), whole=value)
    return Cell(STATES["masked"], state="masked") if withheld else Cell("not counted", state="undefined")


def reason_cell(why: str | None, state: State) -> Cell:
    """Why a row is as it is; where it is withheld the note below the table says so once."""
    return Cell("" if why is None or state == "masked" else why)


def size_cells(report: Report, group: GroupRow) -> list[Cell]:
    """People and, for outcomes that happen or do not, people with the outcome."""
    cells = [count_cell(group.n, withheld=True)]
    return cells + ([count_cell(group.events, withheld=True)] if report.kind in _WITH_EVENTS else [])


def size_columns(report: Report) -> list[Column]:
    """The headings of `size_cells`."""
    columns = [Column("People", 0.8, numeric=True)]
    return columns + ([Column("With outcome", 0.8, numeric=True)] if report.kind in _WITH_EVENTS else [])


def notes_for(report: Report, rows: Iterable[Sequence[Cell]]) -> tuple[str, ...]:
    """What "withheld" and "insufficient data" mean, where they occur."""
    states = {cell.state for row in rows for cell in row}
    notes = [withheld_note(report)] if "masked" in states else []
    if "insufficient" in states:
        notes.append("Insufficient data: too few people or cases for the figure to count as evidence.")
    if "undefined" in states:
        notes.append("Undefined: the formula has no value for these people. It is not 0.")
    return tuple(notes)


def _figure_table(report: Report, title: str, groups: Sequence[GroupRow], keys: Sequence[Key]) -> Table:
    columns = [Column("Group", 1.8), *size_columns(report)]
    columns += [Column(metric_name(*key), 1.2, numeric=True) for key in keys]
    rows = tuple(
        (
            Cell(group_name(group.attribute, group.label)),
            *size_cells(report, group),
            *(_metric_cell(metric_of(group, key)) for key in keys),
        )
        for group in groups
    )
    reach = f"Small print: {report.level:.0%} interval."
    names = list(dict.fromkeys(term(name).name for name, _ in keys))
    caption = f"{title}: {', '.join(names)}" if len(names) > 1 else f"{title}: {names[0]}"
    return Table(caption, tuple(columns), rows, (reach, *notes_for(report, rows)))


def _metric_cell(row: MetricRow | None) -> Cell:
    if row is None:
        return Cell("not computed", state="undefined")
    return figure_cell(row.value, row.low, row.high, row.state, row.name)
