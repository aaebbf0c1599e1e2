"""The evaluation of a model as it may be told: small groups of a private evaluation are withheld whole.

`evaluation.json` holds people, events and rates of each group, and rates tell their counts. So the counts are
worked out again, the suppression of `fairness.disclosure` decides, and a group of which any count is withheld
loses every figure. Groups are withheld together over all outputs of a data set, because their people are the
same.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fairness.cells import ALL, OVERALL
from fairness.disclosure import MINIMUM, suppress
from fairness.disclosure.table import EVENTS, NON_EVENTS, Cell, N, Sum, Table
from fairness.engine.strata import Group
from fairness.groups import Membership

Row = Mapping[str, Any]
WHY = "withheld: too few people to be told, or next to a group that is"
_ALL_ROWS = ("missing_inputs", "comparators")


def disclosed(evaluation: Row, is_public: bool, minimum: int = MINIMUM) -> dict[str, Any]:
    """The evaluation, as it is when its rows are public, else with `masked` groups; input is not changed."""
    told = dict(evaluation)
    cells: Sequence[Row] = evaluation["results"]
    hidden = set() if is_public else _hidden_groups(cells, minimum)
    told["results"] = [_masked(cell) if _key(cell) in hidden else dict(cell) for cell in cells]
    if is_public:
        return told
    totals = {
        (cell["dataset"], cell["output"], cell["n"], cell["events"])
        for cell in cells
        if cell["attribute"] == OVERALL and _key(cell) not in hidden
    }
    for part in _ALL_ROWS:
        rows: Sequence[Row] = evaluation.get(part, ())
        told[part] = [
            dict(row) if (row["dataset"], row["output"], row["n"], row["events"]) in totals else _masked(row)
            for row in rows
        ]
    return told


def _key(cell: Row) -> tuple[str, str, str]:
    return str(cell["dataset"]), str(cell["attribute"]), str(cell["value"])


def _masked(row: Row) -> dict[str, Any]:
    return {**row, "n": None, "events": None, "metrics": [], "state": "masked", "why": WHY}


def _hidden_groups(cells: Sequence[Row], minimum: int) -> set[tuple[str, str, str]]:
    hidden = set()
    for dataset, output in dict.fromkeys((str(cell["dataset"]), str(cell["output"])) for cell in cells):
        mine = [cell for cell in cells if (cell["dataset"], cell["output"]) == (dataset, output)]
        for cell in suppress(_table(mine), minimum):
            member = cell.group[0] if cell.group else Membership(OVERALL, ALL)
            hidden.add((dataset, member.attribute, member.value))
    return hidden


def _table(cells: Sequence[Row]) -> Table:
    counts = {Cell(kind, _group(cell)): count for cell in cells for kind, count in _counts(cell).items()}
    kinds = list(dict.fromkeys(cell.kind for cell in counts))
    within = [total for cell in cells for total in _within(_group(cell), counts)]
    across = [total for kind in kinds for total in _across(kind, cells, counts)]
    return Table(counts, (*within, *across))


def _group(cell: Row) -> Group:
    return () if cell["attribute"] == OVERALL else (Membership(cell["attribute"], cell["value"]),)


def _counts(cell: Row) -> dict[str, int]:
    """People, events, non-events, and at each threshold how many of both are selected and not."""
    n, events = int(cell["n"]), int(cell["events"])
    counts = {N: n, EVENTS: events, NON_EVENTS: n - events}
    for metric in cell["metrics"]:
        at = metric["threshold"]
        if at is None or metric["value"] is None:
            continue
        if metric["name"] == "sensitivity":
            tp = round(metric["value"] * events)
            counts |= {f"tp@{at:g}": tp, f"fn@{at:g}": events - tp}
        elif metric["name"] == "specificity":
            tn = round(metric["value"] * (n - events))
            counts |= {f"tn@{at:g}": tn, f"fp@{at:g}": n - events - tn}
    return counts


def _within(group: Group, counts: Mapping[Cell, int]) -> Iterator[Sum]:
    yield Sum(Cell(N, group), (Cell(EVENTS, group), Cell(NON_EVENTS, group)))
    for kind, other, total in (("tp", "fn", EVENTS), ("tn", "fp", NON_EVENTS)):
        for cell in counts:
            base, _, at = cell.kind.partition("@")
            if cell.group == group and base == kind:
                yield Sum(Cell(total, group), (cell, Cell(f"{other}@{at}", group)))


def _across(kind: str, cells: Sequence[Row], counts: Mapping[Cell, int]) -> Iterator[Sum]:
    total = Cell(kind, ())
    if total not in counts:
        return
    for attribute in dict.fromkeys(str(cell["attribute"]) for cell in cells):
        parts = tuple(
            Cell(kind, _group(cell))
            for cell in cells
            if cell["attribute"] == attribute != OVERALL and Cell(kind, _group(cell)) in counts
        )
        if parts:
            yield Sum(total, parts, sum(counts[part] for part in parts) - counts[total])
