"""What a file is asked: outcomes up to a point in time, of several classes, and amounts.

Each question knows its columns, checks the rows, and says who has a prediction and who an outcome.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from fairness.audit.checks import (
    Bad,
    require_flags,
    require_readable,
    require_some,
    require_valid_rows,
)
from fairness.audit.entries import texts_of
from fairness.audit.errors import AuditError
from fairness.audit.rows import Rows, Wanted
from fairness.audit.source import Source
from fairness.engine.continuous import continuous
from fairness.engine.multiclass import classes_outcome, ordinal_outcome
from fairness.engine.row_sample import RowOutcome
from fairness.engine.survival import survival_outcome
from fairness.metric import FloatArray
from fairness.report.model import Kind

BoolArray = npt.NDArray[np.bool_]
# Probabilities that were written with few decimals do not add up to 1 exactly.
_ROUNDING = 0.01


class Answered(NamedTuple):
    """Who has a prediction and who an outcome, both (n,)."""

    predicted: BoolArray
    observed: BoolArray


class Question(Protocol):
    """An outcome whose figures need the rows."""

    @property
    def kind(self) -> Kind: ...

    @property
    def wanted(self) -> Wanted: ...

    def answered(self, source: Source, rows: Rows) -> Answered:
        """Raises `AuditError` for rows that cannot be audited."""
        ...

    def outcome(self, source: Source, rows: Rows, whole: BoolArray) -> RowOutcome:
        """Of the rows (n,) with prediction and outcome."""
        ...


class UpTo(NamedTuple):
    """An event up to a horizon: `score` is its probability by then, `event` whether it was seen, `time` when
    it was, or when the person was last seen without it."""

    score: str
    event: str
    time: str
    horizon: float

    @property
    def kind(self) -> Kind:
        return "survival"

    @property
    def wanted(self) -> Wanted:
        return Wanted((self.score, self.time), (self.event,))

    def answered(self, source: Source, rows: Rows) -> Answered:
        score, time, event = (rows.numbers[name] for name in (self.score, self.time, self.event))
        for name in (self.score, self.time):
            require_readable(source, name, rows.unreadable[name])
        require_valid_rows(
            source, self.score, int(((score < 0.0) | (score > 1.0)).sum()), "outside 0 to 1",
            "name the probability of the event up to the horizon",
        )  # fmt: skip
        require_valid_rows(
            source, self.time, int(((time <= 0.0) | np.isinf(time)).sum()), "not above 0, or infinite",
            "count the time from the prediction, and leave out people whose event came before it",
        )  # fmt: skip
        wrong = int((~np.isnan(event) & (event != 0.0) & (event != 1.0)).sum())
        require_flags(
            source, self.event, Bad(0, wrong, rows.unreadable[self.event]),
            "write 1 where the event was seen and 0 where the person was lost or followed up without it",
        )  # fmt: skip
        return Answered(~np.isnan(score), ~np.isnan(time) & ~np.isnan(event))

    def outcome(self, source: Source, rows: Rows, whole: BoolArray) -> RowOutcome:
        time, event, score = (rows.numbers[name][whole] for name in (self.time, self.event, self.score))
        return survival_outcome(time, event, score, self.horizon)


class Amount(NamedTuple):
    """An amount, such as a dose: `score` predicts it, `limits` are those of the predicted interval."""

    score: str
    observed: str
    limits: tuple[str, str] | None = None

    @property
    def kind(self) -> Kind:
        return "continuous"

    @property
    def wanted(self) -> Wanted:
        return Wanted((self.score, self.observed, *(self.limits or ())))

    def answered(self, source: Source, rows: Rows) -> Answered:
        for name in self.wanted.numbers:
            require_readable(source, name, rows.unreadable[name])
            require_valid_rows(source, name, int(np.isinf(rows.numbers[name]).sum()), "infinite",
                               "write a number, or leave the cell empty")  # fmt: skip
        is_predicted = ~np.isnan(rows.numbers[self.score])
        if self.limits is not None:
            low, high = (rows.numbers[name] for name in self.limits)
            for name in self.limits:
                lacking = is_predicted & np.isnan(rows.numbers[name])
                require_valid_rows(source, name, int(lacking.sum()), "with a prediction but no limit",
                                   "give both limits for each, or audit without intervals")  # fmt: skip
            require_valid_rows(source, self.limits[0], int((low > high).sum()),
                               f"above {self.limits[1]!r}", "give the lower limit as --low")  # fmt: skip
        return Answered(is_predicted, ~np.isnan(rows.numbers[self.observed]))

    def outcome(self, source: Source, rows: Rows, whole: BoolArray) -> RowOutcome:
        observed, predicted = (rows.numbers[name][whole] for name in (self.observed, self.score))
        if self.limits is None:
            return continuous(observed, predicted)
        low, high = (rows.numbers[name][whole] for name in self.limits)
        return continuous(observed, predicted, (low, high))


class OneOf(NamedTuple):
    """One of several classes: `scores` are their probabilities, in the order of `classes`.

    Where the classes are ordered, one column of predicted classes will do instead of probabilities.
    """

    scores: tuple[str, ...]
    observed: str
    classes: tuple[str, ...]
    is_ordered: bool = False

    @property
    def kind(self) -> Kind:
        return "ordinal" if self.is_ordered else "multi-class"

    @property
    def wanted(self) -> Wanted:
        if len(self.scores) == 1:
            return Wanted(texts=(*self.scores, self.observed))
        return Wanted(self.scores, texts=(self.observed,))

    def answered(self, source: Source, rows: Rows) -> Answered:
        observed = self._classes(source, rows, self.observed)
        is_observed = np.array([one is not None for one in observed], np.bool_)
        if len(self.scores) == 1:
            predicted = self._classes(source, rows, self.scores[0])
            return Answered(np.array([one is not None for one in predicted], np.bool_), is_observed)
        table = self._table(rows)
        for name in self.scores:
            require_readable(source, name, rows.unreadable[name])
            wrong = (rows.numbers[name] < 0.0) | (rows.numbers[name] > 1.0)
            require_valid_rows(source, name, int(wrong.sum()), "outside 0 to 1",
                               "name one column of probabilities for each class")  # fmt: skip
        is_predicted = ~np.isnan(table).any(axis=1)
        off = np.abs(table[is_predicted].sum(axis=1) - 1.0) > _ROUNDING
        require_valid_rows(source, ", ".join(self.scores), int(off.sum()), "that do not add up to 1",
                           "name the probabilities of every class, once each")  # fmt: skip
        return Answered(np.asarray(is_predicted), is_observed)

    def outcome(self, source: Source, rows: Rows, whole: BoolArray) -> RowOutcome:
        observed = _chosen(self._classes(source, rows, self.observed), whole)
        if len(self.scores) == 1:
            return ordinal_outcome(
                observed, _chosen(texts_of(rows.texts[self.scores[0]]), whole), self.classes
            )
        table = self._table(rows)[whole]
        table /= table.sum(axis=1, keepdims=True)
        if self.is_ordered:
            given = [self.classes[at] for at in table.argmax(axis=1).tolist()]
            return ordinal_outcome(observed, given, self.classes)
        return classes_outcome(observed, table, self.classes)

    def _table(self, rows: Rows) -> FloatArray:
        return np.column_stack([rows.numbers[name] for name in self.scores])

    def _classes(self, source: Source, rows: Rows, column: str) -> list[str | None]:
        found = texts_of(rows.texts[column])
        wrong = sum(one is not None and one not in self.classes for one in found)
        remedy = (
            f"there are {', '.join(self.classes)}; name the classes as the file writes them with --classes"
        )
        require_valid_rows(source, column, wrong, "with another class", remedy)
        return found


def ask(source: Source, question: Question, rows: Rows) -> Answered:
    """Who is answered; raises `AuditError` where nobody has a prediction, or nobody an outcome."""
    if not rows.n:
        raise AuditError(f"{source.path.name}: no rows; name a file with one row for each person")
    found = question.answered(source, rows)
    require_some(source, source.columns.score, int(found.predicted.sum()))
    require_some(source, source.columns.outcome, int(found.observed.sum()))
    return found


def _chosen(entries: Sequence[str | None], whole: BoolArray) -> list[str]:
    return [
        one for one, is_whole in zip(entries, whole.tolist(), strict=True) if is_whole and one is not None
    ]
