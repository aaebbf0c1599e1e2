"""Which file and which columns are audited."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

from fairness.audit.entries import Answers, is_date
from fairness.audit.errors import AuditError
from fairness.gate_gaps import NOT_ANSWERED

Format = Literal["parquet", "csv"]
_SUFFIXES: dict[str, Format] = {".parquet": "parquet", ".pq": "parquet", ".csv": "csv"}
# More values than this are measurements or identifiers, not groups.
MOST_VALUES = 200


class Columns(NamedTuple):
    """The columns of an audit.

    `score` and `outcome` hold numbers or, for several classes, `outcome` their names; `groups` text (several
    values of one person separated by `|`, or a list), `patient` anything that tells people apart, `shown`
    whether a card was shown. `more` are further columns of numbers: the scores of further classes, times,
    limits of intervals.
    """

    score: str
    outcome: str
    groups: tuple[str, ...]
    patient: str | None = None
    shown: str | None = None
    more: tuple[str, ...] = ()

    @property
    def needed(self) -> tuple[str, ...]:
        """Every column, each once."""
        others = tuple(name for name in (self.patient, self.shown) if name is not None)
        return tuple(dict.fromkeys((self.score, *self.more, self.outcome, *self.groups, *others)))


class Source(NamedTuple):
    """A file of predictions, one row for each person."""

    path: Path
    columns: Columns

    @property
    def format(self) -> Format:
        """By the file's suffix; raises `AuditError` for another one."""
        found = _SUFFIXES.get(self.path.suffix.lower())
        if found is None:
            raise AuditError(f"{self.path.name}: not a .csv or .parquet file; name one that is")
        return found

    def error(self, column: str, told: str, remedy: str) -> AuditError:
        """An error about a column."""
        return AuditError(f"{self.path.name}: column {column!r}: {told}; {remedy}")


def check_columns(source: Source, found: list[str]) -> None:
    """Raise `AuditError` for a column that is not there, twice in the file, or asked for in two roles."""
    columns = source.columns
    for name in columns.needed:
        if name not in found:
            raise source.error(name, "not in the file", _remedy(source, found))
        if found.count(name) > 1:
            raise source.error(name, "more than once in the file", "give each column a name of its own")
    if "overall" in columns.groups:
        raise source.error("overall", "this name is kept for everybody", "give the group column another one")
    if len(set(columns.groups)) != len(columns.groups):
        raise AuditError(f"{source.path.name}: a group column is named twice; name each once")
    own = [columns.score, *columns.more, columns.outcome]
    for name in own:
        if own.count(name) > 1:
            raise source.error(name, _twice(columns, name), "name two columns")


def _twice(columns: Columns, name: str) -> str:
    roles = {columns.score: "score", columns.outcome: "outcome"}
    if columns.score == columns.outcome:
        return "named as score and as outcome"
    return f"named as {roles.get(name, 'a further column')} and once more"


def csv_header(path: Path) -> list[str]:
    """The names in the first line of a CSV file.

    Raises `AuditError` when it has none or is not UTF-8 text.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            names = next(csv.reader(stream), [])
    except (UnicodeDecodeError, csv.Error):
        raise AuditError(f"{path.name}: not UTF-8 text; write the file as UTF-8") from None
    if not names:
        raise AuditError(f"{path.name}: no rows; name a file with one row for each person")
    return names


def _remedy(source: Source, found: list[str]) -> str:
    # The first line of a CSV file without names is a person's.
    if source.format == "csv":
        return "its first line must name the columns"
    return f"there are {', '.join(map(repr, found)) or 'none'}"


def check_values(source: Source, name: str, found: Iterable[Answers]) -> None:
    """Raise `AuditError` when a group column holds dates, or more values than groups have."""
    values = {value for answers in found for value in answers}
    if any(map(is_date, values)) and all(is_date(one) for one in values - NOT_ANSWERED):
        raise source.error(name, "holds dates", "put them into bands such as years, or name another column")
    if len(values) > MOST_VALUES:
        raise source.error(
            name, f"more than {MOST_VALUES} different values", "put them into bands or name another column"
        )
