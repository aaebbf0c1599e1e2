"""A tally from rows that are already counted, as a database's GROUP BY gives them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fairness.audit.checks import MISSING
from fairness.audit.entries import Answers, answers_of
from fairness.audit.source import Source, check_values
from fairness.engine import FlagTally, ScoreGrid, Tally
from fairness.engine.columns import Stratum
from fairness.engine.tally import MOMENTS

IntArray = npt.NDArray[np.int64]
ObjectArray = npt.NDArray[np.object_]


class Counts(NamedTuple):
    """The tally of people with score and outcome, and for all people who was not answered.

    `silence` has the flags `abstained`, `unmatured` and, with a column of cards, `no_card`; None where
    everybody has a score and an outcome and there is no such column. Its strata are those of the tally.
    """

    tally: Tally
    silence: FlagTally | None


class Counted(NamedTuple):
    """Rows of a GROUP BY over group columns, outcome (0, 1), score bin and card (0, 1).

    Outcome and bin are `checks.MISSING` where there is none. `groups`: one array (r,) of entries per column.
    `people` and `sums` int64 (r,), `moments` Python integers (r, 3), scaled as in `Tally`.
    """

    groups: Sequence[ObjectArray]
    outcome: IntArray
    bin: IntArray
    card: IntArray
    people: IntArray
    sums: IntArray
    moments: ObjectArray


def assembled(source: Source, grid: ScoreGrid, rows: Counted) -> Counts:
    """The counts of the rows; entries that mean the same answers count together.

    Raises `AuditError` for a group column with more values than groups have.
    """
    names = source.columns.groups
    columns = [_answers(source, name, column) for name, column in zip(names, rows.groups, strict=True)]
    people = list(zip(*columns, strict=True)) if columns else [()] * rows.people.size
    strata = sorted(set(people))
    place = {stratum: at for at, stratum in enumerate(strata)}
    at = np.fromiter(map(place.__getitem__, people), dtype=np.int64, count=len(people))
    whole = (rows.outcome != MISSING) & (rows.bin != MISSING)
    cells = (at[whole], rows.outcome[whole], rows.bin[whole])
    counts, sums = np.zeros((2, len(strata), 2, grid.size), dtype=np.int64)
    np.add.at(counts, cells, rows.people[whole])
    np.add.at(sums, cells, rows.sums[whole])
    moments = np.zeros((len(strata), 2, MOMENTS), dtype=object)
    np.add.at(moments, cells[:2], rows.moments[whole])
    tally = Tally(names, tuple(strata), grid, counts, sums, moments)
    return Counts(tally, _silence(source, rows, strata, at))


def _silence(source: Source, rows: Counted, strata: Sequence[Stratum], at: IntArray) -> FlagTally | None:
    flags = {"abstained": rows.bin == MISSING}
    flags["unmatured"] = (rows.outcome == MISSING) & ~flags["abstained"]
    if source.columns.shown is not None:
        flags["no_card"] = rows.card == 0
    elif not any(flag.any() for flag in flags.values()):
        return None
    table = np.zeros((len(strata), 1 + len(flags)), dtype=np.int64)
    for column, flag in enumerate((np.ones(at.size, np.bool_), *flags.values())):
        np.add.at(table[:, column], at[flag], rows.people[flag])
    return FlagTally(
        source.columns.groups, tuple(flags), dict(zip(strata, map(tuple, table.tolist()), strict=True))
    )


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
