"""What an earlier report has told, read back from the report itself: its counts, and those behind its shares.

Whoever has the report can do the same, which is why it is done: the limits of a share tell how many people it
is a share of. What a report withheld is not in it, only that it did.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from fairness.disclosure import Cell, Look
from fairness.disclosure.metrics import made_of
from fairness.disclosure.table import SPANNED, span
from fairness.engine import Group
from fairness.groups import Membership
from fairness.intervals import share_behind
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
# The same of a class.
_PARTS_OF_CLASS = {"sensitivity": ("class", "right", "missed"), "ppv": ("given", "right", "wrong")}
_SILENT = ("abstained", "unmatured", "no_card")


def look_of(report: Report) -> Look:
    """The counts that a report tells, and the cells of which it says that they are withheld."""
    told: Counts = {}
    withheld: dict[Cell, int | None] = {}
    for row in report.groups:
        group = tuple(Membership(*member) for member in row.members)
        own = _counts(row, group, report.level)
        own |= _between(own, group, report.thresholds)
        told |= own
        withheld |= dict.fromkeys(_withheld(row, group, own))
    for cell, people in _bands(report):
        if people is None:
            withheld[cell] = None
        else:
            told[cell] = people
    return Look(told, {cell: None for cell in withheld if cell not in told})


def _between(told: Counts, group: Group, thresholds: Sequence[float]) -> Counts:
    """Who lies between neighbouring thresholds, where the counts at both are told."""
    found: Counts = {}
    for low, high in pairwise(sorted(thresholds)):
        for kind in SPANNED:
            above, below = (told.get(Cell(f"{kind}@{at:g}", group)) for at in (low, high))
            if above is not None and below is not None:
                found[Cell(span(kind, low, high), group)] = above - below
    return found


class _Share(NamedTuple):
    hits: int
    of: int


def _counts(row: GroupRow, group: Group, level: float) -> Counts:
    if row.n is None:
        return {}
    found = {Cell("n", group): row.n}
    if row.events is not None:
        found |= {Cell("events", group): row.events, Cell("non_events", group): row.n - row.events}
    for metric in row.metrics:
        found |= _of_share(metric, group, row.n, level)
    near, right = Cell("yes:within_one", group), Cell("yes:accuracy", group)
    if near in found and right in found:
        found[Cell("beside", group)] = found[near] - found[right]
    return found | _of_silence(row, group, level)


def _of_share(metric: MetricRow, group: Group, n: int, level: float) -> Counts:
    """Whom a share is a share of, and the two counts that these are made of."""
    base, _, one = metric.name.partition(":")
    whole, part, rest = "n", f"yes:{metric.name}", f"no:{metric.name}"
    if metric.threshold is not None and metric.name in _PARTS:
        at = f"@{metric.threshold:g}"
        whole, part, rest = (kind.replace("@", at) for kind in _PARTS[metric.name])
    elif one and base in _PARTS_OF_CLASS:
        whole, part, rest = (f"{kind}:{one}" for kind in _PARTS_OF_CLASS[base])
    elif metric.threshold is not None or metric.name not in _OF_EVERYBODY:
        return {}
    share = _read(metric, level)
    if share is None:
        return {}
    found = {Cell(whole, group): share.of, Cell(part, group): share.hits,
             Cell(rest, group): share.of - share.hits}  # fmt: skip
    return found | ({Cell(f"others:{one}", group): n - share.of} if whole == f"class:{one}" else {})


def _read(metric: MetricRow, level: float) -> _Share | None:
    if metric.value is None or metric.low is None or metric.high is None:
        return None
    found = share_behind(metric.value, (metric.low, metric.high), level)
    return None if found is None else _Share(*found)


def _of_silence(row: GroupRow, group: Group, level: float) -> Counts:
    """Everybody in the group, and those without a score, an outcome or a card."""
    rates = {metric.name.removesuffix("_rate"): metric for metric in row.metrics}
    shares = {flag: share for flag in _SILENT if flag in rates and (share := _read(rates[flag], level))}
    found: Counts = {}
    for flag, share in shares.items():
        found |= {Cell("people", group): share.of, Cell(flag, group): share.hits}
        if flag == "no_card":
            found[Cell("card", group)] = share.of - share.hits
    if found and "unmatured" not in rates:
        # Where everybody has an outcome, there is no such rate.
        found[Cell("unmatured", group)] = 0
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
