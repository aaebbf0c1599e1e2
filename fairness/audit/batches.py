"""Counting with pyarrow, batch by batch: the tally of a file is the sum of those of its batches."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np

from fairness.audit.checks import Bad, require_rows, require_valid
from fairness.audit.errors import AuditError
from fairness.audit.source import Source, answers_of, check_columns, check_values, csv_header
from fairness.engine import Coded, ScoreGrid, Tally, tally

_ROWS = 2**18


class ArrowFile:
    """A file of predictions as pyarrow sees it.

    Raises `AuditError` when pyarrow cannot read it or a column is not there.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._arrow = import_module("pyarrow")
        self._compute = import_module("pyarrow.compute")
        self._seen: dict[str, set[tuple[str, ...]]] = {name: set() for name in source.columns.groups}

    def __enter__(self) -> "ArrowFile":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def tally(self, grid: ScoreGrid) -> Tally:
        """The tally of the file; raises `AuditError` for rows that cannot be audited."""
        total = tally([], [], {name: [] for name in self._source.columns.groups}, grid)
        for batch in filter(len, self._batches()):
            y, p = (
                self._numbers(batch, name)
                for name in (self._source.columns.outcome, self._source.columns.score)
            )
            self._require(y, p)
            groups = {name: self._coded(batch.column(name), name) for name in self._source.columns.groups}
            total = total + tally(y, p, groups, grid)
        require_rows(self._source, total.n)
        return total

    def repeated_patients(self) -> tuple[int, int]:
        """Patients with more than one row, and rows without a patient."""
        rows: dict[object, int] = {}
        for batch in self._batches():
            counted = self._compute.value_counts(batch.column(self._source.columns.patient))
            for entry in counted.to_pylist():
                rows[entry["values"]] = rows.get(entry["values"], 0) + entry["counts"]
        absent = rows.pop(None, 0)
        return sum(count > 1 for count in rows.values()), absent

    def rows(self) -> dict[str, Any]:
        """Every row: score `p`, outcome `y` (NaN where there is no number) and group columns `g0`, ..."""
        parts: dict[str, list[Any]] = {}
        columns = self._source.columns
        for batch in self._batches():
            parts.setdefault("p", []).append(self._numbers(batch, columns.score))
            parts.setdefault("y", []).append(self._numbers(batch, columns.outcome))
            for at, name in enumerate(columns.groups):
                entries = np.empty(batch.num_rows, dtype=object)
                entries[:] = self._text(batch.column(name)).to_pylist()
                parts.setdefault(f"g{at}", []).append(entries)
        return {name: np.concatenate(found) for name, found in parts.items()} or {
            "p": np.zeros(0),
            "y": np.zeros(0),
        }

    def _batches(self) -> Iterator[Any]:
        try:
            yield from self._parquet() if self._source.format == "parquet" else self._csv()
        except (self._arrow.ArrowException, OSError):
            # The message may hold a line of the file.
            raise AuditError(
                f"{self._source.path.name}: cannot be read as {self._source.format}; write the file again"
            ) from None

    def _parquet(self) -> Iterator[Any]:
        with import_module("pyarrow.parquet").ParquetFile(self._source.path) as file:
            check_columns(self._source, file.schema_arrow.names)
            yield from file.iter_batches(batch_size=_ROWS, columns=list(self._source.columns.needed))

    def _csv(self) -> Iterator[Any]:
        module = import_module("pyarrow.csv")
        text = self._arrow.string()
        convert = module.ConvertOptions(
            column_types=dict.fromkeys(self._source.columns.needed, text),
            strings_can_be_null=True,
            null_values=[""],
        )
        check_columns(self._source, csv_header(self._source.path))
        with module.open_csv(self._source.path, convert_options=convert) as reader:
            for batch in reader:
                yield batch.select(list(self._source.columns.needed))

    def _numbers(self, batch: Any, name: str) -> Any:
        column = batch.column(name)
        try:
            numbers = self._compute.cast(column, self._arrow.float64(), safe=False)
        except self._arrow.ArrowInvalid:
            raise self._source.error(name, "holds text that is no number", "write numbers") from None
        return numbers.to_numpy(zero_copy_only=False)

    def _require(self, y: Any, p: Any) -> None:
        score = Bad(int(np.isnan(p).sum()), int(((p < 0.0) | (p > 1.0)).sum()))
        outcome = Bad(int(np.isnan(y).sum()), int((~np.isnan(y) & (y != 0.0) & (y != 1.0)).sum()))
        require_valid(self._source, score, outcome, p.size)

    def _coded(self, column: Any, name: str) -> Coded:
        text = self._text(column)
        if self._arrow.types.is_list(text.type):
            entries = text.to_pylist()
            known = list(dict.fromkeys(map(answers_of, entries)))
            place = {answers: at for at, answers in enumerate(known)}
            codes = np.fromiter((place[answers_of(entry)] for entry in entries), np.int32, len(entries))
        else:
            coded = text.dictionary_encode()
            known = [answers_of(entry) for entry in coded.dictionary.to_pylist()]
            codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        self._seen[name].update(known)
        check_values(self._source, name, self._seen[name])
        return Coded(codes, known)

    def _text(self, column: Any) -> Any:
        """Text or lists of it."""
        types = self._arrow.types
        if types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if types.is_list(column.type) or types.is_large_list(column.type):
            return self._compute.cast(column, self._arrow.list_(self._arrow.string()))
        return self._compute.cast(column, self._arrow.string())
