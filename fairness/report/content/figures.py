"""Discrimination, calibration, net benefit and the rest: forest plots with the tables of their figures."""

from collections.abc import Iterator, Sequence

from fairness.engine.estimates import scale_of
from fairness.engine.row_sample import base_name
from fairness.report import charts
from fairness.report.content.blocks import (
    Block,
    Cell,
    Charts,
    Column,
    Heading,
    Paragraph,
    Points,
    Section,
    Table,
)
from fairness.report.content.tables import (
    Key,
    figure_cell,
    figure_tables,
    group_name,
    keys_of,
    metric_of,
    notes_for,
    size_cells,
    size_columns,
)
from fairness.report.model import GroupRow, Report, State
from fairness.report.words import STATES, interval, metric_name, number, term

DISCRIMINATION = ("auroc", "survival_auc", "concordance")
CALIBRATION = ("o_e", "survival_o_e", "calibration_intercept", "calibration_slope", "ici", "brier",
               "survival_brier")  # fmt: skip
NET_BENEFIT = ("net_benefit",)
SILENCE = ("abstained_rate", "unmatured_rate", "no_card_rate")
_IDEAL = {
    "o_e": 1.0,
    "survival_o_e": 1.0,
    "calibration_slope": 1.0,
    "calibration_intercept": 0.0,
    "bias": 0.0,
}
# Charts of these would be those of specificity and sensitivity upside down; the tables have them.
_MIRRORED = ("false_positive_rate", "false_negative_rate")


def sections_keys(report: Report) -> dict[str, list[Key]]:
    """The figures of each section; each figure is in exactly one."""
    found: dict[str, list[Key]] = {"discrimination": [], "calibration": [], "net-benefit": [],
                                   "thresholds": [], "other": [], "silence": []}  # fmt: skip
    for name, threshold in keys_of(report.groups):
        place = "thresholds" if threshold is not None else "other"
        for section, names in (("discrimination", DISCRIMINATION), ("calibration", CALIBRATION),
                               ("net-benefit", NET_BENEFIT), ("silence", SILENCE)):  # fmt: skip
            place = section if base_name(name) in names else place
        found[place].append((name, threshold))
    found["calibration"].sort(key=lambda key: CALIBRATION.index(base_name(key[0])))
    return found


def figure_blocks(report: Report, title: str, keys: Sequence[Key]) -> list[Block]:
    """What the figures mean, a forest plot for each, and the tables; intersections have a section of their
    own."""
    if not keys:
        return []
    groups = single(report)
    names = list(dict.fromkeys(name for name, _ in keys))
    meanings = tuple(term(name).meaning for name in names)
    blocks: list[Block] = [Points(meanings, tuple(term(name).name for name in names))]
    drawn = [key for key in keys if key[0] not in _MIRRORED]
    blocks.append(Charts(tuple(scene for key in drawn for scene in forests(report, groups, key))))
    return [*blocks, *figure_tables(report, title, groups, keys)]


def threshold_section(report: Report, keys: Sequence[Key]) -> Iterator[Section]:
    """Figures that need a threshold, at each declared one; none is ever shown at another."""
    if not keys:
        return
    blocks: list[Block] = [Paragraph(
        f"Declared: {', '.join(f'{one:g}' for one in report.thresholds)}. No other threshold is shown."
    )]  # fmt: skip
    for threshold in dict.fromkeys(at for _, at in keys):
        chosen = [key for key in keys if key[1] == threshold]
        blocks.append(Heading(f"At a score of {threshold:g} or more"))
        blocks += figure_blocks(report, f"At {threshold:g}", chosen)
    yield Section("thresholds", "At the declared thresholds", tuple(blocks))


def forests(report: Report, groups: Sequence[GroupRow], key: Key) -> Iterator[charts.Scene]:
    """One plot per portion of the groups; the line is the ideal value or, without one, that of everybody."""
    name, threshold = key
    everybody = metric_of(report.groups[0], key) if report.groups else None
    line, line_name = _IDEAL.get(base_name(name)), "ideal value"
    if line is None and everybody is not None:
        line, line_name = everybody.value, "everybody"
    rows = [_forest_row(group, key) for group in groups]
    title = metric_name(name, threshold)
    for part in charts.split(rows):
        told = f"{title} with {report.level:.0%} interval for {len(part)} groups; figures in the table below."
        yield charts.forest(charts.Forest(title, told, part, line, line_name, scale_of(name) == "ratio"))


def intersections(report: Report, keys: Sequence[Key]) -> Iterator[Section]:
    """Intersections: raw figures in full, and the shrunken ones beside the raw ones."""
    crossed = [group for group in report.groups if len(group.members) > 1]
    if not crossed:
        return
    blocks: list[Block] = [Paragraph(
        "Where two attributes meet, groups get small and raw figures jump about. A shrunken figure is drawn "
        "towards the mean of all such groups, the more so the fewer people it rests on."
    )]  # fmt: skip
    shrunk = [key for key in keys if any(_has_shrunken(group, key) for group in crossed)]
    blocks += [_shrunken_table(report, crossed, shrunk[at : at + 2]) for at in range(0, len(shrunk), 2)]
    blocks += figure_tables(report, "Intersections, raw", crossed, [key for key in keys if key not in shrunk])
    yield Section("intersections", "Intersections", tuple(blocks))


def single(report: Report) -> list[GroupRow]:
    """Everybody and the groups of single attributes."""
    return [group for group in report.groups if len(group.members) < 2]


def forest_text(
    value: float | None,
    low: float | None,
    high: float | None,
    state: State,
    name: str,
    *,
    signed: bool = False,
) -> str:
    """What stands on the right of a row: the figure and its interval, or why there is none."""
    if value is None:
        return STATES[state] if state != "ok" else "no value"
    text = number(value, name, signed=signed)
    limits = interval(low, high, name)
    return f"{text} ({limits})" if limits else text


def _forest_row(group: GroupRow, key: Key) -> charts.ForestRow:
    label, row = group_name(group.attribute, group.label), metric_of(group, key)
    if row is None:
        return charts.ForestRow(label, None, None, None, False, "not computed")
    text = forest_text(row.value, row.low, row.high, row.state, row.name)
    return charts.ForestRow(label, row.value, row.low, row.high, row.state == "ok", text)


def _has_shrunken(group: GroupRow, key: Key) -> bool:
    row = metric_of(group, key)
    return row is not None and row.shrunken is not None


def _shrunken_table(report: Report, groups: Sequence[GroupRow], keys: Sequence[Key]) -> Table:
    columns = [Column("Group", 1.8), *size_columns(report)]
    for key in keys:
        columns += [
            Column(f"{metric_name(*key)}, raw", 1.2, numeric=True),
            Column("Shrunken", 1.2, numeric=True),
        ]
    rows = tuple(
        (
            Cell(group_name(group.attribute, group.label)),
            *size_cells(report, group),
            *(cell for key in keys for cell in _pair(group, key)),
        )
        for group in groups
    )
    names = " and ".join(metric_name(*key) for key in keys)
    reach = f"Small print: {report.level:.0%} interval."
    return Table(f"{names}, raw and shrunken", tuple(columns), rows, (reach, *notes_for(report, rows)))


def _pair(group: GroupRow, key: Key) -> tuple[Cell, Cell]:
    row = metric_of(group, key)
    if row is None:
        return Cell("not computed", state="undefined"), Cell("")
    raw = figure_cell(row.value, row.low, row.high, row.state, row.name)
    drawn = row.shrunken
    if drawn is None:
        return raw, Cell("not shrunken")
    return raw, figure_cell(drawn.value, drawn.low, drawn.high, "ok", row.name)
