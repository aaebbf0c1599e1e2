"""Counting with pyarrow, batch by batch: the counts of a file are the sum of those of its batches."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from fairness.audit.arrow_columns import ArrowColumns, Read
from fairness.audit.assemble import Counts
from fairness.audit.checks import Bad, require_rows, require_valid
from fairness.audit.entries import Answers, answers_of
from fairness.audit.errors import AuditError
from fairness.audit.rows import Rows, Wanted
from fairness.audit.source import Source, check_columns, check_values, csv_header
from fairness.engine import Coded, FlagTally, ScoreGrid, Tally, flag_tally, tally
from fairness.engine.columns import GroupColumn

_ROWS = 2**18


class ArrowFile:
    """A file of predictions as pyarrow sees it.

    Raises `AuditError` when pyarrow cannot read it or a column is not there.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._arrow = import_module("pyarrow")
        self._read = ArrowColumns(source)
        self._seen: dict[str, set[Answers]] = {name: set() for name in source.columns.groups}

    def __enter__(self) -> "ArrowFile":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def tally(self, grid: ScoreGrid) -> Tally:
        """The tally of the rows with score and outcome; raises `AuditError` as `count`."""
        return self.count(grid).tally

    def count(self, grid: ScoreGrid) -> Counts:
        """The counts of the file; raises `AuditError` for rows that cannot be audited."""
        columns = self._source.columns
        total = _Total(
            tally([], [], {name: [] for name in columns.groups}, grid), None, Bad(), Bad(), Bad(), 0
        )
        for batch in filter(len, self._batches()):
            score = self._read.number(batch.column(columns.score), columns.score)
            outcome = self._read.number(batch.column(columns.outcome), columns.outcome, is_flag=True)
            card = None
            if columns.shown is not None:
                card = self._read.number(batch.column(columns.shown), columns.shown, is_flag=True)
            groups: dict[str, GroupColumn] = {
                name: self._coded(batch.column(name), name) for name in columns.groups
            }
            total = total.plus(score, outcome, card, groups)
        require_valid(self._source, total.score, total.outcome, total.card, rows=total.rows)
        return total.counts(is_shown=columns.shown is not None)

    def repeated_patients(self) -> tuple[int, int]:
        """Patients with more than one row, and rows without a patient."""
        rows: dict[object, int] = {}
        name = self._source.columns.patient or ""
        for batch in self._batches():
            for entry in self._read.entries(batch.column(name), name):
                patient = None if entry is None else str(entry).strip() or None
                rows[patient] = rows.get(patient, 0) + 1
        absent = rows.pop(None, 0)
        return sum(count > 1 for count in rows.values()), absent

    def rows(self, wanted: Wanted) -> Rows:
        """Every row of the wanted columns, in the order of the file; raises `AuditError` as `count`."""
        read = self._read
        numbers: dict[str, list[Read]] = {name: [] for name in (*wanted.numbers, *wanted.flags)}
        entries: dict[str, list[Any]] = {name: [] for name in (*wanted.texts, *self._source.columns.groups)}
        n = 0
        for batch in self._batches():
            n += batch.num_rows
            for name, parts in numbers.items():
                parts.append(read.number(batch.column(name), name, is_flag=name in wanted.flags))
            for name, found in entries.items():
                found.append(read.entries(batch.column(name), name))
        require_rows(self._source, n)
        joined = {name: np.concatenate(found) for name, found in entries.items()}
        return Rows(
            n,
            {name: np.concatenate([part.values for part in parts]) for name, parts in numbers.items()},
            {name: int(sum(part.unreadable.sum() for part in parts)) for name, parts in numbers.items()},
            {name: joined[name] for name in wanted.texts},
            {name: joined[name] for name in self._source.columns.groups},
        )

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

    def _coded(self, column: Any, name: str) -> Coded:
        coded = self._read.dictionary(column, name)
        known = [answers_of(entry) for entry in coded.values]
        self._seen[name].update(known)
        check_values(self._source, name, self._seen[name])
        return Coded(coded.codes, known)


class _Total(NamedTuple):
    """What the batches so far come to."""

    tally: Tally
    silence: FlagTally | None
    score: Bad
    outcome: Bad
    card: Bad
    rows: int

    def plus(self, score: Read, outcome: Read, card: Read | None, groups: dict[str, GroupColumn]) -> "_Total":
        """With one more batch; rows that are not valid are counted and left out."""
        p, y = score.values, outcome.values
        whole = (p >= 0.0) & (p <= 1.0) & ((y == 0.0) | (y == 1.0))
        part = {name: _some(column, whole) for name, column in groups.items()}
        silent = score.missing
        no_card = np.zeros(p.size, np.bool_) if card is None else card.values == 0.0
        flags = {"abstained": silent, "unmatured": outcome.missing & ~silent, "no_card": no_card}
        silence = flag_tally(flags, groups)
        return _Total(
            self.tally + tally(y[whole], p[whole], part, self.tally.grid),
            silence if self.silence is None else self.silence + silence,
            _added(self.score, score.bad((p >= 0.0) & (p <= 1.0))),
            _added(self.outcome, outcome.bad((y == 0.0) | (y == 1.0))),
            self.card
            if card is None
            else _added(self.card, card.bad((card.values == 0) | (card.values == 1))),
            self.rows + p.size,
        )

    def counts(self, *, is_shown: bool) -> Counts:
        """The counts, with the strata of those without score or outcome in the tally too."""
        silence = self.silence
        if silence is None:
            return Counts(self.tally, None)
        strata = tuple(silence.counts)
        raised = sum(sum(counts[1:3]) for counts in silence.counts.values())
        kept = len(silence.flags) if is_shown else 2
        own = FlagTally(
            silence.attributes,
            silence.flags[:kept],
            {stratum: counts[: 1 + kept] for stratum, counts in silence.counts.items()},
        )
        return Counts(self.tally.with_strata(strata), own if is_shown or raised else None)


def _added(one: Bad, other: Bad) -> Bad:
    return Bad(*(a + b for a, b in zip(one, other, strict=True)))


def _some(column: GroupColumn, rows: Any) -> GroupColumn:
    return Coded(column.codes[rows], column.values) if isinstance(column, Coded) else column
