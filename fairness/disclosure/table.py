"""The counts behind a report and the sums that tie them together, as an attacker would write them down."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from fairness.engine.strata import Group
from fairness.engine.tally import Tally

N, EVENTS, NON_EVENTS = "n", "events", "non_events"
PEOPLE = "people"
"""Everybody in a group, those without a score or an outcome too; told by rates only."""
SPANNED = ("selected", "tp", "fp")


class Cell(NamedTuple):
    """One count: its kind (`n`, `events`, `non_events`, or `tp@0.2` and the like) and its group."""

    kind: str
    group: Group


class Sum(NamedTuple):
    """A sum that everybody knows: the parts make up the total.

    Where people may be in several parts, `surplus` is by how much the parts exceed the total; it is taken as
    known to an attacker, which is more than a report tells.
    """

    total: Cell
    parts: tuple[Cell, ...]
    surplus: int = 0


class Table(NamedTuple):
    """Counts by cell, and the sums among them."""

    counts: Mapping[Cell, int]
    sums: tuple[Sum, ...]


def table_of(tally: Tally, crossings: Sequence[Sequence[str]] = ()) -> Table:
    """Counts of every group of a report: people, events, the four corners at each threshold, and what lies
    between neighbouring thresholds, which the figures at both tell together.

    Sums run within a group (`n = events + non_events`, ...), over the values of each attribute, and over the
    values of a further attribute inside a group.
    """
    groups = tally.groups(crossings)
    counts = {Cell(kind, group): count for group in groups for kind, count in _counts(tally, group).items()}
    kinds = list(dict.fromkeys(cell.kind for cell in counts))
    within = [total for group in groups for total in _within(kinds, group)]
    within += [total for group in groups for total in _between(tally.grid.thresholds, group)]
    across = [one for kind in kinds for one in _across(kind, groups, counts)]
    return Table(counts, (*within, *across))


def _counts(tally: Tally, group: Group) -> dict[str, int]:
    found = tally.of(group)
    counts = {N: found.n, EVENTS: found.events, NON_EVENTS: found.non_events}
    for threshold in tally.grid.thresholds:
        selected = found.counts[:, tally.grid.position(threshold) :].sum(axis=1)
        fp, tp = int(selected[0]), int(selected[1])
        name = f"@{threshold:g}"
        counts |= {
            f"selected{name}": fp + tp,
            f"not_selected{name}": found.n - fp - tp,
            f"tp{name}": tp,
            f"fp{name}": fp,
            f"fn{name}": found.events - tp,
            f"tn{name}": found.non_events - fp,
        }
    for low, high in pairwise(sorted(tally.grid.thresholds)):
        for kind in SPANNED:
            above, below = counts[f"{kind}@{low:g}"], counts[f"{kind}@{high:g}"]
            counts[span(kind, low, high)] = above - below
    return counts


def span(kind: str, low: float, high: float) -> str:
    """The kind of those of a kind (`selected`, `tp`, `fp`) with a score from one threshold up to the next."""
    return f"{kind}[{low:g},{high:g})"


def _between(thresholds: Sequence[float], group: Group) -> Iterator[Sum]:
    """At the lower of two thresholds those at the higher one and those between; those below follow."""
    for low, high in pairwise(sorted(thresholds)):
        spans = {kind: Cell(span(kind, low, high), group) for kind in SPANNED}
        yield Sum(spans["selected"], (spans["tp"], spans["fp"]))
        for kind, between in spans.items():
            yield Sum(Cell(f"{kind}@{low:g}", group), (Cell(f"{kind}@{high:g}", group), between))


def _within(kinds: Sequence[str], group: Group) -> Iterator[Sum]:
    def added(total: str, *parts: str) -> Sum:
        return Sum(Cell(total, group), tuple(Cell(part, group) for part in parts))

    yield added(N, EVENTS, NON_EVENTS)
    for kind in kinds:
        base, at, threshold = kind.partition("@")
        if base != "selected":
            continue
        name = f"{at}{threshold}"
        yield added(N, f"selected{name}", f"not_selected{name}")
        yield added(EVENTS, f"tp{name}", f"fn{name}")
        yield added(NON_EVENTS, f"fp{name}", f"tn{name}")
        yield added(f"selected{name}", f"tp{name}", f"fp{name}")
        yield added(f"not_selected{name}", f"fn{name}", f"tn{name}")


def _across(kind: str, groups: Sequence[Group], counts: Mapping[Cell, int]) -> Iterator[Sum]:
    """Every group as the sum of the groups that have one more attribute."""
    parts: dict[tuple[Group, str], list[Cell]] = {}
    for group in groups:
        for member in group:
            parent = tuple(other for other in group if other != member)
            parts.setdefault((parent, member.attribute), []).append(Cell(kind, group))
    for (parent, _), cells in parts.items():
        total = Cell(kind, parent)
        if total in counts:
            yield Sum(total, tuple(cells), sum(counts[cell] for cell in cells) - counts[total])
