"""The counts behind a report on rows and the sums that tie them, as an attacker would write them down."""

from collections.abc import Iterator, Sequence

from fairness.disclosure import Cell, Sum, Table
from fairness.engine import Evaluation, Figure, Group, GroupResult
from fairness.engine.estimates import is_share
from fairness.report.silence import across_values

Counts = dict[Cell, int]


def table_of_rows(found: Evaluation) -> Table:
    """People, events where there are some, the two counts behind every share, and the classes.

    A share of the people with a class, and of those who are given it, count the same people as found.
    """
    counts: Counts = {}
    within: list[Sum] = []
    for result in found.groups:
        group = result.members
        counts[Cell("n", group)] = result.n
        if result.events is not None:
            within.append(_split(counts, group, "n", ("events", result.events), result.n, "non_events"))
        for one in result.metrics:
            if is_share(one.name) and ":" not in one.name:
                hits = _hits(one)
                within.append(
                    _split(counts, group, "n", (f"yes:{one.name}", hits), result.n, f"no:{one.name}")
                )
        within += _classes(result, counts)
        within += _neighbours(result, counts)
    kinds = dict.fromkeys(cell.kind for cell in counts)
    groups = [result.members for result in found.groups]
    across = [one for kind in kinds for one in across_values(kind, groups, counts)]
    return Table(counts, (*within, *across))


def _split(counts: Counts, group: Group, total: str, part: tuple[str, int], size: int, rest: str) -> Sum:
    """Adds a part of a total and what is left of it."""
    name, count = part
    counts |= {Cell(name, group): count, Cell(rest, group): size - count}
    return Sum(Cell(total, group), (Cell(name, group), Cell(rest, group)))


def _classes(result: GroupResult, counts: Counts) -> Iterator[Sum]:
    """People of each class and others; of those with it and given it, those found, missed and wrong."""
    group, figures = result.members, {one.name: one for one in result.metrics}
    classes = [name.partition(":")[2] for name in figures if name.startswith("sensitivity:")]
    if not classes:
        return
    # What is found of each class comes first: what is withheld there is then withheld of the rest as well.
    yield _added(group, "yes:accuracy", "right", classes)
    yield _added(group, "n", "given", classes)
    for name in classes:
        own, given = (figures[f"{metric}:{name}"] for metric in ("sensitivity", "ppv"))
        size, right = own.of or 0, _hits(own)
        yield _split(counts, group, "n", (f"class:{name}", size), result.n, f"others:{name}")
        yield _split(counts, group, f"class:{name}", (f"right:{name}", right), size, f"missed:{name}")
        counts[Cell(f"given:{name}", group)] = given.of or 0
        yield _split(counts, group, f"given:{name}", (f"right:{name}", right), given.of or 0, f"wrong:{name}")
    yield _added(group, "n", "class", classes)
    yield _added(group, "no:accuracy", "missed", classes)
    yield _added(group, "no:accuracy", "wrong", classes)


def _added(group: Group, total: str, kind: str, classes: Sequence[str]) -> Sum:
    return Sum(Cell(total, group), tuple(Cell(f"{kind}:{name}", group) for name in classes))


def _neighbours(result: GroupResult, counts: Counts) -> Iterator[Sum]:
    """Of ordered classes those who are given the next one, which two shares tell together."""
    group = result.members
    near, right = Cell("yes:within_one", group), Cell("yes:accuracy", group)
    if near in counts and right in counts:
        beside = Cell("beside", group)
        counts[beside] = counts[near] - counts[right]
        yield Sum(near, (right, beside))


def _hits(figure: Figure) -> int:
    return round((figure.value or 0.0) * (figure.of or 0))
