"""From group columns to strata: every distinct combination of memberships, and who is in which.

A stratum is one combination over all attributes, such as (female), (asian and white), (absent). A person is
in exactly one stratum, so counts per stratum hold every group and every intersection without counting anybody
twice, also where people give several answers.
"""

import math
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt

from fairness.errors import GroupError
from fairness.groups import ABSENT

IntArray = npt.NDArray[np.int64]
CodeArray = npt.NDArray[np.int32]
Answers = tuple[str, ...]
Stratum = tuple[Answers, ...]

# Up to here, comparing a text array with one value after the other beats sorting it.
_FEW_VALUES = 32
_MANY_STRATA = 4096
_MOST_WORDS = 3
_LAST_OF_A_BYTE = 255


class Coded(NamedTuple):
    """A dictionary-encoded column, as Parquet, DuckDB and categorical columns deliver it.

    `codes` (n,) are positions in `values`; -1 means not recorded. An entry of `values` is a value, a
    collection of values (the person counts in each) or None.
    """

    codes: npt.NDArray[np.integer]
    values: Sequence[str | Collection[str] | None]


GroupColumn = Sequence[str | Collection[str] | None] | npt.NDArray[np.str_] | Coded


class Strata(NamedTuple):
    """`codes` (n,) are positions in `members`; `members` are sorted and each has at least one person."""

    codes: CodeArray
    members: tuple[Stratum, ...]


def stratify(groups: Mapping[str, GroupColumn], n: int) -> Strata:
    """The strata of n people.

    None, NaN, "" and empty collections become `absent`. Raises `GroupError` for a column of another length,
    an entry of another type, a code without a value, or an attribute named `overall`.
    """
    codes = np.zeros(n, dtype=np.int32)
    members: list[Stratum] = [()] if n else []
    for attribute, column in groups.items():
        if attribute == "overall":
            raise GroupError(f"{attribute}: this name is kept for everybody")
        own, answers = _encoded(attribute, column)
        if own.size != n:
            raise GroupError(f"{attribute}: {own.size} entries for {n} people")
        # No pruning while the product is small: it is one more pass over the people.
        if len(members) * len(answers) > _MANY_STRATA:
            codes, members = _occupied(codes, members)
        codes = codes * np.int32(len(answers)) + own
        members = [(*member, answer) for member in members for answer in answers]
    codes, members = _occupied(codes, members)
    return Strata(codes, tuple(members))


def _occupied(codes: CodeArray, members: list[Stratum]) -> tuple[CodeArray, list[Stratum]]:
    """The same people over only those combinations that occur, in the same order."""
    used = np.flatnonzero(np.bincount(codes, minlength=len(members)))
    if used.size == len(members):
        return codes, members
    position = np.zeros(len(members), dtype=np.int32)
    position[used] = np.arange(used.size)
    return position.take(codes), [members[at] for at in used.tolist()]


def _encoded(attribute: str, column: GroupColumn) -> tuple[CodeArray, list[Answers]]:
    """Codes (n,) and distinct answers, sorted; two spellings of one answer (a value, a set of it) share a
    code."""
    if isinstance(column, str):
        raise GroupError(f"{attribute}: expected a column of values, found one string")
    coded = column if isinstance(column, Coded) else _dictionary(attribute, column)
    codes = _checked_codes(attribute, coded)
    answers = [_answers(attribute, entry) for entry in coded.values]
    is_lacking = bool(codes.size and codes.min() < 0)
    if is_lacking:
        # The last position is that of -1.
        answers.append((ABSENT,))
    distinct = sorted(set(answers))
    if distinct == answers and not is_lacking:
        return codes, distinct
    lookup = np.array([distinct.index(answer) for answer in answers], dtype=np.int32)
    return lookup.take(codes, mode="wrap") if answers else codes, distinct


