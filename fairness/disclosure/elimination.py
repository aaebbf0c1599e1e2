"""Which unknowns of a system of sums have one possible value only, by exact sparse elimination.

The sums of a report with three crossing attributes have thousands of unknowns and a handful of them each, so
the rows are kept as mappings and eliminated in the order that fills them least (Markowitz HM. Manag Sci
1957;3:255-269). Arithmetic is modulo a large prime: no rounding decides whether a count is given away.
"""

import random
from collections.abc import Hashable, Iterable, Sequence
from heapq import heapify, heappop, heappush
from typing import TypeVar

_PRIME = 2**61 - 1
_T = TypeVar("_T", bound=Hashable)
_Row = dict[_T, int]


def determined(rows: Iterable[_Row[_T]]) -> list[_T]:
    """The unknowns that every solution of `rows` (coefficients by unknown, none of them 0) agrees on.

    They are 0 in every difference of two solutions. One such difference is drawn at random: an unknown that
    is free is 0 in it with a chance of less than 1e-12. The order is that of first appearance.
    """
    system = [dict(row) for row in rows if row]
    order = list(dict.fromkeys(unknown for row in system for unknown in row))
    eliminated = _eliminated(system)
    draw = random.Random(0)  # noqa: S311 - a fixed draw, so that the same report withholds the same cells
    values: dict[_T, int] = {}
    for pivot, row in reversed(eliminated):
        rest = 0
        for unknown, factor in row.items():
            if unknown != pivot:
                if unknown not in values:
                    values[unknown] = draw.randrange(1, _PRIME)
                rest += factor * values[unknown]
        values[pivot] = -rest * pow(row[pivot], -1, _PRIME) % _PRIME
    return [unknown for unknown in order if values[unknown] == 0]


def _eliminated(system: Sequence[_Row[_T]]) -> list[tuple[_T, _Row[_T]]]:
    """Pivots with their rows; each row holds its pivot, free unknowns and pivots of later rows only."""
    where: dict[_T, set[int]] = {}
    for at, row in enumerate(system):
        for unknown in row:
            where.setdefault(unknown, set()).add(at)
    waiting = [(len(row), at) for at, row in enumerate(system)]
    heapify(waiting)
    done: list[tuple[_T, _Row[_T]]] = []
    is_open = [True] * len(system)
    while waiting:
        size, at = heappop(waiting)
        row = system[at]
        # An entry of the heap is old when its row has changed since.
        if not is_open[at] or size != len(row):
            continue
        is_open[at] = False
        if not row:
            continue
        pivot = min(row, key=lambda unknown: len(where[unknown]))
        done.append((pivot, row))
        for unknown in row:
            where[unknown].discard(at)
        inverse = pow(row[pivot], -1, _PRIME)
        for other in sorted(where[pivot]):
            _subtract(system[other], row, system[other][pivot] * inverse % _PRIME, other, where)
            heappush(waiting, (len(system[other]), other))
    return done


def _subtract(target: _Row[_T], row: _Row[_T], factor: int, at: int, where: dict[_T, set[int]]) -> None:
    for unknown, value in row.items():
        left = (target.get(unknown, 0) - factor * value) % _PRIME
        if left:
            target[unknown] = left
            where[unknown].add(at)
        elif unknown in target:
            del target[unknown]
            where[unknown].discard(at)
