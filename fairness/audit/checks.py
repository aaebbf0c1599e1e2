"""What is wrong with a file of predictions, as an error with its remedy."""

from typing import NamedTuple

from fairness.audit.errors import AuditError
from fairness.audit.source import Source
from fairness.report.model import Check


class Bad(NamedTuple):
    """Rows of a column without a number, and with a number that does not belong there."""

    missing: int
    outside: int


# Codes of such rows where a column is counted; valid ones are not negative.
MISSING, OUTSIDE = -1, -2


def require_valid(source: Source, score: Bad, outcome: Bad, rows: int) -> None:
    """Raise `AuditError` for an empty file, scores outside [0, 1] and outcomes other than 0 and 1."""
    require_rows(source, rows)
    require_numbers(source, source.columns.score, score.missing)
    if score.outside:
        raise source.error(
            source.columns.score,
            f"{_rows(score.outside)} outside 0 to 1",
            "name a column of probabilities, or use --continuous for other predictions",
        )
    require_numbers(source, source.columns.outcome, outcome.missing)
    if outcome.outside:
        raise source.error(
            source.columns.outcome,
            f"{_rows(outcome.outside)} neither 0 nor 1",
            "write 1 for people with the outcome and 0 for the others",
        )


def require_rows(source: Source, rows: int) -> None:
    """Raise `AuditError` for an empty file."""
    if rows == 0:
        raise AuditError(f"{source.path.name}: no rows; name a file with one row for each person")


def require_numbers(source: Source, column: str, missing: int) -> None:
    """Raise `AuditError` for rows without a number."""
    if missing:
        raise source.error(
            column,
            f"{_rows(missing)} without a number",
            "leave out people without a score or outcome, and report how many they are",
        )


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


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
