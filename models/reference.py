"""The reference population of a model: what missing inputs may be, and what the typical patient looks like.

A Gaussian copula read from reference.json. Every input has a table of quantiles (or a few values with their
proportions) that turns it into a normal score and back; the scores have one correlation matrix, so that the
missing ones are normal given the known ones. `models.training.reference` fits it and completes rows the same
way, with scrambled points of its own.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from statistics import NormalDist
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.errors import ModelRefused
from models.sobol import MAX_DIMENSIONS, normal_points

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

BITS = 6
DRAWS = 2**BITS
_MAX_PATTERNS = 512
_SQRT2 = math.sqrt(2.0)
_NORMAL = NormalDist()
_cdf = np.frompyfunc(lambda score: 0.5 * math.erfc(-score / _SQRT2), 1, 1)


class _Levels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    values: tuple[float, ...]
    proportions: tuple[float, ...]


class _Strata(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    feature: str | None = None
    strata: dict[str, dict[str, tuple[float, ...]]] = {}


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    n: int
    features: tuple[str, ...]
    probs: tuple[float, ...]
    quantiles: dict[str, tuple[float, ...]]
    discrete: dict[str, _Levels]
    correlation: tuple[tuple[float, ...], ...]
    quantiles_by: _Strata = _Strata()


class _Marginal(NamedTuple):
    """One input's distribution: `score` of a known value, `values` of scores of any shape."""

    score: Callable[[float], float]
    values: Callable[[Floats], Floats]


class _Conditional(NamedTuple):
    """Scores of the `gone` inputs given the `known`: mean `slopes @ known`, Cholesky `root` of the rest."""

    known: tuple[int, ...]
    gone: tuple[int, ...]
    slopes: Floats
    root: Floats


class Reference:
    """Completes rows of inputs; immutable but for a bounded cache of conditional distributions."""

    def __init__(self, file: _File, inputs: Sequence[str]) -> None:
        """`inputs` are the model's inputs in column order; those that the file leaves out are never drawn."""
        self.n = file.n
        self.features = file.features
        self.stratified_by = file.quantiles_by.feature
        self._columns = [list(inputs).index(name) for name in file.features]
        self._correlation = np.array(file.correlation, dtype=np.float64)
        self._points = normal_points(BITS, len(file.features))
        probs = np.array(file.probs)
        levels = {name: _discrete(found) for name, found in file.discrete.items()}
        pooled = {name: _continuous(probs, table) for name, table in file.quantiles.items()}
        self._pooled: Mapping[str, _Marginal] = {**pooled, **levels}
        self._strata: Mapping[str, Mapping[str, _Marginal]] = {
            stratum: {**self._pooled, **{name: _continuous(probs, table) for name, table in tables.items()}}
            for stratum, tables in file.quantiles_by.strata.items()
        }
        self._conditionals: dict[tuple[bool, ...], _Conditional] = {}

    @classmethod
    def read(cls, content: bytes, inputs: Sequence[str]) -> "Reference":
        """Reference of a reference.json's bytes; raises ModelRefused when its form is not the agreed one."""
        try:
            file = msgspec.json.decode(content, type=_File)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ModelRefused(f"reference.json: {error}") from None
        if problems := _problems(file, inputs):
            raise ModelRefused(f"reference.json: {'; '.join(problems)}")
        return cls(file, inputs)

    def complete(self, row: Floats, known: Bools | None = None, stratum: float | None = None) -> Floats:
        """Equally likely completions `[64, p]` of a row `[p]`, or the row itself `[1, p]` when all is known.

        `known` `[p]` tells which inputs to hold (default: those that are not NaN); the others are drawn given
        these. `stratum` takes the tables of one value of `stratified_by`, where the file has them.
        """
        held = ~np.isnan(row) if known is None else known
        conditional = self._conditional(held)
        if not conditional.gone:
            return row[None, :].copy()
        tables = self._tables(stratum)
        mean = self._mean(row, conditional, tables)
        scores = mean + self._points[:, : len(conditional.gone)] @ conditional.root.T
        filled = np.repeat(row[None, :], DRAWS, axis=0)
        for position, j in enumerate(conditional.gone):
            filled[:, self._columns[j]] = tables[self.features[j]].values(scores[:, position])
        return filled

    def median(self, row: Floats, known: Bools, stratum: float | None = None) -> Floats:
        """The row `[p]` with every input that is not `known` at its median given the known ones."""
        conditional, tables = self._conditional(known), self._tables(stratum)
        filled = row.copy()
        mean = self._mean(row, conditional, tables)
        for position, j in enumerate(conditional.gone):
            filled[self._columns[j]] = float(
                tables[self.features[j]].values(mean[position : position + 1])[0]
            )
        return filled

    def _tables(self, stratum: float | None) -> Mapping[str, _Marginal]:
        return self._pooled if stratum is None else self._strata.get(f"{stratum:g}", self._pooled)

    def _mean(self, row: Floats, conditional: _Conditional, tables: Mapping[str, _Marginal]) -> Floats:
        scores = [tables[self.features[j]].score(float(row[self._columns[j]])) for j in conditional.known]
        return np.asarray(conditional.slopes @ np.array(scores, dtype=np.float64), dtype=np.float64)

    def _conditional(self, held: Bools) -> _Conditional:
        pattern = tuple(bool(held[column]) for column in self._columns)
        found = self._conditionals.get(pattern)
        if found is None:
            found = _conditional(self._correlation, pattern)
            if len(self._conditionals) < _MAX_PATTERNS:
                self._conditionals[pattern] = found
        return found


