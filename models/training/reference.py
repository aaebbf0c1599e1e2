"""The joint distribution of a model's inputs: fitted here, written as ``reference.json``.

A Gaussian copula: every feature has its own table of quantiles (or of a few values with their
proportions), and the normal scores of the features have one correlation matrix. Aggregates only: tables
end at the 1st and 99th percentile and never closer to an extreme than the fifth lowest or highest value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import qmc, rankdata

from models.training.design import Feature, Floats

NDIntp = NDArray[np.intp]
Mask = NDArray[np.bool_]

PROBABILITIES = (0.01, *(round(0.05 * step, 2) for step in range(1, 20)), 0.99)
SMALLEST_STRATUM = 30
KEPT_FROM_EXTREMES = 5
SMALLEST_EIGENVALUE = 0.01
INTEGRATION_DRAWS = 64


@dataclass(frozen=True)
class Reference:
    """Marginals and correlation of the non-nominal inputs ``features`` (names, input order)."""

    n: int
    features: tuple[str, ...]
    quantiles: Mapping[str, Floats]
    discrete: Mapping[str, tuple[Floats, Floats]]
    correlation: Floats
    strata_of: str | None = None
    strata: Mapping[str, Mapping[str, Floats]] = field(default_factory=dict)

    def scores(self, name: str, values: Floats) -> Floats:
        """Normal scores of known values ``[n]``; a tied (discrete) value gets the middle of its step."""
        if name in self.discrete:
            levels, proportions = self.discrete[name]
            upper = np.cumsum(proportions)
            at = np.abs(values[:, None] - levels).argmin(axis=1)
            return np.asarray(ndtri((upper - proportions / 2)[at]), dtype=float)
        return np.asarray(ndtri(np.interp(values, self.quantiles[name], PROBABILITIES)), dtype=float)

    def values(self, name: str, scores: Floats) -> Floats:
        """Values of normal scores, any shape; beyond the 1st or 99th percentile the table's end."""
        share = np.asarray(ndtr(scores), dtype=float)
        if name in self.discrete:
            levels, proportions = self.discrete[name]
            steps = np.searchsorted(np.cumsum(proportions)[:-1], share, side="right")
            return np.asarray(levels[steps], dtype=float)
        return np.asarray(np.interp(share, PROBABILITIES, self.quantiles[name]), dtype=float)

    def as_json(self) -> dict[str, object]:
        """The content of reference.json: sorted by the writer, rounded to six significant digits."""
        return {
            "n": self.n,
            "features": list(self.features),
            "probs": list(PROBABILITIES),
            "quantiles": {name: _rounded(table) for name, table in self.quantiles.items()},
            "quantiles_by": {
                "feature": self.strata_of,
                "strata": {
                    value: {name: _rounded(table) for name, table in tables.items()}
                    for value, tables in self.strata.items()
                },
            },
            "discrete": {
                name: {"values": _rounded(levels), "proportions": _rounded(proportions)}
                for name, (levels, proportions) in self.discrete.items()
            },
            "correlation": [_rounded(row) for row in self.correlation],
        }


def fit_reference(features: Sequence[Feature], rows: Floats, strata_of: str | None = None) -> Reference:
    """Fit the copula to input rows ``[n, p]``; NaN = missing, every pair uses its complete rows.

    ``strata_of`` names a nominal feature whose levels with at least 30 rows get tables of their own.
    """
    kept = [(index, f) for index, f in enumerate(features) if f.kind != "nominal"]
    columns = {f.name: rows[:, index] for index, f in kept}
    quantiles = {f.name: _table(columns[f.name]) for _, f in kept if f.kind == "continuous"}
    discrete = {f.name: _proportions(columns[f.name]) for _, f in kept if f.kind == "binary"}
    scores = np.column_stack([_rank_scores(columns[f.name]) for _, f in kept])
    by: dict[str, dict[str, Floats]] = {}
    if strata_of is not None:
        codes = rows[:, [f.name for f in features].index(strata_of)]
        for code in np.unique(codes[~np.isnan(codes)]):
            inside = codes == code
            if inside.sum() >= SMALLEST_STRATUM:
                by[f"{code:g}"] = _stratum_tables(columns, quantiles, inside)
    return Reference(len(rows), tuple(columns), quantiles, discrete, _correlation(scores), strata_of, by)


def complete(reference: Reference, features: Sequence[Feature], rows: Floats, seed: int) -> Floats:
    """One random completion of rows ``[n, p]``: every NaN drawn given the row's known values."""
    rng = np.random.default_rng(seed)
    filled = rows.copy()
    for where, missing, mean, root in _patterns(reference, features, rows):
        scores = mean + rng.standard_normal(mean.shape) @ root.T
        for position, (column, name) in enumerate(missing):
            filled[where, column] = reference.values(name, scores[:, position])
    return filled


