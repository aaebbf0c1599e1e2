"""A tally from rows that are already counted, as a database's GROUP BY gives them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fairness.audit.source import Source, answers_of, check_values
from fairness.engine import ScoreGrid, Tally
from fairness.engine.tally import MOMENTS

IntArray = npt.NDArray[np.int64]
ObjectArray = npt.NDArray[np.object_]
Answers = tuple[str, ...]


class Counted(NamedTuple):
    """Rows of a GROUP BY over group columns, outcome (0, 1) and score bin.

    `groups`: one array (r,) of entries per column. `people` and `sums` int64 (r,), `moments` Python integers
    (r, 3), scaled as in `Tally`.
    """

    groups: Sequence[ObjectArray]
    outcome: IntArray
    bin: IntArray
    people: IntArray
    sums: IntArray
    moments: ObjectArray


def assembled(source: Source, grid: ScoreGrid, rows: Counted) -> Tally:
    """The tally of the rows; entries that mean the same answers count together.

    Raises `AuditError` for a group column with more values than groups have.
    """
    names = source.columns.groups
    columns = [_answers(source, name, column) for name, column in zip(names, rows.groups, strict=True)]
    people = list(zip(*columns, strict=True)) if columns else [()] * rows.people.size
    strata = sorted(set(people))
    place = {stratum: at for at, stratum in enumerate(strata)}
    at = np.fromiter(map(place.__getitem__, people), dtype=np.int64, count=len(people))
    counts, sums = np.zeros((2, len(strata), 2, grid.size), dtype=np.int64)
    np.add.at(counts, (at, rows.outcome, rows.bin), rows.people)
    np.add.at(sums, (at, rows.outcome, rows.bin), rows.sums)
    moments = np.zeros((len(strata), 2, MOMENTS), dtype=object)
    np.add.at(moments, (at, rows.outcome), rows.moments)
    return Tally(names, tuple(strata), grid, counts, sums, moments)


def _answers(source: Source, name: str, column: ObjectArray) -> list[Answers]:
    known: dict[object, Answers] = {}
    found = []
    for entry in column:
        key = tuple(entry) if isinstance(entry, (list, np.ndarray)) else entry
        answers = known.get(key)
        if answers is None:
            answers = known[key] = answers_of(entry)
        found.append(answers)
    check_values(source, name, known.values())
    return found