def _checked_codes(attribute: str, coded: Coded) -> CodeArray:
    codes = np.asarray(coded.codes)
    if codes.ndim != 1 or codes.dtype.kind not in "iu":
        raise GroupError(f"{attribute}: codes must be one dimension of integers")
    if codes.size and (codes.min() < -1 or codes.max() >= len(coded.values)):
        raise GroupError(f"{attribute}: a code has no value; codes run from -1 to {len(coded.values) - 1}")
    return codes.astype(np.int32, copy=False)


def _dictionary(attribute: str, column: Sequence[object] | npt.NDArray[np.str_]) -> Coded:
    if isinstance(column, np.ndarray) and column.dtype.kind == "U" and column.ndim == 1:
        return _text_dictionary(column)
    try:
        size = len(column)
    except TypeError:
        raise GroupError(f"{attribute}: not a column of values") from None
    index = _Index()
    keys = map(_hashable, column) if _any_unhashable(column) else iter(column)
    codes = np.fromiter(map(index.__getitem__, keys), dtype=np.int32, count=size)
    # Of any type here; `_answers` checks every distinct entry.
    return Coded(codes, cast("list[str]", list(index)))


def _text_dictionary(column: npt.NDArray[np.str_]) -> Coded:
    codes = np.full(column.size, -1, dtype=np.int32)
    values: list[str] = []
    first = 0
    words = _words(column)
    while first < column.size:
        if len(values) == _FEW_VALUES:
            distinct, inverse = np.unique(column, return_inverse=True)
            return Coded(inverse, [str(value) for value in distinct])
        alike = column == column[first] if words is None else _alike(words, first)
        # Everybody is alike to one value only, and adding is quicker than writing here and there.
        codes += np.multiply(alike, len(values) + 1, dtype=np.int32)
        values.append(str(column[first]))
        first = _first_open(codes, first)
    return Coded(codes, values)


def _words(column: npt.NDArray[np.str_]) -> npt.NDArray[np.uint64] | None:
    """Short texts of one byte for each character as whole numbers (words, n), which compare several times
    faster; None for others."""
    width = column.dtype.itemsize // 4
    if not 1 <= width <= 8 * _MOST_WORDS or not column.dtype.isnative:
        return None
    points = np.ascontiguousarray(column).view(np.uint32).reshape(column.size, width)
    if points.size and points.max() > _LAST_OF_A_BYTE:
        return None
    count = -(-width // 8)
    padded = np.zeros((column.size, 8 * count), dtype=np.uint8)
    padded[:, :width] = points
    return np.ascontiguousarray(padded.view(np.uint64).T)


def _alike(words: npt.NDArray[np.uint64], first: int) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = words[0] == words[0, first]
    for word in words[1:]:
        found &= word == word[first]
    return found


def _first_open(codes: CodeArray, start: int, block: int = 4096) -> int:
    """The first position from `start` without a code, or the size; read in blocks to stop early."""
    for low in range(start, codes.size, block):
        free = np.flatnonzero(codes[low : low + block] < 0)
        if free.size:
            return low + int(free[0])
    return codes.size


class _Index(dict[Hashable, int]):
    """Numbers its keys in the order of their first appearance."""

    def __missing__(self, key: Hashable) -> int:
        self[key] = number = len(self)
        return number


def _any_unhashable(column: Iterable[object]) -> bool:
    return any(isinstance(entry, (list, set, np.ndarray)) for entry in column)


def _hashable(entry: object) -> object:
    return frozenset(entry) if isinstance(entry, (list, set, np.ndarray)) else entry


def _answers(attribute: str, entry: object) -> Answers:
    if entry is None or (isinstance(entry, float) and math.isnan(entry)):
        return (ABSENT,)
    entries = [entry] if isinstance(entry, str) else entry
    if not isinstance(entries, Collection):
        raise GroupError(
            f"{attribute}: an entry of type {type(entry).__name__} is neither text nor a collection"
        )
    for value in entries:
        if not isinstance(value, str):
            raise GroupError(f"{attribute}: a value of type {type(value).__name__} is not text")
    return tuple(sorted({str(value) for value in entries if value})) or (ABSENT,)
