"""What an earlier report has told, read back from the report itself: its counts, and those behind its shares.

Whoever has the report can do the same, which is why it is done. The number of people of a class is not in a
report, nor is what it withheld; of the latter only that it did.
"""

from collections.abc import Iterator

from fairness.disclosure import Cell, Look
from fairness.disclosure.metrics import made_of
from fairness.engine import Group
from fairness.groups import Membership
from fairness.report.cells import band_cell
from fairness.report.model import GroupRow, MetricRow, Report

Counts = dict[Cell, int]
# Share -> its denominator, its numerator and what is left; @ stands for the threshold.
_PARTS = {
    "selection_rate": ("n", "selected@", "not_selected@"),
    "sensitivity": ("events", "tp@", "fn@"),
    "specificity": ("non_events", "tn@", "fp@"),
    "ppv": ("selected@", "tp@", "fp@"),
    "npv": ("not_selected@", "tn@", "fn@"),
}
_OF_EVERYBODY = ("accuracy", "interval_coverage", "within_one")


def look_of(report: Report) -> Look:
    """The counts that a report tells, and the cells of which it says that they are withheld."""
    told: Counts = {}
    withheld: dict[Cell, int | None] = {}
    for row in report.groups:
        group = tuple(Membership(*member) for member in row.members)
        own = _counts(row, group)
        told |= own
        withheld |= dict.fromkeys(_withheld(row, group, own))
    for cell, people in _bands(report):
        if people is None:
            withheld[cell] = None
        else:
            told[cell] = people
    return Look(told, {cell: None for cell in withheld if cell not in told})


def _counts(row: GroupRow, group: Group) -> Counts:
    found: Counts = {}
    if row.n is None:
        return found
    found[Cell("n", group)] = row.n
    if row.events is not None:
        found |= {Cell("events", group): row.events, Cell("non_events", group): row.n - row.events}
    for metric in row.metrics:
        if metric.value is not None:
            found |= _of_share(metric, group, found)
    return found | _of_silence(row, group, row.n)


def _of_share(metric: MetricRow, group: Group, known: Counts) -> Counts:
    """The two counts behind a share whose denominator is told."""
    whole, part, rest = "n", f"yes:{metric.name}", f"no:{metric.name}"
    if metric.threshold is not None and metric.name in _PARTS:
        at = f"@{metric.threshold:g}"
        whole, part, rest = (kind.replace("@", at) for kind in _PARTS[metric.name])
    elif metric.threshold is not None or metric.name not in _OF_EVERYBODY:
        return {}
    of = known.get(Cell(whole, group))
    if of is None or metric.value is None:
        return {}
    hits = round(metric.value * of)
    return {Cell(part, group): hits, Cell(rest, group): of - hits}


def _of_silence(row: GroupRow, group: Group, n: int) -> Counts:
    """Everybody in the group, and those without a score, an outcome or a card."""
    rates = {metric.name: metric for metric in row.metrics if metric.name.endswith("_rate")}
    flags = [rates[name] for name in ("abstained_rate", "unmatured_rate") if name in rates]
    shares = [metric.value for metric in flags if metric.value is not None]
    if not flags or len(shares) < len(flags) or sum(shares) >= 1.0:
        return {}
    people = round(n / (1.0 - sum(shares)))
    found = {Cell("people", group): people, Cell("unmatured", group): 0}
    found |= {
        Cell(metric.name.removesuffix("_rate"), group): round(share * people)
        for metric, share in zip(flags, shares, strict=True)
    }
    card = rates.get("no_card_rate")
    if card is not None and card.value is not None:
        without = round(card.value * people)
        found |= {Cell("no_card", group): without, Cell("card", group): people - without}
    return found


def _withheld(row: GroupRow, group: Group, told: Counts) -> Iterator[Cell]:
    """The cells behind whatever the row withholds, but for those that it tells."""
    if row.n is None:
        yield from (Cell(kind, group) for kind in ("n", "events", "non_events"))
    elif row.events is None and row.state == "masked":
        yield from (Cell(kind, group) for kind in ("events", "non_events"))
    for metric in row.metrics:
        if metric.state == "masked":
            yield from (cell for cell in made_of(metric.name, metric.threshold, group) if cell not in told)


def _bands(report: Report) -> Iterator[tuple[Cell, int | None]]:
    members: dict[tuple[str, str], Group] = {
        (row.attribute, row.value): tuple(Membership(*member) for member in row.members)
        for row in report.groups
    }
    for curves in report.curves:
        group = members.get((curves.attribute, curves.value))
        if group is not None:
            for band in curves.risk:
                yield band_cell((band.low, band.high), group), band.people
