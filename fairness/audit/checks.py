"""What is wrong with a file of predictions, as an error with its remedy."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fairness.audit.errors import AuditError
from fairness.audit.source import Source
from fairness.engine.columns import Stratum
from fairness.report.model import Check

# Codes of rows without a valid number where a column is counted; valid ones are not negative.
MISSING, OUTSIDE, UNREADABLE = -1, -2, -3
_SPELLING = re.compile(r"[\s_-]+")
_NUMBERED = "write numbers, and leave the cell empty where there is none"


class Bad(NamedTuple):
    """Rows of a column without a number, with a number that does not belong there, and with another text."""

    missing: int = 0
    outside: int = 0
    unreadable: int = 0

    @classmethod
    def of(cls, codes: npt.NDArray[np.generic], people: npt.NDArray[np.integer]) -> "Bad":
        """From the codes (r,) of counted rows and how many each stands for (r,)."""
        return cls(*(int(people[codes == code].sum()) for code in (MISSING, OUTSIDE, UNREADABLE)))


def require_valid(source: Source, score: Bad, outcome: Bad, card: Bad, *, rows: int) -> None:
    """Raise `AuditError` for what makes a file of scores and outcomes 0 or 1 impossible to audit.

    That is: no rows, text that is no number, scores outside [0, 1], outcomes other than 0 and 1, cards other
    than yes and no, and columns without a single number. A score or outcome that is missing is none of it.
    """
    columns = source.columns
    require_rows(source, rows)
    require_readable(source, columns.score, score.unreadable)
    if score.outside:
        raise source.error(
            columns.score,
            f"{_rows(score.outside)} outside 0 to 1",
            "name a column of probabilities, or use --continuous for other predictions",
        )
    require_some(source, columns.score, rows - score.missing)
    require_flags(
        source, columns.outcome, outcome, "write 1 for people with the outcome and 0 for the others"
    )
    require_some(source, columns.outcome, rows - outcome.missing)
    if columns.shown is not None:
        require_every_flag(source, columns.shown, card)


def require_flags(source: Source, column: str, bad: Bad, remedy: str) -> None:
    """Raise `AuditError` for entries that are there and neither 0 nor 1, true nor false."""
    if bad.outside or bad.unreadable:
        raise source.error(column, f"{_rows(bad.outside + bad.unreadable)} neither 0 nor 1", remedy)


def require_every_flag(source: Source, column: str, bad: Bad) -> None:
    """Raise `AuditError` for entries that are neither 0 nor 1, or not there."""
    remedy = "write 1 where a card was shown and 0 where none was"
    require_flags(source, column, bad, remedy)
    if bad.missing:
        raise source.error(column, f"{_rows(bad.missing)} without an entry", remedy)


def require_rows(source: Source, rows: int) -> None:
    """Raise `AuditError` for an empty file."""
    if rows == 0:
        raise AuditError(f"{source.path.name}: no rows; name a file with one row for each person")


def require_readable(source: Source, column: str, unreadable: int) -> None:
    """Raise `AuditError` for rows with a text that is no number."""
    if unreadable:
        raise source.error(column, f"{_rows(unreadable)} with text that is no number", _NUMBERED)


def require_some(source: Source, column: str, rows: int) -> None:
    """Raise `AuditError` for a column without a single entry."""
    if rows == 0:
        raise source.error(column, "no row has an entry", "name a column that is filled in")


def require_valid_rows(source: Source, column: str, wrong: int, told: str, remedy: str) -> None:
    """Raise `AuditError` for rows of which something is wrong, in words."""
    if wrong:
        raise source.error(column, f"{_rows(wrong)} {told}", remedy)


def type_error(source: Source, column: str, kind: str, remedy: str) -> AuditError:
    """A column of another type than it is used for."""
    return source.error(column, f"holds {kind} values", remedy)


def patient_check(source: Source, repeated: int, absent: int) -> Check:
    """That every patient has one row; raises `AuditError` when not."""
    column = source.columns.patient or ""
    if absent:
        raise source.error(column, f"{_rows(absent)} without a patient", "fill in the column")
    if repeated:
        raise source.error(
            column,
            f"{repeated} patients with more than one row",
            "keep one row for each, such as the first prediction",
        )
    return Check(name="repeated patients", count=0, told=f"every patient has one row (column {column})")


NOT_CHECKED = Check(
    name="repeated patients",
    count=None,
    told="not checked, no patient column was named; a person with several rows makes intervals too narrow",
)


def before_checks(thresholds: Sequence[float]) -> tuple[Check, ...]:
    """That thresholds which nobody asked for are there, because earlier reports have them."""
    if not thresholds:
        return ()
    told = ", ".join(f"{at:g}" for at in thresholds)
    why = "told by an earlier report on these people, and therefore here too"
    return (Check(name="thresholds", count=len(thresholds), told=f"{told}: {why}"),)


def spelling_checks(attributes: Sequence[str], strata: Iterable[Stratum]) -> tuple[Check, ...]:
    """For each attribute whose values are told apart by case, spaces, hyphens or underscores only."""
    members = list(strata)
    found = []
    for at, attribute in enumerate(attributes):
        alike: dict[str, set[str]] = {}
        for value in {value for stratum in members for value in stratum[at]}:
            alike.setdefault(_SPELLING.sub("", value).casefold(), set()).add(value)
        for _, values in sorted(alike.items()):
            if len(values) > 1:
                told = f"{attribute}: {', '.join(sorted(values))}; groups of their own, though spelt alike"
                found.append(Check(name="spelling", count=len(values), told=told))
    return tuple(found)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
