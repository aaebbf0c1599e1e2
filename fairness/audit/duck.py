"""Counting in DuckDB: one GROUP BY over the file, in a bounded amount of memory.

The sums are those of `fairness.engine.tally`, integer by integer: DuckDB casts a floating-point number to an
integer with the same rounding (half to even), and products by powers of two are exact.
"""

from importlib import import_module
from typing import Any

import numpy as np

from fairness.audit.assemble import Counted, assembled
from fairness.audit.checks import MISSING, OUTSIDE, Bad, require_valid
from fairness.audit.errors import AuditError
from fairness.audit.source import Source, check_columns, csv_header
from fairness.engine import ScoreGrid, Tally
from fairness.engine.tally import MOMENT_SCALE, SUM_SCALE

MEMORY = "2GB"
_SPLIT = 2**32
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
        self._types = dict(self._fetch(f"DESCRIBE FROM {self._scan}", 2))
        check_columns(source, list(self._types))

    def __enter__(self) -> "DuckFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    @property
    def _scan(self) -> str:
        if self._source.format == "parquet":
            return "read_parquet(?)"
        # Never guessed: a broken file would be read as something else.
        names = ", ".join(f"{_text(name)}: 'VARCHAR'" for name in csv_header(self._source.path))
        return f"read_csv(?, {_CSV}, columns = {{{names}}})"

    def tally(self, grid: ScoreGrid) -> Tally:
        """The tally of the file; raises `AuditError` for rows that cannot be audited."""
        columns = self._columns(self._counting(grid))
        outcome, score = columns["outcome"], columns["bin"]
        require_valid(
            self._source,
            _bad(score, columns["people"]),
            _bad(outcome, columns["people"]),
            int(columns["people"].sum()),
        )
        parts = [[columns[f"m{k}_{part}"].astype(object) for part in ("high", "low")] for k in range(3)]
        rows = Counted(
            [columns[f"g{at}"] for at in range(len(self._source.columns.groups))],
            outcome.astype(np.int64),
            score.astype(np.int64),
            columns["people"].astype(np.int64),
            columns["sums"].astype(np.int64),
            np.column_stack([high * _SPLIT + low for high, low in parts]),
        )
        return assembled(self._source, grid, rows)

    def repeated_patients(self) -> tuple[int, int]:
        """Patients with more than one row, and rows without a patient."""
        name = _quoted(self._source.columns.patient or "")
        query = (
            f"SELECT count(*) FILTER (people > 1 AND patient IS NOT NULL), "  # noqa: S608 - quoted column name
            f"coalesce(sum(people) FILTER (patient IS NULL), 0)::BIGINT FROM "
            f"(SELECT {name} AS patient, count(*) AS people FROM {self._scan} GROUP BY 1)"
        )
        repeated, absent = self._fetch(query)[0]
        return int(repeated), int(absent)

    def rows(self) -> dict[str, Any]:
        """Every row: score `p`, outcome `y` (NaN where there is no number) and group columns `g0`, ..."""
        return self._columns(f"SELECT {self._inputs()} FROM {self._scan}")  # noqa: S608 - quoted column names

    def _inputs(self) -> str:
        columns = self._source.columns
        groups = [f"{self._entry(name)} AS g{at}" for at, name in enumerate(columns.groups)]
        numbers = [
            f"TRY_CAST({self._number(name)} AS DOUBLE) AS {letter}"
            for letter, name in (("p", columns.score), ("y", columns.outcome))
        ]
        return ", ".join([*numbers, *groups])

    def _number(self, name: str) -> str:
        # A bare cast would be moved into the reader of CSV files, which then stops at text.
        return f"trim({_quoted(name)})" if self._source.format == "csv" else _quoted(name)

    def _entry(self, name: str) -> str:
        is_list = self._types[name].endswith("[]")
        return _quoted(name) if is_list else f"CAST({_quoted(name)} AS VARCHAR)"

    def _counting(self, grid: ScoreGrid) -> str:
        groups = "".join(f"g{at}, " for at in range(len(self._source.columns.groups)))
        cuts = "".join(f" + (q >= {cut!r}::DOUBLE)::INTEGER" for cut in grid.cuts().tolist())
        place = f"least(TRY_CAST(floor(q * {grid.bins}) AS INTEGER), {grid.bins - 1}){cuts}"
        powers = ("q", "(e - q) * (e - q)", "((e - q) * (e - q)) * ((e - q) * (e - q))")
        moments = ", ".join(
            f"sum(TRY_CAST(({power}) * {MOMENT_SCALE:.0f}::DOUBLE AS BIGINT)) AS m{k}"
            for k, power in enumerate(powers)
        )
        split = ", ".join(
            f"(m{k} // {_SPLIT})::BIGINT AS m{k}_high, (m{k} % {_SPLIT})::BIGINT AS m{k}_low"
            for k in range(3)
        )
        return f"""
            WITH numbers AS (SELECT {self._inputs()} FROM {self._scan}),
            guarded AS (
                SELECT {groups} y, p,
                    CASE WHEN y = 1 THEN 1.0::DOUBLE ELSE 0.0::DOUBLE END AS e,
                    CASE WHEN NOT isnan(p) AND p BETWEEN 0 AND 1 THEN p ELSE 0.0::DOUBLE END AS q
                FROM numbers),
            checked AS (
                SELECT {groups} e, q, {_state("y", "y IN (0, 1)", "CAST(e AS INTEGER)")} AS outcome,
                    {_state("p", "p BETWEEN 0 AND 1", place)} AS bin
                FROM guarded),
            counted AS (
                SELECT {groups} outcome, bin, count(*) AS people,
                    sum(TRY_CAST(q * {SUM_SCALE:.0f}::DOUBLE AS BIGINT)) AS sums, {moments}
                FROM checked GROUP BY ALL)
            SELECT {groups} outcome, bin, people, sums::BIGINT AS sums, {split} FROM counted
        """  # noqa: S608 - column names are quoted, everything else is a number

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


def _state(name: str, valid: str, value: str) -> str:
    """The value of a number that is valid; -1 where there is no number, -2 where it is another one."""
    return (
        f"CASE WHEN {name} IS NULL OR isnan({name}) THEN {MISSING} "
        f"WHEN {valid} THEN {value} ELSE {OUTSIDE} END"
    )


def _bad(codes: Any, people: Any) -> Bad:
    return Bad(int(people[codes == MISSING].sum()), int(people[codes == OUTSIDE].sum()))


def _plain(column: Any) -> Any:
    """Without the mask that marks nulls: None in columns of text, NaN in columns of numbers."""
    if not isinstance(column, np.ma.MaskedArray):
        return column
    if column.dtype.kind == "f":
        return column.filled(np.nan)
    plain = column.data.astype(object)
    plain[np.ma.getmaskarray(column)] = None
    return plain


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