def _conditional(correlation: Floats, pattern: tuple[bool, ...]) -> _Conditional:
    known = tuple(j for j, held in enumerate(pattern) if held)
    gone = tuple(j for j, held in enumerate(pattern) if not held)
    across = correlation[np.ix_(gone, known)]
    slopes = np.linalg.solve(correlation[np.ix_(known, known)], across.T).T
    left = correlation[np.ix_(gone, gone)] - slopes @ across.T
    root = np.linalg.cholesky(left)
    return _Conditional(known, gone, np.asarray(slopes, dtype=np.float64), np.asarray(root, dtype=np.float64))


def _continuous(probs: Floats, table: tuple[float, ...]) -> _Marginal:
    """Straight lines between quantiles; beyond the outer ones the table's end."""
    quantiles = np.array(table)
    return _Marginal(
        lambda value: _NORMAL.inv_cdf(float(np.interp(value, quantiles, probs))),
        lambda scores: np.interp(_cdf(scores).astype(np.float64), probs, quantiles),
    )


def _discrete(found: _Levels) -> _Marginal:
    """Steps at the cumulative proportions; a known value gets the middle of its step."""
    levels, proportions = np.array(found.values), np.array(found.proportions)
    upper = np.cumsum(proportions)
    middle = upper - proportions / 2

    def values(scores: Floats) -> Floats:
        steps = np.searchsorted(upper[:-1], _cdf(scores).astype(np.float64), side="right")
        return np.asarray(levels[steps], dtype=np.float64)

    return _Marginal(lambda value: _NORMAL.inv_cdf(float(middle[np.abs(levels - value).argmin()])), values)


def _problems(file: _File, inputs: Sequence[str]) -> list[str]:
    """What keeps a file from being used, in plain sentences."""
    found = [f"`{name}` is not an input of the model" for name in file.features if name not in inputs]
    if len(set(file.features)) != len(file.features) or not 1 <= len(file.features) <= MAX_DIMENSIONS:
        found.append(f"features must be 1 to {MAX_DIMENSIONS} different inputs")
    if set(file.quantiles) | set(file.discrete) != set(file.features) or set(file.quantiles) & set(
        file.discrete
    ):
        found.append("every feature needs either quantiles or discrete values")
    if not _increasing(file.probs) or not (file.probs and file.probs[0] > 0.0 and file.probs[-1] < 1.0):
        found.append("probs must increase within 0 and 1")
    strata = file.quantiles_by.strata.values()
    tables = [*file.quantiles.values(), *(table for stratum in strata for table in stratum.values())]
    if any(len(table) != len(file.probs) or list(table) != sorted(table) for table in tables):
        found.append("every table of quantiles must have one value per probability, in rising order")
    if any(set(stratum) - set(file.quantiles) for stratum in strata):
        found.append("a stratum has a table of a feature without quantiles")
    found += [f"discrete values of `{name}` are no distribution" for name, one in file.discrete.items()
              if not _is_distribution(one)]  # fmt: skip
    if not _is_correlation(file.correlation, len(file.features)):
        found.append("correlation must be a positive definite correlation matrix of the features")
    return found


def _increasing(values: Sequence[float]) -> bool:
    return all(low < high for low, high in pairwise(values))


def _is_distribution(levels: _Levels) -> bool:
    shares = levels.proportions
    same = len(levels.values) == len(shares) and bool(shares)
    return same and _increasing(levels.values) and min(shares) > 0 and abs(sum(shares) - 1.0) < 1e-3


def _is_correlation(rows: Sequence[Sequence[float]], width: int) -> bool:
    if len(rows) != width or any(len(row) != width for row in rows):
        return False
    matrix = np.array(rows)
    if not np.allclose(matrix, matrix.T, atol=1e-9) or not np.allclose(np.diag(matrix), 1.0):
        return False
    return bool(np.linalg.eigvalsh(matrix)[0] > 0)
