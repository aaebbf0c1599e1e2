"""Columns of pyarrow as numbers, entries and codes, with the meaning that they have in DuckDB."""

from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fairness.audit.checks import Bad, type_error
from fairness.audit.entries import NO_NUMBER
from fairness.audit.source import Source
from fairness.engine import Coded
from fairness.metric import FloatArray

BoolArray = npt.NDArray[np.bool_]


class Read(NamedTuple):
    """A column of numbers: values (n,), NaN where there is none; which rows have a text that is no number."""

    values: FloatArray
    unreadable: BoolArray

    @property
    def missing(self) -> BoolArray:
        """Rows without a number."""
        return np.asarray(np.isnan(self.values) & ~self.unreadable)

    def bad(self, valid: BoolArray) -> Bad:
        """How many rows are not `valid` (n,), and why."""
        outside = ~valid & ~np.isnan(self.values)
        return Bad(int(self.missing.sum()), int(outside.sum()), int(self.unreadable.sum()))


class ArrowColumns:
    """Reads columns of a source; raises `AuditError` for one of another type."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._arrow = import_module("pyarrow")
        self._compute = import_module("pyarrow.compute")

    def number(self, column: Any, name: str, *, is_flag: bool = False) -> Read:
        """Numbers; of a flag, the texts true and false are 1 and 0."""
        types = self._arrow.types
        if types.is_dictionary(column.type):
            column = column.dictionary_decode()
        kind = column.type
        if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
            return self._of_text(column, is_flag=is_flag)
        is_number = types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)
        if not (is_number or types.is_boolean(kind) or types.is_null(kind)):
            raise type_error(self._source, name, str(kind).partition("[")[0], "write numbers")
        values = self._compute.cast(column, self._arrow.float64(), safe=False)
        return Read(_array(values), np.zeros(len(values), np.bool_))

    def entries(self, column: Any, name: str) -> npt.NDArray[np.object_]:
        """Entries (n,) of a group or class: lists and floating-point numbers as they are, others as text."""
        entries = np.empty(len(column), dtype=object)
        entries[:] = self._entry(column, name).to_pylist()
        return entries

    def dictionary(self, column: Any, name: str) -> Coded:
        """Codes and distinct entries of a group."""
        plain = self._entry(column, name)
        if not self._is_list(plain.type):
            coded = plain.dictionary_encode()
            return Coded(
                coded.indices.fill_null(-1).to_numpy(zero_copy_only=False), coded.dictionary.to_pylist()
            )
        known: dict[object, int] = {}
        entries = [None if entry is None else tuple(entry) for entry in plain.to_pylist()]
        codes = np.fromiter(
            (known.setdefault(entry, len(known)) for entry in entries), np.int32, len(entries)
        )
        return Coded(codes, list(known))  # type: ignore[arg-type]  # entries of any type, read by `answers_of`

    def _of_text(self, column: Any, *, is_flag: bool) -> Read:
        compute = self._compute
        text = compute.utf8_trim_whitespace(compute.cast(column, self._arrow.string()))
        plain = compute.utf8_lower(text)
        known = compute.dictionary_encode(plain)
        numbers = np.array([_number(one, is_flag) for one in known.dictionary.to_pylist()] or [np.nan])
        words = [one not in NO_NUMBER for one in known.dictionary.to_pylist()] or [False]
        codes = known.indices.fill_null(0).to_numpy(zero_copy_only=False)
        there = compute.is_valid(plain).to_numpy(zero_copy_only=False)
        values = np.where(there, numbers[codes], np.nan)
        return Read(values, there & np.isnan(values) & np.array(words)[codes])

    def _entry(self, column: Any, name: str) -> Any:
        types, compute = self._arrow.types, self._compute
        if types.is_dictionary(column.type):
            column = column.dictionary_decode()
        kind = column.type
        if self._is_list(kind) or types.is_floating(kind):
            return column
        if types.is_nested(kind) or types.is_binary(kind) or types.is_large_binary(kind):
            raise type_error(self._source, name, str(kind).partition("<")[0], "write one text for each row")
        return compute.cast(column, self._arrow.string())

    def _is_list(self, kind: Any) -> bool:
        return bool(self._arrow.types.is_list(kind) or self._arrow.types.is_large_list(kind))


def _array(values: Any) -> FloatArray:
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)


def _number(text: str | None, is_flag: bool) -> float:
    """The number of a text in lower case; NaN where it is none."""
    if is_flag and text in ("true", "false"):
        return float(text == "true")
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")
