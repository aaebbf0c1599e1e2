"""Counting in DuckDB: one GROUP BY over the file, in a bounded amount of memory.

The sums are those of `fairness.engine.tally`, integer by integer: DuckDB casts a floating-point number to an
integer with the same rounding (half to even), and products by powers of two are exact.
"""

from importlib import import_module
from typing import Any

import numpy as np

from fairness.audit.assemble import Counted, Counts, assembled
from fairness.audit.checks import Bad, require_valid
from fairness.audit.duck_sql import SPLIT, Expressions, counting, literal, quoted
from fairness.audit.errors import AuditError
from fairness.audit.rows import Rows, Wanted
from fairness.audit.source import Source, check_columns, csv_header
from fairness.engine import ScoreGrid, Tally

MEMORY = "2GB"
_CSV = "header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"'"


class DuckFile:
    """A file of predictions as DuckDB sees it.

    Raises `AuditError` when DuckDB cannot read it or a column is not there.
    """

    def __init__(self, source: Source) -> None:
        self._duckdb = import_module("duckdb")
        self._source = source
        self._connection = self._duckdb.connect()
        self._connection.execute(f"SET memory_limit = '{MEMORY}'")
        self._connection.execute("SET preserve_insertion_order = false")
        # The statistics of a Parquet file leave NaN out; decided by them, isnan() is never true.
        self._connection.execute("SET disabled_optimizers = 'statistics_propagation'")
        if source.format == "csv":
            check_columns(source, csv_header(source.path))
        types = dict(self._fetch(f"DESCRIBE FROM {self._scan}", 2))
        check_columns(source, list(types))
        self._expressions = Expressions(source, types)

    def __enter__(self) -> "DuckFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    @property
    def _scan(self) -> str:
        if self._source.format == "parquet":
            return "read_parquet(?)"
        # Never guessed: a broken file would be read as something else.
        names = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in csv_header(self._source.path))
        return f"read_csv(?, {_CSV}, columns = {{{names}}})"

    def tally(self, grid: ScoreGrid) -> Tally:
        """The tally of the rows with score and outcome; raises `AuditError` as `count`."""
        return self.count(grid).tally

    def count(self, grid: ScoreGrid) -> Counts:
        """The counts of the file; raises `AuditError` for rows that cannot be audited."""
        columns = self._columns(counting(self._source, self._expressions, self._scan, grid))
        people = columns["people"]
        bad = [Bad.of(columns[name], people) for name in ("bin", "outcome", "card")]
        require_valid(self._source, *bad, rows=int(people.sum()))
        parts = [[columns[f"m{k}_{part}"].astype(object) for part in ("high", "low")] for k in range(3)]
        rows = Counted(
            [columns[f"g{at}"] for at in range(len(self._source.columns.groups))],
            columns["outcome"].astype(np.int64),
            columns["bin"].astype(np.int64),
            columns["card"].astype(np.int64),
            people.astype(np.int64),
            columns["sums"].astype(np.int64),
            np.column_stack([high * SPLIT + low for high, low in parts]),
        )
        return assembled(self._source, grid, rows)

    def repeated_patients(self) -> tuple[int, int]:
        """Patients with more than one row, and rows without a patient."""
        name = quoted(self._source.columns.patient or "")
        query = (
            f"SELECT count(*) FILTER (people > 1 AND patient IS NOT NULL), "  # noqa: S608 - quoted column name
            f"coalesce(sum(people) FILTER (patient IS NULL), 0)::BIGINT FROM "
            f"(SELECT nullif(trim(CAST({name} AS VARCHAR)), '') AS patient, count(*) AS people "
            f"FROM {self._scan} GROUP BY 1)"
        )
        repeated, absent = self._fetch(query)[0]
        return int(repeated), int(absent)

    def rows(self, wanted: Wanted) -> Rows:
        """Every row of the wanted columns, in the order of the file; raises `AuditError` as `count`."""
        sql = self._expressions
        selected = []
        for at, name in enumerate((*wanted.numbers, *wanted.flags)):
            is_flag = at >= len(wanted.numbers)
            selected.append(f"{sql.number(name, is_flag=is_flag)} AS x{at}")
            selected.append(f"{sql.unreadable(name, is_flag=is_flag)} AS b{at}")
        selected += [f"{sql.entry(name)} AS t{at}" for at, name in enumerate(wanted.texts)]
        selected += [f"{sql.entry(name)} AS g{at}" for at, name in enumerate(self._source.columns.groups)]
        # Sums of floating-point numbers depend on their order, and reports must not.
        self._connection.execute("SET preserve_insertion_order = true")
        found = self._columns(f"SELECT {', '.join(selected)} FROM {self._scan}")  # noqa: S608 - quoted names
        numbers = (*wanted.numbers, *wanted.flags)
        return Rows(
            len(next(iter(found.values()))),
            {name: found[f"x{at}"].astype(np.float64) for at, name in enumerate(numbers)},
            {name: int(found[f"b{at}"].sum()) for at, name in enumerate(numbers)},
            {name: found[f"t{at}"] for at, name in enumerate(wanted.texts)},
            {name: found[f"g{at}"] for at, name in enumerate(self._source.columns.groups)},
        )

    def _columns(self, query: str) -> dict[str, Any]:
        found = self._run(query).fetchnumpy()
        return {name: _plain(column) for name, column in found.items()}

    def _fetch(self, query: str, width: int | None = None) -> list[Any]:
        return [row[:width] for row in self._run(query).fetchall()]

    def _run(self, query: str) -> Any:
        path = self._source.path
        try:
            return self._connection.execute(query, [str(path)])
        except self._duckdb.Error:
            # DuckDB's message may hold a line of the file.
            raise AuditError(
                f"{path.name}: cannot be read as {self._source.format}; write the file again"
            ) from None


def _plain(column: Any) -> Any:
    """Without the mask that marks nulls: None in columns of text, NaN in columns of numbers."""
    if not isinstance(column, np.ma.MaskedArray):
        return column
    if column.dtype.kind == "f":
        return column.filled(np.nan)
    plain = column.data.astype(object)
    plain[np.ma.getmaskarray(column)] = None
    return plain
