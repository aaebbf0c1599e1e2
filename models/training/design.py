"""The columns of an additive logistic model: hinges, indicators, level indicators, declared products.

A continuous feature becomes a piecewise-linear curve that is flat outside its outer knots: the curve
cannot run away on extreme values, and ridge shrinks it towards a straight line and then towards zero.
Each column is ``min(max(x - start, 0), span)``, so that the same arithmetic runs in numpy and in ONNX.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

QUANTILE_KNOTS: dict[int, tuple[float, ...]] = {
    2: (0.02, 0.98),
    3: (0.02, 0.50, 0.98),
    4: (0.02, 0.35, 0.65, 0.98),
    5: (0.02, 0.275, 0.50, 0.725, 0.98),
}


@dataclass(frozen=True)
class Feature:
    """One input of a model, in the order of the ONNX input.

    ``knots`` (continuous only): a number of quantile knots out of ``QUANTILE_KNOTS`` (placed on the
    training rows of each fold) or the knots themselves, ascending; 2 knots = a straight line.
    ``levels`` (nominal only): the codes that get a column of their own; any other code gets none and
    so receives the model's average.
    """

    name: str
    kind: Literal["continuous", "binary", "nominal"]
    knots: int | tuple[float, ...] = 4
    levels: tuple[float, ...] = ()


@dataclass(frozen=True)
class Product:
    """A declared interaction: the product of two features' first columns, each centred on its mean."""

    left: str
    right: str


@dataclass(frozen=True)
class Design:
    """Fitted columns. ``source[j]`` is the input column of design column ``j``.

    Hinge columns come first (``start``, ``span``), then level indicators (``level``), then products
    (``pairs`` of hinge columns with their ``centres``).
    """

    names: tuple[str, ...]
    source: tuple[int, ...]
    start: tuple[float, ...]
    span: tuple[float, ...]
    level_source: tuple[int, ...]
    level: tuple[float, ...]
    pairs: tuple[tuple[int, int], ...]
    centres: tuple[tuple[float, float], ...]

    def transform(self, rows: Floats) -> Floats:
        """Design columns, float ``[n, q]``, of complete input rows ``[n, p]``; NaN stays NaN."""
        hinges = np.clip(rows[:, list(self.source)] - np.array(self.start), 0.0, np.array(self.span))
        codes = rows[:, list(self.level_source)]
        levels = np.where(np.isnan(codes), np.nan, np.abs(codes - np.array(self.level)) < 0.5)
        products = [
            (hinges[:, left] - centre[0]) * (hinges[:, right] - centre[1])
            for (left, right), centre in zip(self.pairs, self.centres, strict=True)
        ]
        return np.column_stack([hinges, levels, *products])

    @property
    def width(self) -> int:
        """Number of design columns, q."""
        return len(self.names)


def fit_design(features: Sequence[Feature], rows: Floats, products: Sequence[Product] = ()) -> Design:
    """Place knots and centres on the given rows ``[n, p]`` (NaN = missing, ignored).

    Raises ``ValueError`` when a feature has no usable spread or a product names an unknown feature.
    """
    names: list[str] = []
    source: list[int] = []
    start: list[float] = []
    span: list[float] = []
    first: dict[str, int] = {}
    for index, feature in enumerate(features):
        if feature.kind == "nominal":
            continue
        first[feature.name] = len(source)
        knots = _knots(feature, rows[:, index])
        for knot in knots[:-1]:
            names.append(feature.name if feature.kind == "binary" else f"{feature.name}>{knot:g}")
            source.append(index)
            start.append(knot)
            span.append(knots[-1] - knot)
    level_of = [(i, f.name, level) for i, f in enumerate(features) for level in f.levels]
    pairs = tuple((_first(first, p.left), _first(first, p.right)) for p in products)
    partial = Design(
        names=(*names, *(f"{name}={level:g}" for _, name, level in level_of),
               *(f"{p.left}*{p.right}" for p in products)),
        source=tuple(source), start=tuple(start), span=tuple(span),
        level_source=tuple(i for i, _, _ in level_of), level=tuple(level for _, _, level in level_of),
        pairs=(), centres=(),
    )  # fmt: skip
    return _with_products(partial, pairs, rows)


def _knots(feature: Feature, values: Floats) -> tuple[float, ...]:
    """Ascending knots of one feature; 0/1 features are the line from 0 to 1."""
    if feature.kind == "binary":
        return (0.0, 1.0)
    if isinstance(feature.knots, tuple):
        knots = feature.knots
    else:
        quantiles = np.nanquantile(values, QUANTILE_KNOTS[feature.knots])
        knots = tuple(dict.fromkeys(float(f"{q:.4g}") for q in quantiles))
    if len(knots) < 2 or list(knots) != sorted(knots):
        raise ValueError(f"{feature.name}: needs at least two ascending knots, got {knots}")
    return knots


def _first(first: dict[str, int], name: str) -> int:
    if name not in first:
        raise ValueError(f"a product needs a continuous or binary feature, got {name!r}")
    return first[name]


def _with_products(design: Design, pairs: tuple[tuple[int, int], ...], rows: Floats) -> Design:
    """Add product columns, centred on the column means of the rows."""
    hinges = np.clip(rows[:, list(design.source)] - np.array(design.start), 0.0, np.array(design.span))
    centres = tuple(
        (float(f"{np.nanmean(hinges[:, a]):.4g}"), float(f"{np.nanmean(hinges[:, b]):.4g}")) for a, b in pairs
    )
    return Design(design.names, design.source, design.start, design.span, design.level_source,
                  design.level, pairs, centres)  # fmt: skip