def completions(reference: Reference, features: Sequence[Feature], rows: Floats, seed: int = 0) -> Floats:
    """64 fixed quasi-random completions ``[n, 64, p]``, the same normal points for every row."""
    sobol = qmc.Sobol(max(len(reference.features), 1), scramble=True, rng=seed).random(INTEGRATION_DRAWS)
    points = np.asarray(ndtri(sobol), dtype=float)
    filled = np.repeat(rows[:, None, :], INTEGRATION_DRAWS, axis=1)
    for where, missing, mean, root in _patterns(reference, features, rows):
        scores = mean[:, None, :] + points[:, : len(missing)] @ root.T
        for position, (column, name) in enumerate(missing):
            filled[where, :, column] = reference.values(name, scores[:, :, position])
    return filled


def write_reference(reference: Reference, path: Path) -> None:
    """Write reference.json: sorted keys, LF, one final newline; byte-identical on a re-run."""
    path.write_text(json.dumps(reference.as_json(), sort_keys=True, indent=1) + "\n", encoding="utf-8")


def _patterns(
    reference: Reference, features: Sequence[Feature], rows: Floats
) -> list[tuple[NDIntp, list[tuple[int, str]], Floats, Floats]]:
    """Rows grouped by what they lack: row numbers, missing columns, conditional mean and root."""
    names = [f.name for f in features]
    columns = np.array([names.index(name) for name in reference.features])
    if np.isnan(np.delete(rows, columns, axis=1)).any():
        raise ValueError("a nominal input is missing; only continuous and 0/1 inputs can be drawn")
    absent = np.isnan(rows[:, columns])
    found = []
    for pattern in np.unique(absent[absent.any(axis=1)], axis=0):
        where = np.flatnonzero((absent == pattern).all(axis=1))
        known = np.flatnonzero(~pattern)
        gone = np.flatnonzero(pattern)
        scores = np.zeros((len(where), len(known)))
        for position, j in enumerate(known):
            scores[:, position] = reference.scores(reference.features[j], rows[where, columns[j]])
        slopes, root = _conditional(reference.correlation, known, gone)
        missing = [(int(columns[j]), reference.features[j]) for j in gone]
        found.append((where, missing, scores @ slopes.T, root))
    return found


def _conditional(correlation: Floats, known: NDIntp, gone: NDIntp) -> tuple[Floats, Floats]:
    """Regression of the missing scores on the known ones, and the Cholesky root of what is left."""
    across = correlation[np.ix_(gone, known)]
    slopes = np.linalg.solve(correlation[np.ix_(known, known)], across.T).T
    left = correlation[np.ix_(gone, gone)] - slopes @ across.T
    return np.asarray(slopes, dtype=float), np.asarray(np.linalg.cholesky(left), dtype=float)


def _table(values: Floats) -> Floats:
    """Quantiles at ``PROBABILITIES``, kept five values away from both extremes."""
    known = values[~np.isnan(values)]
    edge = min(KEPT_FROM_EXTREMES / len(known), 0.5)
    return np.asarray(np.quantile(known, np.clip(PROBABILITIES, edge, 1 - edge)), dtype=float)


def _stratum_tables(
    columns: Mapping[str, Floats], names: Mapping[str, Floats], inside: Mask
) -> dict[str, Floats]:
    """Tables of one stratum for each continuous feature with enough known values there."""
    known = {name: columns[name][inside & ~np.isnan(columns[name])] for name in names}
    return {name: _table(values) for name, values in known.items() if len(values) >= SMALLEST_STRATUM}


def _proportions(values: Floats) -> tuple[Floats, Floats]:
    levels, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    return levels, counts / counts.sum()


def _rank_scores(values: Floats) -> Floats:
    """Normal scores of mid-ranks; NaN stays NaN."""
    scores = np.full(len(values), np.nan)
    known = ~np.isnan(values)
    scores[known] = ndtri((rankdata(values[known]) - 0.5) / known.sum())
    return scores


def _correlation(scores: Floats) -> Floats:
    """Pairwise-complete correlation, shrunk towards independence until it is safely positive definite."""
    width = scores.shape[1]
    raw = np.eye(width)
    for i in range(width):
        for j in range(i):
            both = ~np.isnan(scores[:, i]) & ~np.isnan(scores[:, j])
            raw[i, j] = raw[j, i] = np.corrcoef(scores[both, i], scores[both, j])[0, 1]
    lowest = float(np.linalg.eigvalsh(raw)[0])
    shrink = max(0.0, (SMALLEST_EIGENVALUE - lowest) / (1.0 - lowest)) if width > 1 else 0.0
    return (1.0 - shrink) * raw + shrink * np.eye(width)


def _rounded(values: Floats) -> list[float]:
    return [float(f"{value:.6g}") for value in values]
